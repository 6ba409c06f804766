// SPDX-License-Identifier: MIT
/* trillium-eval: what `trillium eval`, `make eval` and `make bench` run. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "eval/runner/runner.h"

/* The program beside this one that counts what virtual ISA programs need. */
static int run_isa(char **argv) {
    char path[PATH_MAX + 16];
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

    path[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(path, '/');
    snprintf(slash ? slash + 1 : path, 16, "trillium-isa");
    execv(path, argv);
    fprintf(stderr, "eval: cannot run %s: %s\n", path, strerror(errno));
    return 1;
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && !strcmp(argv[1], "bench"))
        return bench_main(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "isa"))
        return run_isa(argv + 1);
    return eval_main(argc, argv);
}
