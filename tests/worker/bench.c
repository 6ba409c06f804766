#include "tests/worker/tests.h"
int bench(int argc, char **argv) {
    (void)argc;
    (void)argv;
    return 0;
}
