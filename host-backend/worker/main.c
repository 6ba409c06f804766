// SPDX-License-Identifier: MIT
/*
 * trillium-worker: runs the host's OpenCL driver for one guest process.
 *
 * Started by the broker ahead of need. Loads the drivers, says so on its control socket (control.h), pays there
 * what their first use costs when it is asked to, waits for a session's socket, serves it, and exits when the
 * guest goes. Its end is what ends everything that it did.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/cell/cell.h"
#include "host-backend/cell/confine.h"
#include "host-backend/worker/console.h"
#include "host-backend/worker/control.h"
#include "host-backend/worker/crash.h"
#include "host-backend/worker/driver.h"
#include "host-backend/worker/files.h"
#include "host-backend/worker/lifeline.h"
#include "host-backend/worker/prefault.h"
#include "host-backend/worker/session.h"
#include "host-backend/worker/share.h"
#include "host-backend/worker/spirv.h"
#include "host-backend/util/packet.h"
#include "host-backend/util/prompt.h"
#include "host-backend/worker/turn.h"
#include "svga-model/link-io.h"
#include "svga-model/visa/apart/host.h"
#include "svga-model/visa/load.h"

struct options {
    int control, board, bell, life;
    const char *device;
    const char *refuse;
    int (*probe)(const struct options *o); /* instead of serving a guest */
    bool eager;
    bool late; /* no SPIR-V is expected: what translates it is loaded when some comes */
    bool prefault;
    bool in_turns;
    bool warm;
    bool batch;
    bool hand;
    unsigned walls; /* of its cell, as bits */
    bool trying;    /* they have not been tried yet: one that is missing is no news */
    struct session_options session;
};

static const char help[] =
    "Usage: trillium-worker --control FD [OPTION]...\n"
    "       trillium-worker --probe [--device NAME]\n"
    "\n"
    "Runs the host's OpenCL drivers for one guest process. Started by `trillium serve` and `trillium run`, "
    "not by people.\n"
    "\n"
    "  --control FD       the broker's socket\n"
    "  --board FD         what the host decides about this worker, and what it did (board.h)\n"
    "  --bell FD          wakes who decides\n"
    "  --life FD          its end tells who decides of this worker's\n"
    "  --hand             let the holder of a VM's memory map it here: for workers of VMs\n"
    "  --device NAME      offer only devices whose platform or device name contains NAME\n"
    "  --cell N           the walls of its cell, as a number: it raises those that are its own\n"
    "  --trying           its end says all about a wall that does not stand\n"
    "  --pid N            what the host knows it by\n"
    "  --profile-fd FD    write a profile there\n"
    "  --profile-all      of all commands, also where they are many and short\n"
    "  --store FD         the broker's store of built programs\n"
    "  --build-seconds N  longest time that a build may take (default 600; 0: any)\n"
    "  --build-memory N   most memory that a build may take, in MiB (default 4096; 0: any)\n"
    "  --no-shared-builds let the driver build every program, also those seen before\n"
    "  --spin-us N        longest time an idle worker looks for the next command before it sleeps (default "
    "50; 0: never)\n"
    "  --decoders N       threads that may wait for the driver (default 32); beyond that its callbacks "
    "answer\n"
    "  --completion HOW   wait: a thread waits for the driver; callback: the driver calls back; auto "
    "(default): callback for CPUs\n"
    "  --late-translator  load what translates SPIR-V when a guest sends some that is new\n"
    "  --no-prefault      let the loader of drivers meet each page by itself\n"
    "  --no-batch         be scheduled as any other process, not as SCHED_BATCH\n"
    "  --eager            a guest waits or may come at any moment: claim the CPUs as any process does from "
    "the start\n"
    "  --in-turns         the host's control shares devices: PoCL's threads stay on a CPU each "
    "(POCL_AFFINITY=0: they do not)\n"
    "  --hushed           do not say what a guest that gets no session says itself on the same standard "
    "error\n"
    "  --no-warm-up       do not run the drivers' compilers ahead of need\n"
    "  --refuse TEXT      load no driver; tell the guest TEXT\n"
    "  --probe            print PLATFORM, DEVICE, VERSION, TYPE, memory and SPIR-V target of each device, "
    "separated by tabs\n"
    "  --quirks           print what these drivers do otherwise than OpenCL says and this worker takes care "
    "of\n"
    "  --help\n";

/* Threads that wake up together after other workers' have run are often put on one CPU, while another one idles: kernels of
 * 1 ms then took 1.4 (median, 16 guests on two CPUs). PoCL numbers its threads and CPUs alike, so it must have all. */
static void spread_threads(void) {
    cpu_set_t may;

    if (sched_getaffinity(0, sizeof may, &may) == 0 && CPU_COUNT(&may) == sysconf(_SC_NPROCESSORS_CONF))
        setenv("POCL_AFFINITY", "1", 0);
}

static int print_devices(const struct options *o) {
    struct driver *d = driver_open(o->device);

    if (!d)
        return 1;
    driver_find_targets(d);
    for (uint32_t i = 0; i < d->root_count; i++) {
        const struct driver_device *device = d->devices[i];
        const char *type = device->type & CL_DEVICE_TYPE_GPU           ? "gpu"
                           : device->type & CL_DEVICE_TYPE_ACCELERATOR ? "accelerator"
                                                                       : "cpu";
        printf("%s\t%s\t%s\t%s\t%s\t%s\n", device->platform->name, device->name ? device->name : "",
               device->version_text, type, device->shares ? "shares guest memory" : "has memory of its own",
               device->target.why);
    }
    fflush(stdout);
    _exit(d->root_count > 0 ? 0 : 1); /* not through the drivers' destructors: some of them hang */
}

/* PLATFORM, quirk, what the driver does: separated by tabs. A platform that was not tried: no quirk, and that. */
static int print_quirks(const struct options *o) {
    struct driver *d = driver_open(o->device);

    for (uint32_t i = 0; d && i < d->platform_count; i++) {
        const struct driver_platform *platform = &d->platforms[i];
        for (int quirk = 0; quirk < QUIRKS; quirk++)
            if (driver_has(platform, (enum quirk)quirk))
                printf("%s\t%s\t%s\n", platform->name, quirk_rows[quirk].name, quirk_rows[quirk].text);
        if (quirks_untried(platform->name))
            printf("%s\t\tis none of the drivers that were tried, so nothing of it is taken care of "
                   "(CONTRIBUTING.md: An OpenCL driver of the host)\n",
                   platform->name);
    }
    fflush(stdout);
    _exit(d ? 0 : 1);
}

static bool number(const char *text, unsigned most, unsigned *out) {
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (end == text || *end || n > most) {
        fprintf(stderr, "trillium-worker: %s is no number from 0 to %u\n", text, most);
        return false;
    }
    *out = (unsigned)n;
    return true;
}

static int parse(struct options *o, int argc, char **argv) {
    enum {
        CONTROL = 256,
        BOARD,
        BELL,
        LIFE,
        HAND,
        DEVICE,
        CELL,
        TRYING,
        PID,
        PROFILE,
        PROFILE_ALL,
        STORE,
        BUILD_SECONDS,
        BUILD_MEMORY,
        NO_SHARED_BUILDS,
        SPIN,
        DECODERS,
        COMPLETION,
        NO_BATCH,
        EAGER,
        LATE_TRANSLATOR,
        NO_PREFAULT,
        IN_TURNS,
        HUSHED,
        NO_WARM,
        REFUSE,
        PROBE,
        QUIRK_LIST,
        HELP
    };
    static const struct option options[] = {{"control", required_argument, NULL, CONTROL},
                                            {"board", required_argument, NULL, BOARD},
                                            {"bell", required_argument, NULL, BELL},
                                            {"life", required_argument, NULL, LIFE},
                                            {"hand", no_argument, NULL, HAND},
                                            {"device", required_argument, NULL, DEVICE},
                                            {"cell", required_argument, NULL, CELL},
                                            {"trying", no_argument, NULL, TRYING},
                                            {"pid", required_argument, NULL, PID},
                                            {"profile-fd", required_argument, NULL, PROFILE},
                                            {"profile-all", no_argument, NULL, PROFILE_ALL},
                                            {"store", required_argument, NULL, STORE},
                                            {"build-seconds", required_argument, NULL, BUILD_SECONDS},
                                            {"build-memory", required_argument, NULL, BUILD_MEMORY},
                                            {"no-shared-builds", no_argument, NULL, NO_SHARED_BUILDS},
                                            {"spin-us", required_argument, NULL, SPIN},
                                            {"decoders", required_argument, NULL, DECODERS},
                                            {"completion", required_argument, NULL, COMPLETION},
                                            {"no-batch", no_argument, NULL, NO_BATCH},
                                            {"eager", no_argument, NULL, EAGER},
                                            {"late-translator", no_argument, NULL, LATE_TRANSLATOR},
                                            {"no-prefault", no_argument, NULL, NO_PREFAULT},
                                            {"in-turns", no_argument, NULL, IN_TURNS},
                                            {"hushed", no_argument, NULL, HUSHED},
                                            {"no-warm-up", no_argument, NULL, NO_WARM},
                                            {"refuse", required_argument, NULL, REFUSE},
                                            {"probe", no_argument, NULL, PROBE},
                                            {"quirks", no_argument, NULL, QUIRK_LIST},
                                            {"help", no_argument, NULL, HELP},
                                            {0}};
    unsigned fd;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case CONTROL:
            if (!number(optarg, 1u << 20, &fd))
                return 2;
            o->control = (int)fd;
            break;
        case BOARD:
        case BELL:
        case LIFE:
            if (!number(optarg, 1u << 20, &fd))
                return 2;
            *(c == BOARD ? &o->board : c == BELL ? &o->bell : &o->life) = (int)fd;
            break;
        case HAND:
            o->hand = true;
            break;
        case DEVICE:
            o->device = optarg;
            break;
        case PROFILE:
            if (!number(optarg, 1u << 20, &fd))
                return 2;
            o->session.profile_fd = (int)fd;
            break;
        case PROFILE_ALL:
            o->session.profile_all = true;
            break;
        case CELL:
            if (!number(optarg, CELL_ALL, &o->walls))
                return 2;
            break;
        case TRYING:
            o->trying = true;
            break;
        case PID:
            if (!number(optarg, 1u << 30, &o->session.pid))
                return 2;
            break;
        case STORE:
            if (!number(optarg, 1u << 20, &fd))
                return 2;
            o->session.store_fd = (int)fd;
            break;
        case BUILD_SECONDS:
            if (!number(optarg, 1000000, &o->session.build_seconds))
                return 2;
            break;
        case BUILD_MEMORY:
            if (!number(optarg, 1u << 30, &o->session.build_memory_mib))
                return 2;
            break;
        case NO_SHARED_BUILDS:
            o->session.share_builds = false;
            break;
        case SPIN:
            if (!number(optarg, 1000000, &o->session.spin_us))
                return 2;
            break;
        case DECODERS:
            if (!number(optarg, 1024, &o->session.max_decoders))
                return 2;
            break;
        case COMPLETION:
            if (strcmp(optarg, "auto") == 0)
                o->session.completion = COMPLETION_AUTO;
            else if (strcmp(optarg, "wait") == 0)
                o->session.completion = COMPLETION_WAIT;
            else if (strcmp(optarg, "callback") == 0)
                o->session.completion = COMPLETION_CALLBACK;
            else {
                fprintf(stderr, "trillium-worker: --completion takes auto, wait or callback, not %s\n",
                        optarg);
                return 2;
            }
            break;
        case NO_BATCH:
            o->batch = false;
            break;
        case EAGER:
            o->eager = true;
            break;
        case LATE_TRANSLATOR:
            o->late = true;
            break;
        case NO_PREFAULT:
            o->prefault = false;
            break;
        case IN_TURNS:
            o->in_turns = true;
            break;
        case HUSHED:
            o->session.hushed = true;
            break;
        case NO_WARM:
            o->warm = false;
            break;
        case REFUSE:
            o->refuse = optarg;
            break;
        case PROBE:
            o->probe = print_devices;
            break;
        case QUIRK_LIST:
            o->probe = print_quirks;
            break;
        case HELP:
            fputs(help, stdout);
            exit(0);
        default:
            return 2;
        }
    }
    if (optind != argc || (o->control < 0 && !o->probe)) {
        fputs(help, stderr);
        return 2;
    }
    return 0;
}

/* ---- the control socket ---- */

/* Blocks for a message: its byte, and the descriptor that came along, else -1. 0: the broker is gone. */
static char receive(int control, int *fd) {
    char byte = 0;
    return packet_receive(control, &byte, 1, fd, 0) == 1 ? byte : 0;
}

/* ---- what it does ---- */

/* Where it is built for coverage (make coverage): writes the counts, which else exit() does. */
void __gcov_dump(void) __attribute__((weak));

struct warm_up {
    const struct options *options;
    const struct driver *driver;
};

static void say(const struct options *o, enum control_byte what) {
    char byte = (char)what;
    send(o->control, &byte, 1, MSG_NOSIGNAL);
}

/* A thread of its own, whose priority is lowered for good. */
static void *warm_up(void *opaque) {
    const struct warm_up *w = opaque;

    driver_warm_up(w->driver);
    for (uint32_t i = 0; i < w->driver->root_count; i++)
        spirv_warm_up(w->driver->devices[i]);
    return NULL;
}

/* Waits for a session's socket, and does what the broker asks for until then. -1 when the broker is gone. */
static int receive_session(const struct warm_up *w) {
    pthread_t thread;
    int link;

    for (;;) {
        char what = receive(w->options->control, &link);
        if (what == CONTROL_WARM_UP) {
            if (w->options->warm && w->driver && pthread_create(&thread, NULL, warm_up, (void *)w) == 0)
                pthread_join(thread, NULL);
            say(w->options, CONTROL_WARM);
        } else if (what == CONTROL_HURRY) {
            share_claim_all();
        } else {
            if (link >= 0)
                say(w->options, CONTROL_TAKEN);
            return link;
        }
    }
}

/* Away from where somebody started the daemon: nothing there is a guest's to include. */
static void leave_folder(void) {
    if (!files_leave_folder())
        fprintf(stderr, "trillium-worker: cannot make a folder for included files: %s\n", strerror(errno));
}

static volatile sig_atomic_t session_link = -1;

/* SIGTERM, from the broker: the session ends as if its guest had gone, so that its traces are written. */
static void on_term(int number) {
    (void)number;
    if (session_link < 0)
        _exit(0);
    shutdown(session_link, SHUT_RDWR);
}

/* Writing traces and the cache took too long: the guest's memory is not to be held any longer. */
static void on_alarm(int number) {
    (void)number;
    _exit(0);
}

/* Raises the walls that are the worker's own. False where one does not stand, after saying which; `trying`: the exit status will. */
static bool raise_walls(unsigned walls, bool trying) {
    struct cell_report report = {0};

    confine(walls, &report);
    for (int i = 0; i < CELL_WALLS; i++) {
        if (report.error[i] == 0)
            continue;
        if (!trying)
            fprintf(stderr, "trillium-worker: the wall '%s' of its cell does not stand: %s\n",
                    cell_walls[i].name, strerror(report.error[i]));
        return false;
    }
    return true;
}

static void begin_to_load(const struct options *o, struct prefault *p) {
    if (o->prefault)
        prefault_begin(p);
}

/* What is written to a standard descriptor that is closed must not go into a socket. */
static void keep_standard_descriptors(void) {
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            _exit(1);
}

int main(int argc, char **argv) {
    keep_standard_descriptors();
    struct options o = {.control = -1,
                        .board = -1,
                        .bell = -1,
                        .life = -1,
                        .warm = true,
                        .batch = true,
                        .prefault = true,
                        .session = {.spin_us = 50,
                                    .max_decoders = 32,
                                    .share_builds = true,
                                    .build_seconds = 600,
                                    .build_memory_mib = 4096,
                                    .store_fd = -1,
                                    .profile_fd = -1,
                                    .control = -1,
                                    .pid = (unsigned)getpid()}};
    struct sched_param param = {0};
    int status = parse(&o, argc, argv);

    if (status != 0)
        return status;
    /* Kernels print to standard output: what they print must be out before the guest hears that they ended.
     */
    setvbuf(stdout, NULL, o.probe ? _IOFBF : _IONBF, 0);
    setenv("TRILLIUM_WORKER", "1", 1);
    if (o.probe)
        return o.probe(&o);
    int hand[SVGA_HAND_FDS], r = o.hand ? svga_hand_make(hand) : -1;
    if (r == 0)
        o.session.hand = hand;
    else if (o.hand)
        fprintf(stderr, "trillium-worker: cannot keep a VM's memory from this process: %s\n", strerror(-r));
    /* Inherited by all threads, the driver's too: one that wakes up lets the one that woke it go on, which
     * has more for it. The price: beside programs that never sleep it may have to wait for a tick. */
    if (o.batch)
        sched_setscheduler(0, SCHED_BATCH, &param);
    crash_install();
    if (console_capture() < 0) {
        fprintf(stderr, "trillium-worker: cannot make a pipe for the output of kernels: %s\n",
                strerror(errno));
        return 1;
    }

    signal(SIGTERM, on_term);
    signal(SIGALRM, on_alarm);
    signal(SIGPROF, on_alarm);
    if (o.refuse) {
        int link = receive_session(&(struct warm_up){&o, NULL});
        if (link >= 0)
            session_refuse(link, o.refuse, &o.session);
        return 0;
    }
    share_open();
    int translator[2]; /* sockets: in its cell none can be made */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, translator) < 0) {
        fprintf(stderr, "trillium-worker: cannot make a socket: %s\n", strerror(errno));
        return 1;
    }
    if (!raise_walls(o.walls, o.trying)) /* before there is a second thread */
        return CELL_EXIT;
    leave_folder();
    struct prefault prefault = {0};
    if (!o.late) {
        char why[VISA_WHY_SIZE];
        begin_to_load(&o, &prefault);
        visa_host_load(why); /* for the process apart, which shares it, or says that it is missing */
        prefault_end(&prefault);
    }
    visa_host_apart_start(translator, &(struct visa_apart_limits){.seconds = o.session.build_seconds,
                                                                  .memory_mib = o.session.build_memory_mib});
    int held = o.life >= 0 ? lifeline_begin(o.life) : 0;
    if (held < 0)
        fprintf(stderr, "trillium-worker: others may hear late of its end: %s\n", strerror(-held));
    if (o.in_turns) {
        spread_threads();
        prompt_give_way(o.batch);
    }
    if (!o.eager)
        share_claim_little(o.control);
    begin_to_load(&o, &prefault);
    struct driver *driver = driver_open(o.device);
    prefault_end(&prefault);
    if (!driver) {
        fprintf(stderr, "trillium-worker: out of memory\n");
        return 1;
    }
    driver_find_targets(driver);
    o.session.turns = turns_new(o.board, o.bell, driver); /* before a guest's first byte */
    if (!o.session.turns) {
        fprintf(stderr, "trillium-worker: cannot map its board: %s\n", strerror(errno));
        return 1;
    }
    say(&o, CONTROL_READY);
    int link = receive_session(&(struct warm_up){&o, driver});
    share_claim_all();
    session_link = link;
    o.session.control = o.control;
    if (link >= 0)
        session_run(link, driver, &o.session);
    fflush(NULL);
    if (__gcov_dump)
        __gcov_dump();
    crash_let_end();
    _exit(0); /* a driver's destructors may wait for a kernel that never ends */
}
