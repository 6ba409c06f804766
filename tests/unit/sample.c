// SPDX-License-Identifier: MIT
/* Which part of a program's commands a trace takes. */
#include "tests/lib/unit.h"

#include "host-backend/worker/sample.h"

enum { ROOM = 64 << 20 };

/* Commands that come at one rate for so long: how many of them are traced. */
static uint64_t traced_of(struct sample *s, uint64_t *now_ns, uint64_t apart_ns, uint64_t commands,
                          uint64_t room) {
    uint64_t traced = 0;

    for (uint64_t i = 0; i < commands; i++, *now_ns += apart_ns) {
        if (s->paused && *now_ns >= s->due_ns)
            sample_goes_on(s, *now_ns);
        if (s->paused)
            continue;
        traced++;
        if (s->left > 0)
            s->left--;
        else
            sample_pauses(s, *now_ns, room, ROOM);
    }
    return traced;
}

/* As many as the budget has, whatever the rate; a program within it is traced whole, and so is the beginning of any. */
static void test_rates(void **state) {
    struct sample s;
    uint64_t now = 12345;
    (void)state;

    sample_begin(&s, false, now);
    assert_int_equal(traced_of(&s, &now, 1000000 / SAMPLE_PER_MS + 1000, 1000000, ROOM), 1000000);
    sample_begin(&s, false, now);
    assert_int_equal(traced_of(&s, &now, 1000, SAMPLE_WINDOW, ROOM), SAMPLE_WINDOW);
    for (uint64_t apart = 200; apart <= 20000; apart *= 3) {
        sample_begin(&s, false, now);
        uint64_t before = now, traced = traced_of(&s, &now, apart, 20000000 / apart * 100, ROOM),
                 ms = (now - before) / 1000000;
        assert_in_range(traced, ms * SAMPLE_PER_MS * 9 / 10,
                        ms * SAMPLE_PER_MS * 11 / 10 + 2 * SAMPLE_WINDOW);
    }
    sample_begin(&s, true, now);
    assert_int_equal(traced_of(&s, &now, 100, 1000000, ROOM), 1000000);
}

/* The fuller the file, the fewer; and never none. */
static void test_room(void **state) {
    uint64_t last = UINT64_MAX, now = 1;
    (void)state;

    for (uint64_t room = ROOM; room >= ROOM / 64; room /= 4) {
        struct sample s;
        sample_begin(&s, false, now);
        traced_of(&s, &now, 1000, 5000, room);
        uint64_t traced = traced_of(&s, &now, 1000, 100000000, room);
        assert_in_range(traced, SAMPLE_WINDOW, last / 2);
        last = traced;
    }
    struct sample s;
    sample_begin(&s, false, now);
    for (unsigned i = 0; i < 5; i++) /* nothing overflows where there is none left */
        traced_of(&s, &now, 1000000, 100000, 0);
    assert_true(s.due_ns < UINT64_MAX / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
