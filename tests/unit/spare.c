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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
