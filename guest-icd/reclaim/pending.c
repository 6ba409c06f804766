// SPDX-License-Identifier: MIT
#include "guest-icd/reclaim/pending.h"

#include <stdlib.h>
#include <string.h>

#include "guest-icd/session/bulk.h"

/* Staging memory of one queue: from here on the guest wants to be told of its progress, */
#define PROBE_BYTES ((uint64_t)16 << 20)
/* and from here on it waits for it. */
#define DRAIN_BYTES ((uint64_t)512 << 20)

/* What an entry counts besides its block, so that many tiny ones are noticed, too. */
enum {
    ENTRY_BYTES = 1024,
    SPARING_BYTES = 4096, /* compared, and copied, at a time: a page */
};

struct icd_pending {
    struct icd_pending *prev, *next;
    uint64_t seq;
    cl_event event; /* retained; NULL for a mere block */
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

/* Adds an entry where its number belongs: almost always at the end. */
static void add(cl_command_queue q, struct icd_pending *p) {
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
        atomic_fetch_add_explicit(&q->context->copies, 1, memory_order_release);
    }
    svga_lock_give(&q->pending_lock);
    if (seq <= atomic_load_explicit(&q->completed, memory_order_acquire))
        icd_pending_progress(q); /* another thread has noticed the end already */
}

/* pending_lock is held. The entry's command has ended; `well`: its copy is due. */
static void finish(cl_command_queue q, struct icd_pending *p, bool well) {
    if (p->event && well)
        icd_box_copy(&p->copy.to, &p->copy.from, p->copy.region);
    *(p->prev ? &p->prev->next : &q->pending_first) = p->next;
    *(p->next ? &p->next->prev : &q->pending_last) = p->prev;
    icd_pool_free(&p->block);
    atomic_fetch_sub_explicit(&q->pending_bytes, p->bytes, memory_order_relaxed);
    if (p->event) {
        /* The copy is done before the counters say so: whoever finds them 0 may let the application look. */
        atomic_fetch_sub_explicit(&q->copies, 1, memory_order_release);
        atomic_fetch_sub_explicit(&q->context->copies, 1, memory_order_release);
        icd_event_unref(p->event); /* never the last user of the queue: our caller holds it */
    }
    free(p);
}

/* pending_lock is held. */
static void finish_completed(cl_command_queue q) {
    struct icd_pending *p;
    uint64_t completed = atomic_load_explicit(&q->completed, memory_order_acquire);
    while ((p = q->pending_first) && p->seq <= completed)
        finish(q, p, !p->event || icd_event_known(p->event) >= CL_COMPLETE);
}

void icd_pending_progress(cl_command_queue q) {
    svga_lock_take(&q->pending_lock);
    finish_completed(q);
    svga_lock_give(&q->pending_lock);
}

void icd_pending_block(cl_command_queue q, uint64_t seq, struct icd_block *block) {
    struct icd_pending *p = malloc(sizeof *p);
    if (!p)
        return; /* the block is lost to us, but never used too early */
    p->seq = seq;
    p->event = NULL;
    p->block = *block;
    add(q, p);
}

void icd_pending_copy(cl_command_queue q, cl_event event, struct icd_block *block,
                      const struct icd_copy *copy) {
    struct icd_pending *p = malloc(sizeof *p);
    if (!p) { /* no memory for a note: wait, and copy now */
        if (icd_events_wait(1, &event) == CL_SUCCESS)
            icd_box_copy(&copy->to, &copy->from, copy->region);
        return;
    }
    icd_ref(event);
    p->seq = event->seq;
    p->event = event;
    p->block = *block;
    p->copy = *copy;
    add(q, p);
}

/* Asks the host which of the queue's copies are due, and does them. */
static void settle_queue(cl_command_queue q) {
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
            if (p->event && (p == last || icd_event_known(p->event) > CL_COMPLETE)) {
                TR_SEND(g, WATCH_EVENT, watch_event, NULL, .event = p->event->object.id,
                        .slot = p == last ? call.slot : TR_NO_SLOT);
            }
        icd_call_wait(&call);
        for (struct icd_pending *p = q->pending_first, *next; p; p = next) {
            next = p->next;
            int32_t status = p->event ? icd_event_known(p->event) : TR_STATUS_PENDING;
            if (status == CL_COMPLETE)
                reached = p->seq;
            if (status <= CL_COMPLETE)
                finish(q, p, status == CL_COMPLETE);
        }
    }
    svga_lock_give(&q->pending_lock);
    if (reached > 0 && icd_queue_in_order(q))
        icd_queue_progress(q, reached);
}

/* An internal reference to a queue in the context's list, unless it is being destroyed. */
static bool try_ref(cl_command_queue q) {
    uint32_t n = atomic_load_explicit(&q->object.internal, memory_order_relaxed);
    while (n > 0)
        if (atomic_compare_exchange_weak_explicit(&q->object.internal, &n, n + 1, memory_order_acq_rel,
                                                  memory_order_relaxed))
            return true;
    return false;
}

void icd_settle_slow(cl_context context) {
    for (cl_command_queue done = NULL;;) {
        /* One at a time: queues may come and go meanwhile, but those with copies to do stay. */
        cl_command_queue q = NULL;
        svga_lock_take(&context->lock);
        bool after = !done;
        for (cl_command_queue i = context->queues; i && !q; i = i->next_in_context) {
            if (after && atomic_load_explicit(&i->copies, memory_order_acquire) > 0 && try_ref(i))
                q = i;
            after |= i == done;
        }
        svga_lock_give(&context->lock);
        icd_queue_unref(done);
        if (!q)
            return;
        settle_queue(q);
        done = q;
    }
}

void icd_pending_throttle(cl_command_queue q, uint64_t bytes) {
    uint64_t held = atomic_load_explicit(&q->pending_bytes, memory_order_relaxed);
    if (held + bytes < PROBE_BYTES)
        return;
    icd_queue_probe(q, true);
    held = atomic_load_explicit(&q->pending_bytes, memory_order_relaxed);
    if (held > 0 && held + bytes > DRAIN_BYTES && atomic_load(&icd_user_events_unset) == 0)
        icd_queue_drain(q);
}
