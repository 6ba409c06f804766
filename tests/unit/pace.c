// SPDX-License-Identifier: MIT
/* Whether a queue's commands are slow, as those see it that wait for one after the other. */
#include "tests/lib/unit.h"

#include "guest-icd/queue/pace.h"

/* `count` waits from command `seq` on, each `step_ns` after the one before. What the last one is told. */
static bool waits(struct icd_pace *p, uint64_t *seq, uint64_t *now, int count, uint64_t step_ns) {
    bool slow = false;
    for (int i = 0; i < count; i++)
        slow = icd_pace_slow(p, (*seq)++, *now += step_ns);
    return slow;
}

static void test_slow_and_fast(void **state) {
    struct icd_pace p = {0};
    uint64_t seq = 1, now = 1000000000;
    (void)state;

    assert_false(waits(&p, &seq, &now, ICD_PACE_COMMANDS, 1000000)); /* too few to tell */
    assert_true(waits(&p, &seq, &now, ICD_PACE_COMMANDS + 1, 1000000));
    assert_true(waits(&p, &seq, &now, 1, 1000));
    assert_false(waits(&p, &seq, &now, 2 * ICD_PACE_COMMANDS, 10000));
}

/* Most commands of a queue are not waited for, or have ended before anybody waits. */
static void test_commands_between(void **state) {
    struct icd_pace p = {0};
    uint64_t seq = 1, now = 1000000000;
    (void)state;

    for (int i = 0; i < 100; i++, seq += 100)
        assert_false(icd_pace_slow(&p, seq, now += 1000000));
}

/* A program's own pauses are not its commands'. */
static void test_pauses(void **state) {
    struct icd_pace p = {0};
    uint64_t seq = 1, now = 1000000000;
    (void)state;

    for (int frame = 0; frame < 100; frame++) {
        assert_false(waits(&p, &seq, &now, 10, 20000));
        icd_pace_pause(&p);
        now += 16000000;
    }
}

/* Commands that are just slow enough are so still when sleeping has made them a little faster. */
static void test_between_slow_and_fast(void **state) {
    struct icd_pace p = {0};
    uint64_t seq = 1, now = 1000000000;
    (void)state;

    assert_false(waits(&p, &seq, &now, 3 * ICD_PACE_COMMANDS, 120000));
    assert_true(waits(&p, &seq, &now, 3 * ICD_PACE_COMMANDS, 140000));
    assert_true(waits(&p, &seq, &now, 3 * ICD_PACE_COMMANDS, 120000));
    assert_false(waits(&p, &seq, &now, 3 * ICD_PACE_COMMANDS, 90000));
}

/* Several threads, in any order; and a clock that goes back. */
static void test_out_of_order(void **state) {
    struct icd_pace p = {0};
    (void)state;

    assert_false(icd_pace_slow(&p, 1000, 1000000000));
    assert_false(icd_pace_slow(&p, 5, 2000000000));
    assert_false(icd_pace_slow(&p, 900, 1000000));
    assert_false(icd_pace_slow(&p, 900, UINT64_MAX));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_and_fast), cmocka_unit_test(test_commands_between),
        cmocka_unit_test(test_pauses),        cmocka_unit_test(test_between_slow_and_fast),
        cmocka_unit_test(test_out_of_order),
    };
    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
