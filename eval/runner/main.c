// SPDX-License-Identifier: MIT
/* trillium-eval: what `trillium eval`, `make eval` and `make bench` run. */
#include <stdio.h>
#include <string.h>

#include "eval/runner/runner.h"

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && !strcmp(argv[1], "bench"))
        return bench_main(argc - 1, argv + 1);
    return eval_main(argc, argv);
}
