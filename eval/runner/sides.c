// SPDX-License-Identifier: MIT
#include "eval/runner/sides.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIFO "an SVGA-style device: command FIFO, doorbell, fences; interposed on by the host"
#define PLACED "; buffers lie in memory that both sides share"
#define BACKED                                                                                               \
    "; buffers lie with the host, and explicit update and readback commands move them through guest memory"
#define SPIRV_WAY                                                                                            \
    "the ISA: to SPIR-V by clang in the guest, validated and translated to the driver's input on the host"
#define SHARED "one memory file, futexes"
#define MESSAGES                                                                                             \
    "the same commands as messages to a process that hands them on; waited for where the call needs an "     \
    "answer"
#define COPIED "TCP over loopback; no memory is shared, all data is copied"
#define VIRTIO                                                                                               \
    "virtio-gpu over vhost-user (QEMU's vhost-user-gpu-pci, or virtio_uml of user-mode Linux); guest RAM "   \
    "shared with the host"
#define STREAM "virtio-vsock (vhost-user), a Unix socket; no memory is shared, all data is copied"
#define LIBRARY "the guest's OpenCL driver; a host worker process with the host's driver"

const struct side_facts side_facts[SIDE_COUNT] = {
    [SIDE_NATIVE] =
        {
            .name = "native",
            .title = "native",
            .interface = "-",
            .endpoint = "the program; the host's driver, in its process",
            .mechanism = "-",
            .transport = "-",
            .synthesis = "-",
        },
    [SIDE_PROCESS_SOURCE] =
        {
            .name = "process-source",
            .title = "process: Trillium",
            .interface = "OpenCL API",
            .endpoint = LIBRARY,
            .mechanism = FIFO,
            .transport = SHARED PLACED,
            .synthesis = "none: source text is shipped",
        },
    [SIDE_PROCESS_SPIRV] =
        {
            .name = "process-spirv",
            .title = "process: SVGA",
            .spirv = true,
            .interface = "OpenCL API and a virtual ISA",
            .endpoint = LIBRARY,
            .mechanism = FIFO,
            .transport = SHARED PLACED,
            .synthesis = SPIRV_WAY,
        },
    [SIDE_PROCESS_BACKED] =
        {
            .name = "process-spirv-backed",
            .title = "process: SVGA, guest-backed",
            .spirv = true,
            .guest_backed = true,
            .interface = "OpenCL API and a virtual ISA",
            .endpoint = LIBRARY,
            .mechanism = FIFO,
            .transport = SHARED BACKED,
            .synthesis = SPIRV_WAY,
        },
    [SIDE_PROCESS_REMOTE] =
        {
            .name = "process-remote",
            .title = "process: API remoting",
            .remote = true,
            .interface = "OpenCL API",
            .endpoint = LIBRARY,
            .mechanism = MESSAGES,
            .transport = COPIED,
            .synthesis = "none: source text is shipped",
        },
    [SIDE_VM_SOURCE] =
        {
            .name = "vm-source",
            .title = "VM: Trillium",
            .vm = true,
            .interface = "OpenCL API",
            .endpoint = LIBRARY,
            .mechanism = FIFO,
            .transport = VIRTIO PLACED,
            .synthesis = "none: source text is shipped",
        },
    [SIDE_VM_SPIRV] =
        {
            .name = "vm-spirv",
            .title = "VM: SVGA",
            .vm = true,
            .spirv = true,
            .interface = "OpenCL API and a virtual ISA",
            .endpoint = LIBRARY,
            .mechanism = FIFO,
            .transport = VIRTIO PLACED,
            .synthesis = SPIRV_WAY,
        },
    [SIDE_VM_BACKED] =
        {
            .name = "vm-spirv-backed",
            .title = "VM: SVGA, guest-backed",
            .vm = true,
            .spirv = true,
            .guest_backed = true,
            .interface = "OpenCL API and a virtual ISA",
            .endpoint = LIBRARY,
            .mechanism = FIFO,
            .transport = VIRTIO BACKED,
            .synthesis = SPIRV_WAY,
        },
    [SIDE_VM_REMOTE] =
        {
            .name = "vm-remote",
            .title = "VM: API remoting",
            .vm = true,
            .remote = true,
            .interface = "OpenCL API",
            .endpoint = LIBRARY,
            .mechanism = MESSAGES,
            .transport = STREAM,
            .synthesis = "none: source text is shipped",
        },
};

enum side side_named(const char *name) {
    int s = 0;

    while (s < SIDE_COUNT && strcmp(side_facts[s].name, name) != 0)
        s++;
    return (enum side)s;
}

/* Picks a line of the program `devices`: "platform index, device index, kind, platform name, device name, version of
 * the driver". */
static bool pick_device(struct sides *s, char *list, bool by_name, int *p, int *d) {
    int best = -1;

    for (char *line = strtok(list, "\n"); line; line = strtok(NULL, "\n")) {
        char kind[32], pname[256], dname[256], driver[256] = "unknown";
        int pi, di, rank;

        if (sscanf(line, "%d\t%d\t%31[^\t]\t%255[^\t]\t%255[^\t\n]\t%255[^\t\n]", &pi, &di, kind, pname,
                   dname, driver) < 5)
            continue;
        if (by_name)
            rank = !strcmp(pname, s->platform) && !strcmp(dname, s->device) ? 1 : -1;
        else if (s->wanted)
            rank = strcasestr(pname, s->wanted) || strcasestr(dname, s->wanted) ? 1 : -1;
        else
            rank = strcmp(kind, "cpu") != 0 ? 3 : strstr(pname, "Portable Computing") ? 2 : 1;
        if (rank > best) {
            best = rank;
            *p = pi;
            *d = di;
            if (!by_name) {
                snprintf(s->platform, sizeof(s->platform), "%s", pname);
                snprintf(s->device, sizeof(s->device), "%s", dname);
                snprintf(s->driver, sizeof(s->driver), "%s", driver);
            }
        }
    }
    return best > 0;
}

static bool find_device(struct sides *s, enum side side) {
    char program[PATH_MAX + 16];
    char *argv[] = {program, NULL};

    snprintf(program, sizeof(program), "%s/devices", s->programs);
    struct proc_result r = sides_run(s, side, argv, 60);
    bool found = r.status == 0 && pick_device(s, r.text, side != SIDE_NATIVE, &s->p[side], &s->d[side]);

    if (!found) {
        s->p[side] = s->d[side] = -1;
        fprintf(stderr, "eval: %s: %s%s\n", side_facts[side].title,
                side == SIDE_NATIVE ? "no OpenCL device" : "there is no device like the native ",
                side == SIDE_NATIVE
                    ? (s->wanted ? " of the wanted name" : "; apt-get install pocl-opencl-icd")
                    : s->device);
    }
    free(r.text);
    return found;
}

enum { TOKEN = 3, FILES }; /* beside the sockets, the token of remote guests */
static char the_dir[PATH_MAX], the_files[FILES][PATH_MAX + 16];

/* Ended from outside: the children end with us, the folder is ours to remove. */
static void on_end(int number) {
    for (int i = 0; i < FILES; i++)
        unlink(the_files[i]);
    rmdir(the_dir);
    signal(number, SIG_DFL);
    raise(number);
}

static void remove_folder_at_end(const char *dir) {
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    snprintf(the_dir, sizeof(the_dir), "%s", dir);
    static const char *const names[FILES] = {"free", "one", "new", "token"};
    for (int i = 0; i < FILES; i++)
        snprintf(the_files[i], sizeof(the_files[i]), "%s/%s", dir, names[i]);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        signal(numbers[i], on_end);
}

bool sides_open(struct sides *s, const char *wanted) {
    char self[PATH_MAX], *slash;
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    const char *base = getenv("TMPDIR");

    *s = (struct sides){.wanted = wanted, .daemon.pid = -1, .vm.pid = -1};
    for (int i = 0; i < SIDE_COUNT; i++)
        s->p[i] = s->d[i] = -1;
    self[n > 0 ? n : 0] = '\0';
    for (int up = 0; up < 2; up++)
        if ((slash = strrchr(self, '/')))
            *slash = '\0';
    snprintf(s->prefix, sizeof(s->prefix), "%s", self);
    if (strlen(self) > PATH_MAX - 64) {
        fprintf(stderr, "eval: the path of this installation is too long\n");
        return false;
    }
    snprintf(s->programs, sizeof(s->programs), "%.4000s/libexec/trillium-programs", self);
    if (access(s->programs, X_OK) != 0)
        snprintf(s->programs, sizeof(s->programs), "%.4000s/eval", self);
    snprintf(s->dir, sizeof(s->dir), "%.60s/trillium-eval-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(s->dir)) {
        fprintf(stderr, "eval: cannot make the folder %s: %s\n", s->dir, strerror(errno));
        return false;
    }
    remove_folder_at_end(s->dir);
    return find_device(s, SIDE_NATIVE);
}

void sides_close(struct sides *s) {
    if (s->vm.pid > 0) {
        proc_release_stdin(&s->vm); /* its shell ends, and with it the VM */
        s->vm.started = proc_now();
        s->vm.timeout = 10;
        free(proc_finish(&s->vm).text);
        s->vm.pid = -1;
    }
    proc_stop(&s->daemon);
    unlink(the_files[TOKEN]);
    rmdir(s->dir);
}

static bool accepts(const char *path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    bool yes;

    snprintf(a.sun_path, sizeof(a.sun_path), "%.100s", path);
    yes = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
    if (fd >= 0)
        close(fd);
    return yes;
}

/* Starts a daemon at `shm`, with up to 4 options more (NULL: none), and waits until it listens. */
static bool start_daemon(const struct sides *s, struct proc *daemon, int cpu, char *shm,
                         const char *const *more) {
    static const char *const none[4];
    const char *const *add = more ? more : none;
    char trillium[PATH_MAX + 32];
    char *argv[] = {trillium,       "serve",        "--shm",        shm, (char *)add[0],
                    (char *)add[1], (char *)add[2], (char *)add[3], NULL};
    const struct proc_options o = {.cpu = cpu, .timeout = 1e9};
    double deadline = proc_now() + 15;

    snprintf(trillium, sizeof(trillium), "%s/bin/trillium", s->prefix);
    if (!proc_start(daemon, argv, &o))
        return false;
    while (!accepts(shm)) {
        if (proc_now() > deadline || waitpid(daemon->pid, NULL, WNOHANG) != 0) {
            fprintf(stderr, "eval: trillium serve does not serve\n");
            return false;
        }
        usleep(10000);
    }
    return true;
}

bool sides_start_daemon(struct sides *s, struct proc *daemon, int cpu, char *shm) {
    snprintf(shm, PATH_MAX + 16, "%s/%s", s->dir, cpu < 0 ? "free" : "one");
    if (!start_daemon(s, daemon, cpu, shm, NULL))
        return false;
    proc_wait_idle(daemon->pid);
    return true;
}

bool sides_start_new_daemon(struct sides *s, struct proc *daemon, char *shm) {
    snprintf(shm, PATH_MAX + 16, "%s/new", s->dir);
    return start_daemon(s, daemon, -1, shm, NULL);
}

bool sides_start_varied_daemon(struct sides *s, struct proc *daemon, const char *const options[4],
                               char *shm) {
    snprintf(shm, PATH_MAX + 16, "%s/new", s->dir);
    if (!start_daemon(s, daemon, -1, shm, options))
        return false;
    proc_wait_idle(daemon->pid);
    return true;
}

/* What was found on one side is the same on its sisters. */
static void same_device(struct sides *s, enum side found, bool remote) {
    for (int other = 1; other < SIDE_COUNT; other++)
        if (side_facts[other].vm == side_facts[found].vm && (remote || !side_facts[other].remote)) {
            s->p[other] = s->p[found];
            s->d[other] = s->d[found];
        }
}

/* A port of this machine's own that is free just now. */
static int free_port(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool well = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
                getsockname(fd, (struct sockaddr *)&a, &size) == 0;

    if (fd >= 0)
        close(fd);
    return well ? ntohs(a.sin_port) : -1;
}

/* Remote guests come to the same daemon, with a token of ours. */
static bool choose_remote(struct sides *s) {
    FILE *token = fopen(the_files[TOKEN], "we");
    unsigned char random[16];
    int port = free_port();
    bool well = token && port > 0 && getrandom(random, sizeof(random), 0) == (ssize_t)sizeof(random);

    for (size_t i = 0; well && i < sizeof(random); i++)
        fprintf(token, "%02x", random[i]);
    well = token && fclose(token) == 0 && well;
    if (well)
        snprintf(s->remote, sizeof(s->remote), "127.0.0.1:%d", port);
    return well;
}

bool sides_start_process(struct sides *s) {
    const char *const listens[4] = {"--listen", s->remote, "--token", the_files[TOKEN]};

    snprintf(s->shm, sizeof(s->shm), "%s/free", s->dir);
    if (!choose_remote(s))
        return false;
    if (!start_daemon(s, &s->daemon, -1, s->shm, listens))
        return false;
    proc_wait_idle(s->daemon.pid);
    if (!find_device(s, SIDE_PROCESS_SOURCE))
        return false;
    same_device(s, SIDE_PROCESS_SOURCE, true);
    return true;
}

#define END_MARK "@@ended "

/* Sends a line to the shell in the VM and reads up to the mark that follows. false: the VM is gone, or time
 * is up. */
static bool vm_command(struct sides *s, const char *command, double timeout, int *status, size_t *length) {
    double deadline = proc_now() + timeout;
    char *end = NULL;

    s->vm.used = 0;
    if (s->vm.text)
        s->vm.text[0] = '\0';
    if (dprintf(s->vm.in, "%s </dev/null; s=$?; echo; echo \"" END_MARK "$s .\"\n", command) < 0)
        return false;
    for (;;) {
        end = s->vm.text ? strstr(s->vm.text, END_MARK) : NULL;
        if (end && strchr(end, '.'))
            break;
        if (!proc_read(&s->vm, deadline))
            return false;
    }
    *status = atoi(end + strlen(END_MARK));
    *length = (size_t)(end - s->vm.text);
    return true;
}

static bool boot_vm(struct sides *s, const char *kind, bool remote) {
    char trillium[PATH_MAX + 32], vm[16] = "--vm";
    char *argv[] = {trillium, "run", vm, "--carrier", remote ? "socket" : "shm", "--", "/bin/sh", NULL};
    const struct proc_options o = {.cpu = -1, .timeout = 1e9, .hold_stdin = true};
    int status;
    size_t length;

    snprintf(trillium, sizeof(trillium), "%s/bin/trillium", s->prefix);
    if (kind)
        snprintf(vm, sizeof(vm), "--vm=%.8s", kind);
    signal(SIGPIPE, SIG_IGN);
    if (!proc_start(&s->vm, argv, &o))
        return false;
    /* the first time QEMU and a kernel may have to be downloaded, or one built */
    if (vm_command(s, "true", kind ? 3600 : 300, &status, &length))
        return true;
    fprintf(stderr, "eval: the VM does not start%s\n", remote ? " with a way for API remoting" : "");
    proc_stop(&s->vm);
    return false;
}

bool sides_start_vm(struct sides *s, const char *kind, bool remote) {
    int status;
    size_t length;

    if (remote && !boot_vm(s, kind, true))
        remote = false;
    if (!remote && !boot_vm(s, kind, false))
        return false;
    s->vm_boot = proc_now() - s->vm.started;
    if (vm_command(s, "grep -m1 '^model name' /proc/cpuinfo", 30, &status, &length) && status == 0) {
        s->vm.text[length] = '\0';
        const char *colon = s->vm.text + strcspn(s->vm.text, ":");
        snprintf(s->vm_cpu, sizeof(s->vm_cpu), "%s", colon + strspn(colon, ": "));
        s->vm_cpu[strcspn(s->vm_cpu, "\r\n")] = '\0';
        const char *code = !strcmp(s->vm_cpu, "UML")  ? "natively, in user-mode Linux"
                           : strstr(s->vm_cpu, "TCG") ? "emulated, by QEMU's TCG"
                                                      : "natively, in a QEMU with KVM";
        snprintf(s->vm_code, sizeof(s->vm_code), "%s", code);
        if (!strcmp(s->vm_cpu, "UML"))
            snprintf(s->vm_cpu, sizeof(s->vm_cpu), "this machine's: the VM is user-mode Linux");
    }
    if (vm_command(s, "uname -sr", 30, &status, &length) && status == 0) {
        s->vm.text[length] = '\0';
        snprintf(s->vm_kernel, sizeof(s->vm_kernel), "%.*s", (int)strcspn(s->vm.text, "\r\n"), s->vm.text);
    }
    if (!find_device(s, SIDE_VM_SOURCE))
        return false;
    same_device(s, SIDE_VM_SOURCE, remote);
    return true;
}

bool sides_vm_faults_dear(const struct sides *s) {
    return strstr(s->vm_code, "user-mode") != NULL;
}

/* The guest's part of what a side is: "NAME=VALUE" or "NAME", which is to be unset. Ends with NULL. */
static const char *const *guest_env(enum side side) {
    static const char *env[8];
    int n = 0;

    env[n++] = side_facts[side].spirv ? "TRILLIUM_IR=spirv" : "TRILLIUM_IR=source";
    env[n++] = side_facts[side].guest_backed ? "TRILLIUM_PLACED=0" : "TRILLIUM_PLACED=1";
    env[n++] = side_facts[side].guest_backed ? "TRILLIUM_DIRECT=0" : "TRILLIUM_DIRECT=1";
    env[n] = NULL;
    return env;
}

const char *const *sides_env(const struct sides *s, enum side side, const char *shm) {
    static char vendors[PATH_MAX + 64], way[PATH_MAX + 64], token[PATH_MAX + 64];
    static const char *env[16];
    int n = 0;

    if (side != SIDE_NATIVE && !side_facts[side].vm) {
        snprintf(vendors, sizeof(vendors), "OCL_ICD_VENDORS=%s/share/trillium/icd", s->prefix);
        snprintf(way, sizeof(way), side_facts[side].remote ? "TRILLIUM_REMOTE=%s" : "TRILLIUM_SHM=%s",
                 side_facts[side].remote ? s->remote : shm);
        snprintf(token, sizeof(token), "TRILLIUM_REMOTE_TOKEN=%s", the_files[TOKEN]);
        env[n++] = vendors;
        env[n++] = way;
        env[n++] = side_facts[side].remote ? token : "TRILLIUM_REMOTE";
        env[n++] = "OPENCL_VENDOR_PATH";
        env[n++] = "OCL_ICD_FILENAMES";
    } else {
        env[n++] = "TRILLIUM_SHM";
        env[n++] = "TRILLIUM_REMOTE";
    }
    for (const char *const *e = guest_env(side); *e; e++)
        env[n++] = *e;
    env[n] = NULL;
    return env;
}

/* Appends a word for a shell. false: no room. */
static bool quote(char *out, size_t room, const char *word) {
    size_t used = strlen(out);

    if (used + 4 * strlen(word) + 4 > room)
        return false;
    char *to = out + used;
    *to++ = ' ';
    *to++ = '\'';
    for (; *word; word++) {
        if (*word == '\'') {
            memcpy(to, "'\\''", 4);
            to += 4;
        } else {
            *to++ = *word;
        }
    }
    *to++ = '\'';
    *to = '\0';
    return true;
}

/* In the VM: the same through its shell. */
static struct proc_result run_in_vm(struct sides *s, enum side side, char *const argv[], double timeout) {
    struct proc_result r = {.status = -1};
    char command[8 * PATH_MAX] = "env"; /* in which the VM's way for API remoting is, if it has one */
    size_t length = 0;
    double start = proc_now();
    bool fits = true;

    if (!side_facts[side].remote)
        snprintf(command, sizeof(command), "env -u TRILLIUM_REMOTE");
    for (const char *const *e = guest_env(side); *e; e++)
        fits = fits && quote(command, sizeof(command), *e);
    /* timeout(1) in the guest ends a program that takes too long; the VM stays for the next */
    size_t used = strlen(command);
    snprintf(command + used, sizeof(command) - used, " timeout -k 5 %d", (int)timeout);
    for (int i = 0; argv[i]; i++)
        fits = fits && quote(command, sizeof(command), argv[i]);
    if (!fits)
        fprintf(stderr, "eval: the command line is too long for the VM\n");
    if (s->vm.pid > 0 && fits && !vm_command(s, command, timeout + 30, &r.status, &length)) {
        fprintf(stderr, "eval: the VM does not answer any more; it is ended\n");
        proc_stop(&s->vm);
        for (int other = 0; other < SIDE_COUNT; other++)
            if (side_facts[other].vm)
                s->p[other] = -1;
        length = 0;
    }
    r.wall = proc_now() - start;
    if (r.status == 124 || r.status == 128 + SIGKILL)
        r.status = -1;
    r.text = length && s->vm.text ? strndup(s->vm.text, length) : strdup("");
    return r;
}

struct proc_result sides_run(struct sides *s, enum side side, char *const argv[], double timeout) {
    struct proc_options o = {.env = sides_env(s, side, s->shm), .cpu = -1, .timeout = timeout};

    if (side_facts[side].vm)
        return run_in_vm(s, side, argv, timeout);
    return proc_run(argv, &o);
}

struct proc_result sides_run_profiled(const struct sides *s, bool spirv, const char *file, char *const argv[],
                                      double timeout) {
    char trillium[PATH_MAX + 32];
    const char *all[32] = {trillium, "run", "--ir", spirv ? "spirv" : "source", "--profile", file, "--"};
    int n = 7;

    snprintf(trillium, sizeof(trillium), "%s/bin/trillium", s->prefix);
    for (int i = 0; argv[i] && n < 31; i++)
        all[n++] = argv[i];
    const struct proc_options o = {
        .env = sides_env(s, SIDE_NATIVE, ""), .cpu = -1, .timeout = timeout, .quiet = true};
    return proc_run((char *const *)all, &o);
}

void sides_device_arguments(const struct sides *s, enum side side, char p[16], char d[16]) {
    snprintf(p, 16, "%d", s->p[side]);
    snprintf(d, 16, "%d", s->d[side]);
}
