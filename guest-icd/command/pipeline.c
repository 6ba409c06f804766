// SPDX-License-Identifier: MIT
#include "guest-icd/command/pipeline.h"

#include "guest-icd/api.h"
#include "guest-icd/queue/event.h"
#include "guest-icd/queue/wait.h"
#include "guest-icd/session/bulk.h"

enum { DEPTH = 4 };
#define PIECE ((size_t)4 << 20)

struct piece {
    struct icd_block block;
    cl_event event; /* NULL: not under way */
    size_t offset, size;
};

/* Waits for a piece and, reading, brings it home. */
static cl_int collect(const struct icd_transfer *t, struct piece *p) {
    if (!p->event)
        return CL_SUCCESS;
    cl_int r = icd_events_wait(1, &p->event);
    if (r == CL_SUCCESS && !t->write) {
        const struct icd_box to = {t->app.ptr + p->offset, p->size, p->size, t->app.sparing},
                             from = {p->block.ptr, p->size, p->size, false};
        icd_box_copy(&to, &from, (size_t[]){p->size, 1, 1});
    }
    icd_event_release(p->event);
    p->event = NULL;
    return r;
}

static cl_int issue(const struct icd_transfer *t, struct piece *p, size_t offset, size_t size) {
    struct icd_transfer part = *t;
    struct icd_enqueue e;
    cl_int r = icd_enqueue_begin(&e, t->queue, t->type, 0, NULL, &p->event);
    if (r != CL_SUCCESS)
        return r;
    p->offset = offset;
    p->size = size;
    if (t->write)
        icd_copy_memory(p->block.ptr, t->app.ptr + offset, size);
    part.offset += offset;
    part.region[0] = size;
    svga_guest_lock(icd_session->g);
    icd_trace_put(&e.trace);
    icd_transfer_put(&part, &e, &p->block);
    return icd_enqueue_end(&e, &p->event);
}

cl_int icd_transfer_pipelined(struct icd_transfer *t) {
    struct piece ring[DEPTH] = {0};
    cl_int r = CL_SUCCESS, end;

    if (t->wait_count > 0)
        r = icd_events_wait(t->wait_count, t->wait_list);
    for (int i = 0; i < DEPTH && r == CL_SUCCESS; i++)
        r = icd_pool_alloc(PIECE, &ring[i].block);
    size_t total = t->region[0], done = 0;
    for (int i = 0; done < total && r == CL_SUCCESS; i = (i + 1) % DEPTH) {
        size_t size = total - done < PIECE ? total - done : PIECE;
        r = collect(t, &ring[i]);
        if (r == CL_SUCCESS)
            r = issue(t, &ring[i], done, size);
        done += size;
    }
    /* Oldest first, where the loop stopped. */
    for (int i = 0, first = (int)((done + PIECE - 1) / PIECE % DEPTH); i < DEPTH; i++) {
        end = collect(t, &ring[(first + i) % DEPTH]);
        if (r == CL_SUCCESS)
            r = end;
    }
    for (int i = 0; i < DEPTH; i++)
        if (!svga_guest_lost(icd_session->g))
            icd_pool_free(&ring[i].block);
    return r == CL_SUCCESS ? icd_local_event(t->queue, t->type, t->event) : r;
}
