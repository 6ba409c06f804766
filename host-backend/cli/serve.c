// SPDX-License-Identifier: MIT
/* trillium serve: the host daemon. */
#include "host-backend/broker/broker.h"
#include "host-backend/broker/names.h"
#include "host-backend/cell/daemon.h"
#include "host-backend/cli/broker-options.h"
#include "host-backend/cli/cli.h"
#include "host-backend/control/wire.h"
#include "host-backend/front/front.h"
#include "host-backend/listen/passed.h"
#include "host-backend/remote/accept.h"
#include "host-backend/util/service.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "Usage: trillium serve [OPTION]... --socket-path PATH | --fd N | --shm PATH | --listen ADDRESS\n"
    "\n"
    "The host daemon. Runs in the foreground until SIGTERM or SIGINT, or until the VM behind --fd ends. A "
    "service "
    "manager may\n"
    "pass listening sockets instead (LISTEN_FDS): a seqpacket socket is --shm's, a stream socket "
    "--socket-path's.\n"
    "\n"
    "  --socket-path PATH     serve a VM: listen for its QEMU (-chardev socket,path=PATH, "
    "vhost-user-gpu-pci); one VM at a time\n"
    "  --fd N                 serve a VM whose QEMU is at the other end of descriptor N, as libvirt starts "
    "it\n"
    "  --shm PATH             serve processes of this machine: they reach it with TRILLIUM_SHM=PATH\n"
    "  --listen ADDRESS       serve guests that share no memory with this machine: they reach it with "
    "TRILLIUM_REMOTE=ADDRESS;\n"
    "                         HOST:PORT, unix:PATH or vsock:CID:PORT (docs/remoting.md)\n"
    "  --token FILE           let in through --listen only who knows the file's first line; addresses that "
    "can be reached from\n"
    "                         elsewhere take nothing else\n"
    "  --tls-certificate FILE, --tls-key FILE\n"
    "                         speak TLS at --listen, with this certificate and its private key (PEM)\n"
    "  --mode MODE            who may connect to PATH, as chmod writes it in digits (default 600)\n"
    "  --group GROUP          whose group PATH is, by name or number\n"
    "  --name NAME            what administrators call the guests of this daemon (default: a VM by its "
    "socket, processes by "
    "user and\n"
    "                         control group)\n"
    "  --device NAME          show only devices whose platform or device name contains NAME\n"
    "  --warm-workers N       keep N started workers ready for the next guests (default 1)\n"
    "  --cache DIR            keep built programs there, in one cache for all guests of this daemon: they "
    "can "
    "poison each\n"
    "                         other's (default: with --shm alone a folder for each user in "
    "~/.cache/trillium/programs, else none)\n"
    "  --fresh-builds         build every program, also those seen before\n"
    "  --worker-options TEXT  more options for the workers, separated by spaces (`trillium-worker --help` in "
    "libexec):\n"
    "                         they switch single optimizations off\n"
    "  --profile DIR          workers record there what their guests do: trillium profile "
    "DIR "
    "reads it\n"
    "  --profile-all          all commands, where they are so many and short that this costs more than some "
    "2 %; "
    "else a sample\n"
    "  --sandbox HOW          the walls around workers: strict: serve only where all of them stand; best "
    "(default): those that\n"
    "                         this machine has; off: none (`trillium doctor` lists them)\n"
    "  --variables LIST       which variables of its driver a guest may choose for itself: all (default), "
    "none, "
    "or names of\n"
    "                         the table in VARIABLES.md, separated by commas\n"
    "  --verbose              say on standard error when guests come and go\n"
    "  --print-capabilities   what a vhost-user GPU program can do, as JSON\n"
    "  --help\n";

struct serve_options {
    const char *shm, *socket_path;
    const char *listen, *token, *tls_certificate, *tls_key; /* of remote guests */
    int fd;                                                 /* -1: none */
    struct listen_access access;                            /* of the sockets that are made here */
    struct listen_passed passed;
    const char *cache;
    struct broker_config broker;
};

static struct broker *the_broker;
static struct front *the_front;
static struct accepting *the_door;                  /* of remote guests */
static struct listen_socket vm_socket = {.fd = -1}; /* its descriptor is the front's */

static void on_term(int number) {
    (void)number;
    if (the_front)
        front_stop(the_front);
    broker_stop(the_broker);
}

/* By name or number. */
static bool find_group(const char *text, gid_t *out) {
    const struct group *g = getgrnam(text);
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    if (!g && (*end || *text < '0' || *text > '9' || n >= UINT32_MAX))
        return false;
    *out = g ? g->gr_gid : (gid_t)n;
    return true;
}

static int parse(struct serve_options *o, int argc, char **argv) {
    enum {
        OPT_SHM = 256,
        OPT_SOCKET_PATH,
        OPT_LISTEN,
        OPT_TOKEN,
        OPT_TLS_CERTIFICATE,
        OPT_TLS_KEY,
        OPT_FD,
        OPT_MODE,
        OPT_GROUP,
        OPT_NAME,
        OPT_WARM,
        OPT_PROFILE,
        OPT_PROFILE_ALL,
        OPT_CAPABILITIES
    };
    static const struct option options[] = {{"shm", required_argument, NULL, OPT_SHM},
                                            {"socket-path", required_argument, NULL, OPT_SOCKET_PATH},
                                            {"listen", required_argument, NULL, OPT_LISTEN},
                                            {"token", required_argument, NULL, OPT_TOKEN},
                                            {"tls-certificate", required_argument, NULL, OPT_TLS_CERTIFICATE},
                                            {"tls-key", required_argument, NULL, OPT_TLS_KEY},
                                            {"fd", required_argument, NULL, OPT_FD},
                                            {"mode", required_argument, NULL, OPT_MODE},
                                            {"group", required_argument, NULL, OPT_GROUP},
                                            {"name", required_argument, NULL, OPT_NAME},
                                            CLI_BROKER_OPTIONS,
                                            {"warm-workers", required_argument, NULL, OPT_WARM},
                                            {"profile", required_argument, NULL, OPT_PROFILE},
                                            {"profile-all", no_argument, NULL, OPT_PROFILE_ALL},
                                            {"print-capabilities", no_argument, NULL, OPT_CAPABILITIES},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    char *end;
    int c;

    while ((c = cli_option("serve", argc, argv, "vh", options)) != -1) {
        switch (c) {
        case OPT_SHM:
            o->shm = optarg;
            break;
        case OPT_SOCKET_PATH:
            o->socket_path = optarg;
            break;
        case OPT_LISTEN:
            o->listen = optarg;
            break;
        case OPT_TOKEN:
            o->token = optarg;
            break;
        case OPT_TLS_CERTIFICATE:
            o->tls_certificate = optarg;
            break;
        case OPT_TLS_KEY:
            o->tls_key = optarg;
            break;
        case OPT_FD:
            o->fd = (int)strtol(optarg, &end, 10);
            if (*end || end == optarg || o->fd < 3 || fcntl(o->fd, F_GETFD) < 0)
                return cli_misused("serve", "--fd takes the number of an open descriptor, not '%s'", optarg);
            break;
        case OPT_MODE:
            o->access.mode = (mode_t)strtoul(optarg, &end, 8);
            if (*end || *optarg < '0' || *optarg > '7' || o->access.mode & ~0777u)
                return cli_misused("serve", "--mode takes three octal digits, not '%s'", optarg);
            break;
        case OPT_GROUP:
            if (!find_group(optarg, &o->access.group))
                return cli_misused("serve", "there is no group '%s'", optarg);
            break;
        case OPT_NAME:
            if (!*optarg || strlen(optarg) >= GUEST_VM_SIZE)
                return cli_misused("serve", "--name takes at most %d characters", GUEST_VM_SIZE - 1);
            o->broker.name = optarg;
            break;
        case OPT_PROFILE:
            o->broker.profile_dir = optarg;
            break;
        case OPT_PROFILE_ALL:
            o->broker.profile_all = true;
            break;
        case OPT_WARM: {
            unsigned long n = strtoul(optarg, &end, 10);

            if (*end || end == optarg || n > 64)
                return cli_misused("serve", "--warm-workers takes a number from 0 to 64, not '%s'", optarg);
            o->broker.warm_workers = (unsigned)n;
            break;
        }
        case OPT_CAPABILITIES:
            puts("{\"type\": \"gpu\", \"features\": [\"virgl\"]}");
            exit(0);
        case 'h':
            fputs(help, stdout);
            exit(0);
        default:
            if (cli_broker_option("serve", c, &o->broker, &o->cache) != 0)
                return CLI_EXIT_USE;
        }
    }
    if (optind != argc)
        return cli_misused("serve", "unexpected argument '%s'", argv[optind]);
    if (o->socket_path && o->fd >= 0)
        return cli_misused("serve", "--socket-path and --fd exclude each other");
    if ((o->shm && o->passed.guests.fd >= 0) || ((o->socket_path || o->fd >= 0) && o->passed.vm.fd >= 0))
        return cli_misused("serve", "the service manager listens already on what this command line asks for");
    if ((o->token || o->tls_certificate || o->tls_key) && !o->listen)
        return cli_misused("serve", "--token, --tls-certificate and --tls-key go with --listen");
    if (!o->tls_certificate != !o->tls_key)
        return cli_misused("serve", "--tls-certificate and --tls-key go together");
    if (o->listen && (o->socket_path || o->fd >= 0 || o->passed.vm.fd >= 0))
        return cli_misused("serve", "--listen and a VM exclude each other: a daemon for each");
    if (!o->shm && !o->listen && !o->socket_path && o->fd < 0 && o->passed.guests.fd < 0 &&
        o->passed.vm.fd < 0)
        return cli_misused("serve",
                           "say where to serve: --socket-path PATH, --fd N, --shm PATH or --listen ADDRESS");
    return 0;
}

static int open_session(void *opaque) {
    return broker_open_session(opaque, "vm");
}

struct front_thread {
    pthread_t thread;
    int listener, connection, result;
    enum cell_mode sandbox;
};

/* The front has nothing left to serve: then neither has the daemon. */
static void *run_front(void *arg) {
    struct front_thread *f = arg;

    f->result =
        daemon_raise(DAEMON_FRONT, f->sandbox) ? front_run(the_front, f->listener, f->connection) : -EPERM;
    broker_stop(the_broker);
    return NULL;
}

/* Starts the front, if one is asked for. 0, or -1 after saying why. */
static int start_front(struct front_thread *f, const struct serve_options *o) {
    const struct front_config config = {.open_session = open_session, .opaque = the_broker};
    sigset_t all, before;
    int error;

    f->listener = o->passed.vm.fd;
    f->connection = o->fd;
    f->sandbox = o->broker.sandbox;
    if (o->socket_path) {
        char why[BROKER_WHY_SIZE];
        if (listen_begin(&vm_socket, SOCK_STREAM, o->socket_path, o->access, why, sizeof why) < 0) {
            cli_say("serve", "%s", why);
            return -1;
        }
        f->listener = vm_socket.fd;
    }
    the_front = front_create(&config);
    if (!the_front) {
        cli_say("serve", "cannot make the virtual GPU's front: %s", strerror(errno));
        return -1;
    }
    /* signals are the main thread's */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = pthread_create(&f->thread, NULL, run_front, f);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        cli_say("serve", "cannot start a thread: %s", strerror(error));
        return -1;
    }
    return 0;
}

static int open_remote_session(void *opaque, const char *name, uint64_t from) {
    (void)opaque;
    return broker_open_remote_session(the_broker, name, from);
}

/* The door for remote guests, if one is asked for; opened before this process is walled in. 0, or -1 after saying why. */
static int listen_for_remote(const struct serve_options *o, const struct cli_paths *paths) {
    static const char *const modes[] = {
        [CELL_MODE_BEST] = "best", [CELL_MODE_STRICT] = "strict", [CELL_MODE_OFF] = "off"};
    static struct accept_config config;
    char why[BROKER_WHY_SIZE];

    if (!o->listen)
        return 0;
    config = (struct accept_config){.program = paths->remote,
                                    .address = o->listen,
                                    .token = o->token,
                                    .certificate = o->tls_certificate,
                                    .key = o->tls_key,
                                    .sandbox = modes[o->broker.sandbox],
                                    .open_session = open_remote_session};
    the_door = accept_open(&config, why, sizeof why);
    if (!the_door)
        cli_say("serve", "%s", why);
    return the_door ? 0 : -1;
}

/* Guests may come. */
static void say_ready(const struct serve_options *o) {
    fprintf(stderr, "%strillium serve: ready%s%s%s%s%s%s\n", service_prefix(SERVICE_INFO),
            o->shm                     ? ", for processes at "
            : o->passed.guests.fd >= 0 ? ", for processes at the service manager's socket"
                                       : "",
            o->shm ? o->shm : "",
            o->socket_path         ? ", for a VM at "
            : o->fd >= 0           ? ", for the VM that started it"
            : o->passed.vm.fd >= 0 ? ", for a VM at the service manager's socket"
                                   : "",
            o->socket_path ? o->socket_path : "", the_door ? ", for remote guests at " : "",
            the_door ? accept_address(the_door) : "");
    int r = service_ready();
    if (r < 0)
        cli_say("serve", "cannot tell $NOTIFY_SOCKET that it is ready: %s", strerror(-r));
}

/* The door for process guests, if one is asked for. 0, or -1 with a reason. */
static int open_door(const struct serve_options *o, char why[BROKER_WHY_SIZE]) {
    struct listen_socket l = o->passed.guests;

    if (o->shm && listen_begin(&l, SOCK_SEQPACKET, o->shm, o->access, why, BROKER_WHY_SIZE) < 0)
        return -1;
    return l.fd >= 0 ? broker_admit(the_broker, &l, why) : 0;
}

static int serve(const struct serve_options *o, bool with_front) {
    struct front_thread front = {0};
    struct sigaction act = {.sa_handler = on_term};
    char why[BROKER_WHY_SIZE] = "";

    if (open_door(o, why) < 0) {
        cli_say("serve", "%s", why);
        return 1;
    }
    if (with_front && start_front(&front, o) < 0)
        return 1;
    if (the_door && accept_start(the_door) < 0) {
        cli_say("serve", "cannot start a thread");
        return 1;
    }
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    say_ready(o);
    broker_run(the_broker);
    if (with_front) {
        front_stop(the_front);
        pthread_join(front.thread, NULL);
        if (front.result < 0)
            cli_say("serve", "the VM is not served any more: %s", strerror(-front.result));
    }
    return front.result < 0;
}

/* Signals as a daemon wants them, whatever it was started with; and as many descriptors as it may have. */
static void begin_as_daemon(void) {
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    cli_take_all_descriptors();
}

/* A VM is known by the name of its socket. False: it has none. */
static bool name_of_socket(int fd, char vm[PATH_MAX + 16]) {
    struct sockaddr_un address = {0};
    socklen_t size = sizeof address;

    if (fd < 0 || getsockname(fd, (struct sockaddr *)&address, &size) < 0 || address.sun_path[0] != '/')
        return false;
    snprintf(vm, PATH_MAX + 16, "vm %.*s", (int)sizeof address.sun_path, address.sun_path);
    return true;
}

int cmd_serve(int argc, char **argv) {
    struct serve_options o = {
        .fd = -1, .access = {.mode = 0600, .group = (gid_t)-1}, .broker.warm_workers = 1};
    struct cli_paths paths;
    char cache[PATH_MAX], key[PATH_MAX], vm[PATH_MAX + 16];
    char why[BROKER_WHY_SIZE] = "";

    if (listen_take_passed(&o.passed, why, sizeof why) < 0) {
        cli_say("serve", "%s", why);
        return 1;
    }
    int status = parse(&o, argc, argv);
    if (status != 0)
        return status;
    const bool for_vm = o.socket_path || o.fd >= 0 || o.passed.vm.fd >= 0;
    if (cli_paths_find(&paths, "serve") < 0)
        return 1;
    o.broker.worker_path = paths.worker;
    cli_take_no_rights();
    o.broker.cache_shared = o.cache != NULL;
    o.broker.key_path = cli_host_key(key);
    if (o.socket_path) {
        snprintf(vm, sizeof vm, "vm %s", o.socket_path);
    } else if (for_vm && !name_of_socket(o.passed.vm.fd, vm)) {
        /* Nothing tells this VM from the next one that is started so: its binaries end with it. */
        snprintf(vm, sizeof vm, "vm of daemon %d of %lld", (int)getpid(), (long long)time(NULL));
    }
    if (for_vm)
        o.broker.vm = vm;
    else if (o.listen)
        o.broker.vm = "remote guests"; /* who has the token has what is built for them, and nobody else */
    /* The guests of a VM trust each other no more than VMs do: only who says so lets them share. */
    if (o.cache || !for_vm)
        o.broker.cache_dir = cli_build_cache(o.cache, cache);
    begin_as_daemon();
    cli_driver_cache_make("serve");
    o.broker.hands = for_vm;
    o.broker.control = wire_path();
    if (listen_for_remote(&o, &paths) < 0) {
        cli_driver_cache_remove();
        return 1;
    }
    if (!daemon_raise(DAEMON_BROKER, o.broker.sandbox)) {
        cli_driver_cache_remove();
        return 1;
    }
    the_broker = broker_create(&o.broker, why);
    if (!the_broker) {
        cli_say("serve", "%s", why);
        cli_driver_cache_remove();
        return 1;
    }
    status = serve(&o, for_vm);
    /* before the workers end, which takes a while: another daemon may follow at once */
    listen_remove_name(&vm_socket);
    if (the_front)
        front_destroy(the_front);
    accept_stop(the_door);
    broker_destroy(the_broker);
    cli_driver_cache_remove();
    return status;
}
