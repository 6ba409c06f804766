// SPDX-License-Identifier: MIT
/*
 * Finds out whether a session waits for a driver's compiler that does not come back: with the FIFO, where a driver compiles within an
 * enqueue, or, once a compiler was given up at a limit of builds, with commands that need it (PoCL compiles a kernel's work-group
 * function on a thread of its own when it first runs). Ends the worker then, with a sentence for its guest: there is nothing that
 * it could go on with.
 *
 * Threads: the watch (deadline.h).
 */
#ifndef HOST_BACKEND_WORKER_STUCK_H
#define HOST_BACKEND_WORKER_STUCK_H

#include <stdbool.h>
#include <stdint.h>

struct session;

/* How often to look. `lost`: a compiler was given up. */
uint64_t stuck_period_ms(const struct session *s, bool lost);
void stuck_look(struct session *s, bool lost);

#endif
