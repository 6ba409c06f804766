// SPDX-License-Identifier: MIT
/*
 * Locks with a place in an order: whoever holds one takes only such as come behind it, so that threads never wait
 * for each other in a circle. Builds with a sanitizer check that, and abort with both names; others pay nothing.
 *
 * In a forked child (svga_locks_forked) nobody is left to give back what other threads of the parent held, and
 * nobody else is there: taking a lock does nothing.
 *
 * Threads: any.
 */
#ifndef SVGA_MODEL_LOCK_H
#define SVGA_MODEL_LOCK_H

#include <pthread.h>
#include <stdbool.h>

#if !defined(SVGA_CHECK_LOCKS) && (defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__))
#define SVGA_CHECK_LOCKS 1
#endif

struct svga_lock {
    pthread_mutex_t mutex;
    unsigned order; /* 1 to 63, ascending; only one lock of each may be held */
};
#define SVGA_LOCK(order)                                                                                     \
    { PTHREAD_MUTEX_INITIALIZER, order }

/* The locks of this folder come last: guest-icd/session/locks.h has those before them. */
enum { SVGA_LOCK_REGIONS = 59, SVGA_LOCK_FIFO, SVGA_LOCK_FRESH, SVGA_LOCK_STREAM, SVGA_LOCK_STREAM_REGIONS };

extern bool svga_locks_forked; /* set by the child itself, before it starts threads */

static inline void svga_lock_init(struct svga_lock *l, unsigned order) {
    pthread_mutex_init(&l->mutex, NULL);
    l->order = order;
}

static inline void svga_lock_destroy(struct svga_lock *l) {
    pthread_mutex_destroy(&l->mutex);
}

#ifdef SVGA_CHECK_LOCKS
void svga_lock_check_take(unsigned order);
void svga_lock_check_give(unsigned order);
#else
static inline void svga_lock_check_take(unsigned order) {
    (void)order;
}
static inline void svga_lock_check_give(unsigned order) {
    (void)order;
}
#endif

static inline void svga_lock_take(struct svga_lock *l) {
    if (svga_locks_forked)
        return;
    svga_lock_check_take(l->order);
    pthread_mutex_lock(&l->mutex);
}

static inline void svga_lock_give(struct svga_lock *l) {
    if (svga_locks_forked)
        return;
    pthread_mutex_unlock(&l->mutex);
    svga_lock_check_give(l->order);
}

/* Waits for the condition with the lock given meanwhile. False in a forked child: nobody will signal it. */
static inline bool svga_lock_wait(pthread_cond_t *cond, struct svga_lock *l) {
    if (svga_locks_forked)
        return false;
    pthread_cond_wait(cond, &l->mutex);
    return true;
}

#endif
