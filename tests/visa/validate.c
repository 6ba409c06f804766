#include "tests/visa/visa.h"
void test_validate(const char *directory) {
    (void)directory;
}
