// SPDX-License-Identifier: MIT
/*
 * The books of the room where things are given back. What the host may still use cannot be freed, and what the
 * application is still to get cannot be dropped: so each context keeps account of its queues, and each queue of
 * how far it is known to have come.
 *
 * This room (guest-icd/reclaim) knows the session, and of objects no more than that they start with a struct
 * icd_object. Contexts, queues and memory objects have its structs inside them and call it, never the other way
 * round; what it calls of theirs, it is given.
 *
 *     ledger.h       the books
 *     pending.h      what hangs on commands: staging blocks, copies into the application's memory
 *     progress.h     learning how far a queue is, and waiting for it
 *     limbo.h        what commands in flight may still use, though the application has released it
 *     farewell.h     memory objects whose end the application wants to hear of
 *     destructors.h  the callbacks that tell it
 *     maps.h         what the application has mapped
 *     parked.h       status slots that the host may still write
 */
#ifndef GUEST_ICD_RECLAIM_LEDGER_H
#define GUEST_ICD_RECLAIM_LEDGER_H

#include "guest-icd/session/object.h"

struct icd_pending;     /* pending.c */
struct icd_limbo_batch; /* limbo.c */
struct icd_destructor;  /* destructors.h */

/* A context's. */
struct icd_ledger {
    cl_context context;                 /* whose */
    struct svga_lock lock;              /* guards queues and destructors */
    struct icd_progress *queues;        /* of all live queues; not retained */
    struct icd_destructor *destructors; /* clSetContextDestructorCallback */
    _Atomic uint32_t copies;       /* copies to the application's memory that are still to do (pending.h) */
    struct icd_limbo_batch *limbo; /* the open batch, guarded by limbo.c's lock */
};

/* A queue's. */
struct icd_progress {
    cl_command_queue queue; /* whose */
    struct icd_ledger *ledger;
    struct icd_progress *next; /* in the ledger */
    uint32_t id;               /* the host's queue */
    bool in_order;
    /* submitted counts commands written to the FIFO (changed under svga_guest_lock); every one up to `completed` is
     * known to have ended. Equal: the queue is idle. */
    _Atomic uint64_t submitted;
    _Atomic uint64_t completed;
    uint64_t flushed; /* submitted when FLUSH was last sent; guarded by svga_guest_lock */
    /* What hangs on its commands, by ascending number (pending.h). */
    struct svga_lock pending_lock; /* guards the list, the probe, and copies while they are done */
    struct icd_pending *pending_first, *pending_last;
    _Atomic uint64_t pending_bytes; /* staging memory in it */
    _Atomic uint32_t copies;        /* entries with a copy to do */
    /* A marker whose end the host reports by itself (progress.h); 0: none under way. */
    uint32_t probe_id, probe_slot;
    uint64_t probe_seq;
};

/* User events whose status is not set yet, in the whole process. While there are any, waiting for a queue inside a
 * call that OpenCL does not let wait could last forever. */
extern _Atomic uint32_t icd_user_events_unset;

/* *l is all zeros. */
void icd_ledger_init(struct icd_ledger *l, cl_context context);
void icd_ledger_destroy(struct icd_ledger *l);

/* A queue of the context, all zeros, of which the host's object has that id: enters it. */
void icd_progress_enter(struct icd_progress *p, struct icd_ledger *l, cl_command_queue queue, uint32_t id,
                        bool in_order);
/* The queue, which is idle, goes. */
void icd_progress_leave(struct icd_progress *p);

/* An internal reference to the queue of an entry in its ledger (whose lock is held), unless it is being destroyed:
 * false. */
bool icd_progress_ref(struct icd_progress *p);

/* True if every command that the queue was given is known to have ended. */
static inline bool icd_progress_idle(const struct icd_progress *p) {
    uint64_t submitted = atomic_load_explicit(&p->submitted, memory_order_relaxed);
    return atomic_load_explicit(&p->completed, memory_order_acquire) >= submitted;
}

/* Is every queue of the context idle? */
bool icd_ledger_idle(struct icd_ledger *l);

#endif
