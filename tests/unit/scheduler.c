// SPDX-License-Identifier: MIT
/* Who is next on a device, in simulated time: guests that flood it, and such that come now and then. */
#include "tests/lib/unit.h"

#include "host-backend/control/scheduler.h"

enum { MOST = 16 };
#define MS UINT64_C(1000000)

struct guest {
    struct scheduler_entity who;
    uint64_t kernel_ns;
    uint64_t
        think_ns; /* from the end of a turn to the next question; or, of a light one, between questions */
    uint64_t
        dry_ns; /* its turns end early, after so long, and each third one with a longer pause; 0: they do not */
    bool light;       /* one kernel in a turn; else as many as it may */
    uint64_t asks_ns; /* the next question; UINT64_MAX while it asks */
    uint64_t got_ns;
    unsigned turns;
    uint64_t longest_wait_ns; /* once they know each other */
};

struct host {
    struct scheduler s;
    struct guest guests[MOST];
    int count;
    uint64_t now, end;
};

static void add(struct host *h, unsigned weight, uint64_t kernel_ns, uint64_t think_ns, bool light) {
    h->guests[h->count++] = (struct guest){
        .who.weight = weight, .kernel_ns = kernel_ns, .think_ns = think_ns, .light = light, .asks_ns = 1};
}

static struct guest *guest_of(struct host *h, const struct scheduler_entity *e) {
    for (int i = 0; i < h->count; i++)
        if (&h->guests[i].who == e)
            return &h->guests[i];
    return NULL;
}

static void ask_all(struct host *h) {
    for (int i = 0; i < h->count; i++) {
        struct guest *g = &h->guests[i];
        if (g->asks_ns <= h->now) {
            scheduler_ask(&h->s, &g->who, g->asks_ns);
            g->asks_ns = UINT64_MAX;
        }
    }
}

static uint64_t next_question(const struct host *h) {
    uint64_t next = UINT64_MAX;
    for (int i = 0; i < h->count; i++)
        if (h->guests[i].asks_ns < next)
            next = h->guests[i].asks_ns;
    return next;
}

/* Kernels, until it may begin no further one. */
static uint64_t work(struct host *h, const struct guest *g) {
    uint64_t began = h->now;

    do {
        h->now += g->kernel_ns;
        ask_all(h);
    } while (!g->light && (g->dry_ns == 0 || h->now - began < g->dry_ns) &&
             h->now - began + g->kernel_ns <= scheduler_lasts(&h->s, &g->who, TURN_QUANTUM_NS));
    return h->now - began;
}

static void run(struct host *h, uint64_t for_ns) {
    for (h->now = 1, h->end = for_ns; h->now < h->end;) {
        uint64_t again;
        ask_all(h);
        struct scheduler_entity *e = scheduler_choose(&h->s, h->now, &again);
        if (!e) {
            uint64_t next = next_question(h);
            next = again < next ? again : next;
            assert_true(next > h->now && next != UINT64_MAX);
            h->now = next;
            continue;
        }
        struct guest *g = guest_of(h, e);
        uint64_t waited = h->now - e->asked_ns;
        if (h->now > 500 * MS && waited > g->longest_wait_ns)
            g->longest_wait_ns = waited;
        uint64_t asked = e->asked_ns, used = work(h, g);
        scheduler_used(&h->s, e, used, h->now);
        g->got_ns += used;
        g->turns++;
        g->asks_ns = g->light && asked + g->think_ns > h->now ? asked + g->think_ns
                                                              : h->now + (g->light ? 0 : g->think_ns);
        if (g->dry_ns > 0 && g->turns % 3 == 0)
            g->asks_ns += 10 * MS;
    }
}

/* The largest error of a share, relative to what the weights say. */
static double worst_error(const struct host *h) {
    double total = 0, weights = 0, worst = 0;
    for (int i = 0; i < h->count; i++) {
        total += (double)h->guests[i].got_ns;
        weights += h->guests[i].who.weight;
    }
    for (int i = 0; i < h->count; i++) {
        double e = (double)h->guests[i].got_ns / total / (h->guests[i].who.weight / weights) - 1;
        worst = e > worst ? e : -e > worst ? -e : worst;
    }
    return worst;
}

static double jain(const struct host *h) {
    double sum = 0, squares = 0;
    for (int i = 0; i < h->count; i++) {
        sum += (double)h->guests[i].got_ns;
        squares += (double)h->guests[i].got_ns * (double)h->guests[i].got_ns;
    }
    return sum * sum / (h->count * squares);
}

static struct host *new_host(const struct scheduler_kind *kind) {
    static struct host h;
    h = (struct host){0};
    scheduler_init(&h.s, kind);
    return &h;
}

static void test_shares_are_the_weights(void **state) {
    static const unsigned weights[][3] = {{1, 1, 0}, {1, 3, 0}, {1, 2, 5}, {100, 1, 0}};
    (void)state;

    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++) {
        /* whether they have asked again before their turn ends or a moment after it */
        for (uint64_t think = 0; think <= 100000; think += 50000) {
            struct host *h = new_host(&scheduler_fair);
            const uint64_t kernels[] = {200000, 2 * MS, 20 * MS};
            for (int k = 0; k < 3 && weights[i][k] > 0; k++)
                add(h, weights[i][k], weights[i][1] == 1 && i == 3 ? MS : kernels[k], think, false);
            run(h, 100000 * MS);
            if (worst_error(h) > 0.03)
                fail_msg("weights %zu, think %llu: an error of %.3f", i, (unsigned long long)think,
                         worst_error(h));
        }
    }
}

static void test_equal_guests_get_equal_parts(void **state) {
    (void)state;
    for (int n = 8; n <= 16; n += 8) {
        struct host *h = new_host(&scheduler_fair);
        for (int i = 0; i < n; i++)
            add(h, 100, (uint64_t)(i % 5 + 1) * MS, 30000, false);
        run(h, 10000 * MS);
        assert_true(jain(h) >= 0.99);
    }
}

/* It waits for the end of the kernel that runs, and for nobody else; also where others have longer turns. */
static void test_a_light_guest_waits_for_one_kernel(void **state) {
    (void)state;
    for (uint64_t kernel_ns = MS / 2; kernel_ns <= 10 * MS; kernel_ns *= 2) {
        struct host *h = new_host(&scheduler_fair);
        add(h, 100, 100000, 10 * MS, true);
        for (int i = 0; i < 7; i++)
            add(h, 100, kernel_ns, 0, false);
        run(h, 10000 * MS);
        assert_true(h->guests[0].turns > 900);
        if (h->guests[0].longest_wait_ns > kernel_ns + MS / 5)
            fail_msg("kernels of %llu ns: a wait of %llu", (unsigned long long)kernel_ns,
                     (unsigned long long)h->guests[0].longest_wait_ns);
    }
}

/* One turn of `e`, which is chosen at `now`. Returns its end. */
static uint64_t one_turn(struct scheduler *s, struct scheduler_entity *e, uint64_t now, uint64_t ns) {
    uint64_t again;

    scheduler_ask(s, e, now);
    assert_ptr_equal(scheduler_choose(s, now, &again), e);
    scheduler_used(s, e, ns, now + ns);
    return now + ns;
}

/* Its threads get a CPU before the next kernel of others, which may be where they would run. */
static void test_a_rest_beside_a_light_guest(void **state) {
    struct scheduler s;
    struct scheduler_entity light = {.weight = 1}, heavy = {.weight = 1};
    uint64_t now = MS, again;
    (void)state;

    scheduler_init(&s, &scheduler_fair);
    for (int i = 0; i < 4; i++)
        now = one_turn(&s, &light, now, MS / 10) + 10 * MS;
    assert_true(scheduler_ahead(&s, now) == TURN_HURRY_NS); /* nor does it wait for two of them */
    now = one_turn(&s, &heavy, now, 5 * MS);
    scheduler_ask(&s, &heavy, now);
    assert_null(scheduler_choose(&s, now, &again));
    assert_true(again > now && again <= now + MS / 5);
    scheduler_ask(&s, &light, now + 1); /* who asks meanwhile does not wait for the other one */
    assert_ptr_equal(scheduler_choose(&s, now + 1, &again), &light);
    scheduler_used(&s, &light, MS / 10, now += MS / 10);
    assert_null(scheduler_choose(&s, now, &again));
    assert_ptr_equal(scheduler_choose(&s, again, &again), &heavy);
    scheduler_used(&s, &heavy, 5 * MS, now += 5 * MS);
    assert_ptr_equal(scheduler_choose(&s, now, &again), NULL);

    now += 1000 * MS; /* it has gone: nobody rests */
    for (int i = 0; i < 4; i++)
        now = one_turn(&s, &heavy, now, 5 * MS);
    assert_true(scheduler_ahead(&s, now) == TURN_AHEAD_NS);
}

/* Who floods has turns that are long beside the cost of handing over. */
static void test_turns_are_long(void **state) {
    struct host *h = new_host(&scheduler_fair);
    (void)state;

    for (int i = 0; i < 16; i++)
        add(h, 100, MS, 0, false);
    run(h, 10000 * MS);
    for (int i = 0; i < 16; i++)
        assert_true(h->guests[i].got_ns > h->guests[i].turns * 5 * MS);
}

/* A program that hears late of the ends of its short commands has turns that end early: it has more of them then. */
static void test_turns_that_end_early(void **state) {
    (void)state;

    for (uint64_t dry = 2 * MS; dry <= 4 * MS; dry += MS) {
        struct host *h = new_host(&scheduler_fair);
        add(h, 100, MS / 5, 50000, false);
        add(h, 200, 2 * MS, 30000, false);
        add(h, 500, 20 * MS, 30000, false);
        h->guests[0].dry_ns = dry;
        run(h, 100000 * MS);
        if (worst_error(h) > 0.03)
            fail_msg("turns of %llu ns: an error of %.3f", (unsigned long long)dry, worst_error(h));
    }
}

/* The device is not kept idle for guests that do not come back at once. */
static void test_work_is_conserved(void **state) {
    struct host *h = new_host(&scheduler_fair);
    uint64_t busy = 0;
    (void)state;

    add(h, 1, MS, 0, false);
    add(h, 1000, MS, 3 * MS, false); /* due more than it takes */
    run(h, 10000 * MS);
    for (int i = 0; i < h->count; i++)
        busy += h->guests[i].got_ns;
    assert_true(busy >= 9900 * MS);
}

/* Who was away for long has saved no more than a turn up. */
static void test_no_savings(void **state) {
    struct host *h = new_host(&scheduler_fair);
    (void)state;

    add(h, 100, MS, 0, false);
    add(h, 100, MS, 0, false);
    h->guests[1].asks_ns = 5000 * MS;
    run(h, 6000 * MS);
    assert_true(h->guests[1].got_ns <= 500 * MS + 2 * TURN_QUANTUM_NS);
}

/* Both ask for turns of 5 ms, from `now` on: how many of ten are a's? */
static int of_ten(struct scheduler *s, struct scheduler_entity *a, struct scheduler_entity *b, uint64_t now) {
    int turns = 0;

    scheduler_ask(s, a, now);
    scheduler_ask(s, b, now);
    for (int i = 0; i < 10; i++) {
        uint64_t again;
        struct scheduler_entity *e = scheduler_choose(s, now, &again);
        assert_non_null(e);
        turns += e == a;
        now += 5 * MS;
        scheduler_used(s, e, 5 * MS, now);
        scheduler_ask(s, e, now);
    }
    return turns;
}

/* a's, of weight 1, and then b's, of weight 100: a turn of 5 ms each. */
static uint64_t turns_of_both(struct scheduler *s, struct scheduler_entity *a, struct scheduler_entity *b) {
    struct scheduler_entity *order[] = {a, b};
    uint64_t again, now = 1;

    scheduler_init(s, &scheduler_fair);
    for (int i = 0; i < 2; i++) {
        scheduler_ask(s, order[i], now);
        assert_ptr_equal(scheduler_choose(s, now, &again), order[i]);
        now += 5 * MS;
        scheduler_used(s, order[i], 5 * MS, now);
    }
    return now;
}

/* What a guest has used while nobody else wanted the device is no debt, once that is over. */
static void test_debts_end_where_nobody_waits(void **state) {
    (void)state;

    for (int idle = 0; idle < 2; idle++) {
        struct scheduler s;
        struct scheduler_entity a = {.weight = 1}, b = {.weight = 100};
        uint64_t now = turns_of_both(&s, &a, &b);

        a.weight = 100; /* of what it uses from now on */
        assert_in_range(of_ten(&s, &a, &b, now + (idle ? 50 * MS : 0)), idle ? 4 : 0, idle ? 6 : 0);
    }
}

/* A weight that changes counts at once, also for what was used before; and while its entity asks. */
static void test_a_weight_counts_at_once(void **state) {
    (void)state;

    for (int asks = 0; asks < 2; asks++) {
        struct scheduler s;
        struct scheduler_entity a = {.weight = 1}, b = {.weight = 100};
        uint64_t now = turns_of_both(&s, &a, &b);

        if (asks)
            scheduler_ask(&s, &a, now);
        scheduler_weigh(&s, &a, 400);
        assert_in_range(of_ten(&s, &a, &b, now), 7, 9);
    }
}

/* A guest with two processes: while one of them has a long turn the other one asks for the next, which it hardly uses. All is paid for. */
static void test_turns_asked_for_in_a_turn(void **state) {
    struct scheduler s;
    struct scheduler_entity g = {.weight = 100}, v = {.weight = 100};
    uint64_t now = 1, again, got[2] = {0};
    bool next_is_short = false;
    (void)state;

    scheduler_init(&s, &scheduler_fair);
    scheduler_ask(&s, &g, now);
    while (now < 2000 * MS) {
        scheduler_ask(&s, &v, now);
        struct scheduler_entity *e = scheduler_choose(&s, now, &again);
        if (!e) {
            now = again;
            scheduler_ask(&s, &g, now);
            continue;
        }
        uint64_t ns = e == &g && next_is_short ? 1000 : 12 * MS;
        if (e == &g) {
            if (!next_is_short)
                scheduler_ask(&s, &g, now + MS);
            next_is_short = !next_is_short;
        }
        now += ns;
        scheduler_used(&s, e, ns, now);
        got[e == &v] += ns;
        scheduler_ask(&s, &g, now + 1000);
    }
    assert_in_range(got[0], 900 * MS, 1100 * MS);
}

/* While somebody has the device, another turn's end is no end of the work on it. */
static void test_two_at_once(void **state) {
    struct scheduler s;
    struct scheduler_entity a = {.weight = 1}, b = {.weight = 100};
    uint64_t now = turns_of_both(&s, &a, &b), again;
    (void)state;

    scheduler_ask(&s, &b, now);
    assert_ptr_equal(scheduler_choose(&s, now, &again), &b); /* it lapses: a goes on beside it */
    scheduler_ask(&s, &a, now);
    assert_ptr_equal(scheduler_choose(&s, now, &again), &a);
    scheduler_used(&s, &a, MS, now + MS);
    scheduler_ask(&s, &a, now + 100 * MS);
    assert_true(a.start > s.virtual_ns); /* what it owes is not forgotten */
}

static void test_a_guest_may_go_while_it_asks(void **state) {
    struct scheduler s;
    struct scheduler_entity a = {.weight = 1}, b = {.weight = 1};
    uint64_t again;
    (void)state;

    scheduler_init(&s, &scheduler_fair);
    scheduler_ask(&s, &a, 1);
    scheduler_ask(&s, &b, 1);
    scheduler_forget(&s, &a);
    assert_ptr_equal(scheduler_choose(&s, 2, &again), &b);
    scheduler_used(&s, &b, 5, 7);
    scheduler_forget(&s, &b);
    assert_null(scheduler_choose(&s, 8, &again));
    scheduler_ask(&s, &b, 9);
    assert_ptr_equal(scheduler_choose(&s, 9, &again), &b);
}

static void test_clocks_that_jump(void **state) {
    struct scheduler s;
    struct scheduler_entity a = {.weight = 1}, b = {.weight = 100};
    uint64_t again;
    (void)state;

    scheduler_init(&s, &scheduler_fair);
    for (int i = 0; i < 100; i++) {
        uint64_t now = i % 2 ? UINT64_MAX - 1 : 1;
        scheduler_ask(&s, &a, now);
        scheduler_ask(&s, &b, now);
        struct scheduler_entity *e = scheduler_choose(&s, now, &again);
        if (e)
            scheduler_used(&s, e, UINT64_MAX, now);
    }
    scheduler_ask(&s, &a, 1);
    scheduler_ask(&s, &b, 1);
    assert_non_null(scheduler_choose(&s, UINT64_MAX, &again));
}

static void test_first_come_first_served(void **state) {
    struct host *h = new_host(&scheduler_fcfs);
    (void)state;

    add(h, 100, MS, 0, false);
    add(h, 300, MS, 0, false);
    run(h, 1000 * MS);
    assert_true(h->guests[0].turns - h->guests[1].turns + 1 <= 2); /* whatever the weights */
    assert_ptr_equal(scheduler_find("fcfs"), &scheduler_fcfs);
    assert_ptr_equal(scheduler_kinds[0], &scheduler_fair);
    assert_null(scheduler_find("none"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares_are_the_weights),
        cmocka_unit_test(test_equal_guests_get_equal_parts),
        cmocka_unit_test(test_a_light_guest_waits_for_one_kernel),
        cmocka_unit_test(test_a_rest_beside_a_light_guest),
        cmocka_unit_test(test_turns_are_long),
        cmocka_unit_test(test_turns_that_end_early),
        cmocka_unit_test(test_work_is_conserved),
        cmocka_unit_test(test_no_savings),
        cmocka_unit_test(test_debts_end_where_nobody_waits),
        cmocka_unit_test(test_a_weight_counts_at_once),
        cmocka_unit_test(test_turns_asked_for_in_a_turn),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_a_guest_may_go_while_it_asks),
        cmocka_unit_test(test_clocks_that_jump),
        cmocka_unit_test(test_first_come_first_served),
    };
    return cmocka_run_group_tests_name("scheduler", tests, NULL, NULL);
}
