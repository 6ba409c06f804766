// SPDX-License-Identifier: MIT
/* Guests of the host's control, whose workers are played here: their accounts of memory, turns, and coming and going. */
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host-backend/control/guest.h"
#include "host-backend/control/metrics.h"
#include "host-backend/control/subject.h"

#define MS UINT64_C(1000000)

struct played {
    struct session *session;
    struct board *board; /* the worker's mapping */
    int bell;            /* the worker's end */
};

static struct guests guests;
static unsigned kills;

static void on_kill(struct session *s, const char *why) {
    assert_non_null(why);
    s->killed = true;
    kills++;
}

static int set_up(void **state) {
    char why[POLICY_WHY];
    (void)state;
    guests_begin(&guests, &scheduler_fair, policy_read(NULL, why), NULL);
    guests.kill = on_kill;
    kills = 0;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    guests_end(&guests);
    return 0;
}

static struct policy_subject named(const char *name) {
    struct policy_subject who = {.vm = true};
    snprintf(who.name, sizeof who.name, "%s", name);
    return who;
}

/* A worker that knows one device. */
static struct played come_to(const struct policy_subject *who, uint64_t key, uint64_t taken,
                             char why[LIMIT_TEXT]) {
    struct played p = {0};
    int bells[2], fd = board_make();

    assert_true(fd >= 0);
    assert_int_equal(pipe2(bells, O_CLOEXEC | O_NONBLOCK), 0);
    p.board = board_map(fd);
    assert_non_null(p.board);
    p.board->devices[0].key = key;
    atomic_store(&p.board->device_count, 1);
    atomic_store(&p.board->now[BOARD_MEMORY], taken);
    atomic_fetch_sub(&p.board->left[BOARD_MEMORY], taken);
    p.bell = bells[1];
    p.session = guests_join(&guests, who, fd, bells[0], 1, why);
    return p;
}

/* `taken`: of memory, before anybody decided. */
static struct played come(const char *name, uint64_t taken, char why[LIMIT_TEXT]) {
    const struct policy_subject who = named(name);
    return come_to(&who, 77, taken, why);
}

static void go(struct played *p, uint64_t now) {
    if (p->session)
        guests_leave(&guests, p->session, false, now);
    board_unmap(p->board);
    close(p->bell);
}

static bool is_open(const struct played *p) {
    return atomic_load(&p->board->devices[0].gate) == 0;
}

static bool has_turn(const struct played *p) {
    const struct board_device *d = &p->board->devices[0];
    return atomic_load(&d->granted) == atomic_load(&d->returned) + 1;
}

static void ask(struct played *p, uint64_t now) {
    struct board_device *d = &p->board->devices[0];
    atomic_store(&d->asked, atomic_load(&d->returned) + 1);
    guests_rung(p->session, now);
}

static void give_back(struct played *p, uint64_t now) {
    struct board_device *d = &p->board->devices[0];
    atomic_store(&d->returned, atomic_load(&d->granted));
    guests_rung(p->session, now);
}

/* What a worker does before it makes an object. */
static bool take_of(struct played *p, enum board_account a, uint64_t amount) {
    struct board *b = p->board;
    if (!board_take(&b->left[a], amount)) {
        atomic_store(&b->requested_account, a);
        atomic_store(&b->requested_amount, amount);
        atomic_fetch_add(&b->requested, 1);
        guests_rung(p->session, 1);
        assert_int_equal(atomic_load(&b->answered), atomic_load(&b->requested));
        if (!board_take(&b->left[a], amount))
            return false;
    }
    atomic_fetch_add(&b->now[a], amount);
    return true;
}

static bool take(struct played *p, uint64_t bytes) {
    return take_of(p, BOARD_MEMORY, bytes);
}

static void give(struct played *p, uint64_t bytes) {
    atomic_fetch_sub(&p->board->now[BOARD_MEMORY], bytes);
    atomic_fetch_add(&p->board->left[BOARD_MEMORY], bytes);
}

static void limit(const char *name, enum limit_name l, uint64_t value) {
    struct guest *g = guests_find(&guests, name);
    assert_non_null(g);
    g->given.value[l] = value;
    guests_apply(&guests, g, 1);
}

static void test_memory_is_the_guests(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("vm", 0, why), b = come("vm", 0, why), other = come("other", 0, why);
    (void)state;

    assert_true(take(&a, 1000)); /* while nothing was limited */
    limit("vm", LIMIT_MEMORY, 3000);
    assert_int_equal(atomic_load(&a.board->memory_limit), 3000);
    assert_true(take(&b, 1500));
    assert_false(take(&a, 501));
    assert_true(take(&a, 500));
    assert_false(take(&b, 1));
    assert_true(take(&other, 1u << 30));
    give(&a, 1000);
    assert_true(take(&b, 1000)); /* what one gives back the other may take */
    go(&b, 2);                   /* and what one has that ends */
    assert_true(take(&a, 2500));
    assert_false(take(&a, 1));
    limit("vm", LIMIT_MEMORY, LIMIT_NONE);
    assert_true(take(&a, 1u << 30));
    go(&a, 2);
    go(&other, 2);
}

/* The same for objects, which are counted apart. */
static void test_objects_are_the_guests(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("vm", 0, why), b = come("vm", 0, why);
    (void)state;

    limit("vm", LIMIT_OBJECTS, 10);
    for (int i = 0; i < 10; i++)
        assert_true(take_of(i % 2 ? &a : &b, BOARD_OBJECTS, 1));
    assert_false(take_of(&a, BOARD_OBJECTS, 1));
    assert_true(take(&a, 1u << 30));
    atomic_store(&a.board->requested_account, UINT32_MAX); /* there is no such account */
    atomic_fetch_add(&a.board->requested, 1);
    guests_rung(a.session, 1);
    limit("vm", LIMIT_OBJECTS, 11);
    assert_true(take_of(&a, BOARD_OBJECTS, 1));
    assert_false(take_of(&b, BOARD_OBJECTS, 1));
    go(&a, 2);
    assert_true(take_of(&b, BOARD_OBJECTS, 1));
    go(&b, 2);
}

/* Adopted with what it has: that counts. */
static void test_memory_of_the_adopted(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("vm", 2000, why);
    (void)state;

    limit("vm", LIMIT_MEMORY, 3000);
    assert_true(take(&a, 1000));
    assert_false(take(&a, 1));
    go(&a, 1);
}

static void test_alone_is_open(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("a", 0, why), a2 = come("a", 0, why);
    (void)state;

    assert_true(is_open(&a) && is_open(&a2));
    struct played b = come("b", 0, why);
    assert_true(is_open(&a) && !is_open(&b)); /* until it asks */
    ask(&b, 10 * MS);
    assert_true(!is_open(&a) && !is_open(&a2) && has_turn(&b));
    ask(&a, 11 * MS);
    assert_false(has_turn(&a));
    give_back(&b, 12 * MS);
    assert_true(has_turn(&a));
    go(&b, 13 * MS);
    assert_true(is_open(&a)); /* alone again */
    go(&a, 14 * MS);
    go(&a2, 14 * MS);
}

static void test_who_asks_alone_gets_a_lease(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("a", 0, why), b = come("b", 0, why);
    uint64_t now = MS;
    (void)state;

    for (ask(&b, now); now < 100 * MS; now += 10 * MS) {
        assert_true(has_turn(&b));
        give_back(&b, now);
        ask(&b, now);
    }
    ask(&a, now);
    give_back(&b, now);
    assert_true(has_turn(&a));
    give_back(&a, now);
    for (uint64_t end = now + 300 * MS; now < end && !is_open(&b); now += 10 * MS) {
        ask(&b, now);
        if (has_turn(&b))
            give_back(&b, now);
    }
    assert_true(is_open(&b) && !is_open(&a));
    go(&a, now);
    go(&b, now);
}

/* A turn is long; but who comes now and then, and needs little, cuts it short. */
static void test_a_turn_is_cut_short(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("a", 0, why), b = come("b", 0, why), light = come("light", 0, why);
    uint64_t now = MS;
    (void)state;

    ask(&light, now);
    give_back(&light, now += MS / 10); /* what it is known to need */
    ask(&a, now);
    ask(&b, now);
    for (int i = 0; i < 20; i++) {
        struct played *p = has_turn(&a) ? &a : &b;
        give_back(p, now += TURN_QUANTUM_NS);
        ask(p, now);
    }
    struct played *holder = has_turn(&a) ? &a : &b;
    const struct board_device *on = &holder->board->devices[0];
    assert_int_equal(atomic_load(&on->quantum_ns), TURN_QUANTUM_NS); /* one like it waits for its turn */
    ask(&light, now + MS);
    assert_true(atomic_load(&on->quantum_ns) <= MS);
    give_back(holder, now + 2 * MS);
    assert_true(has_turn(&light) && !has_turn(holder));
    go(&a, now);
    go(&b, now);
    go(&light, now);
}

static void test_death_ends_a_turn(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("a", 0, why), b = come("b", 0, why), c = come("c", 0, why);
    (void)state;

    ask(&b, 1);
    ask(&c, 2);
    assert_true(has_turn(&b) && !has_turn(&c));
    go(&b, 3);
    assert_true(has_turn(&c));
    go(&c, 4);
    go(&a, 4);
}

/* The time of its turns, as people are shown it: of the only device, and of all. */
static uint64_t time_told(const char *name, uint64_t now) {
    json_t *told = guests_tell(&guests, guests_find(&guests, name), now);
    const json_t *device = json_array_get(json_object_get(told, "devices"), 0);
    json_int_t ns = json_integer_value(json_object_get(device, "turns_ns"));
    assert_int_equal(json_integer_value(json_object_get(told, "device_ns")), ns);
    json_decref(told);
    return (uint64_t)ns;
}

static void test_a_turn_is_told_while_it_lasts(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("a", 0, why), b = come("b", 0, why);
    (void)state;

    ask(&b, MS);
    assert_true(has_turn(&b));
    assert_int_equal(time_told("b", 1 + MS), 1);
    assert_int_equal(time_told("b", 11 * MS), 10 * MS);
    assert_int_equal(time_told("a", 11 * MS), 0);
    go(&a, 21 * MS); /* alone it needs no turns: that is the end of this one */
    assert_int_equal(time_told("b", 31 * MS), 20 * MS);
    go(&b, 41 * MS);
}

static void test_a_turn_that_is_kept_lapses(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("a", 0, why), b = come("b", 0, why);
    (void)state;

    ask(&b, MS);
    ask(&a, 2 * MS);
    assert_false(has_turn(&a));
    uint64_t next = arena_tick(&guests.arena, 3 * MS);
    assert_int_equal(next, MS + TURN_LAPSE_NS);
    arena_tick(&guests.arena, next);
    assert_true(has_turn(&a) && has_turn(&b));
    give_back(&b, next + MS); /* it is paid for all the same */
    assert_int_equal(arena_tenant(guests.arena.devices, guests_find(&guests, "b"))->turns_ns,
                     TURN_LAPSE_NS + MS);
    go(&a, next);
    go(&b, next);
}

static void test_a_long_kernel_is_ended(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("a", 0, why);
    (void)state;

    limit("a", LIMIT_KERNEL_MS, 50);
    assert_false(is_open(&a));
    ask(&a, MS);
    assert_true(has_turn(&a));
    assert_int_equal(atomic_load(&a.board->devices[0].depth), 1); /* so a turn says how long a kernel takes */
    uint64_t begins = atomic_load(&a.board->devices[0].quantum_ns);
    assert_true(begins < 10 * MS);
    arena_tick(&guests.arena, 50 * MS + begins);
    assert_int_equal(kills, 0);
    arena_tick(&guests.arena, 52 * MS + begins);
    assert_int_equal(kills, 1);
    go(&a, 52 * MS);
}

static void test_rates(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("a", 0, why);
    uint64_t now = MS;
    unsigned done = 0;
    (void)state;

    limit("a", LIMIT_KERNELS_PER_SECOND, 100);
    for (ask(&a, now); now < 10000 * MS; now += MS) {
        arena_tick(&guests.arena, now);
        if (!has_turn(&a))
            continue;
        atomic_fetch_add(&a.board->devices[0].commands, 1);
        done++;
        give_back(&a, now);
        ask(&a, now);
    }
    assert_in_range(done, 990, 1030);
    go(&a, now);
}

/* The same for bytes; who meets a rate is counted and told of once, and a host's clock that stands still or goes back gives
 * nobody more. */
static void test_rates_of_bytes_and_clocks(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("a", 0, why);
    uint64_t now = 100000 * MS;
    unsigned done = 0;
    (void)state;

    limit("a", LIMIT_BYTES_PER_SECOND, 1000000);
    for (ask(&a, now); now < 110000 * MS; now += MS) {
        arena_tick(&guests.arena, now);
        if (!has_turn(&a))
            continue;
        atomic_fetch_add(&a.board->devices[0].bytes, 10000);
        done++;
        give_back(&a, now);
        ask(&a, now);
    }
    assert_in_range(done, 990, 1030);
    const struct guest *g = guests_find(&guests, "a");
    assert_true(g->rate_hits > 500);
    json_t *told = guests_tell(&guests, g, 0);
    assert_true((uint64_t)json_integer_value(json_object_get(told, "limits_hit")) == g->rate_hits);
    json_decref(told);
    assert_true(now - g->rate_told_ns[1] >= 9000 * MS);                     /* not at each of them */
    for (done = 0, now = 111000 * MS; now > 1000 * MS; now -= 10000 * MS) { /* back, again and again */
        arena_tick(&guests.arena, now);
        if (!has_turn(&a))
            continue;
        atomic_fetch_add(&a.board->devices[0].bytes, 1000000);
        done++;
        give_back(&a, now);
        ask(&a, now);
    }
    assert_in_range(done, 1, 2);
    go(&a, now);
}

/* Turns whose time the host's clock tells wrongly: far ahead, and back. Nobody is left without. */
static void test_turns_and_clocks(void **state) {
    static const uint64_t jumps[] = {MS, UINT64_MAX - 1, 5 * MS, UINT64_MAX / 2, 1, 3600000 * MS, 7 * MS};
    char why[LIMIT_TEXT];
    struct played a = come("a", 0, why), b = come("b", 0, why);
    unsigned turns[2] = {0};
    (void)state;

    for (unsigned i = 0; i < 1000; i++) {
        uint64_t now = jumps[i % 7];
        ask(&a, now);
        ask(&b, now);
        arena_tick(&guests.arena, now);
        struct played *p = has_turn(&a) ? &a : has_turn(&b) ? &b : NULL;
        if (!p)
            continue;
        turns[p == &b]++;
        give_back(p, jumps[(i + 3) % 7]);
    }
    assert_true(turns[0] > 100 && turns[1] > 100);
    uint64_t now = UINT64_MAX / 2;
    for (unsigned i = 0; i < 1000; i++, now += MS) { /* and then it goes on */
        ask(&a, now);
        ask(&b, now);
        assert_true(has_turn(&a) || has_turn(&b));
        give_back(has_turn(&a) ? &a : &b, now + MS);
    }
    go(&a, now);
    go(&b, now);
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
        all[i] = come("many", 0, why);
    all[MANY] = come("one", 0, why);
    for (int i = MANY; i >= 0; i--) /* the first one ends the others' lease */
        ask(&all[i], now);
    for (int n = 0; n < TURNS; n++) {
        for (int i = 0; i <= MANY; i++) {
            if (!has_turn(&all[i]))
                continue;
            turns[i]++;
            give_back(&all[i], now += TURN_QUANTUM_NS);
            ask(&all[i], now += MS / 100);
            break;
        }
        arena_tick(&guests.arena, now += MS / 10);
    }
    for (int i = 0; i < MANY; i++)
        of_many += turns[i];
    assert_in_range(of_many, turns[MANY] * 97 / 100, turns[MANY] * 103 / 100);
    for (int i = 0; i < MANY; i++)
        assert_in_range(turns[i], of_many / MANY * 9 / 10, of_many / MANY * 11 / 10);
    assert_true(of_many + turns[MANY] >= TURNS * 9 / 10);
    for (int i = 0; i <= MANY; i++)
        go(&all[i], now);
}

static void test_commands_in_flight(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("a", 0, why);
    (void)state;

    limit("a", LIMIT_COMMANDS, 3);
    assert_false(is_open(&a));
    assert_int_equal(atomic_load(&a.board->devices[0].depth), 3);
    limit("a", LIMIT_COMMANDS, LIMIT_NONE);
    assert_true(is_open(&a));
    assert_int_equal(atomic_load(&a.board->devices[0].depth), 0);
    go(&a, 1);
}

static void test_paused(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("a", 0, why);
    struct guest *g = guests_find(&guests, "a");
    (void)state;

    g->paused = true;
    guests_apply(&guests, g, 1);
    assert_false(is_open(&a));
    ask(&a, 2);
    assert_false(has_turn(&a));
    struct played late = come("a", 0, why); /* comes while it is paused */
    assert_false(is_open(&late));
    g->paused = false;
    guests_apply(&guests, g, 60000 * MS);
    assert_true(is_open(&a) && is_open(&late));
    go(&a, 3);
    go(&late, 3);
}

static void test_processes(void **state) {
    char why[LIMIT_TEXT] = "";
    struct played a = come("a", 0, why);
    (void)state;

    limit("a", LIMIT_PROCESSES, 1);
    struct played b = come("a", 0, why);
    assert_null(b.session);
    assert_non_null(strstr(why, "(processes)"));
    go(&b, 1);
    guests_over(a.session); /* its program has ended, and the next one comes before its worker has */
    struct played next = come("a", 0, why), second = come("a", 0, why);
    assert_non_null(next.session);
    assert_null(second.session);
    go(&second, 1);
    go(&next, 1);
    go(&a, 1);
}

/* A policy that leaves a guest nothing is a sentence for it, whichever limit it is. */
static void test_nothing_is_refused(void **state) {
    char why[LIMIT_TEXT], about[64];
    struct played first = come("a", 0, why);
    struct guest *g = guests_find(&guests, "a");
    (void)state;

    go(&first, 1);
    for (int i = 0; i < LIMITS; i++) {
        g->given = limits_none();
        g->given.value[i] = 0;
        struct played a = come("a", 0, why);
        assert_null(a.session);
        snprintf(about, sizeof about, "nothing (%s = 0)", limit_table[i].name);
        assert_non_null(strstr(why, about));
        go(&a, 2);
    }
}

/* It comes while the guest works, and beside another one: it loses its workers, and may still do what it likes until it has. */
static void test_nothing_while_it_works(void **state) {
    char path[] = "/tmp/trillium-policy-XXXXXX", why[POLICY_WHY];
    struct played a = come("a", 0, why), b = come("b", 0, why);
    int fd = mkstemp(path);
    uint64_t now = MS;
    (void)state;

    assert_true(fd >= 0 && dprintf(fd, "rules = ( { name = \"a\"; weight = 0; } );\n") > 0);
    ask(&b, now); /* which ends a's lease */
    ask(&a, now);
    for (int i = 0; i < 40; i++) {
        struct played *p = has_turn(&a) ? &a : &b;
        if (i == 10 || i == 11) { /* while it has its turn, and while it asks */
            struct policy *policy = policy_read(path, why);
            assert_non_null(policy);
            guests_reload(&guests, policy, now);
            assert_int_equal(kills, i - 9);
        }
        assert_true(has_turn(p));
        give_back(p, now += TURN_QUANTUM_NS);
        ask(p, now);
    }
    close(fd);
    unlink(path);
    go(&a, now);
    assert_true(is_open(&b));
    go(&b, now);
}

static void test_what_a_worker_writes_is_not_believed(void **state) {
    char why[LIMIT_TEXT];
    struct played a = come("a", 0, why), b = come("b", 0, why);
    (void)state;

    memset(a.board->kernels, 0xff, sizeof a.board->kernels);
    memset(a.board->devices, 0xff, sizeof a.board->devices);
    atomic_store(&a.board->device_count, UINT32_MAX);
    atomic_store(&a.board->now[BOARD_MEMORY], UINT64_MAX);
    atomic_store(&a.board->builds, UINT64_MAX);
    guests_rung(a.session, 1);
    ask(&b, 2);
    assert_true(has_turn(&b));
    json_t *told = guests_tell(&guests, guests_find(&guests, "a"), 0);
    assert_non_null(told);
    assert_true(json_integer_value(json_object_get(told, "device_ns")) == INT64_MAX);
    json_decref(told);
    go(&a, 3);
    a = come("a", 0, why); /* counters stay at their end */
    atomic_store(&a.board->builds, 5);
    told = guests_tell(&guests, guests_find(&guests, "a"), 0);
    assert_true(json_integer_value(json_object_get(told, "builds")) == INT64_MAX);
    json_decref(told);
    go(&a, 4);
    go(&b, 4);
}

static void test_coming_and_going(void **state) {
    char why[LIMIT_TEXT], name[32];
    unsigned before = unit_open_fds();
    (void)state;

    for (unsigned i = 0; i < 1000; i++) {
        struct played p = come("a", 0, why);
        assert_non_null(p.session);
        atomic_store(&p.board->devices[0].commands, 3);
        atomic_store(&p.board->devices[0].bytes, 5);
        atomic_store(&p.board->devices[0].queued_ns, 7);
        go(&p, i);
    }
    json_t *told = guests_tell(&guests, guests_find(&guests, "a"), 0);
    const json_t *device = json_array_get(json_object_get(told, "devices"), 0);
    assert_int_equal(json_integer_value(json_object_get(told, "commands")), 3000);
    assert_int_equal(json_integer_value(json_object_get(device, "commands")), 3000);
    assert_int_equal(json_integer_value(json_object_get(device, "bytes")), 5000);
    assert_int_equal(json_integer_value(json_object_get(device, "queued_ns")), 7000);
    json_decref(told);
    for (unsigned i = 0; i < 2 * GUESTS_MOST; i++) { /* as many guests as there like */
        snprintf(name, sizeof name, "guest %u", i);
        struct played p = come(name, 0, why);
        assert_non_null(p.session);
        go(&p, 2000 + i);
    }
    assert_true(guests.count <= GUESTS_MOST);
    assert_int_equal(unit_open_fds(), before);
}

/* A user's own daemon may tell of devices that there are not, and of no end of guests. */
static void test_a_daemon_that_invents(void **state) {
    enum { HIS = GUESTS_MOST / 4 };
    static struct played his[HIS];
    struct policy_subject who = {.uid = 1000};
    char why[LIMIT_TEXT];
    (void)state;

    struct played idle = come("a vm", 0, why), turn = come("another", 0, why);
    ask(&turn, 1);
    ask(&idle, 1);
    give_back(&turn, 5 * MS);
    go(&turn, 5 * MS); /* known, without processes */
    for (unsigned i = 0; i < 1000; i++) {
        struct played p = come_to(&who, 1000 + i, 0, why);
        assert_non_null(p.session);
        go(&p, 10 * MS);
    }
    assert_true(guests.arena.device_count <= TURN_DEVICES);
    for (unsigned i = 0; i < HIS; i++) {
        snprintf(who.name, sizeof who.name, "user 1000 vm %u", i);
        his[i] = come_to(&who, 77, 0, why);
        assert_non_null(his[i].session);
    }
    snprintf(who.name, sizeof who.name, "user 1000 vm %d", HIS);
    struct played more = come_to(&who, 77, 0, why);
    assert_null(more.session);
    assert_non_null(strstr(why, "as many guests as it can"));
    go(&more, 1);
    assert_non_null(guests_find(&guests, "another")); /* nobody else is forgotten for him */
    json_t *told = guests_tell(&guests, guests_find(&guests, "another"), 0);
    assert_true(json_integer_value(json_object_get(told, "device_ns")) >= (json_int_t)(3 * MS));
    json_decref(told);
    who = (struct policy_subject){.uid = 1001, .name = "user 1001"};
    struct played other = come_to(&who, 77, 0, why);
    assert_non_null(other.session);
    go(&other, 20 * MS);
    for (unsigned i = 0; i < HIS; i++)
        go(&his[i], 30 * MS);
    for (unsigned i = 0; i < 2 * HIS; i++) { /* one after the other: his own are forgotten */
        snprintf(who.name, sizeof who.name, "user 1001 vm %u", i);
        struct played p = come_to(&who, 77, 0, why);
        assert_non_null(p.session);
        go(&p, 40 * MS + i);
    }
    assert_non_null(guests_find(&guests, "another"));
    go(&idle, 50 * MS);
}

/* More names of kernels than are counted apart: the rest is counted together. */
static void test_more_kernels_than_names(void **state) {
    enum { PROCESSES = 2 };
    struct played p[PROCESSES];
    char why[LIMIT_TEXT];
    json_int_t commands = 0;
    (void)state;

    for (int i = 0; i < PROCESSES; i++) {
        p[i] = come("a", 0, why);
        for (int k = 0; k < BOARD_KERNELS; k++) {
            snprintf(p[i].board->kernels[k].name, BOARD_KERNEL_NAME, "kernel_%d_of_%d", k, i);
            atomic_store(&p[i].board->kernels[k].commands, 3);
        }
    }
    json_t *told = guests_tell(&guests, guests_find(&guests, "a"), 0);
    const json_t *kernels = json_object_get(told, "kernels"),
                 *last = json_array_get(kernels, KERNELS_MOST - 1);
    assert_int_equal(json_array_size(kernels), KERNELS_MOST);
    assert_string_equal(json_string_value(json_object_get(last, "name")), BOARD_OTHERS);
    for (size_t i = 0; i < KERNELS_MOST; i++)
        commands += json_integer_value(json_object_get(json_array_get(kernels, i), "commands"));
    assert_int_equal(commands, 3 * PROCESSES * BOARD_KERNELS);
    json_decref(told);
    for (int i = 0; i < PROCESSES; i++)
        go(&p[i], 1);
}

/* A control group's name is its maker's choice; what people see of it is plain. */
static void test_names_of_groups(void **state) {
    static const char text[] = "1:name=x:/a\n0::/user.slice/\033[2Jgone\xff/b\n";
    char cgroup[POLICY_CGROUP];
    FILE *in = fmemopen((void *)text, sizeof text - 1, "r");
    (void)state;

    assert_non_null(in);
    subject_cgroup_of(in, cgroup);
    fclose(in);
    assert_string_equal(cgroup, "/user.slice/?[2Jgone?/b");
}

/* What is no board is refused. */
static void test_no_board(void **state) {
    char why[LIMIT_TEXT];
    const struct policy_subject who = named("a");
    int bells[2];
    (void)state;

    assert_int_equal(pipe2(bells, O_CLOEXEC), 0);
    assert_null(guests_join(&guests, &who, unit_memfd(sizeof(struct board)), bells[0], 1, why));
    assert_non_null(strstr(why, "board"));
    close(bells[1]);
}

/* What Prometheus reads. */
/* More guests than a socket holds the counters of. */
enum { SCRAPED = 900, SCRAPED_TEXT = 2 << 20 };

static void test_metrics(void **state) {
    char why[LIMIT_TEXT], name[32], *text = malloc(SCRAPED_TEXT);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof address;
    struct played p = come("a \"quoted\" name", 0, why);
    size_t used = 0;
    (void)state;

    atomic_store(&p.board->devices[0].commands, 7);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)),
                     0); /* a name is found */
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
    struct scrape *s = metrics_let_in(listener);
    assert_non_null(s);
    assert_true(metrics_go_on(s, &guests)); /* it has asked nothing yet */
    assert_null(s->text);
    for (unsigned i = 0; i < SCRAPED; i++) {
        snprintf(name, sizeof name, "guest %u", i);
        struct played other = come(name, 0, why);
        go(&other, i);
    }
    assert_int_equal(write(fd, "GET /", 5), 5);
    assert_true(metrics_go_on(s, &guests));
    assert_true(metrics_pending(s));
    assert_int_equal(write(fd, "metrics", 7), 7); /* what comes late breaks nothing */
    for (ssize_t n; used < SCRAPED_TEXT - 1 && (n = read(fd, text + used, SCRAPED_TEXT - 1 - used)) > 0;) {
        used += (size_t)n;
        assert_true(metrics_go_on(s, &guests));
    }
    text[used] = '\0';
    assert_ptr_equal(strstr(text, "HTTP/1.0 200 OK"), text);
    const char *body = strstr(text, "\r\n\r\n") + 4, *length = strstr(text, "Content-Length: ");
    assert_non_null(length);
    assert_int_equal(strtoul(length + 16, NULL, 10), strlen(body));
    assert_non_null(strstr(text, "trillium_commands_total{guest=\"a \\\"quoted\\\" name\"} 7\n"));
    assert_non_null(strstr(text, "trillium_limits_hit_total{guest=\"guest 899\"} 0\n"));
    close(fd);
    assert_false(metrics_go_on(s, &guests));
    metrics_end(s);
    close(listener);
    free(text);
    go(&p, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_memory_is_the_guests),
        TEST(test_objects_are_the_guests),
        TEST(test_memory_of_the_adopted),
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
        TEST(test_nothing_is_refused),
        TEST(test_nothing_while_it_works),
        TEST(test_paused),
        TEST(test_processes),
        TEST(test_what_a_worker_writes_is_not_believed),
        TEST(test_coming_and_going),
        TEST(test_more_kernels_than_names),
        TEST(test_a_daemon_that_invents),
        TEST(test_names_of_groups),
        TEST(test_no_board),
        TEST(test_metrics),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
