// SPDX-License-Identifier: MIT
/*
 * Commands that the driver has and that may not run before the guest says so: behind a user event that is not set, or behind such a
 * command. Where devices are shared they take no turn yet (turn.h): the guest's word may come behind them, and whoever held a turn
 * meanwhile would hold the device up. They wait for a *ticket* too, a user event of the worker's own, which is set in a turn once
 * nothing else of the guest's is missing: then they are let through and counted as any other command.
 *
 * What was given to the driver while the gate was open has no ticket: it is known here only for what comes behind it.
 *
 * Threads: all under the leader lock.
 */
#ifndef HOST_BACKEND_WORKER_BEHIND_H
#define HOST_BACKEND_WORKER_BEHIND_H

#include "host-backend/worker/enqueue.h"

/* Is the command behind something, but for what its wait list says? A command of a queue in order is behind all before
 * it; else one is behind barriers. */
static inline bool behind_its_queue(const struct queue *q) {
    return __builtin_expect(q->behind > 0, 0) && (q->in_order || q->barriers > 0);
}

/* Before the driver gets a command that works: adds a ticket to its wait list. False: there is no memory for it. */
bool behind_add_ticket(struct enqueue *e);
/* The driver has refused it. */
void behind_drop_ticket(struct enqueue *e);
/* The driver has the command: it is known from now on. `event`: the guest's; NULL: it has none. False: the session has failed, since
 * memory is out. */
bool behind_add(struct enqueue *e, struct event *event);

/* The guest has set a user event, and the driver knows: lets through what is behind nothing any more. Waits for turns. */
void behind_release(struct session *s);
/* The session is over: nobody sets a user event any more. Forgets all that waits for one. */
void behind_finish(struct session *s);

#endif
