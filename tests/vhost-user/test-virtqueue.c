// SPDX-License-Identifier: MIT
/* The split virtqueue, with a driver that keeps the rules and one that breaks each of them. */
#include "tests/vhost-user/tests.h"

#include <linux/virtio_ring.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host-backend/vhost-user/virtqueue.h"

enum {
    NUM = 8,
    PAGES = 16,
    SIZE = PAGES * 4096,
    BASE = 0x10000,
    DESC = 0x0000,
    AVAIL = 0x1000,
    USED = 0x2000,
    DATA = 0x4000
};

struct ring {
    struct vu_memory *memory;
    uint8_t *ram;
    struct vu_queue q;
    struct vu_element e;
    struct vring_desc *desc;
    struct vring_avail *avail;
    struct vring_used *used;
};

static int setup(void **state) {
    static struct ring r;
    struct vu_message m = {.header.size = 8 + sizeof(struct vu_memory_region), .fd_count = 1};
    r = (struct ring){0};
    m.payload.memory = (struct vu_memory_table){.count = 1, .regions = {{BASE, SIZE, 0x700000, 0}}};
    m.fds[0] = unit_memfd(SIZE);
    r.memory = vu_memory_create(&m);
    assert_non_null(r.memory);
    r.ram = vu_memory_guest(r.memory, BASE, SIZE);
    r.desc = (struct vring_desc *)(r.ram + DESC);
    r.avail = (struct vring_avail *)(r.ram + AVAIL);
    r.used = (struct vring_used *)(r.ram + USED);
    r.q = (struct vu_queue){
        .num = NUM,
        .addr = {.desc = 0x700000 + DESC, .avail = 0x700000 + AVAIL, .used = 0x700000 + USED},
        .has_addr = true,
        .enabled = true,
        .fresh = true,
        .kick = -1,
        .call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    assert_true(vu_queue_resolve(&r.q, r.memory));
    assert_false(vu_queue_ready(&r.q));
    assert_false(vu_queue_begin(&r.q, r.memory));
    assert_true(vu_queue_ready(&r.q));
    *state = &r;
    return 0;
}

static int teardown(void **state) {
    struct ring *r = *state;
    vu_element_free(&r->e);
    vu_queue_drop_deferred(&r->q);
    close(r->q.call);
    vu_memory_unref(r->memory);
    return 0;
}

static void offer(struct ring *r, uint16_t head) {
    r->avail->ring[r->avail->idx % NUM] = head;
    r->avail->idx++;
}

static int pop(struct ring *r) {
    return vu_queue_pop(&r->q, r->memory, &r->e);
}

/* The ring is broken for good, for a reason that has these words. */
static void assert_broken(struct ring *r, const char *words) {
    assert_int_equal(pop(r), -1);
    assert_non_null(r->q.broken);
    assert_non_null(strstr(r->q.broken, words));
    assert_int_equal(pop(r), -1);
    assert_false(vu_queue_ready(&r->q));
}

static void empty_ring(void **state) {
    assert_int_equal(pop(*state), 0);
}

static void chain_is_read_and_answered(void **state) {
    struct ring *r = *state;
    char text[16];
    memcpy(r->ram + DATA, "hello", 5);
    memcpy(r->ram + DATA + 100, " world", 6);
    r->desc[2] = (struct vring_desc){BASE + DATA, 5, VRING_DESC_F_NEXT, 5};
    r->desc[5] = (struct vring_desc){BASE + DATA + 100, 6, VRING_DESC_F_NEXT, 1};
    r->desc[1] = (struct vring_desc){BASE + DATA + 200, 3, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 7};
    r->desc[7] = (struct vring_desc){BASE + DATA + 300, 10, VRING_DESC_F_WRITE, 0};
    offer(r, 2);
    assert_int_equal(pop(r), 1);
    assert_int_equal(vu_element_left(&r->e), 11);
    assert_int_equal(vu_element_read(&r->e, text, 7), 7);
    assert_memory_equal(text, "hello w", 7);
    assert_int_equal(vu_element_left(&r->e), 4);
    assert_int_equal(vu_element_read(&r->e, text, sizeof text), 4);
    assert_memory_equal(text, "orld", 4);
    assert_int_equal(vu_element_read(&r->e, text, 1), 0);
    vu_queue_push(&r->q, r->memory, &r->e.answer, "answers", 7);
    assert_int_equal(r->used->idx, 1);
    assert_int_equal(r->used->ring[0].id, 2);
    assert_int_equal(r->used->ring[0].len, 7);
    assert_memory_equal(r->ram + DATA + 200, "ans\0", 4);
    assert_memory_equal(r->ram + DATA + 300, "wers", 4);
    assert_int_equal(pop(r), 0);
}

static void indirect_chain(void **state) {
    struct ring *r = *state;
    struct vring_desc table[2] = {{BASE + DATA + 0x1000, 4, VRING_DESC_F_NEXT, 1},
                                  {BASE + DATA + 0x1100, 24, VRING_DESC_F_WRITE, 0}};
    char text[4];
    memcpy(r->ram + DATA, table, sizeof table);
    memcpy(r->ram + DATA + 0x1000, "abcd", 4);
    r->desc[3] = (struct vring_desc){BASE + DATA, sizeof table, VRING_DESC_F_INDIRECT, 0};
    offer(r, 3);
    assert_int_equal(pop(r), 1);
    assert_int_equal(vu_element_read(&r->e, text, 4), 4);
    assert_memory_equal(text, "abcd", 4);
    assert_int_equal(r->e.answer.head, 3);
    assert_int_equal(r->e.answer.count, 1);
    assert_int_equal(r->e.answer.writable[0].length, 24);
}

static void answer_is_cut_to_the_room(void **state) {
    struct ring *r = *state;
    memset(r->ram + DATA, 0xee, 16);
    r->desc[0] = (struct vring_desc){BASE + DATA, 3, VRING_DESC_F_WRITE, 0};
    offer(r, 0);
    assert_int_equal(pop(r), 1);
    vu_queue_push(&r->q, r->memory, &r->e.answer, "0123456789", 10);
    assert_int_equal(r->used->ring[0].len, 3);
    assert_memory_equal(r->ram + DATA, "012\xee", 4);
}

static void indexes_wrap(void **state) {
    struct ring *r = *state;
    r->desc[4] = (struct vring_desc){BASE + DATA, 8, 0, 0};
    for (unsigned i = 0; i < 70000; i++) {
        offer(r, 4);
        assert_int_equal(pop(r), 1);
        vu_queue_push(&r->q, r->memory, &r->e.answer, NULL, 0);
    }
    assert_int_equal(r->used->idx, (uint16_t)70000);
    assert_int_equal(pop(r), 0);
}

static void loop_of_descriptors(void **state) {
    struct ring *r = *state;
    r->desc[0] = (struct vring_desc){BASE + DATA, 1, VRING_DESC_F_NEXT, 1};
    r->desc[1] = (struct vring_desc){BASE + DATA, 1, VRING_DESC_F_NEXT, 0};
    offer(r, 0);
    assert_broken(r, "loop");
}

static void next_outside(void **state) {
    struct ring *r = *state;
    r->desc[0] = (struct vring_desc){BASE + DATA, 1, VRING_DESC_F_NEXT, NUM};
    offer(r, 0);
    assert_broken(r, "outside the table");
}

static void head_outside(void **state) {
    offer(*state, NUM);
    assert_broken(*state, "not there");
}

static void available_jumps(void **state) {
    struct ring *r = *state;
    r->avail->idx = NUM + 1;
    assert_broken(r, "jumped");
}

static void address_outside(void **state) {
    struct ring *r = *state;
    r->desc[0] = (struct vring_desc){BASE + SIZE - 4, 5, 0, 0};
    offer(r, 0);
    assert_broken(r, "outside the guest's memory");
}

static void writable_address_outside(void **state) {
    struct ring *r = *state;
    r->desc[0] = (struct vring_desc){UINT64_MAX - 2, 5, VRING_DESC_F_WRITE, 0};
    offer(r, 0);
    assert_broken(r, "outside the guest's memory");
}

static void readable_behind_writable(void **state) {
    struct ring *r = *state;
    r->desc[0] = (struct vring_desc){BASE + DATA, 4, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1};
    r->desc[1] = (struct vring_desc){BASE + DATA, 4, 0, 0};
    offer(r, 0);
    assert_broken(r, "follows a writable");
}

static void break_indirect(struct ring *r, struct vring_desc d) {
    r->desc[0] = d;
    offer(r, 0);
    assert_broken(r, "indirect");
}
static void indirect_of_odd_size(void **state) {
    break_indirect(*state, (struct vring_desc){BASE + DATA, 17, VRING_DESC_F_INDIRECT, 0});
}
static void indirect_of_no_size(void **state) {
    break_indirect(*state, (struct vring_desc){BASE + DATA, 0, VRING_DESC_F_INDIRECT, 0});
}
static void indirect_outside(void **state) {
    break_indirect(*state, (struct vring_desc){BASE - 16, 16, VRING_DESC_F_INDIRECT, 0});
}
static void indirect_with_next(void **state) {
    break_indirect(*state,
                   (struct vring_desc){BASE + DATA, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 1});
}
static void indirect_in_indirect(void **state) {
    struct ring *r = *state;
    struct vring_desc inner = {BASE + DATA, 16, VRING_DESC_F_INDIRECT, 0};
    memcpy(r->ram + DATA, &inner, sizeof inner);
    break_indirect(r, (struct vring_desc){BASE + DATA, 16, VRING_DESC_F_INDIRECT, 0});
}
static void indirect_loop(void **state) {
    struct ring *r = *state;
    struct vring_desc inner = {BASE + DATA, 16, VRING_DESC_F_NEXT, 0};
    memcpy(r->ram + DATA, &inner, sizeof inner);
    r->desc[0] = (struct vring_desc){BASE + DATA, 16, VRING_DESC_F_INDIRECT, 0};
    offer(r, 0);
    assert_broken(r, "loop");
}

static void rings_that_cannot_be(void **state) {
    struct ring *r = *state;
    const struct vu_vring_addr good = r->q.addr;
    r->q.addr.desc += 8;
    assert_false(vu_queue_resolve(&r->q, r->memory));
    r->q.addr = good, r->q.addr.used += 2;
    assert_false(vu_queue_resolve(&r->q, r->memory));
    r->q.addr = good, r->q.addr.avail = 0x700000 + SIZE - 4;
    assert_false(vu_queue_resolve(&r->q, r->memory));
    r->q.addr = good, r->q.num = 6;
    assert_false(vu_queue_resolve(&r->q, r->memory));
    r->q.num = 0;
    assert_false(vu_queue_resolve(&r->q, r->memory));
    r->q.num = 65536;
    assert_false(vu_queue_resolve(&r->q, r->memory));
    assert_false(vu_queue_ready(&r->q));
    r->q.num = NUM;
    assert_true(vu_queue_resolve(&r->q, r->memory));
}

static bool interrupted(struct ring *r) {
    eventfd_t count;
    return eventfd_read(r->q.call, &count) == 0;
}

/* A request popped and answered. */
static void serve_one(struct ring *r) {
    r->desc[0] = (struct vring_desc){BASE + DATA, 8, 0, 0};
    offer(r, 0);
    assert_int_equal(pop(r), 1);
    vu_queue_push(&r->q, r->memory, &r->e.answer, NULL, 0);
    vu_queue_notify(&r->q);
}

static void interrupts_by_flag(void **state) {
    struct ring *r = *state;
    serve_one(r);
    assert_true(interrupted(r));
    r->avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
    serve_one(r);
    assert_false(interrupted(r));
}

static void interrupts_by_event_index(void **state) {
    struct ring *r = *state;
    uint16_t *used_event = &r->avail->ring[NUM];
    r->q.event_idx = true;
    serve_one(r);
    assert_true(interrupted(r)); /* the first time nobody knows better */
    *used_event = 2;
    serve_one(r);
    assert_false(interrupted(r)); /* entry 1 */
    serve_one(r);
    assert_true(interrupted(r)); /* entry 2 */
    serve_one(r);
    assert_false(interrupted(r));
    /* An empty ring asks for a kick at the next entry. */
    assert_int_equal(pop(r), 0);
    uint16_t avail_event;
    memcpy(&avail_event, &r->used->ring[NUM], sizeof avail_event);
    assert_int_equal(avail_event, r->avail->idx);
}

static void answers_while_paused_come_later(void **state) {
    struct ring *r = *state;
    r->desc[0] = (struct vring_desc){BASE + DATA, 4, VRING_DESC_F_WRITE, 0};
    offer(r, 0);
    assert_int_equal(pop(r), 1);
    uint16_t at = r->q.last_avail;
    vu_queue_stop(&r->q);
    vu_queue_push(&r->q, r->memory, &r->e.answer, "late", 4);
    assert_int_equal(r->used->idx, 0); /* a stopped ring is not touched */
    r->q.last_avail = at;
    r->q.fresh = true;
    assert_true(vu_queue_resolve(&r->q, r->memory));
    assert_true(vu_queue_begin(&r->q, r->memory));
    assert_int_equal(r->used->idx, 1);
    assert_memory_equal(r->ram + DATA, "late", 4);
}

static void answers_of_a_gone_driver_are_dropped(void **state) {
    struct ring *r = *state;
    r->desc[0] = (struct vring_desc){BASE + DATA, 4, VRING_DESC_F_WRITE, 0};
    offer(r, 0);
    assert_int_equal(pop(r), 1);
    vu_queue_stop(&r->q);
    vu_queue_push(&r->q, r->memory, &r->e.answer, "late", 4);
    r->avail->idx = 0; /* a new driver */
    r->q.last_avail = 0;
    r->q.fresh = true;
    assert_true(vu_queue_resolve(&r->q, r->memory));
    assert_false(vu_queue_begin(&r->q, r->memory));
    assert_int_equal(r->used->idx, 0);
    assert_int_equal(pop(r), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int run_virtqueue_tests(void) {
    const struct CMUnitTest tests[] = {
        T(empty_ring),
        T(chain_is_read_and_answered),
        T(indirect_chain),
        T(answer_is_cut_to_the_room),
        T(indexes_wrap),
        T(loop_of_descriptors),
        T(next_outside),
        T(head_outside),
        T(available_jumps),
        T(address_outside),
        T(writable_address_outside),
        T(readable_behind_writable),
        T(indirect_of_odd_size),
        T(indirect_of_no_size),
        T(indirect_outside),
        T(indirect_with_next),
        T(indirect_in_indirect),
        T(indirect_loop),
        T(rings_that_cannot_be),
        T(interrupts_by_flag),
        T(interrupts_by_event_index),
        T(answers_while_paused_come_later),
        T(answers_of_a_gone_driver_are_dropped),
    };
    return cmocka_run_group_tests_name("virtqueue", tests, NULL, NULL);
}
