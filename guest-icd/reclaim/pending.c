// SPDX-License-Identifier: MIT
#include "guest-icd/reclaim/pending.h"

#include <stdlib.h>
#include <string.h>

#include "guest-icd/session/bulk.h"
#include "guest-icd/session/session.h"

_Atomic uint64_t icd_ends_observed = 1;

/* What an entry counts besides its block, so that many tiny ones are noticed, too. */
enum {
    ENTRY_BYTES = 1024,
    SPARING_BYTES = 4096, /* compared, and copied, at a time: a page */
};

struct icd_pending {
    struct icd_pending *prev, *next;
    uint64_t seq;
    cl_event event; /* retained; NULL for a mere block */
    uint32_t slot;  /* the event's */
    struct icd_block block;
    uint64_t bytes; /* as counted in pending_bytes */
    struct icd_copy copy;
};

static void copy_all(char *to, const char *from, size_t size) {
    icd_copy_memory(to, from, size);
}

/* In pieces, each of which is compared first. */
static void copy_changes(char *to, const char *from, size_t size) {
    for (size_t done = 0, piece; done < size; done += piece) {
        piece = size - done < SPARING_BYTES ? size - done : SPARING_BYTES;
        if (memcmp(to + done, from + done, piece) != 0)
            icd_copy_memory(to + done, from + done, piece);
    }
}

void icd_box_copy(const struct icd_box *to, const struct icd_box *from, const size_t region[3]) {
    void (*copy)(char *to, const char *from, size_t size) = to->sparing ? copy_changes : copy_all;
    size_t rows = region[1], row = region[0];
    if (region[2] > 1 && to->slice_pitch == rows * row && from->slice_pitch == rows * row &&
        to->row_pitch == row && from->row_pitch == row) {
        copy(to->ptr, from->ptr, row * rows * region[2]);
        return;
    }
    for (size_t z = 0; z < region[2]; z++) {
        char *t = to->ptr + z * to->slice_pitch;
        const char *f = from->ptr + z * from->slice_pitch;
        if (to->row_pitch == row && from->row_pitch == row)
            copy(t, f, row * rows);
        else
            for (size_t y = 0; y < rows; y++)
                copy(t + y * to->row_pitch, f + y * from->row_pitch, row);
    }
}

/* The status of the entry's event, as far as it is known. */
static int32_t status_of(const struct icd_pending *p) {
    return icd_slot_status(icd_slot(p->slot));
}

static uint32_t id_of(cl_event event) {
    return ((const struct icd_object *)event)->id;
}

/* pending_lock is held. The entry's command has ended; `well`: its copy is due. */
static void finish(struct icd_progress *q, struct icd_pending *p, bool well) {
    if (p->event && well)
        icd_box_copy(&p->copy.to, &p->copy.from, p->copy.region);
    *(p->prev ? &p->prev->next : &q->pending_first) = p->next;
    *(p->next ? &p->next->prev : &q->pending_last) = p->prev;
    icd_pool_free(&p->block);
    atomic_fetch_sub_explicit(&q->pending_bytes, p->bytes, memory_order_relaxed);
    if (p->event) {
        /* The copy is done before the counters say so: whoever finds them 0 may let the application look. */
        atomic_fetch_sub_explicit(&q->copies, 1, memory_order_release);
        atomic_fetch_sub_explicit(&q->ledger->copies, 1, memory_order_release);
        icd_event_unref(p->event); /* never the last user of the queue: our caller holds it */
    }
    free(p);
}

/* pending_lock is held. */
static void finish_completed(struct icd_progress *q) {
    struct icd_pending *p;
    uint64_t completed = atomic_load_explicit(&q->completed, memory_order_acquire);
    while ((p = q->pending_first) && p->seq <= completed)
        finish(q, p, !p->event || status_of(p) >= CL_COMPLETE);
}

static void finish_all(struct icd_progress *q) {
    svga_lock_take(&q->pending_lock);
    finish_completed(q);
    svga_lock_give(&q->pending_lock);
}

void icd_progress_reach(struct icd_progress *q, uint64_t seq) {
    uint64_t known = atomic_load_explicit(&q->completed, memory_order_relaxed);
    while (known < seq && !atomic_compare_exchange_weak_explicit(&q->completed, &known, seq,
                                                                 memory_order_acq_rel, memory_order_relaxed))
        ;
    if (atomic_load_explicit(&q->pending_bytes, memory_order_acquire) > 0)
        finish_all(q);
}

/* Adds an entry where its number belongs: almost always at the end. */
static void add(struct icd_progress *q, struct icd_pending *p) {
    uint64_t seq = p->seq; /* once the entry is in the list, another thread may finish it */
    p->bytes = ENTRY_BYTES + (p->block.region ? p->block.size : 0);
    svga_lock_take(&q->pending_lock);
    struct icd_pending *before = q->pending_last;
    while (before && before->seq > p->seq)
        before = before->prev;
    p->prev = before;
    p->next = before ? before->next : q->pending_first;
    *(p->prev ? &p->prev->next : &q->pending_first) = p;
    *(p->next ? &p->next->prev : &q->pending_last) = p;
    atomic_fetch_add_explicit(&q->pending_bytes, p->bytes, memory_order_relaxed);
    if (p->event) {
        atomic_fetch_add_explicit(&q->copies, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&q->ledger->copies, 1, memory_order_release);
    }
    svga_lock_give(&q->pending_lock);
    if (seq <= atomic_load_explicit(&q->completed, memory_order_acquire))
        finish_all(q); /* another thread has noticed the end already */
}

void icd_pending_block(struct icd_progress *q, uint64_t seq, struct icd_block *block) {
    struct icd_pending *p = malloc(sizeof *p);
    if (!p)
        return; /* the block is lost to us, but never used too early */
    p->seq = seq;
    p->event = NULL;
    p->block = *block;
    add(q, p);
}

/* No memory for a note: waits, and copies now. */
static void copy_now(cl_event event, uint32_t slot, const struct icd_copy *copy) {
    uint32_t id = id_of(event);
    TR_SEND(icd_session->g, WAIT_EVENTS, wait_events, &((struct tr_array){&id, 1}));
    if (icd_slot_wait(slot) == CL_SUCCESS && icd_slot_status(icd_slot(slot)) == CL_COMPLETE)
        icd_box_copy(&copy->to, &copy->from, copy->region);
}

void icd_pending_copy(struct icd_progress *q, cl_event event, uint32_t slot, uint64_t seq,
                      const struct icd_block *block, const struct icd_copy *copy) {
    struct icd_pending *p = malloc(sizeof *p);
    if (!p) {
        copy_now(event, slot, copy);
        return;
    }
    icd_ref(event);
    p->seq = seq;
    p->event = event;
    p->slot = slot;
    p->block = *block;
    p->copy = *copy;
    add(q, p);
}

/* Asks the host which of the queue's copies are due, and does them. */
static void settle_queue(struct icd_progress *q) {
    struct svga_guest *g = icd_session->g;
    struct icd_call call;
    uint64_t reached = 0;

    svga_lock_take(&q->pending_lock);
    finish_completed(q);
    if (atomic_load_explicit(&q->copies, memory_order_relaxed) > 0 && icd_call_begin(&call) == CL_SUCCESS) {
        struct icd_pending *last = NULL;
        for (struct icd_pending *p = q->pending_first; p; p = p->next)
            if (p->event)
                last = p;
        /* The host carries these out in order, so the last answer covers all. */
        for (struct icd_pending *p = q->pending_first; p; p = p->next)
            if (p->event && (p == last || status_of(p) > CL_COMPLETE)) {
                TR_SEND(g, WATCH_EVENT, watch_event, NULL, .event = id_of(p->event),
                        .slot = p == last ? call.slot : TR_NO_SLOT);
            }
        icd_call_wait(&call);
        for (struct icd_pending *p = q->pending_first, *next; p; p = next) {
            next = p->next;
            int32_t status = p->event ? status_of(p) : TR_STATUS_PENDING;
            if (status == CL_COMPLETE)
                reached = p->seq;
            if (status <= CL_COMPLETE)
                finish(q, p, status == CL_COMPLETE);
        }
    }
    svga_lock_give(&q->pending_lock);
    if (reached > 0 && q->in_order)
        icd_progress_reach(q, reached);
}

void icd_settle_slow(struct icd_ledger *l) {
    for (struct icd_progress *done = NULL;;) {
        /* One at a time: queues may come and go meanwhile, but those with copies to do stay. */
        struct icd_progress *q = NULL;
        svga_lock_take(&l->lock);
        bool after = !done;
        for (struct icd_progress *i = l->queues; i && !q; i = i->next) {
            if (after && atomic_load_explicit(&i->copies, memory_order_acquire) > 0 && icd_progress_ref(i))
                q = i;
            after |= i == done;
        }
        svga_lock_give(&l->lock);
        if (done)
            icd_queue_unref(done->queue);
        if (!q)
            return;
        settle_queue(q);
        done = q;
    }
}
