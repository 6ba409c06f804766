// SPDX-License-Identifier: MIT
#include "guest-icd/reclaim/ledger.h"

#include "guest-icd/reclaim/parked.h"
#include "guest-icd/session/session.h"

_Atomic uint32_t icd_user_events_unset;

void icd_ledger_init(struct icd_ledger *l, cl_context context) {
    l->context = context;
    svga_lock_init(&l->lock, ICD_LOCK_CONTEXT);
}

void icd_ledger_destroy(struct icd_ledger *l) {
    svga_lock_destroy(&l->lock);
}

void icd_progress_enter(struct icd_progress *p, struct icd_ledger *l, cl_command_queue queue, uint32_t id,
                        bool in_order) {
    p->queue = queue;
    p->ledger = l;
    p->id = id;
    p->in_order = in_order;
    svga_lock_init(&p->pending_lock, ICD_LOCK_PENDING);
    svga_lock_take(&l->lock);
    p->next = l->queues;
    l->queues = p;
    svga_lock_give(&l->lock);
}

bool icd_progress_ref(struct icd_progress *p) {
    struct icd_object *o = (struct icd_object *)p->queue;
    uint32_t n = atomic_load_explicit(&o->internal, memory_order_relaxed);
    while (n > 0)
        if (atomic_compare_exchange_weak_explicit(&o->internal, &n, n + 1, memory_order_acq_rel,
                                                  memory_order_relaxed))
            return true;
    return false;
}

bool icd_ledger_idle(struct icd_ledger *l) {
    bool idle = true;
    svga_lock_take(&l->lock);
    for (const struct icd_progress *p = l->queues; p && idle; p = p->next)
        idle = icd_progress_idle(p);
    svga_lock_give(&l->lock);
    return idle;
}

void icd_progress_leave(struct icd_progress *p) {
    struct icd_ledger *l = p->ledger;
    svga_lock_take(&l->lock);
    for (struct icd_progress **q = &l->queues; *q; q = &(*q)->next)
        if (*q == p) {
            *q = p->next;
            break;
        }
    svga_lock_give(&l->lock);
    if (p->probe_id != 0) { /* the queue is idle, but word of the probe's end may be under way */
        icd_release_id(p->probe_id);
        icd_slot_park(p->probe_slot);
    }
    svga_lock_destroy(&p->pending_lock);
}
