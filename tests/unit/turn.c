// SPDX-License-Identifier: MIT
/* Turns on the worker's side: the host is this test. */
#include "tests/lib/unit.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/worker/turn.h"
#include "svga-model/futex.h"

enum { HANG_MS = 60000 };

/* ---- the host ---- */

struct fixture {
    struct driver_platform platform;
    struct driver_device device;
    struct driver driver;
    struct turns *turns;
    struct turn *turn;
    int bell;
    _Atomic bool over;
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_asks_again, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
