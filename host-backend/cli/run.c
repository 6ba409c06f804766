// SPDX-License-Identifier: MIT
/* trillium run: a program as a guest. */
#include "host-backend/cli/broker-options.h"
#include "host-backend/cli/child.h"
#include "host-backend/cli/cli.h"
#include "host-backend/cli/private-broker.h"
#include "host-backend/cli/run-remote.h"
#include "host-backend/control/wire.h"
#include "host-backend/profile/report.h"
#include "host-backend/util/held.h"
#include "host-backend/vm/nested.h"
#include "host-backend/vm/vm.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct run_options {
    bool vm;
    bool socket; /* over a stream instead of shared memory */
    enum vm_kind vm_kind;
    const char *cache;
    const char *ir, *svga_memory, *profile;
    struct broker_config broker; /* what is asked for of it */
    char **program;
};

static const char help[] =
    "Usage: trillium run [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
    "\n"
    "Runs PROGRAM as a guest: the only OpenCL platforms it sees are Trillium's, one for each platform of "
    "this host.\n"
    "Starts what that takes, ends it afterwards, and leaves nothing behind: the devices end with PROGRAM, "
    "also "
    "for what it\n"
    "leaves running in the background.\n"
    "\n"
    "  --vm             in a throwaway VM that sees this machine's files (its writes go nowhere), as the "
    "same user, in the same\n"
    "                   folder, with the same environment, input and output; without it, as a process of "
    "this machine\n"
    "  --carrier shm | socket\n"
    "                   how the program reaches its devices: memory that it shares with them (default), or a "
    "TCP "
    "connection over\n"
    "                   which everything is copied (see docs/remoting.md); with --vm by its vsock device\n"
    "  --vm=qemu | --vm=uml\n"
    "                   the VM is QEMU's, or user-mode Linux, which needs no KVM to run code natively; its "
    "kernel "
    "is built the\n"
    "                   first time. Without a choice: QEMU, but user-mode Linux where KVM does not work and "
    "that "
    "kernel is there\n"
    "  --ir source      ship OpenCL C, as Trillium does (default)\n"
    "  --ir spirv       compile to SPIR-V in the guest, as the SVGA baseline does\n"
    "  --svga-memory shared | guest-backed\n"
    "                   with --ir spirv: buffers lie in memory that guest and host share (default), or with "
    "the host, and update\n"
    "                   and readback commands move them through guest memory, as SVGA's guest-backed objects "
    "do\n"
    "  --device NAME    show only devices whose platform or device name contains NAME\n"
    "  --profile FILE   print what bounds the program and where latency goes, and record it in FILE, which "
    "Perfetto\n"
    "                   opens and trillium profile reads again\n"
    "  --profile-all    all commands, where they are so many and short that this costs more than some 2 %; "
    "else a sample\n"
    "  --cache DIR      keep built programs in DIR (default ~/.cache/trillium/programs; none: do not keep "
    "them)\n"
    "  --fresh-builds   build every program, also those seen before\n"
    "  --worker-options TEXT\n"
    "                   more options for the workers (see trillium serve --help)\n"
    "  --sandbox HOW    the walls around the worker: strict, best (default) or off (see trillium serve "
    "--help)\n"
    "  --variables LIST which variables of its driver PROGRAM may choose for itself (see trillium serve "
    "--help)\n"
    "  --verbose        say on standard error what is started and when guests come and go\n"
    "  --help\n"
    "\n"
    "The exit status is the program's; 128 + n if signal n ended it; 125 if Trillium failed, 126 if PROGRAM "
    "cannot be executed, 127\n"
    "if it is not found; 2 if this command line is wrong.\n";

static int parse(struct run_options *o, int argc, char **argv) {
    enum { OPT_VM = 256, OPT_CARRIER, OPT_IR, OPT_SVGA_MEMORY, OPT_PROFILE, OPT_PROFILE_ALL };
    static const struct option options[] = {{"vm", optional_argument, NULL, OPT_VM},
                                            {"carrier", required_argument, NULL, OPT_CARRIER},
                                            {"ir", required_argument, NULL, OPT_IR},
                                            {"svga-memory", required_argument, NULL, OPT_SVGA_MEMORY},
                                            {"profile", required_argument, NULL, OPT_PROFILE},
                                            {"profile-all", no_argument, NULL, OPT_PROFILE_ALL},
                                            CLI_BROKER_OPTIONS,
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int c;

    /* "+": what stands behind PROGRAM belongs to it */
    while ((c = cli_option("run", argc, argv, "+vh", options)) != -1) {
        switch (c) {
        case OPT_VM:
            o->vm = true;
            if (!vm_kind_named(optarg, &o->vm_kind))
                return cli_misused("run", "--vm takes 'qemu' or 'uml', not '%s'", optarg);
            break;
        case OPT_CARRIER:
            if (strcmp(optarg, "shm") != 0 && strcmp(optarg, "socket") != 0)
                return cli_misused("run", "--carrier takes 'shm' or 'socket', not '%s'", optarg);
            o->socket = strcmp(optarg, "socket") == 0;
            break;
        case OPT_IR:
            if (strcmp(optarg, "source") != 0 && strcmp(optarg, "spirv") != 0)
                return cli_misused("run", "--ir takes 'source' or 'spirv', not '%s'", optarg);
            o->ir = optarg;
            break;
        case OPT_SVGA_MEMORY:
            if (strcmp(optarg, "shared") != 0 && strcmp(optarg, "guest-backed") != 0)
                return cli_misused("run", "--svga-memory takes 'shared' or 'guest-backed', not '%s'", optarg);
            o->svga_memory = optarg;
            break;
        case OPT_PROFILE:
            o->profile = optarg;
            break;
        case OPT_PROFILE_ALL:
            o->broker.profile_all = true;
            break;
        case 'h':
            fputs(help, stdout);
            exit(0);
        default:
            if (cli_broker_option("run", c, &o->broker, &o->cache) != 0)
                return CLI_EXIT_USE;
        }
    }
    if (optind == argc)
        return cli_misused("run", "which program?");
    if (o->svga_memory && (!o->ir || strcmp(o->ir, "spirv") != 0))
        return cli_misused("run", "--svga-memory goes with --ir spirv");
    if (o->broker.profile_all && !o->profile)
        return cli_misused("run", "--profile-all goes with --profile FILE");
    o->program = argv + optind;
    return 0;
}

/* Both OpenCL loaders in use (ocl-icd's and Khronos') take OCL_ICD_VENDORS as the folder to look in instead
 * of /etc/OpenCL/vendors. The other variables would add drivers to it. */
static void show_only_trillium(const struct cli_paths *paths) {
    setenv("OCL_ICD_VENDORS", paths->icd_dir, 1);
    unsetenv("OPENCL_VENDOR_PATH");
    unsetenv("OCL_ICD_FILENAMES");
}

static struct private_broker broker;

static void daemon_lost(int wait_status) {
    broker.pid = -1; /* reaped */
    cli_say("run", "the host daemon ended (%s %d): the program has lost its devices",
            WIFSIGNALED(wait_status) ? "signal" : "status",
            WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status));
}

static int open_stream(void *opaque) {
    (void)opaque;
    return run_remote_stream();
}

/* A session for a process in the VM: the front of vm_run speaks for it, on a connection like a process
 * guest's. */
static int open_session(void *opaque) {
    return run_open_session(opaque);
}

static int run_vm(const struct run_options *o, const struct cli_paths *paths) {
    struct vm_options vm = {.kind = o->vm_kind,
                            .init = paths->vm_init,
                            .icd = paths->icd,
                            .verbose = o->broker.verbose,
                            .sandbox = o->broker.sandbox,
                            .open_session = open_session,
                            .open_stream = o->socket ? open_stream : NULL,
                            .opaque = &broker};

    /* the guest has one way to its devices: its render node, or the door */
    unsetenv("TRILLIUM_SHM");
    unsetenv("TRILLIUM_REMOTE");
    if (o->socket && run_remote_open(&broker, paths, o->broker.sandbox, true) < 0)
        return CLI_EXIT_FAILED;
    return vm_run(&vm, o->program);
}

static int run_process(const struct run_options *o, const struct cli_paths *paths) {
    int status, error;
    pid_t pid;

    show_only_trillium(paths);
    if (o->socket && run_remote_open(&broker, paths, o->broker.sandbox, false) < 0)
        return CLI_EXIT_FAILED;
    if (!o->socket)
        unsetenv("TRILLIUM_REMOTE");
    setenv("TRILLIUM_SHM", broker.path, 1);
    pid = child_start(o->program, &status, &error);
    if (pid < 0)
        cli_say("run", "%s: %s", o->program[0], strerror(error));
    else
        status = child_wait(pid, broker.pid, daemon_lost);
    return status;
}

/* A folder for the workers' traces, in `path`. */
static int make_trace_folder(char path[80]) {
    static const char name[] = "trillium-trace-";
    const char *base = getenv("TMPDIR");

    base = base && *base && strlen(base) < 40 ? base : "/tmp";
    held_sweep(base, name, private_broker_remove_traces); /* of runs that were killed with their brokers */
    int fd = held_make(base, name, 0700, path, 80);       /* until both have ended */
    if (fd >= 0)
        return 0;
    cli_say("run", "cannot make a folder for the profile in %s: %s", base, strerror(-fd));
    return -1;
}

/* Starts the daemon, runs the program, ends the daemon. */
static int run_program(const struct run_options *o, const struct cli_paths *paths, const char *traces) {
    char cache[PATH_MAX], key[PATH_MAX];
    struct broker_config config = o->broker;
    char why[BROKER_WHY_SIZE] = "";
    int status;

    config.worker_path = paths->worker;
    config.control = wire_path();
    config.warm_workers = 1;
    config.first_only = !o->vm; /* in a VM programs follow each other */
    config.profile_dir = traces;
    config.cache_dir = cli_build_cache(o->cache, cache);
    config.cache_shared = o->cache != NULL;
    config.key_path = cli_host_key(key);
    config.vm = "vm-of-run";
    config.hands = o->vm;
    config.run_pid = getpid();
    cli_driver_cache_make("run");
    if (private_broker_start(&broker, &config, why) < 0) {
        cli_say("run", "%s", why);
        cli_driver_cache_remove();
        return CLI_EXIT_FAILED;
    }
    /* Always there: a program that is run so asks for Trillium, and is told what is missing. */
    setenv("TRILLIUM_IR", o->ir ? o->ir : "source", o->ir != NULL);
    if (o->svga_memory) {
        const char *shared = strcmp(o->svga_memory, "shared") == 0 ? "1" : "0";
        setenv("TRILLIUM_PLACED", shared, 1);
        setenv("TRILLIUM_DIRECT", shared, 1);
    }
    status = o->vm ? run_vm(o, paths) : run_process(o, paths);
    run_remote_close();
    private_broker_stop(&broker);
    cli_driver_cache_remove();
    return status;
}

int cmd_run(int argc, char **argv) {
    struct run_options o = {0};
    struct cli_paths paths;
    char traces[80] = "";
    int status = parse(&o, argc, argv);

    if (status != 0 || !o.program) /* which the analyzer cannot see are the same */
        return status;
    if (vm_is_nested()) {
        cli_say("run",
                "this is a VM of \"trillium run --vm\" already: run %s as it is, it sees the same devices",
                o.program[0]);
        return CLI_EXIT_FAILED;
    }
    if (cli_paths_find(&paths, "run") < 0)
        return CLI_EXIT_FAILED;
    if (access(paths.worker, X_OK) != 0 || access(paths.icd, R_OK) != 0) {
        cli_say("run", "%s is not there; trillium doctor says more",
                access(paths.worker, X_OK) != 0 ? paths.worker : paths.icd);
        return CLI_EXIT_FAILED;
    }
    /* vm_run has signal handlers of its own */
    if (!o.vm)
        child_block_signals();
    if (o.profile && make_trace_folder(traces) < 0)
        return CLI_EXIT_FAILED;
    status = run_program(&o, &paths, o.profile ? traces : NULL);
    if (o.profile) {
        /* the table goes where it does not mix with what the program writes */
        if (profile_report(traces, o.profile, stderr) < 0 && status == 0)
            status = CLI_EXIT_FAILED;
        private_broker_remove_traces(traces);
    }
    return status;
}
