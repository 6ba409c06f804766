// SPDX-License-Identifier: MIT
/* trillium control: where an administrator decides about the guests of this host. */
#include "host-backend/cell/daemon.h"
#include "host-backend/cli/cli.h"
#include "host-backend/control/control.h"
#include "host-backend/control/policy.h"
#include "host-backend/control/wire.h"
#include "host-backend/listen/passed.h"
#include "host-backend/util/service.h"

#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "Usage: trillium control [OPTION]...\n"
    "\n"
    "Shares the devices of this host among the guests of all its daemons, and carries out `trillium ls`, "
    "top, limit, "
    "pause,\n"
    "resume, kill and policy. Daemons find it by themselves, also those that run already, and go on without "
    "where it is "
    "not.\n"
    "Runs in the foreground until SIGTERM or SIGINT; SIGHUP reads the policy again.\n"
    "\n"
    "  --socket PATH     listen there (default $" WIRE_VARIABLE " or " WIRE_SOCKET
    "); a service manager may pass the socket instead\n"
    "  --policy FILE     what guests may have (default " POLICY_FILE ", if it is there)\n"
    "  --scheduler NAME  who is next on a device that several want: fair (default) or fcfs\n"
    "  --metrics WHERE   counters for Prometheus, on a Unix socket (a path) or a port of 127.0.0.1 (a "
    "number; whoever is on "
    "this\n"
    "                    host can read there)\n"
    "  --help\n";

static struct control *the_control;

static void on_signal(int number) {
    if (number == SIGHUP)
        control_reload(the_control);
    else
        control_stop(the_control);
}

static bool set_metrics(struct control_config *c, const char *where) {
    char *end;
    unsigned long port = strtoul(where, &end, 10);

    c->metrics = *end ? where : NULL;
    c->metrics_port = *end || port > UINT16_MAX ? 0 : (unsigned short)port;
    return c->metrics || c->metrics_port > 0;
}

/* Beside the socket, or where systemd says. */
static const char *changes_file(const struct control_config *c, char path[PATH_MAX]) {
    const char *folder = getenv("RUNTIME_DIRECTORY");

    if (folder)
        snprintf(path, PATH_MAX, "%s/changes", folder);
    else
        snprintf(path, PATH_MAX, "%s.changes", c->socket);
    return folder || c->socket ? path : NULL;
}

static int parse(struct control_config *c, int argc, char **argv) {
    static const struct option options[] = {{"socket", required_argument, NULL, 's'},
                                            {"policy", required_argument, NULL, 'p'},
                                            {"scheduler", required_argument, NULL, 'c'},
                                            {"metrics", required_argument, NULL, 'm'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int o;

    while ((o = cli_option("control", argc, argv, "h", options)) != -1) {
        switch (o) {
        case 's':
            c->socket = optarg;
            break;
        case 'p':
            c->policy = optarg;
            break;
        case 'c':
            c->scheduler = scheduler_find(optarg);
            if (!c->scheduler)
                return cli_misused("control", "there is no scheduler '%s'", optarg);
            break;
        case 'm':
            if (!set_metrics(c, optarg))
                return cli_misused("control", "--metrics takes a path or a port from 1 to 65535, not '%s'",
                                   optarg);
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            return CLI_EXIT_USE;
        }
    }
    return optind == argc ? -1 : cli_misused("control", "unexpected argument '%s'", argv[optind]);
}

int cmd_control(int argc, char **argv) {
    struct control_config config = {.socket = wire_path(), .listen_fd = -1, .scheduler = scheduler_kinds[0]};
    struct listen_passed passed;
    struct sigaction act = {.sa_handler = on_signal};
    char why[CONTROL_WHY] = "", changes[PATH_MAX];
    int status = parse(&config, argc, argv);

    if (status >= 0)
        return status;
    if (listen_take_passed(&passed, why, sizeof why) < 0) {
        cli_say("control", "%s", why);
        return 1;
    }
    config.listen_fd = passed.guests.fd;
    if (config.listen_fd < 0 && !config.socket) {
        cli_say("control", "%s is \"none\": say --socket PATH", WIRE_VARIABLE);
        return CLI_EXIT_USE;
    }
    if (!config.policy) { /* it may come later */
        config.policy = POLICY_FILE;
        config.policy_may_lack = true;
    }
    if (config.listen_fd < 0 && strcmp(config.socket, WIRE_SOCKET) == 0)
        mkdir("/run/trillium", 0755); /* if it cannot be, listening says why */
    config.changes = changes_file(&config, changes);
    cli_take_no_rights();
    cli_take_all_descriptors();
    the_control = control_create(&config, why);
    if (!the_control) {
        cli_say("control", "%s", why);
        return 1;
    }
    /* behind the port for counters, which no other socket of it may be like, and before anybody is answered */
    if (!daemon_raise(DAEMON_CONTROL, CELL_MODE_BEST)) {
        control_destroy(the_control);
        return 1;
    }
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    fprintf(stderr, "%strillium control: ready, scheduler %s, policy %s%s\n", service_prefix(SERVICE_INFO),
            config.scheduler->name, config.policy,
            access(config.policy, F_OK) < 0 ? ", once there is one" : "");
    service_ready();
    control_run(the_control);
    control_destroy(the_control);
    return 0;
}
