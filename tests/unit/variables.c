// SPDX-License-Identifier: MIT
/* Which variables of drivers a guest may choose, and which values. */
#include "tests/lib/unit.h"

#include "host-backend/broker/variables.h"
#include "trillium/variables.h"

static void values(void **state) {
    static const char *const good[] = {"POCL_MAX_PTHREAD_COUNT=1",   "POCL_MAX_PTHREAD_COUNT=1024",
                                       "LP_NUM_THREADS=0",           "RUSTICL_FEATURES=fp64",
                                       "RUSTICL_FEATURES=fp16,fp64", "POCL_WORK_GROUP_METHOD=loopvec"};
    static const char *const bad[] = {
        "POCL_MAX_PTHREAD_COUNT",
        "POCL_MAX_PTHREAD_COUNT=",
        "POCL_MAX_PTHREAD_COUNT=0",
        "POCL_MAX_PTHREAD_COUNT=1025",
        "POCL_MAX_PTHREAD_COUNT=4294967297",
        "POCL_MAX_PTHREAD_COUNT=00000000001",
        "POCL_MAX_PTHREAD_COUNT=-1",
        "POCL_MAX_PTHREAD_COUNT= 1",
        "POCL_MAX_PTHREAD_COUNT=1 ",
        "POCL_MAX_PTHREAD_COUN=1",
        "POCL_MAX_PTHREAD_COUNTS=1",
        "RUSTICL_FEATURES=",
        "RUSTICL_FEATURES=fp",
        "RUSTICL_FEATURES=fp16|fp64",
        "RUSTICL_FEATURES=fp16,",
        "RUSTICL_FEATURES=,fp16",
        "RUSTICL_FEATURES=fp16,fp16,fp16,fp16,fp16,fp16,fp16,fp16,fp16,fp16,fp16",
        "RUSTICL_ENABLE=llvmpipe",
        "POCL_CACHE_DIR=/",
        "LD_PRELOAD=1",
        "=1",
        ""};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!tr_variable_allowed(good[i]))
            fail_msg("%s does not pass", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (tr_variable_allowed(bad[i]))
            fail_msg("%s passes", bad[i]);
}

static void choices(void **state) {
    (void)state;
    assert_true(variables_choice_ok("all"));
    assert_true(variables_choice_ok("none"));
    assert_true(variables_choice_ok("LP_NUM_THREADS,POCL_MAX_PTHREAD_COUNT"));
    assert_false(variables_choice_ok(""));
    assert_false(variables_choice_ok("all,none"));
    assert_false(variables_choice_ok("LP_NUM_THREADS,,"));
    assert_false(variables_choice_ok("LD_PRELOAD"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(values), cmocka_unit_test(choices)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
