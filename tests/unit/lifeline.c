// SPDX-License-Identifier: MIT
/* A worker's lifeline: whoever holds the other end hears of its death also where that frees nothing, since another process shares its
 * memory and its descriptors. */
#include "tests/lib/unit.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/worker/lifeline.h"
#include "svga-model/unseen.h"

enum { LONG_MS = 30000, STACK_SIZE = 64 << 10 };

UNSEEN static int wait_for_kill(void *unused) {
    (void)unused;
    while (pause() < 0)
        ;
    return 0;
}

/* As a worker with a hand. Tells the hand's number once all stands. */
static _Noreturn void work(int life, int told) {
    char *stack = malloc(STACK_SIZE);
    pid_t hand = clone(wait_for_kill, stack + STACK_SIZE, CLONE_VM | CLONE_FILES, NULL);

    if (lifeline_begin(life) != 0 || write(told, &hand, sizeof hand) != sizeof hand)
        _exit(1);
    for (;;)
        pause();
}

static bool has_ended(int fd, int timeout_ms) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char c;

    return poll(&p, 1, timeout_ms) == 1 && recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

static void ends_with_its_process_alone(void **state) {
    int life[2], told[2], status;
    pid_t hand;
    (void)state;

#ifdef __SANITIZE_THREAD__
    skip(); /* it knows no process that shares another's memory without being its thread */
#endif
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, life), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, told), 0);
    pid_t worker = fork();
    assert_true(worker >= 0);
    if (worker == 0) {
        close(life[0]);
        close(told[0]);
        work(life[1], told[1]);
    }
    close(life[1]);
    close(told[1]);
    assert_int_equal(read(told[0], &hand, sizeof hand), sizeof hand);
    assert_false(has_ended(life[0], 0));
    kill(worker, SIGKILL);
    assert_true(has_ended(life[0], LONG_MS));
    assert_int_equal(waitpid(worker, &status, 0), worker);
    assert_true(WIFSIGNALED(status));
    assert_false(has_ended(told[0], 0)); /* which it held as processes do */
    kill(hand, SIGKILL);
    assert_true(has_ended(told[0], LONG_MS));
    assert_int_equal(waitpid(hand, &status, __WALL), hand);
    close(life[0]);
    close(told[0]);
}

/* Handlers use descriptors that its thread has not. */
static int number = -1;

static void write_there(int signal) {
    (void)signal;
    if (write(number, "x", 1) != 1)
        _exit(1);
}

static void leaves_signals_to_others(void **state) {
    int life[2], told[2];
    char c;
    (void)state;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, life), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, told), 0);
    number = told[1];
    signal(SIGUSR1, write_there);
    assert_int_equal(lifeline_begin(life[1]), 0);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &one, NULL), 0);
    kill(getpid(), SIGUSR1); /* whoever may hear it */
    struct pollfd p = {.fd = told[0], .events = POLLIN};
    assert_int_equal(poll(&p, 1, 100), 0);
    assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &one, NULL), 0);
    assert_int_equal(read(told[0], &c, 1), 1);
    close(told[0]);
    close(told[1]);
    close(life[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_with_its_process_alone),
        cmocka_unit_test(leaves_signals_to_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
