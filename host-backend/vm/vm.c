// SPDX-License-Identifier: MIT
#include "host-backend/vm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host-backend/cell/daemon.h"
#include "host-backend/front/front.h"
#include "host-backend/vm/fetch.h"
#include "host-backend/vm/frame.h"
#include "host-backend/vm/initramfs.h"
#include "host-backend/vm/machine.h"
#include "host-backend/vm/probe.h"
#include "host-backend/vm/signals.h"
#include "host-backend/vm/streams.h"
#include "host-backend/vm/terminal.h"

/* Under emulation on a busy machine a boot takes some ten seconds. */
enum { START_LIMIT_MS = 180000 };

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args); // NOLINT(clang-analyzer-valist.Uninitialized)
    va_end(args);
    fprintf(stderr, "trillium: %s\n", text);
}

static double now_s(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* ---- what it is made of ---- */

int vm_fetch(const char *cache_dir, bool quiet) {
    char cache[PATH_MAX], why[VM_WHY_SIZE];
    struct vm_qemu qemu;
    struct vm_kernel kernel;

    if (vm_cache_folder(cache_dir, cache, why) < 0) {
        say("%s", why);
        return -1;
    }
    if (!vm_kernel_find(cache, &kernel) && vm_fetch_script("kernel", cache, NULL, quiet) < 0)
        return -1;
    /* A 7.2 needs KVM, of which only a boot shows whether it works: then a newer one is at hand. */
    if (!(vm_qemu_installed(&qemu) && vm_qemu_runs_tcg(&qemu)) && !vm_qemu_cached(cache, &qemu))
        return vm_fetch_script("qemu", cache, NULL, quiet);
    return 0;
}

/* The parts of a VM that are at hand. */
struct parts {
    char cache[PATH_MAX];
    struct vm_qemu qemu;
    struct vm_kernel kernel;
    bool kvm;
    char without[32]; /* of its CPU, with KVM */
};

static int choose_accelerator(const struct vm_options *o, struct parts *p) {
    struct vm_verdict v = {0};

    if (o->accel == VM_ACCEL_TCG)
        return 0;
    bool remembered = vm_kvm_remembered(p->cache, &p->qemu, &v);
    if (!remembered)
        vm_kvm_probe(p->cache, o->init, &p->qemu, &p->kernel, &v);
    p->kvm = v.good;
    memcpy(p->without, v.without, sizeof p->without);
    if (o->accel == VM_ACCEL_KVM && !v.good) {
        say("KVM does not work here: %s", v.reason);
        return -1;
    }
    if (!o->quiet && !v.good)
        say("the VM runs under emulation (TCG), slower than with KVM: %s", v.reason);
    if (!o->quiet && v.good && *v.without)
        say("%s", v.reason);
    return 0;
}

static int gather(const struct vm_options *o, struct parts *p) {
    char why[VM_WHY_SIZE];

    if (vm_cache_folder(o->cache_dir, p->cache, why) < 0) {
        say("%s", why);
        return -1;
    }
    if (!vm_kernel_find(p->cache, &p->kernel)) {
        if (vm_fetch_script("kernel", p->cache, NULL, o->quiet) < 0)
            return -1;
        if (!vm_kernel_find(p->cache, &p->kernel)) {
            say("the kernel that was fetched into %s is not complete: remove that folder", p->cache);
            return -1;
        }
    }
    bool installed = vm_qemu_installed(&p->qemu);
    if (installed && !vm_qemu_runs_tcg(&p->qemu)) {
        struct vm_verdict v = {0};
        if (vm_qemu_runs_kvm(&p->qemu) && o->accel != VM_ACCEL_TCG)
            vm_kvm_probe(p->cache, o->init, &p->qemu, &p->kernel, &v);
        installed = v.good;
    }
    if (!installed && !vm_qemu_cached(p->cache, &p->qemu)) {
        if (vm_fetch_script("qemu", p->cache, NULL, o->quiet) < 0)
            return -1;
        if (!vm_qemu_cached(p->cache, &p->qemu)) {
            say("the QEMU that was fetched into %s does not start: remove that folder", p->cache);
            return -1;
        }
    }
    return choose_accelerator(o, p);
}

/* ---- what it is told ---- */

static void put(FILE *config, const char *key, const char *value) {
    fprintf(config, "%s=%s%c", key, value, 0);
}

/* Variables that would lead an OpenCL loader past /etc/OpenCL/vendors of the guest, and Trillium's driver
 * past the guest's own device. */
static bool hidden(const char *variable) {
    static const char *const names[] = {
        "OCL_ICD_VENDORS=", "OCL_ICD_FILENAMES=", "OPENCL_VENDOR_PATH=", "OPENCL_LAYERS=", "TRILLIUM_SHM="};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* The /config of the guest (frame.h). To be freed; NULL: out of memory. */
static char *make_config(const struct vm_options *o, bool kvm, const struct vm_terminal *t,
                         char *const argv[], size_t *size) {
    char *text = NULL, number[32], host[256] = "";
    gid_t groups[1024];
    FILE *config = open_memstream(&text, size);
    if (!config)
        return NULL;
    for (; *argv; argv++)
        put(config, "arg", *argv);
    for (char **e = environ; *e; e++)
        if (!hidden(*e))
            put(config, "env", *e);
    put(config, "env", "OCL_ICD_VENDORS=/etc/OpenCL/vendors");
    /* Copies with AVX between pages that lie alike are emulated at 0.4 to 0.7 GB/s, those with SSE at 2. */
    if (!kvm && !getenv("GLIBC_TUNABLES"))
        put(config, "env", "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX_Fast_Unaligned_Load");
    char *cwd = getcwd(NULL, 0);
    put(config, "cwd", cwd ? cwd : "/");
    free(cwd);
    snprintf(number, sizeof number, "%u", (unsigned)getuid());
    put(config, "uid", number);
    snprintf(number, sizeof number, "%u", (unsigned)getgid());
    put(config, "gid", number);
    int n = getgroups(sizeof groups / sizeof groups[0], groups);
    for (int i = 0; i < n; i++) {
        snprintf(number, sizeof number, "%u", (unsigned)groups[i]);
        put(config, "group", number);
    }
    if (gethostname(host, sizeof host - 1) == 0)
        put(config, "hostname", host);
    if (o->icd)
        put(config, "icd", o->icd);
    if (t->there) {
        snprintf(number, sizeof number, "%u %u", t->rows, t->columns);
        put(config, "terminal", number);
    }
    if (t->errors)
        put(config, "terminal-errors", "1");
    if (o->verbose)
        put(config, "verbose", "1");
    if (fclose(config) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static int make_initramfs(const struct vm_options *o, const struct parts *p, const struct vm_terminal *t,
                          char *const argv[]) {
    struct vm_modules modules;
    char why[VM_WHY_SIZE];
    size_t size;

    if (vm_modules_read(p->kernel.modules, &modules, why) < 0) {
        say("%s", why);
        return -1;
    }
    char *config = make_config(o, p->kvm, t, argv, &size);
    int fd = -1;
    if (!config)
        snprintf(why, sizeof why, "out of memory");
    else
        fd = vm_initramfs(o->init, &modules, config, size, why);
    if (fd < 0)
        say("%s", why);
    free(config);
    vm_modules_free(&modules);
    return fd;
}

static unsigned default_cpus(void) {
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 4 ? 4 : (unsigned)n;
}

static unsigned default_memory(void) {
    long mib = sysconf(_SC_PHYS_PAGES) / 256 / 4;
    return mib < 1024 ? 1024 : mib > 8192 ? 8192 : (unsigned)mib;
}

/* ---- the run ---- */

struct run {
    const struct vm_options *options;
    const char *program;
    struct front *front;
    struct vm_terminal terminal;
    int gpu[2], port[2], control[2], log, initramfs; /* [0]: ours, [1]: QEMU's */
    int connection;                                  /* gpu[0], once it is the front's */
    double start;
    pid_t qemu;
    atomic_bool over; /* QEMU has been ended, and its pid may be another's soon */
};

static void started(void *opaque) {
    struct run *r = opaque;
    if (r->options->boot_seconds)
        *r->options->boot_seconds = now_s() - r->start;
    vm_terminal_hand_over(&r->terminal);
    vm_signals_forward(r->control[0]);
}

static void *serve_gpu(void *arg) {
    struct run *r = arg;
    if (daemon_raise(DAEMON_FRONT, r->options->sandbox))
        front_run(r->front, -1, r->connection);
    else
        close(r->connection);
    /* A VM without its GPU is of no use here: as if QEMU had ended. This thread may signal nobody. */
    if (!atomic_load(&r->over))
        shutdown(r->port[0], SHUT_RDWR);
    return NULL;
}

/* What QEMU and the guest's console said last. */
static void show_log(int log) {
    char text[4096];
    off_t end = lseek(log, 0, SEEK_END);
    ssize_t n =
        pread(log, text, sizeof text - 1, end > (off_t)sizeof text - 1 ? end - (off_t)sizeof text + 1 : 0);
    if (n > 0)
        fprintf(stderr, "%.*s%s", (int)n, text, text[n - 1] == '\n' ? "" : "\n");
}

static int status_of(struct run *r, enum vm_output how, const struct vm_output_state *state) {
    if (vm_signals_caught())
        return 128 + vm_signals_caught();
    switch (how) {
    case VM_OUTPUT_EXIT:
        if (state->end.exec_error != 0) {
            say("%s: %s", r->program, strerror(state->end.exec_error));
            return state->end.exec_error == ENOENT ? VM_EXIT_NOT_FOUND : VM_EXIT_NOT_RUN;
        }
        return WIFSIGNALED(state->end.status) ? 128 + WTERMSIG(state->end.status)
                                              : WEXITSTATUS(state->end.status);
    case VM_OUTPUT_FAILED:
        say("%s", state->text);
        return VM_EXIT_FAILED;
    case VM_OUTPUT_UNWRITTEN:
        if (state->error == EPIPE)
            return 128 + SIGPIPE; /* as the program itself would have ended */
        say("cannot write the program's output: %s", strerror(state->error));
        return VM_EXIT_FAILED;
    case VM_OUTPUT_LATE:
        show_log(r->log);
        say("the VM did not come up within %d s", START_LIMIT_MS / 1000);
        return VM_EXIT_FAILED;
    default:
        show_log(r->log);
        say("the VM ended before the program did");
        return VM_EXIT_FAILED;
    }
}

/* With QEMU running: carries the streams until the program ends. */
static int carry(struct run *r) {
    struct vm_output_state state = {.start_limit_ms = START_LIMIT_MS, .started = started, .opaque = r};
    struct vm_input input;
    int error = vm_input_start(&input, r->port[0]);
    if (error != 0) {
        say("cannot start a thread: %s", strerror(error));
        kill(r->qemu, SIGKILL);
        return VM_EXIT_FAILED;
    }
    enum vm_output how = vm_output_run(r->port[0], &state);
    vm_terminal_take_back();
    vm_signals_forward(-1);
    int status = status_of(r, how, &state);
    kill(r->qemu, SIGKILL);
    shutdown(r->port[0], SHUT_RDWR);
    vm_input_stop(&input);
    return status;
}

/* With the sockets made: starts the front and QEMU, and ends both. */
static int run_machine(struct run *r, const struct parts *p) {
    const struct vm_options *o = r->options;
    const struct front_config front = {.open_session = o->open_session, .opaque = o->opaque};
    struct vm_machine m = {
        .qemu = &p->qemu,
        .kernel = &p->kernel,
        .kvm = p->kvm,
        .without = p->without,
        .cpus = o->cpus ? o->cpus : default_cpus(),
        .memory_mib = o->memory_mib ? o->memory_mib : default_memory(),
        .verbose = o->verbose,
        .initramfs = r->initramfs,
        .log = r->log,
        .gpu = r->gpu[1],
        .port = r->port[1],
        .control = r->control[1],
    };
    pthread_t thread = 0;
    int status = VM_EXIT_FAILED, wait_status;

    r->connection = r->gpu[0];
    r->front = front_create(&front);
    int error = r->front ? pthread_create(&thread, NULL, serve_gpu, r) : errno;
    if (error != 0) {
        say("cannot serve the virtual GPU: %s", strerror(error));
        if (r->front)
            front_destroy(r->front);
        return VM_EXIT_FAILED;
    }
    r->gpu[0] = -1; /* the front's */
    r->start = now_s();
    if (!vm_signals_caught())
        r->qemu = vm_machine_start(&m);
    int error_of_start = errno;
    close(r->gpu[1]);
    close(r->port[1]);
    close(r->control[1]);
    r->gpu[1] = r->port[1] = r->control[1] = -1;
    if (r->qemu > 0) {
        vm_signals_end_by_killing(r->qemu);
        status = carry(r);
        vm_signals_end_by_killing(0);
        atomic_store(&r->over, true);
        while (waitpid(r->qemu, &wait_status, 0) < 0 && errno == EINTR)
            ;
    } else if (!vm_signals_caught()) {
        say("cannot start QEMU: %s", strerror(error_of_start));
    }
    front_stop(r->front);
    pthread_join(thread, NULL);
    front_destroy(r->front);
    return vm_signals_caught() ? 128 + vm_signals_caught() : status;
}

static void close_all(struct run *r) {
    const int fds[] = {r->gpu[0],     r->gpu[1],     r->port[0], r->port[1],
                       r->control[0], r->control[1], r->log,     r->initramfs};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

int vm_run(const struct vm_options *o, char *const argv[]) {
    struct run r = {.options = o,
                    .program = argv[0],
                    .gpu = {-1, -1},
                    .port = {-1, -1},
                    .control = {-1, -1},
                    .log = -1,
                    .initramfs = -1};
    static struct parts parts; /* three paths: too much for a stack */
    int status = VM_EXIT_FAILED;

    parts = (struct parts){0};
    if (gather(o, &parts) < 0)
        return VM_EXIT_FAILED;
    vm_terminal_look(&r.terminal);
    vm_signals_begin(r.terminal.there);
    r.initramfs = make_initramfs(o, &parts, &r.terminal, argv);
    if (r.initramfs >= 0) {
        r.log = o->verbose ? fcntl(2, F_DUPFD_CLOEXEC, 3) : memfd_create("vm-log", MFD_CLOEXEC);
        if (r.log < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, r.gpu) < 0 ||
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, r.port) < 0 ||
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, r.control) < 0)
            say("cannot connect to a VM: %s", strerror(errno));
        else
            status = run_machine(&r, &parts);
    }
    close_all(&r);
    vm_signals_end();
    return status;
}
