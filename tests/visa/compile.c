#include "tests/visa/visa.h"
void test_compile(void) {}
