// SPDX-License-Identifier: MIT
#include "guest-icd/reclaim/progress.h"

#include <sched.h>

#include "guest-icd/reclaim/pending.h"
#include "guest-icd/session/pool.h"
#include "guest-icd/session/session.h"
#include "guest-icd/session/trace.h"
#include "svga-model/futex.h"

/* Staging memory of one queue: from here on the guest wants to be told of its progress, */
#define PROBE_BYTES ((uint64_t)1 << 20)
/* from here on it waits a little for memory that it has before it takes more, */
#define REUSE_BYTES ((uint64_t)4 << 20)
/* and from here on it waits for the queue. */
#define DRAIN_BYTES ((uint64_t)512 << 20)
/* To make fresh shared pages costs both sides together about 1 ns for each byte (measured where the machine is a
 * VM itself), and what was touched last lies in caches. So half of that is well spent on waiting for used ones;
 * a program that enqueues behind a long kernel loses no more than that. */
#define REUSE_BYTES_PER_NS 2

/* pending_lock is held. The number that the queue is known to have reached thereby, 0 if nothing is new. */
static uint64_t look_at_probe(struct icd_progress *p) {
    if (p->probe_id == 0)
        return 0;
    int32_t status = icd_slot_status(icd_slot(p->probe_slot));
    if (status > CL_COMPLETE)
        return 0;
    icd_release_id(p->probe_id);
    icd_slot_free(p->probe_slot);
    p->probe_id = 0;
    return status == CL_COMPLETE ? p->probe_seq
                                 : 0; /* a marker that failed proves nothing of those before it */
}

/* pending_lock is held. A marker that waits for everything before it, on in-order and out-of-order queues
 * alike. */
static void start_probe(struct icd_progress *p) {
    struct svga_guest *g = icd_session->g;
    uint32_t id = icd_id_alloc();
    uint32_t slot = id ? icd_slot_alloc() : TR_NO_SLOT;

    if (slot == TR_NO_SLOT) {
        icd_id_free(id);
        return; /* out of ids: a later call tries again */
    }
    p->probe_id = id;
    p->probe_slot = slot;
    svga_guest_lock(g);
    TR_PUT(g, MARKER, marker, NULL, .queue = p->id, .event = id, .event_slot = slot);
    p->probe_seq = atomic_fetch_add_explicit(&p->submitted, 1, memory_order_relaxed) + 1;
    TR_PUT(g, WATCH_EVENT, watch_event, NULL, .event = id, .slot = TR_NO_SLOT);
    TR_PUT(g, FLUSH, flush, NULL, .queue = p->id);
    svga_guest_unlock(g);
}

void icd_progress_probe(struct icd_progress *p, bool start) {
    svga_lock_take(&p->pending_lock);
    uint64_t reached = look_at_probe(p);
    if (start && p->probe_id == 0 && reached < atomic_load_explicit(&p->submitted, memory_order_relaxed) &&
        !icd_progress_idle(p) && !svga_guest_lost(icd_session->g))
        start_probe(p);
    svga_lock_give(&p->pending_lock);
    if (reached > 0)
        icd_progress_reach(p, reached);
}

cl_int icd_progress_finish(struct icd_progress *p) {
    struct svga_guest *g = icd_session->g;
    struct icd_trace trace;
    struct icd_call call;

    icd_trace_start(&trace);
    cl_int r = icd_call_begin(&call);
    if (r != CL_SUCCESS)
        return r;
    svga_guest_lock(g);
    uint64_t seq = atomic_load_explicit(&p->submitted, memory_order_relaxed);
    p->flushed = seq;
    icd_trace_put(&trace);
    TR_PUT(g, FINISH, finish, NULL, .queue = p->id, .slot = call.slot);
    svga_guest_unlock(g);
    r = icd_call_wait(&call);
    icd_trace_wake(trace.token);
    if (svga_guest_lost(g))
        return icd_session_error();
    icd_progress_reach(p, seq);
    return r;
}

static uint64_t held_bytes(const struct icd_progress *p) {
    return atomic_load_explicit(&p->pending_bytes, memory_order_relaxed);
}

/* Until a block of that size has come back, or the time of a fresh one is over. */
static void wait_for_used(struct icd_progress *p, uint64_t bytes) {
    uint64_t end = svga_now_ns() + bytes / REUSE_BYTES_PER_NS;
    while (held_bytes(p) > 0 && !icd_pool_has(bytes) && svga_now_ns() < end &&
           !svga_guest_lost(icd_session->g)) {
        sched_yield(); /* who carries the commands out may need this CPU */
        icd_progress_probe(p, true);
    }
}

void icd_progress_throttle(struct icd_progress *p, uint64_t bytes) {
    if (held_bytes(p) + bytes < PROBE_BYTES)
        return;
    icd_progress_probe(p, true);
    bool gated = atomic_load(&icd_user_events_unset) > 0;
    if (!gated && icd_session->settings.reuse && held_bytes(p) + bytes > REUSE_BYTES)
        wait_for_used(p, bytes);
    uint64_t held = held_bytes(p);
    if (held > 0 && held + bytes > DRAIN_BYTES && !gated)
        icd_progress_finish(p);
}
