// SPDX-License-Identifier: MIT
#include "host-backend/vm/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/vm/frame.h"
#include "host-backend/vm/initramfs.h"
#include "host-backend/vm/machine.h"

/* With KVM the probe takes about a second. */
enum { LIMIT_MS = 15000 };

/* What a verdict holds for: this form of its file, this boot of this machine, this QEMU, this user's access. */
static bool key_of(const struct vm_qemu *q, char *key, size_t size) {
    char boot[64] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!file)
        return false;
    bool good = fscanf(file, "%63s", boot) == 1;
    fclose(file);
    snprintf(key, size, "2 %s %s %d", boot, q->version, access("/dev/kvm", R_OK | W_OK) == 0);
    return good;
}

static void file_of(const char *cache, char path[PATH_MAX]) {
    snprintf(path, PATH_MAX, "%.*s/kvm-verdict", PATH_MAX - 32, cache);
}

bool vm_kvm_remembered(const char *cache, const struct vm_qemu *q, struct vm_verdict *v) {
    char path[PATH_MAX], key[192], line[256], answer[8] = "";
    file_of(cache, path);
    FILE *file = fopen(path, "re");
    if (!file || !key_of(q, key, sizeof key)) {
        if (file)
            fclose(file);
        return false;
    }
    bool same = fgets(line, sizeof line, file) && strncmp(line, key, strlen(key)) == 0 &&
                line[strlen(key)] == '\n' && fscanf(file, "%7s %31s ", answer, v->without) == 2 &&
                fgets(v->reason, sizeof v->reason, file);
    fclose(file);
    if (same) {
        v->good = strcmp(answer, "yes") == 0;
        if (strcmp(v->without, "-") == 0)
            v->without[0] = '\0';
        v->reason[strcspn(v->reason, "\n")] = '\0';
    }
    return same;
}

static void remember(const char *cache, const struct vm_qemu *q, const struct vm_verdict *v) {
    char path[PATH_MAX], temporary[PATH_MAX + 16], key[192];
    if (!key_of(q, key, sizeof key))
        return;
    file_of(cache, path);
    snprintf(temporary, sizeof temporary, "%s.%d", path, (int)getpid());
    FILE *file = fopen(temporary, "we");
    if (!file)
        return; /* it will be probed again */
    fprintf(file, "%s\n%s %s %s\n", key, v->good ? "yes" : "no", *v->without ? v->without : "-", v->reason);
    if (fclose(file) == 0)
        rename(temporary, path);
    else
        unlink(temporary);
}

/* The line of QEMU's own messages that says most: the first with "error" in it, else the first. */
static void best_line(int log, char *line, size_t size) {
    char text[2048];
    ssize_t n = pread(log, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    const char *from = strcasestr(text, "error");
    while (from && from > text && from[-1] != '\n')
        from--;
    snprintf(line, size, "%.*s", (int)size - 1, from ? from : text);
    line[strcspn(line, "\r\n")] = '\0';
}

/* The feature of the CPU that a register belongs to (Intel's manual, volume 4); NULL: none that a guest could do
 * without. */
static const char *feature_of(unsigned msr) {
    static const struct {
        unsigned first, last;
        const char *feature;
    } registers[] = {
        {0x480, 0x491, "vmx"},
        {0x10a, 0x10a, "arch-capabilities"},
        {0xcf, 0xcf, "core-capability"},
        {0x122, 0x122, "rtm"},
        {0x345, 0x345, "pdcm"},
        {0x38d, 0x390, "pmu"},
        {0x309, 0x30c, "pmu"},
        {0x186, 0x189, "pmu"},
        {0xd90, 0xd90, "mpx"},
        {0xda0, 0xda0, "xsaves"},
        {0xe1, 0xe1, "waitpkg"},
        {0x1c4, 0x1c5, "xfd"},
        {0xc0000104, 0xc0000104, "tsc-scale"},
    };
    for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++)
        if (msr >= registers[i].first && msr <= registers[i].last)
            return registers[i].feature;
    return NULL;
}

/* "error: failed to set MSR 0x48f to 0x7fefff00036dfb" */
static const char *feature_to_leave_out(const char *reason) {
    const char *at = strstr(reason, "failed to set MSR ");
    unsigned msr;
    return at && sscanf(at, "failed to set MSR %x", &msr) == 1 ? feature_of(msr) : NULL;
}

/* Waits for QEMU to end by itself. False: it had to be ended. */
static bool wait_for(pid_t pid, int *status) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    bool ended = fd >= 0 && poll(&p, 1, LIMIT_MS) == 1;
    if (!ended)
        kill(pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    if (fd >= 0)
        close(fd);
    return ended;
}

static void boot(const char *init, const struct vm_qemu *q, const struct vm_kernel *k, struct vm_verdict *v) {
    char config[32];
    int status;
    int n = snprintf(config, sizeof config, "probe=%x", VM_PROBE_PORT);
    struct vm_machine m = {.qemu = q,
                           .kernel = k,
                           .kvm = true,
                           .without = v->without,
                           .cpus = 1,
                           .memory_mib = 256,
                           .gpu = -1,
                           .vsock = -1,
                           .port = -1,
                           .control = -1};

    m.log = memfd_create("log", MFD_CLOEXEC);
    m.initramfs = vm_initramfs(init, NULL, config, (size_t)n + 1, v->reason);
    pid_t pid = m.log >= 0 && m.initramfs >= 0 ? vm_machine_start(&m) : -1;
    if (pid > 0) {
        if (!wait_for(pid, &status)) {
            snprintf(v->reason, sizeof v->reason, "a VM on KVM did not come up within %d s", LIMIT_MS / 1000);
        } else if (WIFEXITED(status) && WEXITSTATUS(status) == VM_PROBE_STATUS) {
            v->good = true;
            snprintf(v->reason, sizeof v->reason, "a VM on KVM came up%s%s",
                     *v->without ? " without the CPU's " : "", v->without);
        } else {
            char line[160];
            best_line(m.log, line, sizeof line);
            snprintf(v->reason, sizeof v->reason, "a VM on KVM ended at once: %s",
                     line[0] ? line : "no message");
        }
    }
    if (m.log >= 0)
        close(m.log);
    if (m.initramfs >= 0)
        close(m.initramfs);
}

void vm_kvm_probe(const char *cache, const char *init, const struct vm_qemu *q, const struct vm_kernel *k,
                  struct vm_verdict *v) {
    *v = (struct vm_verdict){0};
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) {
        snprintf(v->reason, sizeof v->reason, "/dev/kvm: %s%s", strerror(errno),
                 errno == EACCES ? " (add the user to the group kvm)" : "");
        return; /* cheap enough to find out anew each time */
    }
    close(kvm);
    if (vm_kvm_remembered(cache, q, v))
        return;
    boot(init, q, k, v);
    const char *feature = v->good ? NULL : feature_to_leave_out(v->reason);
    if (feature) {
        struct vm_verdict other = {0};
        snprintf(other.without, sizeof other.without, "%s", feature);
        boot(init, q, k, &other);
        if (other.good)
            *v = other;
    }
    remember(cache, q, v);
}

const char *vm_kvm_remedy(const struct vm_verdict *v) {
    if (access("/dev/kvm", F_OK) != 0)
        return "on a machine with hardware virtualization: modprobe kvm; without, VMs are emulated";
    if (access("/dev/kvm", R_OK | W_OK) != 0)
        return "adduser $USER kvm, and log in again";
    if (strstr(v->reason, "failed to set MSR"))
        return "this host's hypervisor does not offer what its CPU tells: VMs are emulated, or another -cpu "
               "in a VM of "
               "your own";
    return "none is known: VMs are emulated";
}
