// SPDX-License-Identifier: MIT
/* Tests of the worker process: a hand-made guest, a real worker, a real driver. An argument is a pattern of
 * the tests to run (with * and ?). `--bench`: round trips,
 * medians in microseconds. */
#include "tests/lib/unit.h"

#include "tests/worker/tests.h"

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--bench") == 0)
        return bench(argc - 1, argv + 1);
    if (argc > 2 && strcmp(argv[1], "--control") == 0)
        return pool_worker(argc - 2, argv + 2);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    int failed = test_commands() + test_events() + test_hostile() + test_broker() + test_crowd() +
                 test_pool() + test_profile() + test_seen() + test_store() + test_binaries() +
                 test_batches() + test_files() + test_bombs();
    return failed > 0 ? 1 : 0;
}
