// SPDX-License-Identifier: MIT
/* Finds the subcommand. */
#include "host-backend/cli/child.h"
#include "host-backend/cli/cli.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static const struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} subcommands[] = {
    {"run", cmd_run, "run an OpenCL program as a guest: a process of this machine, or in a throwaway VM"},
    {"serve", cmd_serve, "the host daemon, for VMs that stay and for process guests"},
    {"control", cmd_control, "share this host's devices among its guests, and decide what each may have"},
    {"ls", cmd_ls, "the guests of this host, and what they have and use"},
    {"top", cmd_top, "who uses the devices, live"},
    {"limit", cmd_limit, "change what a guest may have"},
    {"pause", cmd_pause, "let a guest wait"},
    {"resume", cmd_resume, "let a guest go on"},
    {"kill", cmd_kill, "take a guest's devices away"},
    {"policy", cmd_policy, "check the policy file, or have it read again"},
    {"doctor", cmd_doctor, "what this machine has and lacks for each use, and what mends it"},
    {"cdi", cmd_cdi, "the description by which container engines give containers the devices of a daemon"},
    {"profile", cmd_profile,
     "read profiles that run --profile has recorded: what bounds a program, and where latency goes"},
    {"eval", cmd_eval, "measure: native, the SVGA baseline and Trillium side by side"},
};

static int no_such(const char *name) {
    for (size_t i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++) {
        if (cli_distance(name, subcommands[i].name) <= 2) {
            fprintf(stderr,
                    "trillium: there is no subcommand '%s'; did you mean '%s'? trillium --help lists them\n",
                    name, subcommands[i].name);
            return CLI_EXIT_USE;
        }
    }
    fprintf(stderr, "trillium: there is no subcommand '%s'; trillium --help lists them\n", name);
    return CLI_EXIT_USE;
}

static void print_help(FILE *out) {
    fprintf(out, "Trillium: OpenCL programs of a VM run on the GPU of its host.\n\nUsage: trillium "
                 "SUBCOMMAND ...\n\n");
    for (size_t i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
        fprintf(out, "  %-8s %s\n", subcommands[i].name, subcommands[i].summary);
    fprintf(out, "\n`trillium SUBCOMMAND --help` tells more, and so does man trillium.\n");
}

/* Started with some of the standard descriptors closed: sockets and files would become them, and get what is
 * written there. What takes their place is closed again in programs that are started. */
static void keep_standard_descriptors(void) {
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) != fd)
            exit(CLI_EXIT_FAILED);
}

int main(int argc, char **argv) {
    keep_standard_descriptors();

    const char *name = strrchr(argv[0], '/');

    child_heed();

    /* libvirt and QEMU's tools start vhost-user programs without a subcommand */
    name = name ? name + 1 : argv[0];
    if (!strcmp(name, "trillium-vhost-user-gpu"))
        return cmd_serve(argc, argv);

    if (argc < 2) {
        print_help(stderr);
        return CLI_EXIT_USE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        print_help(stdout);
        return 0;
    }
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V") || !strcmp(argv[1], "version")) {
        printf("trillium %s\n", cli_version);
        return 0;
    }
    for (size_t i = 0; i < sizeof(subcommands) / sizeof(subcommands[0]); i++)
        if (!strcmp(argv[1], subcommands[i].name))
            return subcommands[i].run(argc - 1, argv + 1);
    return no_such(argv[1]);
}
