// SPDX-License-Identifier: MIT
/*
 * A latency profile of a session that runs already, begun and ended from outside (trillium profile --attach).
 *
 * The broker hands a socket on to the worker (control.h, CONTROL_PROFILE). Through it comes the file that is to be
 * written, as a descriptor; the profile lasts until the other end is closed or shut down; then the file is completed,
 * and our end closed. Where there is a profile already a sentence comes back instead. Who holds the other end is an
 * administrator, so nothing of this is a guest's word; but a guest that has taken its worker over can write there what
 * it likes.
 *
 * A thread hears all that and gives orders, which the leader carries out between two commands.
 */
#ifndef HOST_BACKEND_WORKER_ATTACH_H
#define HOST_BACKEND_WORKER_ATTACH_H

#include "host-backend/worker/session.h"

/* Hears from the broker on this socket, for as long as the process lives. */
void attach_listen(struct session *s, int control);

/* session->attach_order. ENDING: begun, and looked after by the leader until commands under way have ended. */
enum attach_order { ATTACH_NONE, ATTACH_BEGIN, ATTACH_END, ATTACH_ENDING };

/* Has something been ordered, and has it not been begun? For the leader, at any time. */
static inline bool attach_ordered(const struct session *s) {
    uint32_t order = atomic_load_explicit(&s->attach_order, memory_order_relaxed);
    return order == ATTACH_BEGIN || order == ATTACH_END;
}
/* Carries it out, or goes on with it. Leader lock. */
void attach_obey(struct session *s);
/* A pause of tracing has begun or ended (sample.h), and session->swap_due is set: the driver need not stamp commands meanwhile. Leader
 * lock, between two commands. */
void attach_swap(struct session *s);

#endif
