// SPDX-License-Identifier: MIT
/* Turns of guests on a device, and leases of it, by the host's control: its workers are played here. */
#include "tests/lib/unit.h"

#include "tests/lib/played.h"

static void test_alone_is_open(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("a", 0, why), a2 = played_come("a", 0, why);
    (void)state;

    assert_true(played_is_open(&a) && played_is_open(&a2));
    struct played b = played_come("b", 0, why);
    assert_true(played_is_open(&a) && !played_is_open(&b)); /* until it asks */
    played_asks(&b, 10 * MS);
    assert_true(!played_is_open(&a) && !played_is_open(&a2) && played_has_turn(&b));
    played_asks(&a, 11 * MS);
    assert_false(played_has_turn(&a));
    played_gives_back(&b, 12 * MS);
    assert_true(played_has_turn(&a));
    played_goes(&b, 13 * MS);
    assert_true(played_is_open(&a)); /* alone again */
    played_goes(&a, 14 * MS);
    played_goes(&a2, 14 * MS);
}

static void test_who_asks_alone_gets_a_lease(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("a", 0, why), b = played_come("b", 0, why);
    uint64_t now = MS;
    (void)state;

    for (played_asks(&b, now); now < 100 * MS; now += 10 * MS) {
        assert_true(played_has_turn(&b));
        played_gives_back(&b, now);
        played_asks(&b, now);
    }
    played_asks(&a, now);
    played_gives_back(&b, now);
    assert_true(played_has_turn(&a));
    played_gives_back(&a, now);
    for (uint64_t end = now + 300 * MS; now < end && !played_is_open(&b); now += 10 * MS) {
        played_asks(&b, now);
        if (played_has_turn(&b))
            played_gives_back(&b, now);
    }
    assert_true(played_is_open(&b) && !played_is_open(&a));
    played_goes(&a, now);
    played_goes(&b, now);
}

/* A turn is long; but who comes now and then, and needs little, cuts it short. */
static void test_a_turn_is_cut_short(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("a", 0, why), b = played_come("b", 0, why),
                  light = played_come("light", 0, why);
    uint64_t now = MS;
    (void)state;

    played_asks(&light, now);
    played_gives_back(&light, now += MS / 10); /* what it is known to need */
    played_asks(&a, now);
    played_asks(&b, now);
    for (int i = 0; i < 20; i++) {
        struct played *p = played_has_turn(&a) ? &a : &b;
        played_gives_back(p, now += TURN_QUANTUM_NS);
        played_asks(p, now);
    }
    struct played *holder = played_has_turn(&a) ? &a : &b;
    const struct board_device *on = &holder->board->devices[0];
    assert_int_equal(atomic_load(&on->quantum_ns), TURN_QUANTUM_NS); /* one like it waits for its turn */
    played_asks(&light, now + MS);
    assert_true(atomic_load(&on->quantum_ns) <= MS);
    played_gives_back(holder, now + 2 * MS);
    assert_true(played_has_turn(&light) && !played_has_turn(holder));
    played_goes(&a, now);
    played_goes(&b, now);
    played_goes(&light, now);
}

static void test_death_ends_a_turn(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("a", 0, why), b = played_come("b", 0, why), c = played_come("c", 0, why);
    (void)state;

    played_asks(&b, 1);
    played_asks(&c, 2);
    assert_true(played_has_turn(&b) && !played_has_turn(&c));
    played_goes(&b, 3);
    assert_true(played_has_turn(&c));
    played_goes(&c, 4);
    played_goes(&a, 4);
}

/* The time of its turns, as people are shown it: of the only device, and of all. */
static uint64_t time_told(const char *name, uint64_t now) {
    json_t *told = guests_tell(&played_guests, guests_find(&played_guests, name), now);
    const json_t *device = json_array_get(json_object_get(told, "devices"), 0);
    json_int_t ns = json_integer_value(json_object_get(device, "turns_ns"));
    assert_int_equal(json_integer_value(json_object_get(told, "device_ns")), ns);
    json_decref(told);
    return (uint64_t)ns;
}

static void test_a_turn_is_told_while_it_lasts(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("a", 0, why), b = played_come("b", 0, why);
    (void)state;

    played_asks(&b, MS);
    assert_true(played_has_turn(&b));
    assert_int_equal(time_told("b", 1 + MS), 1);
    assert_int_equal(time_told("b", 11 * MS), 10 * MS);
    assert_int_equal(time_told("a", 11 * MS), 0);
    played_goes(&a, 21 * MS); /* alone it needs no turns: that is the end of this one */
    assert_int_equal(time_told("b", 31 * MS), 20 * MS);
    played_goes(&b, 41 * MS);
}

static void test_a_turn_that_is_kept_lapses(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("a", 0, why), b = played_come("b", 0, why);
    (void)state;

    played_asks(&b, MS);
    played_asks(&a, 2 * MS);
    assert_false(played_has_turn(&a));
    uint64_t next = arena_tick(&played_guests.arena, 3 * MS);
    assert_int_equal(next, MS + TURN_LAPSE_NS);
    arena_tick(&played_guests.arena, next);
    assert_true(played_has_turn(&a) && played_has_turn(&b));
    played_gives_back(&b, next + MS); /* it is paid for all the same */
    assert_int_equal(arena_tenant(played_guests.arena.devices, guests_find(&played_guests, "b"))->turns_ns,
                     TURN_LAPSE_NS + MS);
    played_goes(&a, next);
    played_goes(&b, next);
}

static void test_a_long_kernel_is_ended(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("a", 0, why);
    (void)state;

    played_limit("a", LIMIT_KERNEL_MS, 50);
    assert_false(played_is_open(&a));
    played_asks(&a, MS);
    assert_true(played_has_turn(&a));
    assert_int_equal(atomic_load(&a.board->devices[0].depth), 1); /* so a turn says how long a kernel takes */
    uint64_t begins = atomic_load(&a.board->devices[0].quantum_ns);
    assert_true(begins < 10 * MS);
    arena_tick(&played_guests.arena, 50 * MS + begins);
    assert_int_equal(played_kills, 0);
    arena_tick(&played_guests.arena, 52 * MS + begins);
    assert_int_equal(played_kills, 1);
    played_goes(&a, 52 * MS);
}

static void test_rates(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("a", 0, why);
    uint64_t now = MS;
    unsigned done = 0;
    (void)state;

    played_limit("a", LIMIT_KERNELS_PER_SECOND, 100);
    for (played_asks(&a, now); now < 10000 * MS; now += MS) {
        arena_tick(&played_guests.arena, now);
        if (!played_has_turn(&a))
            continue;
        atomic_fetch_add(&a.board->devices[0].commands, 1);
        done++;
        played_gives_back(&a, now);
        played_asks(&a, now);
    }
    assert_in_range(done, 990, 1030);
    played_goes(&a, now);
}

/* The same for bytes; who meets a rate is counted and told of once, and a host's clock that stands still or goes back gives
 * nobody more. */
static void test_rates_of_bytes_and_clocks(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("a", 0, why);
    uint64_t now = 100000 * MS;
    unsigned done = 0;
    (void)state;

    played_limit("a", LIMIT_BYTES_PER_SECOND, 1000000);
    for (played_asks(&a, now); now < 110000 * MS; now += MS) {
        arena_tick(&played_guests.arena, now);
        if (!played_has_turn(&a))
            continue;
        atomic_fetch_add(&a.board->devices[0].bytes, 10000);
        done++;
        played_gives_back(&a, now);
        played_asks(&a, now);
    }
    assert_in_range(done, 990, 1030);
    const struct guest *g = guests_find(&played_guests, "a");
    assert_true(g->rate_hits > 500);
    json_t *told = guests_tell(&played_guests, g, 0);
    assert_true((uint64_t)json_integer_value(json_object_get(told, "limits_hit")) == g->rate_hits);
    json_decref(told);
    assert_true(now - g->rate_told_ns[1] >= 9000 * MS);                     /* not at each of them */
    for (done = 0, now = 111000 * MS; now > 1000 * MS; now -= 10000 * MS) { /* back, again and again */
        arena_tick(&played_guests.arena, now);
        if (!played_has_turn(&a))
            continue;
        atomic_fetch_add(&a.board->devices[0].bytes, 1000000);
        done++;
        played_gives_back(&a, now);
        played_asks(&a, now);
    }
    assert_in_range(done, 1, 2);
    played_goes(&a, now);
}

/* Turns whose time the host's clock tells wrongly: far ahead, and back. Nobody is left without. */
static void test_turns_and_clocks(void **state) {
    static const uint64_t jumps[] = {MS, UINT64_MAX - 1, 5 * MS, UINT64_MAX / 2, 1, 3600000 * MS, 7 * MS};
    char why[LIMIT_TEXT];
    struct played a = played_come("a", 0, why), b = played_come("b", 0, why);
    unsigned turns[2] = {0};
    (void)state;

    for (unsigned i = 0; i < 1000; i++) {
        uint64_t now = jumps[i % 7];
        played_asks(&a, now);
        played_asks(&b, now);
        arena_tick(&played_guests.arena, now);
        struct played *p = played_has_turn(&a) ? &a : played_has_turn(&b) ? &b : NULL;
        if (!p)
            continue;
        turns[p == &b]++;
        played_gives_back(p, jumps[(i + 3) % 7]);
    }
    assert_true(turns[0] > 100 && turns[1] > 100);
    uint64_t now = UINT64_MAX / 2;
    for (unsigned i = 0; i < 1000; i++, now += MS) { /* and then it goes on */
        played_asks(&a, now);
        played_asks(&b, now);
        assert_true(played_has_turn(&a) || played_has_turn(&b));
        played_gives_back(played_has_turn(&a) ? &a : &b, now + MS);
    }
    played_goes(&a, now);
    played_goes(&b, now);
}

/* Many processes are one guest; they share its part. */
static void test_a_share_is_the_guests(void **state) {
    enum { MANY = 6, TURNS = 1200 };
    char why[LIMIT_TEXT];
    struct played all[MANY + 1];
    unsigned turns[MANY + 1] = {0}, of_many = 0;
    uint64_t now = MS;
    (void)state;

    for (int i = 0; i < MANY; i++)
        all[i] = played_come("many", 0, why);
    all[MANY] = played_come("one", 0, why);
    for (int i = MANY; i >= 0; i--) /* the first one ends the others' lease */
        played_asks(&all[i], now);
    for (int n = 0; n < TURNS; n++) {
        for (int i = 0; i <= MANY; i++) {
            if (!played_has_turn(&all[i]))
                continue;
            turns[i]++;
            played_gives_back(&all[i], now += TURN_QUANTUM_NS);
            played_asks(&all[i], now += MS / 100);
            break;
        }
        arena_tick(&played_guests.arena, now += MS / 10);
    }
    for (int i = 0; i < MANY; i++)
        of_many += turns[i];
    assert_in_range(of_many, turns[MANY] * 97 / 100, turns[MANY] * 103 / 100);
    for (int i = 0; i < MANY; i++)
        assert_in_range(turns[i], of_many / MANY * 9 / 10, of_many / MANY * 11 / 10);
    assert_true(of_many + turns[MANY] >= TURNS * 9 / 10);
    for (int i = 0; i <= MANY; i++)
        played_goes(&all[i], now);
}

static void test_commands_in_flight(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("a", 0, why);
    (void)state;

    played_limit("a", LIMIT_COMMANDS, 3);
    assert_false(played_is_open(&a));
    assert_int_equal(atomic_load(&a.board->devices[0].depth), 3);
    played_limit("a", LIMIT_COMMANDS, LIMIT_NONE);
    assert_true(played_is_open(&a));
    assert_int_equal(atomic_load(&a.board->devices[0].depth), 0);
    played_goes(&a, 1);
}

static void test_paused(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("a", 0, why);
    struct guest *g = guests_find(&played_guests, "a");
    (void)state;

    g->paused = true;
    guests_apply(&played_guests, g, 1);
    assert_false(played_is_open(&a));
    played_asks(&a, 2);
    assert_false(played_has_turn(&a));
    struct played late = played_come("a", 0, why); /* comes while it is paused */
    assert_false(played_is_open(&late));
    g->paused = false;
    guests_apply(&played_guests, g, 60000 * MS);
    assert_true(played_is_open(&a) && played_is_open(&late));
    played_goes(&a, 3);
    played_goes(&late, 3);
}

/* What it asks for before it goes on is nobody's loss. */
static void test_paused_beside_a_lease(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("a", 0, why), b = played_come("b", 0, why);
    struct guest *g = guests_find(&played_guests, "b");
    (void)state;

    g->paused = true;
    guests_apply(&played_guests, g, MS);
    assert_true(played_is_open(&a));
    played_asks(&b, 2 * MS);
    arena_tick(&played_guests.arena, 3 * MS);
    assert_true(played_is_open(&a) && !played_has_turn(&b));
    g->paused = false;
    guests_apply(&played_guests, g, 4 * MS);
    assert_true(!played_is_open(&a) && played_has_turn(&b));
    played_goes(&a, 5 * MS);
    played_goes(&b, 5 * MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, played_set_up, played_tear_down)
        TEST(test_alone_is_open),
        TEST(test_who_asks_alone_gets_a_lease),
        TEST(test_a_turn_is_cut_short),
        TEST(test_death_ends_a_turn),
        TEST(test_a_turn_is_told_while_it_lasts),
        TEST(test_a_turn_that_is_kept_lapses),
        TEST(test_a_long_kernel_is_ended),
        TEST(test_rates),
        TEST(test_rates_of_bytes_and_clocks),
        TEST(test_turns_and_clocks),
        TEST(test_a_share_is_the_guests),
        TEST(test_commands_in_flight),
        TEST(test_paused),
        TEST(test_paused_beside_a_lease),
    };
    return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
