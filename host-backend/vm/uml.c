// SPDX-License-Identifier: MIT
#include "host-backend/vm/uml.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_ids.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include "host-backend/cell/vmm.h"
#include "host-backend/util/held.h"
#include "host-backend/util/tree.h"
#include "host-backend/vm/arguments.h"
#include "host-backend/vm/child.h"
#include "host-backend/vm/frame.h"

/* Was it built with that? One that was built before fetch.sh kept its configuration was not. */
static bool configured(const char *cache, const char *wanted) {
    char path[PATH_MAX], line[256];
    bool found = false;

    snprintf(path, sizeof path, "%.*s/uml/config", PATH_MAX - 32, cache);
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof line, file))
        found = strcmp(line, wanted) == 0;
    if (file)
        fclose(file);
    return found;
}

bool vm_uml_find(const char *cache, struct vm_uml *u) {
    char path[PATH_MAX];

    *u = (struct vm_uml){0};
    snprintf(path, sizeof path, "%.*s/uml/release", PATH_MAX - 32, cache);
    snprintf(u->kernel, sizeof u->kernel, "%.*s/uml/linux", PATH_MAX - 32, cache);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool good = fscanf(file, "%127s", u->release) == 1;
    fclose(file);
    u->has_vsock = configured(cache, "CONFIG_VIRTIO_VSOCKETS=y\n");
    return good && access(u->kernel, X_OK) == 0;
}

/* ---- its place ---- */

#define SHM "/dev/shm"
#define FOLDER "trillium-vm-"

/*
 * The kernel connects to a path. The path is removed before anybody else can have it; what stays is a descriptor of where
 * it led, by which /proc/self/fd/N is a path to the socket still.
 */
static int open_socket(const char *folder, const char *name, struct vm_uml_socket *s) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    snprintf(a.sun_path, sizeof a.sun_path, "%s/%s", folder, name);
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&a, sizeof a) < 0 ||
        listen(s->listener, 1) < 0)
        return -1;
    s->address = open(a.sun_path, O_PATH | O_CLOEXEC);
    return s->address < 0 || unlink(a.sun_path) < 0 ? -1 : 0;
}

int vm_uml_place_make(struct vm_uml_place *p, unsigned memory_mib, bool door, char why[VM_WHY_SIZE]) {
    struct statvfs fs;

    *p = (struct vm_uml_place){.gpu = {-1, -1}, .vsock = {-1, -1}};
    /* Where RAM belongs: a file system in memory, from which programs may be mapped. What a run that was killed left there is
     * memory that is gone until somebody removes it. */
    held_sweep(SHM, FOLDER, tree_remove);
    p->held = held_make(SHM, FOLDER, 0700, p->folder, sizeof p->folder);
    if (p->held < 0) {
        snprintf(why, VM_WHY_SIZE, "cannot make a folder for the VM's RAM in " SHM ": %s",
                 strerror(-p->held));
        p->folder[0] = '\0';
        return -1;
    }
    /* A page that finds no room would be the kernel's death, in the middle of something. */
    if (statvfs(p->folder, &fs) < 0 || fs.f_bavail * fs.f_frsize >> 20 < memory_mib) {
        snprintf(why, VM_WHY_SIZE, SHM " has no room for %u MiB, the VM's RAM", memory_mib);
        return -1;
    }
    if (open_socket(p->folder, "gpu", &p->gpu) < 0 ||
        (door && open_socket(p->folder, "vsock", &p->vsock) < 0)) {
        snprintf(why, VM_WHY_SIZE, "cannot make the sockets of the VM's devices: %s", strerror(errno));
        return -1;
    }
    return 0;
}

void vm_uml_place_remove(struct vm_uml_place *p) {
    if (p->folder[0]) {
        tree_remove(p->folder);
        close(p->held);
    }
    p->folder[0] = '\0';
}

/* ---- the process ---- */

static void make_arguments(struct vm_arguments *a, const struct vm_uml_machine *m) {
    vm_argument(a, "%s", m->uml->kernel);
    vm_argument(a, "mem=%uM", m->memory_mib);
    vm_argument(a, "initrd=/proc/self/fd/%d", m->initramfs);
    vm_argument(a, "uml_dir=%s/", m->place->folder);
    vm_argument(a, "noreboot"); /* a guest kernel that restarts ends the VM */
    vm_argument(a, "panic=-1");
    /* The console and two lines; no other device that a default would give it. */
    vm_argument(a, "con=null");
    vm_argument(a, "stderr=1");
    vm_argument(a, "ssl=null");
    vm_argument(a, "ssl0=fd:%d", m->port);
    vm_argument(a, "ssl1=fd:%d", m->control);
    vm_argument(a, "virtio_uml.device=/proc/self/fd/%d:%d", m->place->gpu.address, VIRTIO_ID_GPU);
    if (m->place->vsock.address >= 0)
        vm_argument(a, "virtio_uml.device=/proc/self/fd/%d:%d", m->place->vsock.address, VIRTIO_ID_VSOCK);
    vm_argument(a, "random.trust_cpu=on");
    if (!m->verbose)
        vm_argument(a, "quiet");
    vm_argument(a, VM_KERNEL_WORD);
}

/* In the child: only async-signal-safe calls, since the parent has threads. */
static void become_kernel(const struct vm_uml_machine *m, char *const argv[], char *const env[], int walls,
                          pid_t parent) {
    const int kept[] = {m->initramfs, m->port, m->control, m->place->gpu.address, m->place->vsock.address};

    vm_child_begin(parent, kept, sizeof kept / sizeof kept[0], m->log);
    if (walls >= 0 && vmm_enter(walls) < 0)
        _exit(127);
    execve(argv[0], argv, env);
    _exit(127);
}

pid_t vm_uml_start(const struct vm_uml_machine *m) {
    struct vm_arguments a = {0};
    char folder[80];
    char *const env[] = {folder, "PATH=/usr/bin:/bin", NULL};
    pid_t pid = -1, parent = getpid();

    snprintf(folder, sizeof folder, "TMPDIR=%s", m->place->folder);
    make_arguments(&a, m);
    int walls = m->sandbox == CELL_MODE_OFF ? -1 : vmm_prepare(m->place->folder);
    int error = a.failed ? ENOMEM : 0;
    if (walls < 0 && m->sandbox != CELL_MODE_OFF) {
        fprintf(stderr,
                "trillium: the wall around the VM's kernel, which keeps it from writing files and from other "
                "processes, does not stand: %s\n",
                strerror(errno));
        if (m->sandbox == CELL_MODE_STRICT)
            error = EPERM;
    }
    if (error == 0) {
        pid = fork();
        if (pid == 0)
            become_kernel(m, a.list, env, walls, parent);
        error = errno;
    }
    if (walls >= 0)
        close(walls);
    vm_arguments_free(&a);
    errno = error;
    return pid;
}
