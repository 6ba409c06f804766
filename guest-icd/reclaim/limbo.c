// SPDX-License-Identifier: MIT
#include "guest-icd/reclaim/limbo.h"

#include <stdlib.h>

#include "guest-icd/reclaim/progress.h"

enum { BATCH_BLOCKS = 32 };
#define BATCH_BYTES ((uint64_t)8 << 20)
/* Above this much memory in limbo, a release waits for the queues. */
#define LIMBO_MAX ((uint64_t)1 << 30)

struct limbo_wait {
    struct icd_progress *queue; /* retained */
    uint64_t seq;
};

struct icd_limbo_batch {
    struct icd_limbo_batch *next;
    struct icd_ledger *ledger; /* its context is retained */
    uint32_t block_count, wait_count;
    uint64_t bytes;
    struct limbo_wait *waits;
    struct icd_block blocks[BATCH_BLOCKS];
};

static struct svga_lock lock =
    SVGA_LOCK(ICD_LOCK_LIMBO); /* guards everything below and the contexts' open batches */
static struct icd_limbo_batch *closed_first, **closed_end = &closed_first;
static _Atomic uint64_t limbo_bytes;
static _Atomic uint32_t batches; /* closed ones */

/* Writes down how far the context's busy queues have to get. False if there is no memory for it. */
static bool take_waits(struct icd_limbo_batch *batch) {
    struct icd_ledger *l = batch->ledger;
    uint32_t n = 0;
    batch->wait_count = 0;
    svga_lock_take(&l->lock);
    for (const struct icd_progress *p = l->queues; p; p = p->next)
        n++;
    batch->waits = n > 0 ? malloc(n * sizeof *batch->waits) : NULL;
    bool ok = n == 0 || batch->waits;
    for (struct icd_progress *p = l->queues; ok && p; p = p->next)
        /* A queue without references is being destroyed, so it was idle. */
        if (!icd_progress_idle(p) && icd_progress_ref(p))
            batch->waits[batch->wait_count++] = (struct limbo_wait){p, atomic_load(&p->submitted)};
    svga_lock_give(&l->lock);
    return ok;
}

/* lock is held. */
static void append(struct icd_limbo_batch *batch) {
    batch->next = NULL;
    *closed_end = batch;
    closed_end = &batch->next;
    atomic_fetch_add(&batches, 1);
    for (uint32_t i = 0; i < batch->wait_count; i++)
        icd_progress_probe(batch->waits[i].queue, true);
}

/* Nobody else knows the batch any more. */
static void give_back(struct icd_limbo_batch *batch) {
    atomic_fetch_sub(&limbo_bytes, batch->bytes);
    for (uint32_t i = 0; i < batch->block_count; i++)
        icd_pool_free(&batch->blocks[i]);
    for (uint32_t i = 0; i < batch->wait_count; i++)
        icd_queue_unref(batch->waits[i].queue->queue);
    icd_context_unref(batch->ledger->context);
    free(batch->waits);
    free(batch);
}

static bool has_ended(const struct icd_limbo_batch *batch) {
    for (uint32_t i = 0; i < batch->wait_count; i++) {
        struct icd_progress *q = batch->waits[i].queue;
        if (atomic_load_explicit(&q->completed, memory_order_acquire) >= batch->waits[i].seq)
            continue;
        icd_progress_probe(q, true);
        if (atomic_load_explicit(&q->completed, memory_order_acquire) < batch->waits[i].seq)
            return false;
    }
    return true;
}

void icd_limbo_reap(void) {
    struct icd_limbo_batch *ended = NULL;

    if (atomic_load_explicit(&batches, memory_order_relaxed) == 0 || svga_locks_forked)
        return;
    svga_lock_take(&lock);
    /* A few from the front: one that waits for a gated queue must not hold up all others. */
    struct icd_limbo_batch **p = &closed_first;
    for (int looks = 0; *p && looks < 8; looks++) {
        struct icd_limbo_batch *batch = *p;
        if (!has_ended(batch)) {
            p = &batch->next;
            continue;
        }
        *p = batch->next;
        if (closed_end == &batch->next)
            closed_end = p;
        batch->next = ended;
        ended = batch;
        atomic_fetch_sub(&batches, 1);
    }
    svga_lock_give(&lock);
    while (ended) {
        struct icd_limbo_batch *next = ended->next;
        give_back(ended);
        ended = next;
    }
}

static struct icd_limbo_batch *new_batch(struct icd_ledger *l) {
    struct icd_limbo_batch *batch = malloc(sizeof *batch);
    if (!batch)
        return NULL;
    batch->ledger = l;
    batch->block_count = batch->wait_count = 0;
    batch->bytes = 0;
    batch->waits = NULL;
    icd_ref(l->context);
    return batch;
}

/* lock is held. No further block joins the open batch. */
static void close_batch(struct icd_ledger *l) {
    struct icd_limbo_batch *batch = l->limbo;
    l->limbo = NULL;
    if (batch && take_waits(batch))
        append(batch);
}

/* Waits for the context's queues, if that is sure to end. */
static void drain(struct icd_ledger *l) {
    struct icd_limbo_batch *batch = new_batch(l);
    if (batch && atomic_load(&icd_user_events_unset) == 0 && take_waits(batch))
        for (uint32_t i = 0; i < batch->wait_count; i++)
            icd_progress_finish(batch->waits[i].queue);
    if (batch)
        give_back(batch);
}

static bool is_released(cl_context context) {
    return atomic_load(&((struct icd_object *)context)->refs) == 0;
}

void icd_limbo_block(struct icd_ledger *l, struct icd_block *block) {
    if (block->region == 0 || svga_locks_forked)
        return;
    if (icd_ledger_idle(l)) {
        icd_pool_free(block);
        return;
    }
    svga_lock_take(&lock);
    if (!l->limbo)
        l->limbo = new_batch(l);
    struct icd_limbo_batch *batch = l->limbo;
    if (batch) { /* else the block is lost to us, but never used too early */
        batch->blocks[batch->block_count++] = *block;
        batch->bytes += block->size;
        atomic_fetch_add(&limbo_bytes, block->size);
        /* What belongs to a context that the application has released may be the last. */
        if (batch->block_count == BATCH_BLOCKS || batch->bytes >= BATCH_BYTES || is_released(l->context))
            close_batch(l);
    }
    svga_lock_give(&lock);
    block->region = 0;
    if (atomic_load(&limbo_bytes) > LIMBO_MAX) {
        drain(l);
        icd_limbo_reap();
    }
}

void icd_limbo_queue(struct icd_progress *p) {
    if (svga_locks_forked)
        return;
    struct icd_limbo_batch *batch = new_batch(p->ledger);
    struct limbo_wait *wait = batch ? malloc(sizeof *wait) : NULL;
    if (!wait) { /* no memory for a note: the queue stays for good */
        if (batch)
            give_back(batch);
        return;
    }
    *wait = (struct limbo_wait){p, atomic_load(&p->submitted)};
    batch->waits = wait;
    batch->wait_count = 1;
    svga_lock_take(&lock);
    append(batch);
    svga_lock_give(&lock);
}

void icd_limbo_close(struct icd_ledger *l) {
    if (svga_locks_forked)
        return;
    svga_lock_take(&lock);
    close_batch(l);
    svga_lock_give(&lock);
    icd_limbo_reap();
}

void icd_limbo_flush(struct icd_ledger *l) {
    drain(l);
    svga_lock_take(&lock);
    close_batch(l);
    svga_lock_give(&lock);
    icd_limbo_reap();
}
