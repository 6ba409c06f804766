// SPDX-License-Identifier: MIT
/* trillium serve: the host daemon. */
#include "host-backend/broker/broker.h"
#include "host-backend/cli/cli.h"
#include "host-backend/front/front.h"
#include "host-backend/listen/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "Usage: trillium serve [OPTION]... --socket-path PATH | --fd N | --shm PATH\n"
    "\n"
    "The host daemon. Runs in the foreground until SIGTERM or SIGINT, or until the VM behind --fd ends.\n"
    "\n"
    "  --socket-path PATH     serve a VM: listen for its QEMU (-chardev socket,path=PATH, "
    "vhost-user-gpu-pci); one VM at a time\n"
    "  --fd N                 serve a VM whose QEMU is at the other end of descriptor N, as libvirt starts "
    "it\n"
    "  --shm PATH             serve processes of this machine: they reach it with TRILLIUM_SHM=PATH\n"
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
    "  --sandbox HOW          the walls around workers: strict: serve only where all of them stand; best "
    "(default): those that\n"
    "                         this machine has; off: none (`trillium doctor` lists them)\n"
    "  --verbose              say on standard error when guests come and go\n"
    "  --print-capabilities   what a vhost-user GPU program can do, as JSON\n"
    "  --help\n";

struct serve_options {
    const char *shm, *socket_path;
    int fd; /* -1: none */
    const char *cache;
    struct broker_config broker;
};

static struct broker *the_broker;
static struct front *the_front;
static struct listen_socket vm_socket = {.fd = -1}; /* its descriptor is the front's */

static void on_term(int number) {
    (void)number;
    if (the_front)
        front_stop(the_front);
    broker_stop(the_broker);
}

static int parse(struct serve_options *o, int argc, char **argv) {
    enum {
        OPT_SHM = 256,
        OPT_SOCKET_PATH,
        OPT_FD,
        OPT_DEVICE,
        OPT_WARM,
        OPT_CACHE,
        OPT_FRESH,
        OPT_WORKER_OPTIONS,
        OPT_SANDBOX,
        OPT_CAPABILITIES
    };
    static const struct option options[] = {{"shm", required_argument, NULL, OPT_SHM},
                                            {"socket-path", required_argument, NULL, OPT_SOCKET_PATH},
                                            {"fd", required_argument, NULL, OPT_FD},
                                            {"device", required_argument, NULL, OPT_DEVICE},
                                            {"warm-workers", required_argument, NULL, OPT_WARM},
                                            {"cache", required_argument, NULL, OPT_CACHE},
                                            {"fresh-builds", no_argument, NULL, OPT_FRESH},
                                            {"worker-options", required_argument, NULL, OPT_WORKER_OPTIONS},
                                            {"sandbox", required_argument, NULL, OPT_SANDBOX},
                                            {"print-capabilities", no_argument, NULL, OPT_CAPABILITIES},
                                            {"verbose", no_argument, NULL, 'v'},
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
        case OPT_FD:
            o->fd = (int)strtol(optarg, &end, 10);
            if (*end || end == optarg || o->fd < 3 || fcntl(o->fd, F_GETFD) < 0)
                return cli_misused("serve", "--fd takes the number of an open descriptor, not '%s'", optarg);
            break;
        case OPT_DEVICE:
            o->broker.device_filter = optarg;
            break;
        case OPT_CACHE:
            o->cache = optarg;
            break;
        case OPT_FRESH:
            o->broker.fresh_builds = true;
            break;
        case OPT_WORKER_OPTIONS:
            o->broker.worker_options = optarg;
            break;
        case OPT_SANDBOX:
            if (!cell_mode_parse(optarg, &o->broker.sandbox))
                return cli_misused("serve", "--sandbox takes 'strict', 'best' or 'off', not '%s'", optarg);
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
        case 'v':
            o->broker.verbose = true;
            break;
        case 'h':
            fputs(help, stdout);
            exit(0);
        default:
            return CLI_EXIT_USE;
        }
    }
    if (optind != argc)
        return cli_misused("serve", "unexpected argument '%s'", argv[optind]);
    if (o->socket_path && o->fd >= 0)
        return cli_misused("serve", "--socket-path and --fd exclude each other");
    if (!o->shm && !o->socket_path && o->fd < 0)
        return cli_misused("serve", "say where to serve: --socket-path PATH, --fd N or --shm PATH");
    return 0;
}

static int open_session(void *opaque) {
    return broker_open_session(opaque, "vm");
}

struct front_thread {
    pthread_t thread;
    int listener, connection, result;
};

/* The front has nothing left to serve: then neither has the daemon. */
static void *run_front(void *arg) {
    struct front_thread *f = arg;

    f->result = front_run(the_front, f->listener, f->connection);
    broker_stop(the_broker);
    return NULL;
}

/* Starts the front, if one is asked for. 0, or -1 after saying why. */
static int start_front(struct front_thread *f, const struct serve_options *o) {
    const struct front_config config = {.open_session = open_session, .opaque = the_broker};
    sigset_t all, before;
    int error;

    f->listener = -1;
    f->connection = o->fd;
    if (o->socket_path) {
        char why[BROKER_WHY_SIZE];
        if (listen_begin(&vm_socket, SOCK_STREAM, o->socket_path, 0600, why, sizeof why) < 0) {
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

/* Guests may come. To whoever started us too (sd_notify(3)). */
static void say_ready(const struct serve_options *o) {
    const char *where = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    cli_say("serve", "ready%s%s%s%s", o->shm ? ", for processes at " : "", o->shm ? o->shm : "",
            o->socket_path ? ", for a VM at "
            : o->fd >= 0   ? ", for the VM that started it"
                           : "",
            o->socket_path ? o->socket_path : "");
    if (!where || (*where != '/' && *where != '@') || strlen(where) >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, where, strlen(where));
    if (*where == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&address,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(where))) < 0)
        cli_say("serve", "cannot tell $NOTIFY_SOCKET that it is ready: %s", strerror(errno));
    close(fd);
}

static int serve(const struct serve_options *o, bool with_front) {
    struct front_thread front = {0};
    struct sigaction act = {.sa_handler = on_term};
    char why[BROKER_WHY_SIZE] = "";

    if (o->shm && broker_listen(the_broker, o->shm, why) < 0) {
        cli_say("serve", "%s", why);
        return 1;
    }
    if (with_front && start_front(&front, o) < 0)
        return 1;
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    say_ready(o);
    broker_run(the_broker);
    if (with_front) {
        front_stop(the_front);
        pthread_join(front.thread, NULL);
        if (front.result < 0)
            cli_say("serve", "the VM's connection broke the vhost-user protocol (%s)",
                    strerror(-front.result));
    }
    return front.result < 0;
}

/* Signals as a daemon wants them, whatever it was started with; and as many descriptors as it may have. */
static void begin_as_daemon(void) {
    struct rlimit files;
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

int cmd_serve(int argc, char **argv) {
    struct serve_options o = {.fd = -1, .broker.warm_workers = 1};
    struct cli_paths paths;
    char cache[PATH_MAX], key[PATH_MAX], vm[PATH_MAX + 16];
    char why[BROKER_WHY_SIZE] = "";
    int status = parse(&o, argc, argv);

    if (status != 0)
        return status;
    if (cli_paths_find(&paths, "serve") < 0)
        return 1;
    o.broker.worker_path = paths.worker;
    cli_take_no_rights();
    o.broker.cache_shared = o.cache != NULL;
    o.broker.key_path = cli_host_key(key);
    if (o.socket_path) {
        snprintf(vm, sizeof vm, "vm %s", o.socket_path);
        o.broker.vm = vm;
    } else if (o.fd >= 0) {
        /* Nothing tells this VM from the next one that is started so: its binaries end with it. */
        snprintf(vm, sizeof vm, "vm of daemon %d of %lld", (int)getpid(), (long long)time(NULL));
        o.broker.vm = vm;
    }
    /* The guests of a VM trust each other no more than VMs do: only who says so lets them share. */
    if (o.cache || (!o.socket_path && o.fd < 0))
        o.broker.cache_dir = cli_build_cache(o.cache, cache);
    begin_as_daemon();
    cli_driver_cache_make("serve");
    o.broker.hands = o.socket_path || o.fd >= 0;
    the_broker = broker_create(&o.broker, why);
    if (!the_broker) {
        cli_say("serve", "%s", why);
        cli_driver_cache_remove();
        return 1;
    }
    status = serve(&o, o.socket_path || o.fd >= 0);
    /* before the workers end, which takes a while: another daemon may follow at once */
    listen_remove_name(&vm_socket);
    if (the_front)
        front_destroy(the_front);
    broker_destroy(the_broker);
    cli_driver_cache_remove();
    return status;
}
