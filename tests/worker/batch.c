// SPDX-License-Identifier: MIT
/* Batches: what they carry out and in which order, and guests that put into them what does not belong there.
 */
#include "tests/lib/unit.h"

#include <errno.h>
#include <sys/wait.h>

#include "tests/worker/guest.h"
#include "tests/worker/tests.h"

static const char source[] = "kernel void add(global int *x, int n) { x[get_global_id(0)] += n; }\n"
                             "kernel void twice(global int *x) { x[get_global_id(0)] *= 2; }\n";

enum { INTS = 256, BYTES = INTS * sizeof(int) };

struct fixture {
    struct test_guest t;
    struct test_setup s;
    uint32_t add, twice, a, b, batch;
    int *x, *y; /* what buffers a and b lie on */
};

static int open_with(void **state, cl_command_queue_properties properties) {
    struct fixture *f = calloc(1, sizeof *f);
    int five = 5;

    guest_open(&f->t, NULL);
    guest_setup(&f->t, &f->s, source, "add", properties);
    f->add = f->s.kernel;
    f->a = guest_placed_buffer(&f->t, f->s.context, 0, BYTES);
    f->b = guest_placed_buffer(&f->t, f->s.context, 4096, BYTES);
    f->x = f->t.memory.ptr;
    f->y = f->x + 4096 / sizeof(int);
    guest_set_mem(&f->t, f->add, 0, f->a);
    TR_SEND(f->t.g, SET_ARG, set_arg, ((struct tr_array[]){{&five, sizeof five}}), .kernel = f->add,
            .index = 1, .kind = TR_ARG_VALUE, .size = sizeof five, .slot = TR_NO_SLOT);
    f->twice = guest_id(&f->t);
    TR_SEND(f->t.g, CREATE_KERNEL, create_kernel, ((struct tr_array[]){{"twice", 5}}), .kernel = f->twice,
            .program = f->s.program, .slot = TR_NO_SLOT);
    guest_set_mem(&f->t, f->twice, 0, f->a);
    f->batch = guest_id(&f->t);
    TR_SEND(f->t.g, CREATE_BATCH, create_batch, NULL, .batch = f->batch);
    *state = f;
    return 0;
}
static int open_in_order(void **state) {
    return open_with(state, CL_QUEUE_PROFILING_ENABLE);
}
static int open_out_of_order(void **state) {
    return open_with(state, CL_QUEUE_PROFILING_ENABLE | CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
}

/* Whatever the guest did, the worker lives until the guest closes, and ends cleanly then. */
static int close_fixture(void **state) {
    struct fixture *f = *state;
    int status = guest_close(&f->t);
    free(f);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* ---- recording ---- */

static void record_bytes(struct fixture *f, const void *bytes, uint32_t size, bool barrier,
                         const uint32_t *after, uint32_t after_count) {
    TR_SEND(f->t.g, RECORD, record, ((struct tr_array[]){{after, after_count}, {bytes, size}}),
            .batch = f->batch, .barrier = barrier);
}

static void record_command(struct fixture *f, enum tr_cmd cmd, const void *fixed,
                           const struct tr_array *arrays, bool barrier, const uint32_t *after,
                           uint32_t after_count) {
    uint64_t bytes[128];
    uint32_t size = tr_encoded_size(cmd, arrays);
    assert_true(size > 0 && size <= sizeof bytes);
    tr_encode(bytes, size, cmd, fixed, arrays);
    record_bytes(f, bytes, size, barrier, after, after_count);
}
#define RECORD_AFTER(f, NAME, name, arrays, barrier, after, count, ...)                                      \
    record_command(f, TR_CMD_##NAME, &(struct tr_##name){__VA_ARGS__}, arrays, barrier, after, count)
#define RECORD_ONE(f, NAME, name, arrays, ...)                                                               \
    RECORD_AFTER(f, NAME, name, arrays, false, NULL, 0, __VA_ARGS__)

static void record_kernel(struct fixture *f, uint32_t kernel, const uint32_t *after, uint32_t count) {
    RECORD_AFTER(f, ENQUEUE_KERNEL, enqueue_kernel, NULL, false, after, count, .queue = f->s.queue,
                 .kernel = kernel, .event_slot = TR_NO_SLOT, .work_dim = 1, .global = {INTS, 1, 1});
}
static void record_fill(struct fixture *f, uint32_t mem, int value) {
    RECORD_ONE(f, FILL_BUFFER, fill_buffer, ((struct tr_array[]){{&value, sizeof value}, {NULL, 0}}),
               .queue = f->s.queue, .mem = mem, .event_slot = TR_NO_SLOT, .size = BYTES);
}
static void record_copy(struct fixture *f, const uint32_t *after, uint32_t count) {
    RECORD_AFTER(f, COPY_BUFFER, copy_buffer, NULL, false, after, count, .queue = f->s.queue, .source = f->a,
                 .target = f->b, .event_slot = TR_NO_SLOT, .size = BYTES);
}

/* Runs it and waits: the event's status; *slot gets the event's. */
static cl_int run(struct fixture *f, uint32_t queue, struct tr_slot **slot) {
    uint32_t event = guest_id(&f->t), number = guest_slot(&f->t);
    TR_SEND(f->t.g, RUN_BATCH, run_batch, ((struct tr_array[]){{NULL, 0}}), .batch = f->batch, .queue = queue,
            .event = event, .event_slot = number);
    TR_SEND(f->t.g, WAIT_EVENTS, wait_events, ((struct tr_array[]){{&event, 1}}));
    assert_int_equal(guest_wait(&f->t, number), 0);
    if (slot)
        *slot = guest_slot_ptr(&f->t, number);
    return atomic_load(&guest_slot_ptr(&f->t, number)->status);
}

/* Waits until the worker has carried out all that was sent. */
static void catch_up(struct fixture *f) {
    uint32_t slot = guest_slot(&f->t);
    TR_SEND(f->t.g, GET_CLOCK, get_clock, NULL, .slot = slot);
    assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
}

static void expect_all(const int *x, int value) {
    for (int i = 0; i < INTS; i++)
        if (x[i] != value)
            fail_msg("[%d] is %d, not %d", i, x[i], value);
}

/* ---- what they do ---- */

static void test_in_order(void **state) {
    struct fixture *f = *state;
    struct tr_slot *slot;

    record_fill(f, f->a, 3);
    record_kernel(f, f->add, NULL, 0);
    RECORD_AFTER(f, MARKER, marker, NULL, true, NULL, 0, .queue = f->s.queue, .event_slot = TR_NO_SLOT);
    record_kernel(f, f->twice, NULL, 0);
    record_copy(f, NULL, 0);
    for (int i = 0; i < 3; i++) {
        memset(f->x, 0, (size_t)2 * 4096);
        assert_int_equal(run(f, f->s.queue, &slot), CL_COMPLETE);
        expect_all(f->x, 16);
        expect_all(f->y, 16);
        assert_true(slot->profiled);
        assert_true(slot->queued <= slot->submit && slot->submit <= slot->start && slot->start < slot->end);
    }
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS);
}

/* fill -> add -> twice -> copy by what they wait for, recorded so that any missing wait would show sooner or
 * later. */
static void test_out_of_order(void **state) {
    struct fixture *f = *state;
    static const uint32_t on_fill[] = {0}, on_add[] = {1, 0, 1};
    struct tr_slot *slot;

    record_fill(f, f->a, 3);
    record_kernel(f, f->add, on_fill, 1);
    record_kernel(f, f->twice, on_add, 3);
    RECORD_AFTER(f, MARKER, marker, NULL, true, NULL, 0, .queue = f->s.queue, .event_slot = TR_NO_SLOT);
    record_copy(f, NULL, 0);
    for (int i = 0; i < 20; i++) {
        memset(f->x, 0, (size_t)2 * 4096);
        assert_int_equal(run(f, f->s.queue, &slot), CL_COMPLETE);
        expect_all(f->y, 16);
        assert_true(slot->profiled && slot->start < slot->end);
    }
}

/* The wait list of RUN_BATCH holds up all of it. */
static void test_wait_list(void **state) {
    struct fixture *f = *state;
    uint32_t user = guest_id(&f->t), event = guest_id(&f->t), slot = guest_slot(&f->t);

    TR_SEND(f->t.g, CREATE_USER_EVENT, create_user_event, NULL, .event = user, .context = f->s.context);
    record_fill(f, f->a, 3);
    record_kernel(f, f->add, (const uint32_t[]){0}, 1);
    memset(f->x, 0, 4096);
    TR_SEND(f->t.g, RUN_BATCH, run_batch, ((struct tr_array[]){{&user, 1}}), .batch = f->batch,
            .queue = f->s.queue, .event = event, .event_slot = slot);
    TR_SEND(f->t.g, WAIT_EVENTS, wait_events, ((struct tr_array[]){{&event, 1}}));
    catch_up(f);
    expect_all(f->x, 0);
    TR_SEND(f->t.g, SET_USER_EVENT, set_user_event, NULL, .event = user, .status = CL_COMPLETE);
    assert_int_equal(guest_wait(&f->t, slot), 0);
    expect_all(f->x, 8);
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS);
}

/* A failed wait list fails the batch's event, and nothing runs. */
static void test_failed_wait(void **state) {
    struct fixture *f = *state;
    uint32_t user = guest_id(&f->t), event = guest_id(&f->t), slot = guest_slot(&f->t);

    TR_SEND(f->t.g, CREATE_USER_EVENT, create_user_event, NULL, .event = user, .context = f->s.context);
    TR_SEND(f->t.g, SET_USER_EVENT, set_user_event, NULL, .event = user, .status = -7);
    record_fill(f, f->a, 3);
    memset(f->x, 0, 4096);
    TR_SEND(f->t.g, RUN_BATCH, run_batch, ((struct tr_array[]){{&user, 1}}), .batch = f->batch,
            .queue = f->s.queue, .event = event, .event_slot = slot);
    assert_int_equal(guest_wait(&f->t, slot), 0);
    assert_int_equal(atomic_load(&guest_slot_ptr(&f->t, slot)->status),
                     CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS);
    expect_all(f->x, 0);
}

/* What the driver refuses fails the event with the driver's error; without an event, the next FINISH tells.
 */
static void test_refused_command(void **state) {
    struct fixture *f = *state;

    record_fill(f, f->a, 3);
    RECORD_ONE(f, COPY_BUFFER, copy_buffer, NULL, .queue = f->s.queue, .source = f->a, .target = f->b,
               .event_slot = TR_NO_SLOT, .source_offset = BYTES, .size = BYTES);
    record_kernel(f, f->add, NULL, 0);
    assert_int_equal(run(f, f->s.queue, NULL), CL_INVALID_VALUE);
    TR_SEND(f->t.g, RUN_BATCH, run_batch, ((struct tr_array[]){{NULL, 0}}), .batch = f->batch,
            .queue = f->s.queue, .event_slot = TR_NO_SLOT);
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_INVALID_VALUE);
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS);
    expect_all(f->x, 3);
}

static void test_empty(void **state) {
    struct fixture *f = *state;
    assert_int_equal(run(f, f->s.queue, NULL), CL_COMPLETE);
    RECORD_AFTER(f, MARKER, marker, NULL, true, NULL, 0, .queue = f->s.queue, .event_slot = TR_NO_SLOT);
    RECORD_ONE(f, MARKER, marker, NULL, .queue = f->s.queue, .event_slot = TR_NO_SLOT);
    assert_int_equal(run(f, f->s.queue, NULL), CL_COMPLETE);
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS);
}

/* It runs on the queue that RUN_BATCH names, also when the one it was recorded with is gone. */
static void test_other_queue(void **state) {
    struct fixture *f = *state;
    uint32_t queue = guest_id(&f->t), slot = guest_slot(&f->t);

    TR_SEND(f->t.g, CREATE_QUEUE, create_queue, ((struct tr_array[]){{NULL, 0}}), .queue = queue,
            .context = f->s.context, .slot = slot);
    assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
    record_fill(f, f->a, 3);
    record_kernel(f, f->add, NULL, 0);
    TR_SEND(f->t.g, RELEASE, release, NULL, .object = f->s.queue);
    assert_int_equal(run(f, queue, NULL), CL_COMPLETE);
    expect_all(f->x, 8);
}

/* Released while it runs: the run goes on. */
static void test_released_while_pending(void **state) {
    struct fixture *f = *state;
    uint32_t user = guest_id(&f->t);

    TR_SEND(f->t.g, CREATE_USER_EVENT, create_user_event, NULL, .event = user, .context = f->s.context);
    record_fill(f, f->a, 3);
    record_kernel(f, f->add, (const uint32_t[]){0}, 1);
    for (int i = 0; i < 10; i++)
        TR_SEND(f->t.g, RUN_BATCH, run_batch, ((struct tr_array[]){{&user, 1}}), .batch = f->batch,
                .queue = f->s.queue, .event_slot = TR_NO_SLOT);
    catch_up(f);
    TR_SEND(f->t.g, RELEASE, release, NULL, .object = f->batch);
    TR_SEND(f->t.g, SET_USER_EVENT, set_user_event, NULL, .event = user, .status = CL_COMPLETE);
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS);
    expect_all(f->x, 8);
}

/* ---- what does not belong there ---- */

static void expect_violation(struct fixture *f, const char *word) {
    uint32_t slot = guest_slot(&f->t);
    char why[SVGA_WHY_SIZE];

    TR_SEND(f->t.g, GET_CLOCK, get_clock, NULL, .slot = slot);
    assert_int_equal(guest_wait(&f->t, slot), -ENODEV);
    svga_guest_error(f->t.g, why);
    if (!strstr(why, word))
        fail_msg("\"%s\" does not say \"%s\"", why, word);
    assert_int_equal(atomic_load(&f->t.g->words[SVGA_FIFO_ERROR]), SVGA_ERROR_PROTOCOL);
}

static void send_run(struct fixture *f) {
    TR_SEND(f->t.g, RUN_BATCH, run_batch, ((struct tr_array[]){{NULL, 0}}), .batch = f->batch,
            .queue = f->s.queue, .event_slot = TR_NO_SLOT);
}

static void test_batch_in_batch(void **state) {
    struct fixture *f = *state;
    RECORD_ONE(f, RUN_BATCH, run_batch, NULL, .batch = f->batch, .queue = f->s.queue,
               .event_slot = TR_NO_SLOT);
    expect_violation(f, "cannot be in a batch");
}
static void test_record_in_batch(void **state) {
    struct fixture *f = *state;
    RECORD_ONE(f, RECORD, record, NULL, .batch = f->batch);
    expect_violation(f, "cannot be in a batch");
}
static void test_release_in_batch(void **state) {
    struct fixture *f = *state;
    RECORD_ONE(f, RELEASE, release, NULL, .object = f->batch);
    expect_violation(f, "cannot be in a batch");
}
static void test_transfer_in_batch(void **state) {
    struct fixture *f = *state;
    RECORD_ONE(f, TRANSFER_BUFFER, transfer_buffer, NULL, .queue = f->s.queue, .mem = f->a,
               .event_slot = TR_NO_SLOT, .memory = guest_span(&f->t, 0, 8));
    expect_violation(f, "cannot be in a batch");
}
static void test_no_command(void **state) {
    record_bytes(*state, "1234567", 7, false, NULL, 0);
    expect_violation(*state, "no command");
}
static void test_cut_short(void **state) {
    uint32_t bytes[4] = {TR_CMD_COPY_BUFFER, 16, 0, 0};
    record_bytes(*state, bytes, sizeof bytes, false, NULL, 0);
    expect_violation(*state, "too few");
}
static void test_wrong_size(void **state) {
    struct fixture *f = *state;
    uint64_t bytes[16] = {0};
    uint32_t size = tr_encoded_size(TR_CMD_MARKER, NULL);
    tr_encode(bytes, size, TR_CMD_MARKER, &(struct tr_marker){.queue = f->s.queue, .event_slot = TR_NO_SLOT},
              NULL);
    record_bytes(f, bytes, size + 8, false, NULL, 0);
    expect_violation(f, "too few");
}
static void test_own_event(void **state) {
    struct fixture *f = *state;
    RECORD_ONE(f, MARKER, marker, NULL, .queue = f->s.queue, .event = guest_id(&f->t),
               .event_slot = TR_NO_SLOT);
    expect_violation(f, "of its own");
}
static void test_own_slot(void **state) {
    struct fixture *f = *state;
    RECORD_ONE(f, MARKER, marker, NULL, .queue = f->s.queue, .event_slot = 0);
    expect_violation(f, "of its own");
}
static void test_own_waits(void **state) {
    struct fixture *f = *state;
    uint32_t user = guest_id(&f->t);
    TR_SEND(f->t.g, CREATE_USER_EVENT, create_user_event, NULL, .event = user, .context = f->s.context);
    RECORD_ONE(f, MARKER, marker, ((struct tr_array[]){{&user, 1}}), .queue = f->s.queue,
               .event_slot = TR_NO_SLOT);
    expect_violation(f, "of its own");
}
static void test_waits_for_itself(void **state) {
    struct fixture *f = *state;
    record_fill(f, f->a, 3);
    record_kernel(f, f->add, (const uint32_t[]){1}, 1);
    expect_violation(f, "none before it");
}
static void test_nothing_there(void **state) {
    struct fixture *f = *state;
    record_kernel(f, 4711, NULL, 0);
    expect_violation(f, "no such object");
}
static void test_bad_field(void **state) {
    struct fixture *f = *state;
    RECORD_ONE(f, ENQUEUE_KERNEL, enqueue_kernel, NULL, .queue = f->s.queue, .kernel = f->add,
               .event_slot = TR_NO_SLOT, .work_dim = 4);
    send_run(f);
    expect_violation(f, "4 dimensions");
}
static void test_released_object(void **state) {
    struct fixture *f = *state;
    record_fill(f, f->a, 3);
    record_copy(f, NULL, 0);
    TR_SEND(f->t.g, RELEASE, release, NULL, .object = f->b);
    send_run(f);
    expect_violation(f, "no such object");
}
static void test_released_and_reused(void **state) {
    struct fixture *f = *state;
    record_copy(f, NULL, 0);
    TR_SEND(f->t.g, RELEASE, release, NULL, .object = f->b);
    TR_SEND(f->t.g, CREATE_USER_EVENT, create_user_event, NULL, .event = f->b, .context = f->s.context);
    send_run(f);
    expect_violation(f, "no such object");
}
static void test_too_many(void **state) {
    struct fixture *f = *state;
    for (uint32_t i = 0; i <= TR_BATCH_COMMANDS; i++)
        RECORD_ONE(f, MARKER, marker, NULL, .queue = f->s.queue, .event_slot = TR_NO_SLOT);
    expect_violation(f, "full");
}
static void test_too_long(void **state) {
    struct fixture *f = *state;
    static uint32_t after[7 << 10];
    RECORD_ONE(f, MARKER, marker, NULL, .queue = f->s.queue, .event_slot = TR_NO_SLOT);
    for (uint64_t sent = 0; sent <= TR_BATCH_BYTES; sent += sizeof after)
        RECORD_AFTER(f, MARKER, marker, NULL, false, after, sizeof after / sizeof after[0],
                     .queue = f->s.queue, .event_slot = TR_NO_SLOT);
    expect_violation(f, "full");
}
static void test_wrong_kinds(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, RUN_BATCH, run_batch, ((struct tr_array[]){{NULL, 0}}), .batch = f->a,
            .queue = f->s.queue, .event_slot = TR_NO_SLOT);
    expect_violation(f, "no such object");
}
static void update(struct fixture *f, uint32_t index, enum tr_cmd cmd, const void *fixed,
                   const struct tr_array *arrays) {
    uint64_t bytes[128];
    uint32_t size = tr_encoded_size(cmd, arrays);
    assert_true(size > 0 && size <= sizeof bytes);
    tr_encode(bytes, size, cmd, fixed, arrays);
    TR_SEND(f->t.g, UPDATE_RECORD, update_record, ((struct tr_array[]){{bytes, size}}), .batch = f->batch,
            .index = index);
}
#define UPDATE(f, index, NAME, name, arrays, ...)                                                            \
    update(f, index, TR_CMD_##NAME, &(struct tr_##name){__VA_ARGS__}, arrays)

/* Another kernel, nothing, and the first one again, between two commands that it is chained to. */
static void test_updates(void **state) {
    struct fixture *f = *state;
    record_fill(f, f->a, 3);
    record_kernel(f, f->add, (const uint32_t[]){0}, 1);
    record_copy(f, (const uint32_t[]){1}, 1);
    assert_int_equal(run(f, f->s.queue, NULL), CL_COMPLETE);
    expect_all(f->y, 8);
    UPDATE(f, 1, ENQUEUE_KERNEL, enqueue_kernel, NULL, .queue = f->s.queue, .kernel = f->twice,
           .event_slot = TR_NO_SLOT, .work_dim = 1, .global = {INTS, 1, 1});
    assert_int_equal(run(f, f->s.queue, NULL), CL_COMPLETE);
    expect_all(f->y, 6);
    UPDATE(f, 1, MARKER, marker, NULL, .queue = f->s.queue, .event_slot = TR_NO_SLOT);
    assert_int_equal(run(f, f->s.queue, NULL), CL_COMPLETE);
    expect_all(f->y, 3);
    UPDATE(f, 1, ENQUEUE_KERNEL, enqueue_kernel, NULL, .queue = f->s.queue, .kernel = f->add,
           .event_slot = TR_NO_SLOT, .work_dim = 1, .global = {INTS, 1, 1});
    assert_int_equal(run(f, f->s.queue, NULL), CL_COMPLETE);
    expect_all(f->y, 8);
}
static void test_update_of_none(void **state) {
    struct fixture *f = *state;
    record_fill(f, f->a, 3);
    UPDATE(f, 1, MARKER, marker, NULL, .queue = f->s.queue, .event_slot = TR_NO_SLOT);
    expect_violation(f, "no command 1");
}
static void test_update_to_release(void **state) {
    struct fixture *f = *state;
    record_fill(f, f->a, 3);
    UPDATE(f, 0, RELEASE, release, NULL, .object = f->a);
    expect_violation(f, "cannot be in a batch");
}
static void test_query_of_another_kind(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, GET_INFO, get_info, ((struct tr_array[]){{NULL, 0}}), .slot = guest_slot(&f->t),
            .what = TR_INFO_KERNEL, .object = f->a);
    expect_violation(f, "no object");
}

int test_batches(void) {
#define IN_ORDER(test) cmocka_unit_test_setup_teardown(test, open_in_order, close_fixture)
#define OUT_OF_ORDER(test)                                                                                   \
    { "out_of_order_" #test, test, open_out_of_order, close_fixture, NULL }
    const struct CMUnitTest tests[] = {
        IN_ORDER(test_in_order),
        OUT_OF_ORDER(test_out_of_order),
        IN_ORDER(test_wait_list),
        OUT_OF_ORDER(test_wait_list),
        IN_ORDER(test_failed_wait),
        OUT_OF_ORDER(test_failed_wait),
        IN_ORDER(test_refused_command),
        OUT_OF_ORDER(test_refused_command),
        IN_ORDER(test_empty),
        OUT_OF_ORDER(test_empty),
        IN_ORDER(test_other_queue),
        IN_ORDER(test_released_while_pending),
        IN_ORDER(test_updates),
        OUT_OF_ORDER(test_updates),
        IN_ORDER(test_update_of_none),
        IN_ORDER(test_update_to_release),
        IN_ORDER(test_batch_in_batch),
        IN_ORDER(test_record_in_batch),
        IN_ORDER(test_release_in_batch),
        IN_ORDER(test_transfer_in_batch),
        IN_ORDER(test_no_command),
        IN_ORDER(test_cut_short),
        IN_ORDER(test_wrong_size),
        IN_ORDER(test_own_event),
        IN_ORDER(test_own_slot),
        IN_ORDER(test_own_waits),
        IN_ORDER(test_waits_for_itself),
        IN_ORDER(test_nothing_there),
        IN_ORDER(test_bad_field),
        IN_ORDER(test_released_object),
        IN_ORDER(test_released_and_reused),
        IN_ORDER(test_too_many),
        IN_ORDER(test_too_long),
        IN_ORDER(test_wrong_kinds),
        IN_ORDER(test_query_of_another_kind),
    };
    return cmocka_run_group_tests_name("batches", tests, NULL, NULL);
}
