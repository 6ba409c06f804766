// SPDX-License-Identifier: MIT
#include "host-backend/worker/deadline.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "host-backend/worker/session.h"
#include "svga-model/futex.h"

enum { LOOK_US = 250000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static struct deadline *set;
static bool watched;

static void give_up(struct session *s) {
    svga_device_fail(
        &s->device, SVGA_ERROR_WORKER_DIED,
        "a build took longer than the %u s that the host allows (--build-seconds of its workers); the "
        "host worker of this guest ended",
        s->options.build_seconds);
    fprintf(stderr, "trillium-worker: a build took longer than %u s\n", s->options.build_seconds);
    _exit(1);
}

static void *watch(void *unused) {
    (void)unused;
    pthread_mutex_lock(&lock);
    for (;;) {
        while (!set)
            pthread_cond_wait(&wake, &lock);
        for (struct deadline *d = set; d; d = d->next)
            if (svga_now_ns() > d->until_ns)
                give_up(d->session);
        pthread_mutex_unlock(&lock);
        usleep(LOOK_US);
        pthread_mutex_lock(&lock);
    }
    return NULL;
}

void deadline_set(struct deadline *d, struct session *s, unsigned seconds) {
    pthread_t thread;

    d->link = NULL;
    if (seconds == 0)
        return;
    d->session = s;
    d->until_ns = svga_now_ns() + seconds * 1000000000ull;
    pthread_mutex_lock(&lock);
    d->next = set;
    d->link = &set;
    if (d->next)
        d->next->link = &d->next;
    set = d;
    if (!watched && pthread_create(&thread, NULL, watch, NULL) == 0) {
        pthread_detach(thread);
        watched = true;
    }
    pthread_cond_signal(&wake);
    pthread_mutex_unlock(&lock);
}

void deadline_drop(struct deadline *d) {
    if (!d->link)
        return;
    pthread_mutex_lock(&lock);
    *d->link = d->next;
    if (d->next)
        d->next->link = d->link;
    pthread_mutex_unlock(&lock);
}
