// SPDX-License-Identifier: MIT
#include "host-backend/vhost-user/event.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define TICK (SIGRTMIN + 4)

enum { TICK_S = 1 /* a call that was there at two ticks is stuck */ };

static _Thread_local struct {
    volatile int fd;                     /* that a call is at; -1: none */
    volatile unsigned long number, seen; /* of calls: this one, and the one at the last tick */
    volatile bool stuck;
    int spare; /* an eventfd that does not block */
    timer_t timer;
    bool watched;
} here = {.fd = -1, .spare = -1};

/* The call that it interrupts is begun again by the kernel (SA_RESTART), and finds what is there then. */
static void on_tick(int number) {
    int kept = errno;
    (void)number;

    if (here.fd >= 0 && here.seen == here.number && dup3(here.spare, here.fd, O_CLOEXEC) >= 0)
        here.stuck = true;
    here.seen = here.number;
    errno = kept;
}

int vu_events_begin(void) {
    const struct itimerspec times = {{TICK_S, 0}, {TICK_S, 0}};
    struct sigaction act = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    struct sigevent to = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = TICK};
    sigset_t tick;

    to._sigev_un._tid = gettid();
    here.spare = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (here.spare < 0 || sigaction(TICK, &act, NULL) < 0 ||
        timer_create(CLOCK_MONOTONIC, &to, &here.timer) < 0) {
        int error = errno;
        if (here.spare >= 0)
            close(here.spare);
        here.spare = -1;
        return -error;
    }
    sigemptyset(&tick);
    sigaddset(&tick, TICK);
    pthread_sigmask(SIG_UNBLOCK, &tick, NULL);
    timer_settime(here.timer, 0, &times, NULL);
    here.watched = true;
    return 0;
}

void vu_events_end(void) {
    if (!here.watched)
        return;
    timer_delete(here.timer);
    close(here.spare);
    here.spare = -1;
    here.watched = false;
}

static void enter(int fd) {
    here.number++;
    here.fd = fd;
}

static void leave(void) {
    here.fd = -1;
}

void vu_event_signal(int fd) {
    uint64_t one = 1;

    enter(fd);
    ssize_t ignored = write(fd, &one, sizeof one); /* full means: it is readable already */
    leave();
    (void)ignored;
}

bool vu_event_take(int fd) {
    uint64_t count;

    enter(fd);
    ssize_t n = read(fd, &count, sizeof count);
    leave();
    return n == (ssize_t)sizeof count;
}

bool vu_events_were_stuck(void) {
    bool stuck = here.stuck;
    here.stuck = false;
    return stuck;
}
