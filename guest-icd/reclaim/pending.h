// SPDX-License-Identifier: MIT
/*
 * What hangs on commands of a queue that have not ended: staging blocks, which are given back to the pool,
 * and copies out of them into the application's memory (non-blocking reads, maps of CL_MEM_USE_HOST_PTR
 * buffers), which must be done before the application can know that the command has ended.
 *
 * The host cannot write into the application's memory, so the guest copies when it observes an end,
 * whichever: an event that has ended may depend, over other queues, on a read whose own event nobody looked
 * at. icd_settle therefore asks the host for the state of every read that is still open. With one in-order
 * queue that never happens: its progress says it all.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_RECLAIM_PENDING_H
#define GUEST_ICD_RECLAIM_PENDING_H

#include "guest-icd/reclaim/ledger.h"
#include "guest-icd/session/pool.h"

/* A box of bytes in linear memory: region[0] bytes in a row, region[1] rows, region[2] slices. */
struct icd_box {
    char *ptr; /* its first byte */
    size_t row_pitch, slice_pitch;
    bool sparing; /* bytes that have the right value already are not written: the memory may be read-only */
};
/* Copies by to's rule. */
void icd_box_copy(const struct icd_box *to, const struct icd_box *from, const size_t region[3]);

struct icd_copy {
    struct icd_box to, from;
    size_t region[3];
};

/* The block is given back once command `seq` of the queue has ended. */
void icd_pending_block(struct icd_progress *p, uint64_t seq, struct icd_block *block);

/* The same for a command with an event that the host knows, and whose status lies in `slot`; when it ends well,
 * `copy` is done before. block->region may be 0: the copy reads memory that stays. `event` is retained. */
void icd_pending_copy(struct icd_progress *p, cl_event event, uint32_t slot, uint64_t seq,
                      const struct icd_block *block, const struct icd_copy *copy);

/* Notes that the queue's commands up to `seq` have ended, and does what hung on them. */
void icd_progress_reach(struct icd_progress *p, uint64_t seq);

/* Counts, from 1, what the application was told of: ends of commands. The host writes ends into slots one by
 * one, in no order, so what a slot says may be older than what an end says that the application has heard of
 * since: of all commands that had to end before. Then the host must be asked again. */
extern _Atomic uint64_t icd_ends_observed;

/* To be called before the application hears of an end: does every copy of the context whose command has ended
 * by now, asking the host where that is not known. */
void icd_settle_slow(struct icd_ledger *l);
static inline void icd_settle(struct icd_ledger *l) {
    atomic_fetch_add_explicit(&icd_ends_observed, 1, memory_order_release);
    if (atomic_load_explicit(&l->copies, memory_order_acquire) > 0)
        icd_settle_slow(l);
}

#endif
