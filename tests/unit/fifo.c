// SPDX-License-Identifier: MIT
/* The command FIFO: order, wrapping, fullness, and what a hostile other side can write into its words. */
#include "tests/lib/unit.h"

#include <pthread.h>

#include "svga-model/fifo.h"

enum { BAR = SVGA_FIFO_DATA_OFFSET + 4 * SVGA_CMD_MAX_SIZE };

struct ring {
    uint8_t *bar;
    struct svga_producer p;
    struct svga_consumer c;
    uint8_t *command; /* SVGA_CMD_MAX_SIZE bytes */
};

static int setup(void **state) {
    struct ring *r = calloc(1, sizeof *r);

    r->bar = aligned_alloc(4096, (BAR + 4095) & ~4095);
    memset(r->bar, 0, BAR);
    r->command = aligned_alloc(8, SVGA_CMD_MAX_SIZE);
    svga_producer_init(&r->p, r->bar, BAR);
    if (!svga_consumer_init(&r->c, r->bar, BAR))
        return -1;
    *state = r;
    return 0;
}

static int teardown(void **state) {
    struct ring *r = *state;

    free(r->bar);
    free(r->command);
    free(r);
    return 0;
}

static svga_word *word(struct ring *r, enum svga_fifo_word w) {
    return &svga_fifo_words(r->bar)[w];
}

/* A command of `size` bytes whose contents follow from `number`. */
static bool put(struct svga_producer *p, uint32_t size, uint32_t number) {
    uint8_t *at = svga_producer_reserve(p, size);
    struct svga_cmd_header header = {SVGA_CMD_FIRST_CLIENT + number % 1000, size};

    if (!at)
        return false;
    memcpy(at, &header, sizeof header);
    for (uint32_t i = sizeof header; i < size; i++)
        at[i] = (uint8_t)(number * 7 + i);
    svga_producer_commit(p, size);
    return true;
}

static void check(const uint8_t *command, int size, uint32_t number) {
    struct svga_cmd_header header;

    memcpy(&header, command, sizeof header);
    assert_int_equal(header.id, SVGA_CMD_FIRST_CLIENT + number % 1000);
    assert_int_equal(header.size, size);
    for (int i = sizeof header; i < size; i++)
        if (command[i] != (uint8_t)(number * 7 + (uint32_t)i))
            fail_msg("command %u, byte %d", number, i);
}

static int take(struct ring *r) {
    const char *why = NULL;
    int size = svga_consumer_next(&r->c, r->command, &why);

    if (size < 0)
        fail_msg("%s", why);
    return size;
}

static void begins_empty(void **state) {
    struct ring *r = *state;

    assert_false(svga_consumer_pending(&r->c));
    assert_int_equal(take(r), 0);
    assert_false(svga_producer_publish(&r->p));
    assert_int_equal(atomic_load(word(r, SVGA_FIFO_MIN)), SVGA_FIFO_DATA_OFFSET);
    assert_int_equal(atomic_load(word(r, SVGA_FIFO_MAX)), BAR);
}

static void nothing_is_seen_before_publish(void **state) {
    struct ring *r = *state;

    assert_true(put(&r->p, 16, 1));
    assert_true(put(&r->p, 24, 2));
    assert_false(svga_consumer_pending(&r->c));
    assert_true(svga_producer_publish(&r->p));
    assert_false(svga_producer_publish(&r->p));
    assert_true(svga_consumer_pending(&r->c));
    assert_int_equal(take(r), 16);
    check(r->command, 16, 1);
    assert_int_equal(take(r), 24);
    check(r->command, 24, 2);
    assert_int_equal(take(r), 0);
}

/* Sizes at random, filled until full, drained in part: goes round the ring many times in every phase. */
static void goes_round(void **state) {
    struct ring *r = *state;
    uint32_t seed = 1, sent = 0, received = 0, laps = 0;
    static uint32_t sizes[1 << 16];

    while (laps < 300) {
        for (;;) {
            uint32_t next_before = r->p.next;
            uint32_t size = unit_random(&seed) % 5 == 0 ? SVGA_CMD_MAX_SIZE - unit_random(&seed) % 100 * 8
                                                        : 8 + unit_random(&seed) % 64 * 8;

            if (!put(&r->p, size, sent))
                break;
            sizes[sent % (1 << 16)] = size;
            sent++;
            laps += r->p.next < next_before;
        }
        svga_producer_publish(&r->p);
        for (uint32_t n = 1 + unit_random(&seed) % (sent - received); n > 0; n--) {
            int size = take(r);

            assert_int_equal(size, sizes[received % (1 << 16)]);
            check(r->command, size, received);
            received++;
        }
        svga_consumer_release(&r->c);
    }
    while (received < sent) {
        check(r->command, take(r), received);
        received++;
    }
    assert_int_equal(take(r), 0);
}

/* Every distance of the end of a command from the end of the ring, down to none. */
static void ends_exactly_at_the_end(void **state) {
    struct ring *r = *state;
    uint32_t number = 0;

    for (uint32_t left = 0; left <= 64; left += 8) {
        /* go to `left` bytes before MAX */
        while (r->p.next != r->p.max - left && !(left == 0 && r->p.next == r->p.min && number > 0)) {
            uint32_t room = r->p.max - r->p.next;
            uint32_t size = room > left + 1024 ? 1024 : room > left ? room - left : room;

            assert_true(put(&r->p, size, number));
            svga_producer_publish(&r->p);
            check(r->command, take(r), number++);
            svga_consumer_release(&r->c);
        }
        assert_true(put(&r->p, 40, number));
        svga_producer_publish(&r->p);
        check(r->command, take(r), number++);
        svga_consumer_release(&r->c);
        assert_int_equal(take(r), 0);
        assert_int_equal(r->c.stop, r->p.next);
    }
}

static void full_is_not_empty(void **state) {
    struct ring *r = *state;
    uint32_t sent = 0;

    while (put(&r->p, 8, sent))
        sent++;
    svga_producer_publish(&r->p);
    assert_int_equal(sent, (BAR - SVGA_FIFO_DATA_OFFSET) / 8 - 1);
    assert_true(svga_consumer_pending(&r->c));
    assert_false(put(&r->p, 8, 0));
    assert_int_equal(take(r), 8);
    assert_false(put(&r->p, 8, 0)); /* read, but not given back */
    svga_consumer_release(&r->c);
    assert_true(put(&r->p, 8, sent));
    assert_false(put(&r->p, 8, 0));
}

static void room_for_the_longest(void **state) {
    struct ring *r = *state;

    for (uint32_t i = 0; i < 100; i++) {
        assert_true(put(&r->p, SVGA_CMD_MAX_SIZE, i));
        svga_producer_publish(&r->p);
        assert_int_equal(take(r), SVGA_CMD_MAX_SIZE);
        check(r->command, SVGA_CMD_MAX_SIZE, i);
        svga_consumer_release(&r->c);
    }
}

/* The device writes STOP: whatever it says, the producer stays inside the ring. */
static void hostile_stop(void **state) {
    struct ring *r = *state;
    static const uint32_t corners[] = {0,        1,          4096,          SVGA_FIFO_DATA_OFFSET - 8,
                                       BAR - 8,  BAR - 1,    BAR,           BAR + 8,
                                       1u << 31, UINT32_MAX, UINT32_MAX - 7};
    uint32_t seed = 5;

    for (int i = 0; i < 20000; i++) {
        uint32_t stop = i % 3 ? unit_random(&seed) % (2 * BAR) : corners[unit_random(&seed) % 11];
        uint32_t size = 8 + unit_random(&seed) % (SVGA_CMD_MAX_SIZE / 8) * 8;

        atomic_store(word(r, SVGA_FIFO_STOP), stop);
        uint8_t *at = svga_producer_reserve(&r->p, size);
        if (at) {
            assert_true(at >= r->bar + SVGA_FIFO_DATA_OFFSET && at + size <= r->bar + BAR);
            memset(at, 0xee, size);
            svga_producer_commit(&r->p, size);
        }
        assert_true(r->p.next >= SVGA_FIFO_DATA_OFFSET && r->p.next < BAR);
    }
}

static void expect_corrupt(struct ring *r) {
    const char *why = NULL;

    assert_int_equal(svga_consumer_next(&r->c, r->command, &why), -1);
    assert_non_null(why);
}

static void hostile_next_cmd(void **state) {
    struct ring *r = *state;
    static const uint32_t bad[] = {
        0, 8, SVGA_FIFO_DATA_OFFSET - 8, SVGA_FIFO_DATA_OFFSET + 4, BAR, BAR + 8, UINT32_MAX, UINT32_MAX - 7};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        atomic_store(word(r, SVGA_FIFO_NEXT_CMD), bad[i]);
        expect_corrupt(r);
    }
}

static void hostile_sizes(void **state) {
    struct ring *r = *state;
    static const struct {
        uint32_t id, size, announced;
    } bad[] = {
        {SVGA_CMD_FIRST_CLIENT, 0, 64},
        {SVGA_CMD_FIRST_CLIENT, 4, 64},
        {SVGA_CMD_FIRST_CLIENT, 7, 64},
        {SVGA_CMD_FIRST_CLIENT, 12, 64},
        {SVGA_CMD_FIRST_CLIENT, 72, 64},
        {SVGA_CMD_FIRST_CLIENT, SVGA_CMD_MAX_SIZE + 8, SVGA_CMD_MAX_SIZE + 64},
        {SVGA_CMD_FIRST_CLIENT, UINT32_MAX, 64},
        {SVGA_CMD_FIRST_CLIENT, UINT32_MAX - 7, 64},
        {SVGA_CMD_FENCE, 0, 64},
        {SVGA_CMD_NOP, 0, 64},
        {SVGA_CMD_NOP, 4, 64},
        {SVGA_CMD_NOP, 72, 64},
        {SVGA_CMD_NOP, UINT32_MAX - 7, 64},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct svga_cmd_header header = {bad[i].id, bad[i].size};

        memcpy(r->bar + SVGA_FIFO_DATA_OFFSET, &header, sizeof header);
        atomic_store(word(r, SVGA_FIFO_NEXT_CMD), SVGA_FIFO_DATA_OFFSET + bad[i].announced);
        expect_corrupt(r);
    }
}

/* A NOP may be as long as the ring has room; NOPs alone end at NEXT_CMD. */
static void nops_are_skipped(void **state) {
    struct ring *r = *state;
    struct svga_cmd_header nop = {SVGA_CMD_NOP, 16};

    for (int i = 0; i < 4; i++)
        memcpy(r->bar + SVGA_FIFO_DATA_OFFSET + 16 * i, &nop, sizeof nop);
    nop = (struct svga_cmd_header){SVGA_CMD_NOP, 2 * SVGA_CMD_MAX_SIZE};
    memcpy(r->bar + SVGA_FIFO_DATA_OFFSET + 64, &nop, sizeof nop);
    atomic_store(word(r, SVGA_FIFO_NEXT_CMD), SVGA_FIFO_DATA_OFFSET + 64 + 2 * SVGA_CMD_MAX_SIZE);
    assert_int_equal(take(r), 0);
    svga_consumer_release(&r->c);
    assert_int_equal(atomic_load(word(r, SVGA_FIFO_STOP)),
                     SVGA_FIFO_DATA_OFFSET + 64 + 2 * SVGA_CMD_MAX_SIZE);
}

/* What the guest wrote before CONFIG_DONE must make a ring. */
static void hostile_setup(void **state) {
    struct ring *r = *state;
    static const struct {
        enum svga_fifo_word word;
        uint32_t value;
    } bad[] = {
        {SVGA_FIFO_MIN, 0},
        {SVGA_FIFO_MIN, 4096},
        {SVGA_FIFO_MIN, SVGA_FIFO_DATA_OFFSET + 4},
        {SVGA_FIFO_MIN, BAR},
        {SVGA_FIFO_MIN, UINT32_MAX - 7},
        {SVGA_FIFO_MAX, 0},
        {SVGA_FIFO_MAX, SVGA_FIFO_DATA_OFFSET},
        {SVGA_FIFO_MAX, SVGA_FIFO_DATA_OFFSET + 2 * SVGA_CMD_MAX_SIZE - 8},
        {SVGA_FIFO_MAX, BAR - 4},
        {SVGA_FIFO_MAX, BAR + 8},
        {SVGA_FIFO_MAX, UINT32_MAX},
        {SVGA_FIFO_STOP, 0},
        {SVGA_FIFO_STOP, SVGA_FIFO_DATA_OFFSET - 8},
        {SVGA_FIFO_STOP, SVGA_FIFO_DATA_OFFSET + 4},
        {SVGA_FIFO_STOP, BAR},
        {SVGA_FIFO_STOP, UINT32_MAX},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint32_t good = atomic_exchange(word(r, bad[i].word), bad[i].value);
        struct svga_consumer c;

        if (svga_consumer_init(&c, r->bar, BAR))
            fail_msg("word %d = %u makes a ring", bad[i].word, bad[i].value);
        atomic_store(word(r, bad[i].word), good);
    }
    assert_true(svga_consumer_init(&r->c, r->bar, BAR));
}

/* Random bytes for everything that the guest can write: the consumer ends, and stays inside. */
static void hostile_noise(void **state) {
    struct ring *r = *state;
    uint32_t seed = 77;

    for (int round = 0; round < 300; round++) {
        for (uint32_t at = SVGA_FIFO_DATA_OFFSET; at < BAR; at += 4) {
            uint32_t value = unit_random(&seed);

            if (value % 4)
                value = value / 4 % 64 * 8;
            memcpy(r->bar + at, &value, 4);
        }
        r->c.stop = SVGA_FIFO_DATA_OFFSET + unit_random(&seed) % ((BAR - SVGA_FIFO_DATA_OFFSET) / 8) * 8;
        atomic_store(word(r, SVGA_FIFO_NEXT_CMD),
                     SVGA_FIFO_DATA_OFFSET + unit_random(&seed) % ((BAR - SVGA_FIFO_DATA_OFFSET) / 8) * 8);
        for (unsigned steps = 0;; steps++) {
            const char *why = NULL;
            int size = svga_consumer_next(&r->c, r->command, &why);

            if (size <= 0)
                break;
            assert_true(size >= 8 && size <= (int)SVGA_CMD_MAX_SIZE);
            assert_true(steps <= BAR / 8);
        }
    }
}

struct sender {
    struct ring *r;
    uint32_t count;
};

static uint32_t size_of_number(uint32_t number) {
    return 8 + number * 2654435761u % 200 * 8;
}

static void *send_all(void *arg) {
    struct sender *s = arg;

    for (uint32_t i = 0; i < s->count; i++) {
        while (!put(&s->r->p, size_of_number(i), i)) {
            svga_producer_publish(&s->r->p);
            sched_yield();
        }
        if (i % 3 == 0)
            svga_producer_publish(&s->r->p);
    }
    svga_producer_publish(&s->r->p);
    return NULL;
}

static void two_threads(void **state) {
    struct ring *r = *state;
    struct sender s = {r, 40000};
    pthread_t thread;

    pthread_create(&thread, NULL, send_all, &s);
    for (uint32_t i = 0; i < s.count;) {
        int size = take(r);

        if (size == 0) {
            sched_yield();
            continue;
        }
        assert_int_equal(size, size_of_number(i));
        check(r->command, size, i++);
        svga_consumer_release(&r->c);
    }
    pthread_join(thread, NULL);
    assert_int_equal(take(r), 0);
}

/* Puts a command, and tells whether there is a gap before it, at the ring's end: a command of its own, of no meaning. */
static bool put_behind_gap(struct ring *r, uint32_t size, uint32_t number) {
    uint32_t before = r->p.next;

    assert_true(put(&r->p, size, number));
    svga_producer_publish(&r->p);
    return r->p.next < before && r->p.next != r->p.min;
}

/* The command behind one that only says something about it, also round the ring's end; and nothing where there is none. */
static void looks_past_one(void **state) {
    struct ring *r = *state;
    const uint32_t passed = SVGA_CMD_FIRST_CLIENT + 7, wanted = SVGA_CMD_FIRST_CLIENT + 8;
    uint32_t gaps = 0;

    for (uint32_t i = 0; i < 4 * BAR / 48; i++) {
        assert_int_equal(svga_consumer_peek_past(&r->c, passed), SVGA_CMD_NOP);
        bool first = put_behind_gap(r, 48, 7);
        assert_int_equal(svga_consumer_peek_past(&r->c, passed), SVGA_CMD_NOP);
        assert_int_equal(svga_consumer_peek_past(&r->c, wanted), first ? SVGA_CMD_NOP : passed);
        bool second = put_behind_gap(r, 56, 8);
        assert_int_equal(svga_consumer_peek_past(&r->c, passed), first || second ? SVGA_CMD_NOP : wanted);
        assert_int_equal(take(r), 48);
        assert_int_equal(svga_consumer_peek_past(&r->c, passed), second ? SVGA_CMD_NOP : wanted);
        assert_int_equal(take(r), 56);
        svga_consumer_release(&r->c);
        gaps += first + second;
    }
    assert_true(gaps > 0);
}

/* Whatever the size says, nothing beyond the ring is read: an address sanitizer would see it. */
static void looks_past_a_liar(void **state) {
    struct ring *r = *state;
    const uint32_t sizes[] = {0, 1, 8, BAR - 8, BAR, UINT32_MAX, UINT32_MAX - 7, 0x80000000u};

    assert_true(put(&r->p, 48, 7));
    svga_producer_publish(&r->p);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memcpy(r->bar + r->c.stop + offsetof(struct svga_cmd_header, size), &sizes[i], sizeof sizes[i]);
        svga_consumer_peek_past(&r->c, SVGA_CMD_FIRST_CLIENT + 7);
    }
}

static void fence_numbers_wrap(void **state) {
    (void)state;
    assert_true(svga_fence_passed(5, 5));
    assert_true(svga_fence_passed(6, 5));
    assert_false(svga_fence_passed(5, 6));
    assert_true(svga_fence_passed(3, UINT32_MAX - 3));
    assert_false(svga_fence_passed(UINT32_MAX - 3, 3));
    assert_true(svga_fence_passed(0x80000000u, 1));
    assert_false(svga_fence_passed(1, 0x80000000u));
}

int main(void) {
#define RING(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        RING(begins_empty),      RING(nothing_is_seen_before_publish),
        RING(goes_round),        RING(ends_exactly_at_the_end),
        RING(full_is_not_empty), RING(room_for_the_longest),
        RING(hostile_stop),      RING(hostile_next_cmd),
        RING(hostile_sizes),     RING(nops_are_skipped),
        RING(hostile_setup),     RING(hostile_noise),
        RING(two_threads),       RING(looks_past_one),
        RING(looks_past_a_liar), cmocka_unit_test(fence_numbers_wrap),
    };

    return cmocka_run_group_tests_name("fifo", tests, NULL, NULL);
}
