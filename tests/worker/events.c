// SPDX-License-Identifier: MIT
/* Events: waiting, watching, user events, failures; in both ways of telling ends. */
#include "tests/lib/unit.h"

#include <pthread.h>
#include <sys/wait.h>

#include "tests/worker/guest.h"
#include "tests/worker/tests.h"

static const char source[] = "kernel void add(global int *x) { x[get_global_id(0)] += 1; }\n"
                             "kernel void slow(global int *x) { int s = x[0]; for (int i = 0; i < 20000000; "
                             "i++) s = s * 3 + i; x[0] = s; }\n";

struct fixture {
    struct test_guest t;
    struct test_setup s;
    uint32_t mem;
    int *data;
};

static int open_with(void **state, char *const *extra, cl_command_queue_properties properties) {
    struct fixture *f = calloc(1, sizeof *f);
    guest_open(&f->t, extra);
    guest_setup(&f->t, &f->s, source, "add", properties);
    f->mem = guest_placed_buffer(&f->t, f->s.context, 0, 4096);
    f->data = f->t.memory.ptr;
    guest_set_mem(&f->t, f->s.kernel, 0, f->mem);
    *state = f;
    return 0;
}
static int open_callback(void **state) {
    return open_with(state, (char *[]){"--completion", "callback", NULL}, 0);
}
static int open_wait(void **state) {
    return open_with(state, (char *[]){"--completion", "wait", NULL}, 0);
}
/* One decoder: from the first wait on there is no thread left but the one that decodes. */
static int open_one_decoder(void **state) {
    return open_with(state, (char *[]){"--completion", "wait", "--decoders", "1", NULL}, 0);
}
static int open_profiling(void **state) {
    return open_with(state, NULL, CL_QUEUE_PROFILING_ENABLE);
}

static int close_fixture(void **state) {
    struct fixture *f = *state;
    int status = guest_close(&f->t);
    free(f);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

struct pair {
    uint32_t id, slot;
};

static struct pair enqueue(struct fixture *f, const uint32_t *waits, uint32_t wait_count) {
    struct pair e = {guest_id(&f->t), guest_slot(&f->t)};
    if (e.id % 2) /* both forms of the command, in turns */
        TR_SEND(f->t.g, ENQUEUE_KERNEL_1D, enqueue_kernel_1d, ((struct tr_array[]){{waits, wait_count}}),
                .queue = f->s.queue, .kernel = f->s.kernel, .event = e.id, .event_slot = e.slot,
                .global = 16);
    else
        TR_SEND(f->t.g, ENQUEUE_KERNEL, enqueue_kernel, ((struct tr_array[]){{waits, wait_count}}),
                .queue = f->s.queue, .kernel = f->s.kernel, .event = e.id, .event_slot = e.slot,
                .work_dim = 1, .global = {16, 1, 1});
    return e;
}

static uint32_t user_event(struct fixture *f) {
    uint32_t id = guest_id(&f->t);
    TR_SEND(f->t.g, CREATE_USER_EVENT, create_user_event, NULL, .event = id, .context = f->s.context);
    return id;
}

static int32_t status_of(struct fixture *f, uint32_t slot) {
    return atomic_load(&guest_slot_ptr(&f->t, slot)->status);
}

static int32_t wait_for(struct fixture *f, struct pair e) {
    TR_SEND(f->t.g, WAIT_EVENTS, wait_events, ((struct tr_array[]){{&e.id, 1}}));
    assert_int_equal(guest_wait(&f->t, e.slot), 0);
    return status_of(f, e.slot);
}

static void test_wait(void **state) {
    struct fixture *f = *state;
    for (int i = 1; i <= 50; i++) {
        struct pair e = enqueue(f, NULL, 0);
        assert_int_equal(wait_for(f, e), CL_COMPLETE);
        assert_int_equal(f->data[0], i);
        TR_SEND(f->t.g, RELEASE, release, NULL, .object = e.id);
    }
}

static void test_wait_for_many(void **state) {
    struct fixture *f = *state;
    uint32_t ids[100];
    struct pair e[100];
    for (int i = 0; i < 100; i++) {
        e[i] = enqueue(f, i ? &ids[i - 1] : NULL, i ? 1 : 0);
        ids[i] = e[i].id;
    }
    TR_SEND(f->t.g, WAIT_EVENTS, wait_events, ((struct tr_array[]){{ids, 100}}));
    for (int i = 0; i < 100; i++) {
        assert_int_equal(guest_wait(&f->t, e[i].slot), 0);
        assert_int_equal(status_of(f, e[i].slot), CL_COMPLETE);
    }
    assert_int_equal(f->data[0], 100);
}

/* The guest waits for what only its own later command can bring about: the FIFO must go on meanwhile. */
static void test_user_event_while_waiting(void **state) {
    struct fixture *f = *state;
    uint32_t gate = user_event(f), slots[8];
    struct pair e = enqueue(f, &gate, 1);

    TR_SEND(f->t.g, WAIT_EVENTS, wait_events, ((struct tr_array[]){{&e.id, 1}}));
    for (int i = 0; i < 8; i++) { /* and several waits at once, of both kinds */
        slots[i] = guest_slot(&f->t);
        TR_SEND(f->t.g, FINISH, finish, NULL, .queue = f->s.queue, .slot = slots[i]);
    }
    uint32_t clock = guest_slot(&f->t);
    TR_SEND(f->t.g, GET_CLOCK, get_clock, NULL, .slot = clock);
    assert_int_equal(guest_result(&f->t, clock), CL_SUCCESS);
    assert_true(status_of(f, e.slot) > CL_COMPLETE);
    assert_int_equal(f->data[0], 0);
    TR_SEND(f->t.g, SET_USER_EVENT, set_user_event, NULL, .event = gate, .status = CL_COMPLETE);
    assert_int_equal(guest_wait(&f->t, e.slot), 0);
    for (int i = 0; i < 8; i++)
        assert_int_equal(guest_result(&f->t, slots[i]), CL_SUCCESS);
    assert_int_equal(f->data[0], 1);
}

static void more_waits_than_threads(struct fixture *f, cl_int outcome) {
    uint32_t gates[40], queues[40];
    struct pair e[40];
    uint64_t none = 0;

    for (int i = 0; i < 40; i++) {
        uint32_t slot = guest_slot(&f->t);
        queues[i] = guest_id(&f->t);
        TR_SEND(f->t.g, CREATE_QUEUE, create_queue, ((struct tr_array[]){{&none, 0}}), .queue = queues[i],
                .context = f->s.context, .slot = slot);
        assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
        gates[i] = user_event(f);
        e[i] = (struct pair){guest_id(&f->t), guest_slot(&f->t)};
        TR_SEND(f->t.g, MARKER, marker, ((struct tr_array[]){{&gates[i], 1}}), .queue = queues[i],
                .event = e[i].id, .event_slot = e[i].slot);
        TR_SEND(f->t.g, WAIT_EVENTS, wait_events, ((struct tr_array[]){{&e[i].id, 1}}));
    }
    /* Against the order in which they wait. */
    for (int i = 39; i >= 0; i--) {
        TR_SEND(f->t.g, SET_USER_EVENT, set_user_event, NULL, .event = gates[i], .status = outcome);
        assert_int_equal(guest_wait(&f->t, e[i].slot), 0);
        if (outcome == CL_COMPLETE)
            assert_int_equal(status_of(f, e[i].slot), CL_COMPLETE);
        else
            assert_true(status_of(f, e[i].slot) < CL_COMPLETE);
    }
}

/* More waits at a time than there may be decoders. */
static void test_more_waits_than_threads(void **state) {
    more_waits_than_threads(*state, CL_COMPLETE);
}

/* ... for commands that fail: of those no driver here calls back. */
static void test_more_failing_waits_than_threads(void **state) {
    more_waits_than_threads(*state, -7);
}

/* An enqueue that the driver refuses fails its event and what waits for that. */
static void test_failed_enqueue(void **state) {
    struct fixture *f = *state;
    struct pair bad = {guest_id(&f->t), guest_slot(&f->t)};

    TR_SEND(f->t.g, TRANSFER_BUFFER, transfer_buffer, ((struct tr_array[]){{NULL, 0}}), .queue = f->s.queue,
            .mem = f->mem, .event = bad.id, .event_slot = bad.slot, .offset = 1 << 20,
            .memory = guest_span(&f->t, 8192, 16));
    assert_int_equal(wait_for(f, bad), CL_INVALID_VALUE);
    struct pair after = enqueue(f, &bad.id, 1);
    assert_true(wait_for(f, after) < 0);
    assert_int_equal(f->data[0], 0);
    assert_int_equal(wait_for(f, enqueue(f, NULL, 0)), CL_COMPLETE); /* the queue itself is well */
}

/* The guest may have its slot back once the event is released, even if nobody ever waited for it. */
static void test_release_gives_the_slot_back(void **state) {
    struct fixture *f = *state;
    uint32_t gate = user_event(f);
    struct pair e = enqueue(f, &gate, 1);

    TR_SEND(f->t.g, RELEASE, release, NULL, .object = e.id);
    assert_int_equal(guest_wait(&f->t, e.slot), 0);
    TR_SEND(f->t.g, SET_USER_EVENT, set_user_event, NULL, .event = gate, .status = CL_COMPLETE);
    atomic_store(&guest_slot_ptr(&f->t, e.slot)->status, TR_STATUS_PENDING);
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS);
    assert_int_equal(status_of(f, e.slot), TR_STATUS_PENDING); /* never written again */
    assert_int_equal(f->data[0], 1);
}

/* Statuses come one after the other and never go back. */
static void test_watch(void **state) {
    struct fixture *f = *state;
    uint32_t gate = user_event(f), slot = guest_slot(&f->t);
    struct pair e = enqueue(f, &gate, 1);

    TR_SEND(f->t.g, WATCH_EVENT, watch_event, NULL, .event = e.id, .slot = slot);
    assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
    int32_t seen = status_of(f, e.slot);
    assert_true(seen == CL_QUEUED || seen == CL_SUBMITTED);
    TR_SEND(f->t.g, SET_USER_EVENT, set_user_event, NULL, .event = gate, .status = CL_COMPLETE);
    while (seen > CL_COMPLETE) {
        int32_t now = status_of(f, e.slot);
        assert_true(now <= seen);
        seen = now;
    }
    assert_int_equal(seen, CL_COMPLETE);
}

/* Who asks about one command that has ended hears of those around it in the same answer. */
static void test_watch_tells_of_neighbours(void **state) {
    struct fixture *f = *state;
    uint32_t gate = user_event(f), slot = guest_slot(&f->t);
    struct pair before = enqueue(f, NULL, 0), asked = enqueue(f, NULL, 0), behind = enqueue(f, NULL, 0);

    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS);
    struct pair open = enqueue(f, &gate, 1);
    TR_SEND(f->t.g, WATCH_EVENT, watch_event, NULL, .event = asked.id, .slot = slot);
    assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
    assert_int_equal(status_of(f, asked.slot), CL_COMPLETE);
    assert_int_equal(status_of(f, before.slot), CL_COMPLETE);
    assert_int_equal(status_of(f, behind.slot), CL_COMPLETE);
    assert_int_equal(status_of(f, open.slot), TR_STATUS_PENDING);
    TR_SEND(f->t.g, SET_USER_EVENT, set_user_event, NULL, .event = gate, .status = CL_COMPLETE);
    assert_int_equal(wait_for(f, open), CL_COMPLETE);
}

static void test_profiling(void **state) {
    struct fixture *f = *state;
    struct pair e = enqueue(f, NULL, 0);
    assert_int_equal(wait_for(f, e), CL_COMPLETE);
    struct tr_slot *slot = guest_slot_ptr(&f->t, e.slot);
    assert_int_equal(slot->profiled, 1);
    assert_true(slot->queued > 0 && slot->queued <= slot->submit && slot->submit <= slot->start &&
                slot->start <= slot->end);
    assert_true(slot->complete >= slot->end);
}

/* Queue, kernel and buffer are released while their command runs. */
static void test_release_while_running(void **state) {
    struct fixture *f = *state;
    uint32_t slow = guest_id(&f->t);
    TR_SEND(f->t.g, CREATE_KERNEL, create_kernel, ((struct tr_array[]){{"slow", 4}}), .kernel = slow,
            .program = f->s.program, .slot = TR_NO_SLOT);
    guest_set_mem(&f->t, slow, 0, f->mem);
    struct pair e = {guest_id(&f->t), guest_slot(&f->t)};
    TR_SEND(f->t.g, ENQUEUE_KERNEL, enqueue_kernel, ((struct tr_array[]){{NULL, 0}}), .queue = f->s.queue,
            .kernel = slow, .event = e.id, .event_slot = e.slot, .work_dim = 1, .global = {1, 1, 1});
    TR_SEND(f->t.g, WAIT_EVENTS, wait_events, ((struct tr_array[]){{&e.id, 1}}));
    const uint32_t ids[] = {f->s.queue, slow, f->s.kernel, f->mem, f->s.program, f->s.context};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        TR_SEND(f->t.g, RELEASE, release, NULL, .object = ids[i]);
    assert_int_equal(guest_wait(&f->t, e.slot), 0);
    assert_int_equal(status_of(f, e.slot), CL_COMPLETE);
}

/* ---- guest threads ---- */

struct worker_thread {
    struct fixture *f;
    uint32_t queue, mem, kernel, first_id, slot;
    int failures;
};

static bool is_final(void *arg) {
    return atomic_load_explicit(&((struct tr_slot *)arg)->status, memory_order_acquire) <= CL_COMPLETE;
}

static void *one_thread(void *arg) {
    struct worker_thread *w = arg;
    struct test_guest *t = &w->f->t;
    struct tr_slot *slot = guest_slot_ptr(t, w->slot);
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t event = w->first_id + i;
        atomic_store(&slot->status, TR_STATUS_PENDING);
        TR_SEND(t->g, ENQUEUE_KERNEL, enqueue_kernel, ((struct tr_array[]){{NULL, 0}}), .queue = w->queue,
                .kernel = w->kernel, .event = event, .event_slot = w->slot, .work_dim = 1,
                .global = {16, 1, 1});
        TR_SEND(t->g, WAIT_EVENTS, wait_events, ((struct tr_array[]){{&event, 1}}));
        if (svga_guest_wait(t->g, is_final, slot) < 0 || atomic_load(&slot->status) != CL_COMPLETE)
            w->failures++;
        TR_SEND(t->g, RELEASE, release, NULL, .object = event);
    }
    return NULL;
}

static void test_threads(void **state) {
    enum { THREADS = 4 };
    struct fixture *f = *state;
    struct worker_thread w[THREADS];
    pthread_t threads[THREADS];
    uint64_t none = 0;

    for (uint32_t i = 0; i < THREADS; i++) {
        uint32_t slot = guest_slot(&f->t);
        w[i] = (struct worker_thread){f,
                                      guest_id(&f->t),
                                      guest_placed_buffer(&f->t, f->s.context, 65536 + 4096 * i, 4096),
                                      guest_id(&f->t),
                                      10000 + 1000 * i,
                                      guest_slot(&f->t),
                                      0};
        TR_SEND(f->t.g, CREATE_QUEUE, create_queue, ((struct tr_array[]){{&none, 0}}), .queue = w[i].queue,
                .context = f->s.context, .slot = slot);
        assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
        TR_SEND(f->t.g, CREATE_KERNEL, create_kernel, ((struct tr_array[]){{"add", 3}}),
                .kernel = w[i].kernel, .program = f->s.program, .slot = TR_NO_SLOT);
        guest_set_mem(&f->t, w[i].kernel, 0, w[i].mem);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, one_thread, &w[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(w[i].failures, 0);
        assert_int_equal(((int *)f->t.memory.ptr)[(65536 + 4096 * i) / 4], 300);
    }
}

int test_events(void) {
#define IN(way, test)                                                                                        \
    { #test " (" #way ")", test, open_##way, close_fixture, NULL }
#define IN_ALL(test) IN(callback, test), IN(wait, test), IN(one_decoder, test)
    const struct CMUnitTest tests[] = {
        IN_ALL(test_wait),
        IN_ALL(test_wait_for_many),
        IN_ALL(test_user_event_while_waiting),
        IN_ALL(test_more_waits_than_threads),
        IN_ALL(test_more_failing_waits_than_threads),
        IN_ALL(test_failed_enqueue),
        IN_ALL(test_release_gives_the_slot_back),
        IN_ALL(test_watch),
        IN_ALL(test_watch_tells_of_neighbours),
        IN_ALL(test_release_while_running),
        IN_ALL(test_threads),
        IN(profiling, test_profiling),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
