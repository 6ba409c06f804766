// SPDX-License-Identifier: MIT
/* Turns on the worker's side: the host is this test, and the driver's commands take as long as it says. */
#include "tests/lib/unit.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/worker/turn.h"
#include "svga-model/futex.h"

/* A busy machine may be late by more than half of a command, and a turn goes back early where none was late by more than its lead. */
enum { MS = 1000000, HANG_MS = 60000, COMMAND_MS = 300, LEAD_MS = 200 };

/* ---- the driver: a command at a time ---- */

static struct {
    void(CL_CALLBACK *told)(cl_event, cl_int, void *);
    void *opaque;
    unsigned ms; /* 0: until the test ends it */
    _Atomic bool busy;
} flying;

struct flight {
    void(CL_CALLBACK *told)(cl_event, cl_int, void *);
    void *opaque;
    unsigned ms;
};

static void *fly(void *opaque) {
    struct flight *f = opaque;

    usleep(f->ms * 1000);
    atomic_store(&flying.busy, false);
    f->told(NULL, CL_COMPLETE, f->opaque);
    free(f);
    return NULL;
}

cl_int CL_API_CALL clSetEventCallback(cl_event event, cl_int status,
                                      void(CL_CALLBACK *told)(cl_event, cl_int, void *), void *opaque) {
    pthread_t thread;
    (void)event, (void)status;
    if (flying.ms == 0) {
        flying.told = told;
        flying.opaque = opaque;
        return CL_SUCCESS;
    }
    while (atomic_load(&flying.busy)) /* they end one after the other */
        usleep(100);
    struct flight *f = malloc(sizeof *f);
    assert_non_null(f);
    *f = (struct flight){told, opaque, flying.ms};
    atomic_store(&flying.busy, true);
    assert_int_equal(pthread_create(&thread, NULL, fly, f), 0);
    pthread_detach(thread);
    return CL_SUCCESS;
}

cl_int CL_API_CALL clFlush(cl_command_queue queue) {
    (void)queue;
    return CL_SUCCESS;
}

/* ---- the host ---- */

struct fixture {
    struct driver_platform platform;
    struct driver_device device;
    struct driver driver;
    struct turns *turns;
    struct turn *turn;
    int bell;
    _Atomic bool over;
    _Atomic unsigned early; /* turns that came back with something in flight */
};

static int set_up(void **state) {
    static char device_name[] = "device", platform_name[] = "platform";
    struct fixture *f = calloc(1, sizeof *f);
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    f->platform.name = platform_name;
    f->device.name = device_name;
    f->device.platform = &f->platform;
    f->driver.devices[0] = &f->device;
    f->driver.device_count = f->driver.root_count = 1;
    f->turns = turns_new(-1, ends[1], &f->driver);
    assert_non_null(f->turns);
    f->turn = turns_of(f->turns, &f->driver, &f->device);
    f->bell = ends[0];
    atomic_store(&f->turn->board->gate, 1);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    close(f->bell);
    close(f->turns->bell);
    turns_free(f->turns);
    free(f);
    return 0;
}

static bool rings(struct fixture *f, int ms) {
    struct pollfd p = {.fd = f->bell, .events = POLLIN};
    char byte;
    return poll(&p, 1, ms) == 1 && recv(f->bell, &byte, 1, 0) == 1;
}

static bool asks(const struct fixture *f) {
    const struct board_device *b = f->turn->board;
    uint32_t granted = atomic_load(&b->granted);
    return atomic_load(&b->returned) == granted && atomic_load(&b->asked) == granted + 1;
}

static void grant(struct fixture *f) {
    atomic_fetch_add(&f->turn->board->granted, 1);
    board_signal(f->turns->board);
}

static void *waits(void *opaque) {
    struct fixture *f = opaque;
    return (void *)(uintptr_t)turn_wait(f->turn, &f->over);
}

/* Who opens the gate forgets who asked. A worker that does not see that, as it is closed again before it looks, asks again. */
static void test_asks_again(void **state) {
    struct fixture *f = *state;
    pthread_t thread;
    void *got;

    assert_int_equal(pthread_create(&thread, NULL, waits, f), 0);
    for (int i = 0; i < 3; i++) {
        assert_true(rings(f, HANG_MS));
        assert_true(asks(f));
        board_signal(f->turns->board);
    }
    grant(f);
    pthread_join(thread, &got);
    assert_non_null(got);
    turn_begun(f->turn, &(struct turn_command){0});
}

static unsigned in_flight(const struct fixture *f) {
    pthread_mutex_lock(&f->turn->lock);
    unsigned n = f->turn->in_flight;
    pthread_mutex_unlock(&f->turn->lock);
    return n;
}

static unsigned left_over(const struct fixture *f) {
    pthread_mutex_lock(&f->turn->lock);
    unsigned n = f->turn->left_over;
    pthread_mutex_unlock(&f->turn->lock);
    return n;
}

static void *host(void *opaque) {
    struct fixture *f = opaque;
    uint32_t seen = atomic_load(&f->turn->board->returned);

    while (!atomic_load(&f->over)) {
        rings(f, 10);
        if (atomic_load(&f->turn->board->returned) != seen)
            f->early += atomic_load(&flying.busy);
        seen = atomic_load(&f->turn->board->returned);
        if (asks(f))
            grant(f);
    }
    return NULL;
}

/* Turns of one command of so many milliseconds each, until one came back early, or so many have passed. */
static unsigned early_ones(struct fixture *f, unsigned lead_ms, unsigned commands) {
    struct board_device *b = f->turn->board;
    pthread_t thread;
    int event; /* of which nothing is asked */

    flying.ms = COMMAND_MS;
    atomic_store(&b->quantum_ns, 3 * COMMAND_MS / 2 * MS);
    atomic_store(&b->ahead_ns, 0);
    atomic_store(&b->lead_ns, (uint64_t)lead_ms * MS);
    assert_int_equal(pthread_create(&thread, NULL, host, f), 0);
    for (unsigned i = 0; i < commands && f->early == 0; i++) {
        assert_true(turn_wait(f->turn, &f->over));
        turn_begun(f->turn, &(struct turn_command){.event = (cl_event)(void *)&event});
    }
    for (int i = 0; i < HANG_MS && (in_flight(f) + left_over(f) > 0 || atomic_load(&flying.busy)); i++)
        usleep(1000);
    atomic_store(&f->over, true);
    pthread_join(thread, NULL);
    return f->early;
}

/* A turn goes back before its last command has ended where the host wants it so, and never else; and what is left over is no part of the
 * next one. */
static void test_early(void **state) {
    struct fixture *f = *state;

    assert_int_equal(early_ones(f, LEAD_MS, 200), 1);
    assert_int_equal(in_flight(f), 0);
    assert_int_equal(left_over(f), 0);
    assert_int_equal(atomic_load(&f->turn->board->returned), atomic_load(&f->turn->board->granted));
}

/* The command that a turn was given back before is endless, and stays what is left over, whichever ends: the next turn lasts as long as
 * its own command, and none is given back early while it runs. */
static void test_endless_is_left_over(void **state) {
    struct fixture *f = *state;
    int event;
    pthread_t thread;

    assert_int_equal(early_ones(f, LEAD_MS, 200), 1);
    f->over = false;
    f->early = 0;
    assert_int_equal(pthread_create(&thread, NULL, host, f), 0);
    flying.ms = 0;
    assert_true(turn_wait(f->turn, &f->over));
    turn_begun(f->turn, &(struct turn_command){.event = (cl_event)(void *)&event});
    void(CL_CALLBACK * end_endless)(cl_event, cl_int, void *) = flying.told;
    void *endless = flying.opaque;
    assert_true(turn_wait(f->turn, &f->over)); /* after an early end, or it would wait for ever */
    assert_int_equal(left_over(f), 1);
    for (int i = 0; i < 3; i++) {
        uint32_t number = atomic_load(&f->turn->board->granted);
        flying.ms = COMMAND_MS;
        turn_begun(f->turn, &(struct turn_command){.event = (cl_event)(void *)&event});
        assert_true(turn_wait(f->turn, &f->over));
        assert_int_equal(atomic_load(&f->turn->board->granted), number + 1);
        assert_int_equal(left_over(f), 1);
        assert_int_equal(in_flight(f), 1);
    }
    assert_int_equal(f->early, 0);
    turn_begun(f->turn, &(struct turn_command){0});
    end_endless(NULL, CL_COMPLETE, endless);
    assert_int_equal(left_over(f), 0);
    assert_int_equal(in_flight(f), 0);
    atomic_store(&f->over, true);
    pthread_join(thread, NULL);
}

static void test_never_early(void **state) {
    assert_int_equal(early_ones(*state, 0, 6), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_asks_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_early, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_endless_is_left_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_never_early, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
