// SPDX-License-Identifier: MIT
/* How long who waits for the device spins, by how long the last waits took. */
#include "tests/lib/unit.h"

#include "svga-model/waits.h"

enum { US = 1000, MS = 1000 * US, SPIN = 200 * US };

/* A kernel for all CPUs, another one, a transfer. */
enum { LONG = 5, SHORT = 6, TRANSFER = 7 };
#define WIDE(kind) ((kind) | SVGA_WAITS_WIDE)

/* One wait that takes so long, after so many commands more. */
static struct svga_wait_plan waited(struct svga_waits *w, struct svga_wait *now, unsigned commands,
                                    uint64_t took) {
    now->commands += commands;
    struct svga_wait_plan plan = svga_waits_plan(w, now);
    svga_waits_took(w, &plan, took, took <= plan.spin);
    return plan;
}

/* Kernels of one length that are waited for one by one are slept for, but for their beginning and their end. */
static void test_alike(void **state) {
    struct svga_waits w = {0};
    struct svga_wait now = {.spin = SPIN, .near = true};
    (void)state;

    assert_int_equal(waited(&w, &now, 2, 2 * MS).first, 0);
    assert_int_equal(waited(&w, &now, 2, 2 * MS).first, 0);
    struct svga_wait_plan plan = waited(&w, &now, 2, 9 * MS);
    assert_in_range(plan.first, 1, SPIN);
    assert_in_range(plan.first + plan.doze, 1500 * US, 2 * MS - 1);
    assert_int_equal(plan.spin, SPIN);
    assert_int_equal(waited(&w, &now, 2, 2 * MS).first, 0); /* one was not like the other */

    struct svga_wait elsewhere = {.spin = SPIN}; /* a device with processors of its own */
    w = (struct svga_waits){.last = {2 * MS, 2 * MS}};
    assert_int_equal(waited(&w, &elsewhere, 2, 2 * MS).first, 0);
}

/* A stream of short kernels is spun for as long as it may take; what takes long a command is none. */
static void test_stream(void **state) {
    struct svga_waits w = {0};
    struct svga_wait now = {.spin = SPIN, .near = true};
    (void)state;

    assert_in_range(waited(&w, &now, 1000, 10 * MS).spin, 10 * MS, 1000 * MS);
    assert_in_range(waited(&w, &now, 500, 5 * MS).spin, 10 * MS,
                    20 * MS); /* 10 us a command, and as much again */
    waited(&w, &now, 100, 100 * MS);
    assert_int_equal(waited(&w, &now, 100, 100 * MS).spin, SPIN);
}

/* Work for all CPUs is slept for once it was seen to take long, and not before. */
static void test_wide(void **state) {
    struct svga_waits w = {0};
    struct svga_wait now = {.spin = SPIN, .near = true, .kind = WIDE(LONG)};
    (void)state;

    assert_int_equal(waited(&w, &now, 2, 1 * MS).spin, SPIN);
    assert_int_equal(waited(&w, &now, 2, 1 * MS).spin, SPIN);
    struct svga_wait_plan plan = waited(&w, &now, 2, 50 * US);
    assert_in_range(plan.spin, 1, SPIN / 10);
    assert_int_equal(plan.first, 0);
    assert_in_range(waited(&w, &now, 2, 1 * MS).spin, 100 * US, SPIN); /* one was short */
    waited(&w, &now, 2, 1 * MS);
    now.kind = WIDE(SHORT); /* what is waited for next is another one */
    assert_int_equal(waited(&w, &now, 2, 10 * US).spin, SPIN);
    now.kind = WIDE(LONG);
    assert_in_range(waited(&w, &now, 2, 1 * MS).spin, 1, SPIN / 10); /* which says nothing of this one */
    assert_in_range(waited(&w, &now, 1000, 1 * MS).spin, SPIN, 1000 * MS);
    now.near = false;
    assert_int_equal(waited(&w, &now, 2, 1 * MS).spin, SPIN);
}

/* What a sleeper measures is his own sleep, too: who has slept through short kernels does not go on so for ever. */
static void test_back_to_spinning(void **state) {
    struct svga_waits w = {.last = {330 * US, 330 * US}}; /* two were disturbed */
    struct svga_wait now = {.spin = SPIN, .near = true};
    int slow = 0;
    (void)state;

    for (int i = 0; i < 50; i++) {
        struct svga_wait_plan plan = svga_waits_plan(&w, &now);
        bool dozed = plan.first > 0 &&
                     plan.first < 100 * US; /* kernels of 0.1 ms, which have ended by the doze's end */
        slow += dozed;
        svga_waits_took(&w, &plan, dozed ? 0 : 100 * US, !dozed);
    }
    assert_in_range(slow, 1, 2);

    slow = 0;
    w = (struct svga_waits){0};
    now.kind = WIDE(LONG);
    for (int i = 0; i < 2; i++)
        waited(&w, &now, 2, 400 * US);
    for (int i = 0; i < 50; i++) {
        struct svga_wait_plan plan = svga_waits_plan(&w, &now);
        slow += plan.spin < 100 * US;
        bool slept = plan.spin < 100 * US;
        svga_waits_took(&w, &plan, slept ? 250 * US : 100 * US, !slept); /* a sleeper is told late */
        now.kind = TRANSFER; /* one between two kernels changes nothing */
        waited(&w, &now, 1, 10 * US);
        now.kind = WIDE(LONG);
    }
    assert_in_range(slow, 1, 20);
}

/* What takes much longer than usual is stuck, maybe for want of the spinner's CPU: he sleeps. That says nothing of the next one, but
 * what takes longer from now on is waited for longer. */
static void test_stuck(void **state) {
    struct svga_waits w = {0};
    struct svga_wait now = {.spin = SPIN, .near = true, .kind = TRANSFER};
    (void)state;

    waited(&w, &now, 2, 15 * US);
    for (int i = 0; i < 200; i++)
        assert_in_range(waited(&w, &now, 2, i % 3 == 0 ? 300 * US : 15 * US).spin, 40 * US, 110 * US);
    now.kind = SHORT;
    assert_int_equal(waited(&w, &now, 2, 100 * US).spin, SPIN); /* nobody knows */
    now.kind = TRANSFER;
    for (int i = 0; i < 100; i++)
        waited(&w, &now, 2, 100 * US);
    assert_in_range(waited(&w, &now, 2, 100 * US).spin, 120 * US, SPIN);
}

/* Who has time hardly spins, whatever came before; where spinning is off, nobody does for long. */
static void test_idly_and_off(void **state) {
    struct svga_waits w = {.last = {2 * MS, 2 * MS}};
    struct svga_wait now = {.spin = SPIN, .near = true, .idly = true};
    (void)state;

    struct svga_wait_plan plan = waited(&w, &now, 1000, 2 * MS);
    assert_in_range(plan.spin, 1, SPIN / 10);
    assert_int_equal(plan.first, 0);
    now = (struct svga_wait){.commands = now.commands, .near = true, .idly = true};
    assert_int_equal(waited(&w, &now, 2, 2 * MS).spin, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alike), cmocka_unit_test(test_stream),
        cmocka_unit_test(test_wide),  cmocka_unit_test(test_back_to_spinning),
        cmocka_unit_test(test_stuck), cmocka_unit_test(test_idly_and_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
