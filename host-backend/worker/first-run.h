// SPDX-License-Identifier: MIT
/*
 * What a driver compiles on threads of its own when a kernel first runs (QUIRK_COMPILES_WHEN_RUN), under the limits of builds.
 *
 * Where a kernel is enqueued for the first time, or for the first time with a local size, its command is watched from the moment at
 * which nothing before it is left to do until the driver says that it runs: by then it has been compiled. No call of the driver's can
 * be given up in between, and no error told: a worker whose driver goes beyond a limit ends with a sentence for its guest and the
 * host's log. Time counts while this guest has nothing else under way on a device.
 *
 * Threads: begin and begun under the leader lock; looking is the watch's (deadline.h).
 */
#ifndef HOST_BACKEND_WORKER_FIRST_RUN_H
#define HOST_BACKEND_WORKER_FIRST_RUN_H

#include "host-backend/worker/enqueue.h"

struct first_run;

/* A local size as a number; different ones may share it. */
static inline uint64_t first_run_size(cl_uint dim, const size_t *local) {
    uint64_t size = 1;
    for (cl_uint i = 0; local && i < dim; i++)
        size = (size << 20) + local[i];
    return size;
}

/* Before the driver gets the command. NULL: it need not be watched. */
struct first_run *first_run_new(struct enqueue *e, struct kernel *k, uint64_t size);
static inline struct first_run *first_run_begin(struct enqueue *e, struct kernel *k, uint64_t size) {
    return __builtin_expect(k->sizes[0] == size, 1) ? NULL : first_run_new(e, k, size);
}
/* The driver has it, and this is its event; NULL: it has refused it. */
void first_run_begun(struct first_run *f, cl_event event);

/* Is there anything to look at? */
bool first_runs_pending(void);
/* Does not return if a limit was met. */
void first_runs_look(struct session *s);

#endif
