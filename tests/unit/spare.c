// SPDX-License-Identifier: MIT
/* Asking for time to spare. How idle this machine is, the test cannot know: only what holds in any case. */
#include "tests/lib/unit.h"

#include "host-backend/broker/spare.h"

static void not_at_once(void **state) {
    struct spare s = {0};
    (void)state;
    assert_false(spare_seen(&s, 1000));
    assert_false(spare_seen(&s, 1000 + SPARE_LOOK_MS - 1));
}

static void not_for_ever(void **state) {
    struct spare s = {0};
    (void)state;
    assert_false(spare_seen(&s, 1000));
    assert_true(spare_seen(&s, 1000 + SPARE_WAIT_MS));
    /* the next question starts from the beginning */
    assert_false(spare_seen(&s, 1001 + SPARE_WAIT_MS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_at_once),
        cmocka_unit_test(not_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
