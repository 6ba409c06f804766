// SPDX-License-Identifier: MIT
/*
 * Builds seen before: what a driver has built once it need not build again.
 *
 * Two levels. In a session, a program with the same IR, options and devices in the same context shares the
 * driver's program of the first one: no work at all. Across sessions, the driver's binaries are kept in the
 * tenant's cache, which the broker keeps (host-backend/cache/ask.h), keyed by everything that they depend on; they are fetched from
 * the driver and stored when the session ends, because then they hold the kernels compiled for the work-group
 * sizes that were used, and because fetching is slow (53 ms on PoCL). What a session has run with sizes that were not among them is
 * added then, so that a program that is run with other problems is as fast from the second time on.
 *
 * Source that includes files or asks for the time is never taken from either; nor are programs shared that
 * have variables of their own. The binary of a cache can be lacking or refused by the driver: then the
 * program is built as if nothing had been there.
 *
 * Threads: builder threads and the end of the session, any number at once.
 */
#ifndef HOST_BACKEND_WORKER_SEEN_H
#define HOST_BACKEND_WORKER_SEEN_H

#include "host-backend/cache/ask.h"
#include "host-backend/worker/build.h"

struct seen;

/* `store` is asked across sessions. NULL when out of memory. */
struct seen *seen_open(struct store_asker *store);

/* True if the build needs none: the program then has the driver's program, built, and its log. */
bool seen_find(struct seen *s, struct build *b);
/* The build has succeeded: b->program->cl is built. */
void seen_add(struct seen *s, struct build *b);

/* How many seconds may the end of the session take? STORE_MAX_SECONDS where there is something to store: PoCL compiles each kernel once
 * more for its binaries, also those that have not run. */
unsigned seen_store_seconds(struct seen *s);
/* Writes what is new into the cache. The process is about to exit. */
void seen_store(struct seen *s);

/* Forgets all. For tests: a worker's process ends instead. NULL is ignored. */
void seen_close(struct seen *s);

#endif
