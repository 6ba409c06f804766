// SPDX-License-Identifier: MIT
/*
 * A limit on how long a build may take. A driver's compiler cannot be stopped; so a program that is made to keep it
 * busy costs its own guest the session, with a sentence, and the worker ends.
 *
 * Threads: builders, any number at once.
 */
#ifndef HOST_BACKEND_WORKER_DEADLINE_H
#define HOST_BACKEND_WORKER_DEADLINE_H

#include <stdint.h>

struct session;

struct deadline {
    struct deadline *next, **link;
    struct session *session;
    uint64_t until_ns; /* svga_now_ns() */
};

/* From now until deadline_drop, which must come. `seconds` 0: no limit. */
void deadline_set(struct deadline *d, struct session *s, unsigned seconds);
void deadline_drop(struct deadline *d);

#endif
