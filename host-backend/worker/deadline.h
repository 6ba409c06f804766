// SPDX-License-Identifier: MIT
/*
 * Limits for the drivers' compilers, which run in the worker's own process and cannot be stopped.
 *
 * A build that goes beyond its time or its memory is *given up*: its program's build has failed, with the limit in the log, and the
 * thread that is at it never runs again. It keeps what it has: its memory, and the locks of the driver's compiler, so nothing else
 * can be built by that driver in this process. All else goes on, as long as it does not need that compiler (stuck.h).
 *
 * Threads: builders, any number at once.
 */
#ifndef HOST_BACKEND_WORKER_DEADLINE_H
#define HOST_BACKEND_WORKER_DEADLINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "host-backend/worker/build-limits.h"

struct build;
struct session;

/* Watches over the session's builds, kernels' first runs and its FIFO from now on, as its options say. Once in a process. */
void deadline_watch(struct session *s);

/* Does it? */
bool deadline_watches(void);
/* There is something new to look at. */
void deadline_wake(void);

struct deadline {
    bool watched; /* its own thread's; the rest is guarded by the watch's lock */
    struct deadline *next, **link;
    struct build *build;
    pthread_t thread;
    struct build_use use;
    bool given_up;
};

/* Around a call of the driver's compiler. Nothing of the worker's own may be locked in between. The end does not return where the
 * build was given up (build_give_up). */
void deadline_begin(struct deadline *d, struct build *b);
void deadline_end(struct deadline *d);

#endif
