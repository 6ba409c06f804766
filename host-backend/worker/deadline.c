// SPDX-License-Identifier: MIT
#include "host-backend/worker/deadline.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "host-backend/worker/build.h"
#include "host-backend/worker/build-limits.h"
#include "host-backend/worker/crash.h"
#include "host-backend/worker/first-run.h"
#include "host-backend/worker/session.h"
#include "host-backend/worker/stuck.h"

#define PARK SIGUSR2

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static pthread_cond_t wake;
static struct session *session; /* that is watched over; NULL: none yet */
static struct deadline *set;
static bool lost; /* some build was given up */

/* May this thread be stopped for good, wherever it is? It is in the driver, then, and holds nothing of ours. */
static _Thread_local volatile bool in_driver;

static _Noreturn void park(void) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    for (;;)
        pause();
}

static void on_park(int number) {
    (void)number;
    if (in_driver)
        park();
}

/* ---- builds ---- */

static void unlink_deadline(struct deadline *d) {
    *d->link = d->next;
    if (d->next)
        d->next->link = d->link;
}

/* Lock held, given up in between. */
static void look_at_builds(void) {
    uint64_t memory = set ? build_private_bytes() : 0;
    char why[256];

    for (struct deadline *d = set; d; d = d->next)
        build_use_look(&d->use, true);

    for (struct deadline *d = set; d; d = d->next) {
        if (!build_use_is_beyond(session, &d->use, memory, why))
            continue;
        struct build *b = d->build;
        unlink_deadline(d);
        d->given_up = lost = true;
        pthread_kill(d->thread, PARK);
        pthread_mutex_unlock(&lock);
        build_give_up(b, why);
        pthread_mutex_lock(&lock);
        return; /* the list may be another, and so may be the memory */
    }
}

/* ---- the watch ---- */

/* Waits for so long, or until builds begin. Lock held. */
static void wait_ms(uint64_t ms) {
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + ms % 1000 * 1000000;
    until.tv_sec += (time_t)(ms / 1000 + ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    pthread_cond_timedwait(&wake, &lock, &until);
}

static void *watch(void *unused) {
    uint64_t looked = build_now_ms();

    (void)unused;
    pthread_mutex_lock(&lock);
    for (;;) {
        uint64_t period_ms = stuck_period_ms(session, lost);

        wait_ms(set || first_runs_pending() ? BUILD_LOOK_MS : period_ms);
        look_at_builds();
        pthread_mutex_unlock(&lock);
        first_runs_look(session);
        pthread_mutex_lock(&lock);
        if (build_now_ms() - looked >= period_ms) {
            looked = build_now_ms();
            stuck_look(session, lost);
        }
    }
    return NULL;
}

void deadline_watch(struct session *s) {
    struct sigaction act = {.sa_handler = on_park};
    pthread_condattr_t attributes;
    pthread_t thread;

    if (s->options.build_seconds == 0 && s->options.build_memory_mib == 0)
        return;
    sigaction(PARK, &act, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&wake, &attributes);
    pthread_condattr_destroy(&attributes);
    build_limits_open();
    session = s;
    if (pthread_create(&thread, NULL, watch, NULL) == 0)
        pthread_detach(thread);
    else
        session = NULL;
}

bool deadline_watches(void) {
    return session != NULL;
}

void deadline_wake(void) {
    pthread_mutex_lock(&lock);
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
}

void deadline_begin(struct deadline *d, struct build *b) {
    d->watched = session != NULL;
    crash_in_compiler(true);
    if (!d->watched)
        return;
    d->build = b;
    d->thread = pthread_self();
    d->given_up = false;
    build_use_begin(&d->use);
    pthread_mutex_lock(&lock);
    d->next = set;
    d->link = &set;
    if (d->next)
        d->next->link = &d->next;
    set = d;
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
    in_driver = true;
}

void deadline_end(struct deadline *d) {
    crash_in_compiler(false);
    if (!d->watched)
        return;
    in_driver = false;
    pthread_mutex_lock(&lock);
    bool given_up = d->given_up;
    if (!given_up)
        unlink_deadline(d);
    pthread_mutex_unlock(&lock);
    if (given_up)
        park();
}
