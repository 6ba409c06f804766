/* Tests of the worker process: a hand-made guest, a real worker, a real driver. `--bench`: round trips,
 * medians in microseconds. */
#include <string.h>

#include "tests/worker/tests.h"

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--bench") == 0)
        return bench(argc - 1, argv + 1);
    int failed = test_commands() + test_events() + test_hostile() + test_broker() + test_profile();
    return failed > 0 ? 1 : 0;
}
