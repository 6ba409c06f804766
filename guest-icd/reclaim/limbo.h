// SPDX-License-Identifier: MIT
/*
 * Limbo: blocks of released memory objects that commands in flight may still read and write, and queues that
 * the application released while they had work. Each stays until all commands that its context's queues had
 * been given by then have ended.
 *
 * They are kept in batches, so that the progress of queues is looked at once per batch, not once per block;
 * closing a batch sends each busy queue a marker whose end the host reports by itself: nobody ever waits.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_RECLAIM_LIMBO_H
#define GUEST_ICD_RECLAIM_LIMBO_H

#include "guest-icd/reclaim/ledger.h"
#include "guest-icd/session/pool.h"

/* Gives the block back to the pool: now, if every queue of the context is idle, or later. */
void icd_limbo_block(struct icd_ledger *l, struct icd_block *block);

/* Drops the internal reference to a busy queue once it is idle. */
void icd_limbo_queue(struct icd_progress *p);

/* Gives back what can be given back. Cheap if there is nothing. */
void icd_limbo_reap(void);

/* The application has released the context: what is kept for it must not keep it in turn. */
void icd_limbo_close(struct icd_ledger *l);

/* Shared memory is out: waits for the context's queues, where that is sure to end, and gives back what it
 * can. */
void icd_limbo_flush(struct icd_ledger *l);

#endif
