// SPDX-License-Identifier: MIT
/*
 * trillium cdi: a description for container engines (Container Device Interface 0.3.0, cncf-tags/container-device-
 * interface, SPEC.md). A container that asks for the device gets what a process guest needs: the daemon's socket, the
 * driver, the loader's file that names it, and the variable that says where the socket is.
 */
#include "host-backend/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KIND "trillium.example/gpu"
#define SYSTEM_SOCKET "/run/trillium/guests.sock"

static const char help[] =
    "Usage: trillium cdi [--shm PATH] [--output FILE]\n"
    "\n"
    "Prints a CDI description: containers that ask for the device " KIND "=all become guests of a daemon "
    "of this\n"
    "machine. Container engines look for it in /etc/cdi and /run/cdi.\n"
    "\n"
    "  --shm PATH     the daemon's socket (default " SYSTEM_SOCKET ", the systemd unit's)\n"
    "  --output FILE  write it there, for example /etc/cdi/trillium.json, instead of to standard output\n"
    "  --help\n";

/* Read-only. */
static json_t *mount_of(const char *host, const char *container) {
    return json_pack("{s:s, s:s, s:[s, s, s]}", "hostPath", host, "containerPath", container, "options", "ro",
                     "bind", "nosuid");
}

/* Where the loader looks for the driver: the one line of the file that names it. False, after saying why. */
static bool read_icd(const char *icd, char driver[PATH_MAX]) {
    FILE *in = fopen(icd, "re");
    bool good = in && fgets(driver, PATH_MAX, in);

    if (good)
        driver[strcspn(driver, "\n")] = '\0';
    if (in)
        fclose(in);
    good = good && *driver == '/';
    if (!good)
        cli_say("cdi", "%s does not name a driver", icd);
    return good;
}

/* NULL: out of memory, or a path is no text. */
static json_t *describe(const char *icd, const char *library, const char *driver, const char *socket) {
    char variable[PATH_MAX + 16];

    snprintf(variable, sizeof variable, "TRILLIUM_SHM=%s", socket);
    /* A read-only mount of a socket can be connected to: that writes nothing to its file. */
    return json_pack("{s:s, s:s, s:[{s:s, s:{s:[s], s:[o, o, o]}}]}", "cdiVersion", "0.3.0", "kind", KIND,
                     "devices", "name", "all", "containerEdits", "env", variable, "mounts",
                     mount_of(socket, socket), mount_of(library, driver),
                     mount_of(icd, "/etc/OpenCL/vendors/trillium.icd"));
}

static bool put(const json_t *root, FILE *out) {
    return json_dumpf(root, out, JSON_INDENT(2)) == 0 && putc('\n', out) != EOF && fflush(out) == 0;
}

/* Written aside and renamed: an engine never reads half of it. 0, or -1 after saying why. */
static int write_file(const json_t *root, const char *path) {
    char aside[PATH_MAX];

    if (snprintf(aside, sizeof aside, "%s.%d", path, (int)getpid()) >= (int)sizeof aside) {
        cli_say("cdi", "%.100s... is too long", path);
        return -1;
    }
    FILE *out = fopen(aside, "we");
    bool written = out && put(root, out) && fchmod(fileno(out), 0644) == 0;
    int error = errno;
    if (out && fclose(out) != 0 && written) {
        written = false;
        error = errno;
    }
    if (written && rename(aside, path) == 0)
        return 0;
    if (written)
        error = errno;
    cli_say("cdi", "cannot write %s: %s%s", path, strerror(error),
            error == ENOENT ? " (is its folder there? mkdir -p makes it)" : "");
    unlink(aside);
    return -1;
}

int cmd_cdi(int argc, char **argv) {
    enum { OPT_SHM = 256, OPT_OUTPUT };
    static const struct option options[] = {{"shm", required_argument, NULL, OPT_SHM},
                                            {"output", required_argument, NULL, OPT_OUTPUT},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *socket = SYSTEM_SOCKET, *output = NULL;
    char icd[PATH_MAX + 16], driver[PATH_MAX];
    struct cli_paths paths;
    struct stat st;
    int c, status = 1;

    while ((c = cli_option("cdi", argc, argv, "h", options)) != -1) {
        switch (c) {
        case OPT_SHM:
            socket = optarg;
            break;
        case OPT_OUTPUT:
            output = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            return CLI_EXIT_USE;
        }
    }
    if (optind != argc)
        return cli_misused("cdi", "unexpected argument '%s'", argv[optind]);
    if (*socket != '/')
        return cli_misused("cdi", "--shm takes an absolute path, not '%s'", socket);
    if (cli_paths_find(&paths, "cdi") < 0)
        return 1;
    if (access(paths.icd, R_OK) != 0) {
        cli_say("cdi", "%s is not there; trillium doctor says more", paths.icd);
        return 1;
    }
    snprintf(icd, sizeof icd, "%s/trillium.icd", paths.icd_dir);
    if (!read_icd(icd, driver))
        return 1;
    if (stat(socket, &st) < 0 || !S_ISSOCK(st.st_mode))
        cli_say("cdi",
                "no daemon listens at %s yet: containers start only once it does (systemctl enable --now "
                "trillium.socket, or trillium serve --shm)",
                socket);
    json_t *root = describe(icd, paths.icd, driver, socket);
    if (!root) {
        cli_say("cdi", "the description cannot be made: a path is no UTF-8 text");
        return 1;
    }
    if (output) {
        status = write_file(root, output) < 0;
    } else {
        status = !put(root, stdout);
        if (status)
            cli_say("cdi", "cannot write to standard output: %s", strerror(errno));
    }
    json_decref(root);
    return status;
}
