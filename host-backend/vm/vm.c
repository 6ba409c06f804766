// SPDX-License-Identifier: MIT
#include "host-backend/vm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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
#include "host-backend/vm/door.h"
#include "host-backend/vm/streams.h"
#include "host-backend/vm/terminal.h"
#include "host-backend/vm/told.h"
#include "host-backend/vm/uml.h"

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
    bool user_mode; /* `uml` is what runs, and the rest is not looked for */
    struct vm_uml uml;
    struct vm_qemu qemu;
    struct vm_kernel kernel;
    bool kvm;
    char without[32]; /* of its CPU, with KVM */
};

/* The cache's user-mode kernel, if it has all that is asked for. */
static bool find_uml(const struct vm_options *o, struct parts *p) {
    return vm_uml_find(p->cache, &p->uml) && (!o->open_stream || p->uml.has_vsock);
}

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
    if (!o->quiet && !v.good && o->kind == VM_KIND_AUTO && find_uml(o, p))
        say("the VM runs in user-mode Linux, since KVM does not work: %s", v.reason);
    else if (!o->quiet && !v.good)
        say("the VM runs under emulation (TCG), slower than with KVM: %s", v.reason);
    if (!o->quiet && v.good && *v.without)
        say("%s", v.reason);
    return 0;
}

/* The user-mode kernel, where it is asked for, or where QEMU would have to emulate. */
static int gather_uml(const struct vm_options *o, struct parts *p) {
    p->user_mode = find_uml(o, p);
    if (p->user_mode || o->kind == VM_KIND_AUTO)
        return 0;
    if (vm_fetch_script("uml", p->cache, NULL, o->quiet) < 0)
        return -1;
    p->user_mode = find_uml(o, p);
    if (!p->user_mode)
        say("the user-mode kernel that was built into %s is not complete: remove that folder", p->cache);
    return p->user_mode ? 0 : -1;
}

/* The kernel for a QEMU, if it has all that is asked for: one that was fetched long ago may have no vsock. */
static bool find_kernel(const struct vm_options *o, struct parts *p) {
    return vm_kernel_find(p->cache, &p->kernel) && (!o->open_stream || vm_kernel_has_vsock(&p->kernel));
}

static int gather(const struct vm_options *o, struct parts *p) {
    char why[VM_WHY_SIZE];

    if (vm_cache_folder(o->cache_dir, p->cache, why) < 0) {
        say("%s", why);
        return -1;
    }
    if (o->kind == VM_KIND_UML)
        return gather_uml(o, p);
    if (!find_kernel(o, p)) {
        if (vm_fetch_script("kernel", p->cache, NULL, o->quiet) < 0)
            return -1;
        if (!find_kernel(o, p)) {
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
    if (choose_accelerator(o, p) < 0)
        return -1;
    bool emulated = !p->kvm && o->accel == VM_ACCEL_AUTO;
    return emulated && o->kind == VM_KIND_AUTO ? gather_uml(o, p) : 0;
}

bool vm_kind_named(const char *name, enum vm_kind *kind) {
    bool uml = name && strcmp(name, "uml") == 0;

    *kind = !name ? VM_KIND_AUTO : uml ? VM_KIND_UML : VM_KIND_QEMU;
    return !name || uml || strcmp(name, "qemu") == 0;
}

/* ---- what it starts with ---- */

static int make_initramfs(const struct vm_options *o, const struct parts *p, const struct vm_terminal *t,
                          char *const argv[]) {
    struct vm_modules modules = {0}; /* a user-mode kernel is built with all that it needs */
    char why[VM_WHY_SIZE];
    size_t size;

    if (!p->user_mode && vm_modules_read(p->kernel.modules, o->open_stream, &modules, why) < 0) {
        say("%s", why);
        return -1;
    }
    const struct vm_told told = {
        .icd = o->icd,
        .argv = argv,
        .terminal = t,
        .user_mode = p->user_mode,
        .emulated = !p->user_mode && !p->kvm,
        .verbose = o->verbose,
    };
    char *config = vm_told_text(&told, &size);
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

static unsigned memory_of(const struct vm_options *o) {
    return o->memory_mib ? o->memory_mib : default_memory();
}

/* ---- the run ---- */

struct run {
    const struct vm_options *options;
    const char *program;
    struct front *front;
    struct vm_terminal terminal;
    int gpu[2], vsock[2], port[2], control[2], log, initramfs; /* [0]: ours, [1]: QEMU's */
    int connection;                                            /* gpu[0], once it is the front's */
    struct vm_uml_place place; /* of a user-mode kernel, whose devices have listeners */
    struct vm_door *door;
    struct vm_input input;
    int input_error; /* errno of its start; -1: not started */
    double start;
    pid_t machine;        /* QEMU, or the user-mode kernel */
    atomic_bool over;     /* it has been ended, and its pid may be another's soon */
    atomic_bool gpu_over; /* the virtual GPU's thread has ended before it */
};

/* All of its group: below a user-mode kernel are the guest's processes. */
static void end_machine(const struct run *r) {
    if (kill(-r->machine, SIGKILL) < 0)
        kill(r->machine, SIGKILL);
}

static void started(void *opaque) {
    struct run *r = opaque;
    if (r->options->boot_seconds)
        *r->options->boot_seconds = now_s() - r->start;
    vm_uml_place_remove(&r->place);
    vm_terminal_hand_over(&r->terminal);
    vm_signals_forward(r->control[0]);
    /* Not sooner: a serial line is a terminal until the guest has made it none. */
    r->input_error = vm_input_start(&r->input, r->port[0]);
    if (r->input_error != 0)
        end_machine(r);
}

static void *serve_gpu(void *arg) {
    struct run *r = arg;
    if (daemon_raise(DAEMON_FRONT, r->options->sandbox))
        front_run(r->front, r->place.gpu.listener, r->connection);
    else
        close(r->connection >= 0 ? r->connection : r->place.gpu.listener);
    /* A VM without its GPU is of no use here: as if QEMU had ended. This thread may signal nobody. */
    if (!atomic_load(&r->over)) {
        atomic_store(&r->gpu_over, true);
        shutdown(r->port[0], SHUT_RDWR);
    }
    return NULL;
}

/* Why a VM is over that nobody has ended. Its process closes both of its sockets when it ends: who was first shows in
 * whether it is there still. */
static void say_who_ended(const struct run *r) {
    siginfo_t info = {0};

    for (int i = 0; i < 20 && info.si_pid == 0; i++) {
        if (i > 0)
            usleep(10000);
        if (waitid(P_PID, (id_t)r->machine, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
            break;
    }
    if (info.si_pid != 0)
        say("the VM ended before the program did: its process ended with %s %d",
            info.si_code == CLD_EXITED ? "status" : "signal", info.si_status);
    else if (atomic_load(&r->gpu_over))
        say("the VM ended before the program did: its virtual GPU was closed while it ran");
    else
        say("the VM ended before the program did: its port was closed while it ran");
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
        say_who_ended(r);
        return VM_EXIT_FAILED;
    }
}

/* With the machine running: carries the streams until the program ends. */
static int carry(struct run *r) {
    struct vm_output_state state = {.start_limit_ms = START_LIMIT_MS, .started = started, .opaque = r};
    r->input_error = -1;
    enum vm_output how = vm_output_run(r->port[0], &state);
    vm_terminal_take_back();
    vm_signals_forward(-1);
    int status = status_of(r, how, &state);
    end_machine(r);
    shutdown(r->port[0], SHUT_RDWR);
    if (r->input_error == 0)
        vm_input_stop(&r->input);
    else if (r->input_error > 0)
        say("cannot start a thread: %s", strerror(r->input_error));
    return status;
}

static void close_ours(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static pid_t start_qemu(const struct run *r, const struct parts *p) {
    const struct vm_options *o = r->options;
    const struct vm_machine m = {
        .qemu = &p->qemu,
        .kernel = &p->kernel,
        .kvm = p->kvm,
        .without = p->without,
        .cpus = o->cpus ? o->cpus : default_cpus(),
        .memory_mib = memory_of(o),
        .verbose = o->verbose,
        .initramfs = r->initramfs,
        .log = r->log,
        .gpu = r->gpu[1],
        .vsock = r->vsock[1],
        .port = r->port[1],
        .control = r->control[1],
    };
    return vm_machine_start(&m);
}

static pid_t start_uml(const struct run *r, const struct parts *p) {
    const struct vm_options *o = r->options;
    const struct vm_uml_machine m = {
        .uml = &p->uml,
        .place = &r->place,
        .sandbox = o->sandbox,
        .memory_mib = memory_of(o),
        .verbose = o->verbose,
        .initramfs = r->initramfs,
        .log = r->log,
        .port = r->port[1],
        .control = r->control[1],
    };
    return vm_uml_start(&m);
}

/* Where programs in it reach their devices over a stream. */
static bool open_door(struct run *r) {
    const struct vm_options *o = r->options;
    const struct vm_door_config config = {
        .listener = r->place.vsock.listener,
        .connection = r->vsock[0],
        .sandbox = o->sandbox,
        .streams = {.port = VM_DOOR_PORT, .connect = o->open_stream, .opaque = o->opaque},
    };

    if (!o->open_stream)
        return true;
    r->door = vm_door_start(&config);
    if (r->door)
        r->vsock[0] = r->place.vsock.listener = -1; /* the door's */
    return r->door;
}

/* What was below a user-mode kernel is ours now that it is gone, and gone when we have seen its end. None should be left that is
 * stopped, but it would be so for ever. */
static void end_orphans(pid_t group) {
    int status;
    pid_t pid;

    while ((pid = waitpid(-group, &status, WUNTRACED)) > 0 || errno == EINTR)
        if (pid > 0 && WIFSTOPPED(status))
            kill(pid, SIGKILL);
}

/* With the sockets made: starts the front and the machine, and ends both. */
static int run_machine(struct run *r, const struct parts *p) {
    const struct vm_options *o = r->options;
    const struct front_config front = {.open_session = o->open_session, .opaque = o->opaque};
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
    if (!open_door(r))
        say("cannot serve the VM's vsock device: %s", strerror(errno));
    r->start = now_s();
    prctl(PR_SET_CHILD_SUBREAPER, p->user_mode ? 1 : 0);
    if (!vm_signals_caught())
        r->machine = p->user_mode ? start_uml(r, p) : start_qemu(r, p);
    int error_of_start = errno;
    close_ours(&r->gpu[1]);
    close_ours(&r->vsock[1]);
    close_ours(&r->port[1]);
    close_ours(&r->control[1]);
    if (r->machine > 0) {
        vm_signals_end_by_killing(r->machine);
        status = carry(r);
        vm_signals_end_by_killing(0);
        atomic_store(&r->over, true);
        while (waitpid(r->machine, &wait_status, 0) < 0 && errno == EINTR)
            ;
        if (p->user_mode)
            end_orphans(r->machine);
    } else if (!vm_signals_caught()) {
        say("cannot start %s: %s", p->user_mode ? p->uml.kernel : "QEMU", strerror(error_of_start));
    }
    vm_door_stop(r->door);
    front_stop(r->front);
    pthread_join(thread, NULL);
    front_destroy(r->front);
    return vm_signals_caught() ? 128 + vm_signals_caught() : status;
}

static void close_all(struct run *r) {
    int *const fds[] = {&r->gpu[0],
                        &r->gpu[1],
                        &r->port[0],
                        &r->port[1],
                        &r->control[0],
                        &r->control[1],
                        &r->log,
                        &r->initramfs,
                        &r->place.gpu.address,
                        &r->vsock[0],
                        &r->vsock[1],
                        &r->place.vsock.address,
                        &r->place.vsock.listener};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        close_ours(fds[i]);
    vm_uml_place_remove(&r->place);
}

/* The sockets between this process and the machine, and its log. */
static bool connect_machine(struct run *r, const struct parts *p) {
    char why[VM_WHY_SIZE];

    r->log = r->options->verbose ? fcntl(2, F_DUPFD_CLOEXEC, 3) : memfd_create("vm-log", MFD_CLOEXEC);
    if (p->user_mode &&
        vm_uml_place_make(&r->place, memory_of(r->options), r->options->open_stream, why) < 0) {
        say("%s", why);
        return false;
    }
    if (r->log < 0 || (!p->user_mode && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, r->gpu) < 0) ||
        (!p->user_mode && r->options->open_stream &&
         socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, r->vsock) < 0) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, r->port) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, r->control) < 0) {
        say("cannot connect to a VM: %s", strerror(errno));
        return false;
    }
    return true;
}

int vm_run(const struct vm_options *o, char *const argv[]) {
    struct run r = {.options = o,
                    .program = argv[0],
                    .gpu = {-1, -1},
                    .vsock = {-1, -1},
                    .port = {-1, -1},
                    .control = {-1, -1},
                    .log = -1,
                    .place = {.gpu = {-1, -1}, .vsock = {-1, -1}},
                    .initramfs = -1};
    static struct parts parts; /* three paths: too much for a stack */
    int status = VM_EXIT_FAILED;

    parts = (struct parts){0};
    if (gather(o, &parts) < 0)
        return VM_EXIT_FAILED;
    vm_terminal_look(&r.terminal);
    vm_signals_begin(r.terminal.there);
    r.initramfs = make_initramfs(o, &parts, &r.terminal, argv);
    if (r.initramfs >= 0 && connect_machine(&r, &parts))
        status = run_machine(&r, &parts);
    close_all(&r);
    vm_signals_end();
    return status;
}
