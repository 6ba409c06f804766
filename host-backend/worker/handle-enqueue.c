// SPDX-License-Identifier: MIT
/* Commands on buffers and kernels. Images: handle-image.c. */
#include <string.h>

#include "host-backend/worker/enqueue.h"
#include "host-backend/worker/first-run.h"
#include "host-backend/worker/span-check.h"
#include "host-backend/worker/trace.h"
#include "host-backend/worker/turn.h"
#include "host-backend/worker/wait.h"

static void give_kernel(struct enqueue *e, struct kernel *k, cl_uint dim, const size_t *offset,
                        const size_t *global, const size_t *local) {
    struct first_run *first = first_run_begin(e, k, first_run_size(dim, local));

    e->result = clEnqueueNDRangeKernel(e->queue, k->cl, dim, offset, global, local, e->wait_count, e->waits,
                                       e->event);
    if (__builtin_expect(first != NULL, 0))
        first_run_begun(first, e->result == CL_SUCCESS ? e->made : NULL);
}

/* After ENQUEUE_BEGIN, whose answer `begun` is. offset, local: NULL: not given. */
static void enqueue_kernel(struct enqueue *e, bool begun, struct kernel *k, cl_uint dim, const size_t *offset,
                           const size_t *global, const size_t *local) {
    if (begun) {
        e->kernel = k->meter;
        if (!k->cl || k->error != CL_SUCCESS)
            e->result = k->cl ? k->error : CL_OUT_OF_RESOURCES;
        else
            give_kernel(e, k, dim, offset, global, local);
        if (e->result == CL_SUCCESS)
            board_count(&k->meter->commands);
    }
    if (e->trace)
        trace_kernel(e->trace, k->name, dim, global, local);
    enqueue_end(e);
}

void do_enqueue_kernel(struct session *s, const struct tr_enqueue_kernel *c, const struct tr_view *v) {
    size_t offset[3], global[3], local[3];
    struct enqueue e;

    if (c->work_dim < 1 || c->work_dim > 3) {
        session_violation(s, "enqueue_kernel: %u dimensions", c->work_dim);
        return;
    }
    COPY3(offset, c->offset);
    COPY3(global, c->global);
    COPY3(local, c->local);
    bool begun = ENQUEUE_BEGIN(e, s, c, v, 0);
    enqueue_kernel(&e, begun, kernel_of(s, c->kernel), c->work_dim, c->has & TR_HAS_OFFSET ? offset : NULL,
                   global, c->has & TR_HAS_LOCAL ? local : NULL);
}

void do_enqueue_kernel_1d(struct session *s, const struct tr_enqueue_kernel_1d *c, const struct tr_view *v) {
    size_t global = c->global, local = c->local;
    struct enqueue e;

    bool begun = ENQUEUE_BEGIN(e, s, c, v, 0);
    enqueue_kernel(&e, begun, kernel_of(s, c->kernel), 1, NULL, &global, local ? &local : NULL);
}

void do_transfer_buffer(struct session *s, const struct tr_transfer_buffer *c, const struct tr_view *v) {
    struct mem *m = mem_of(s, c->mem);
    void *memory = session_span(s, c->memory);
    struct enqueue e;

    if (ENQUEUE_BEGIN(e, s, c, v, 0) && m->cl)
        e.result = c->write ? clEnqueueWriteBuffer(e.queue, m->cl, CL_FALSE, c->offset, c->memory.length,
                                                   memory, e.wait_count, e.waits, e.event)
                            : clEnqueueReadBuffer(e.queue, m->cl, CL_FALSE, c->offset, c->memory.length,
                                                  memory, e.wait_count, e.waits, e.event);
    board_add(&e.q->board->bytes, c->memory.length);
    if (e.trace)
        trace_named(e.trace, c->write ? "write buffer" : "read buffer", c->memory.length);
    enqueue_end(&e);
}

void do_transfer_rect(struct session *s, const struct tr_transfer_rect *c, const struct tr_view *v) {
    struct mem *m = mem_of(s, c->mem);
    void *memory = session_span(s, c->memory);
    size_t buffer_origin[3], host_origin[3], region[3];
    struct enqueue e;

    COPY3(buffer_origin, c->buffer_origin);
    COPY3(host_origin, c->host_origin);
    COPY3(region, c->region);
    if (!rect_fits(host_origin, region, c->host_row_pitch, c->host_slice_pitch, c->memory.length)) {
        session_violation(s, "transfer_rect: the rectangle is larger than its memory");
        return;
    }
    if (ENQUEUE_BEGIN(e, s, c, v, 0) && m->cl)
        e.result =
            c->write ? clEnqueueWriteBufferRect(e.queue, m->cl, CL_FALSE, buffer_origin, host_origin, region,
                                                c->buffer_row_pitch, c->buffer_slice_pitch, c->host_row_pitch,
                                                c->host_slice_pitch, memory, e.wait_count, e.waits, e.event)
                     : clEnqueueReadBufferRect(e.queue, m->cl, CL_FALSE, buffer_origin, host_origin, region,
                                               c->buffer_row_pitch, c->buffer_slice_pitch, c->host_row_pitch,
                                               c->host_slice_pitch, memory, e.wait_count, e.waits, e.event);
    board_add(&e.q->board->bytes, region[0] * region[1] * region[2]);
    if (e.trace)
        trace_named(e.trace, c->write ? "write buffer rect" : "read buffer rect",
                    region[0] * region[1] * region[2]);
    enqueue_end(&e);
}

void do_copy_buffer(struct session *s, const struct tr_copy_buffer *c, const struct tr_view *v) {
    struct mem *source = mem_of(s, c->source), *target = mem_of(s, c->target);
    struct enqueue e;

    if (ENQUEUE_BEGIN(e, s, c, v, 0) && source->cl && target->cl)
        e.result = clEnqueueCopyBuffer(e.queue, source->cl, target->cl, c->source_offset, c->target_offset,
                                       c->size, e.wait_count, e.waits, e.event);
    board_add(&e.q->board->bytes, c->size);
    if (e.trace)
        trace_named(e.trace, "copy buffer", c->size);
    enqueue_end(&e);
}

void do_copy_rect(struct session *s, const struct tr_copy_rect *c, const struct tr_view *v) {
    struct mem *source = mem_of(s, c->source), *target = mem_of(s, c->target);
    size_t source_origin[3], target_origin[3], region[3];
    struct enqueue e;

    COPY3(source_origin, c->source_origin);
    COPY3(target_origin, c->target_origin);
    COPY3(region, c->region);
    if (ENQUEUE_BEGIN(e, s, c, v, 0) && source->cl && target->cl)
        e.result =
            clEnqueueCopyBufferRect(e.queue, source->cl, target->cl, source_origin, target_origin, region,
                                    c->source_row_pitch, c->source_slice_pitch, c->target_row_pitch,
                                    c->target_slice_pitch, e.wait_count, e.waits, e.event);
    board_add(&e.q->board->bytes, region[0] * region[1] * region[2]);
    if (e.trace)
        trace_named(e.trace, "copy buffer rect", region[0] * region[1] * region[2]);
    enqueue_end(&e);
}

void do_fill_buffer(struct session *s, const struct tr_fill_buffer *c, const struct tr_view *v) {
    struct mem *m = mem_of(s, c->mem);
    struct enqueue e;

    if (ENQUEUE_BEGIN(e, s, c, v, 1) && m->cl)
        e.result = e.q->context->version < 120
                       ? CL_INVALID_OPERATION
                       : clEnqueueFillBuffer(e.queue, m->cl, v->arrays[0], c->pattern_count, c->offset,
                                             c->size, e.wait_count, e.waits, e.event);
    board_add(&e.q->board->bytes, c->size);
    if (e.trace)
        trace_named(e.trace, "fill buffer", c->size);
    enqueue_end(&e);
}

void do_migrate(struct session *s, const struct tr_migrate *c, const struct tr_view *v) {
    const uint32_t *ids = v->arrays[0];
    cl_mem mems[64];
    struct enqueue e;

    if (ENQUEUE_BEGIN(e, s, c, v, 1)) {
        bool alive = c->mems_count <= 64;
        for (uint32_t i = 0; alive && i < c->mems_count; i++) {
            mems[i] = mem_of(s, ids[i])->cl;
            alive = mems[i] != NULL;
        }
        if (e.q->context->version < 120)
            e.result = CL_INVALID_OPERATION;
        else if (alive)
            e.result = clEnqueueMigrateMemObjects(e.queue, c->mems_count, mems, c->flags, e.wait_count,
                                                  e.waits, e.event);
    }
    if (e.trace)
        trace_named(e.trace, "migrate", 0);
    enqueue_end(&e);
}

void do_marker(struct session *s, const struct tr_marker *c, const struct tr_view *v) {
    struct enqueue e;

    if (ENQUEUE_BEGIN_IDLE(e, s, c, v, 0)) {
        if (e.wait_count == 0 && queue_gated(e.q))
            e.gated = true;
        e.barrier = c->barrier;
        e.for_all = e.wait_count == 0;
        e.blocked = e.blocked || (e.for_all && e.q->behind > 0);
        if (c->barrier && e.gated)
            e.q->barred = true;
        if (e.q->context->version < 120)
            e.result = CL_INVALID_OPERATION;
        else if (c->barrier)
            e.result = clEnqueueBarrierWithWaitList(e.queue, e.wait_count, e.waits, e.event);
        else
            e.result = clEnqueueMarkerWithWaitList(e.queue, e.wait_count, e.waits, e.event);
    }
    if (e.trace)
        trace_named(e.trace, c->barrier ? "barrier" : "marker", 0);
    enqueue_end(&e);
}

void do_flush(struct session *s, const struct tr_flush *c, const struct tr_view *v) {
    struct queue *q = queue_of(s, c->queue);
    (void)v;
    if (!q->cl)
        return;
    clFlush(q->cl);
    wait_push(s, q);
}

void do_finish(struct session *s, const struct tr_finish *c, const struct tr_view *v) {
    struct queue *q = queue_of(s, c->queue);
    struct tr_slot *slot = session_slot(s, c->slot);
    (void)v;

    if (!q->cl) {
        session_answer(s, slot, CL_OUT_OF_RESOURCES, 0);
    } else if (q->enqueued == q->finished) {
        /* Everything is known to have ended: no need to ask the driver. */
        cl_int sticky = q->sticky;
        q->sticky = CL_SUCCESS;
        session_answer(s, slot, sticky, 0);
    } else if (!wait_add_finish(s, q, slot)) {
        session_answer(s, slot, CL_OUT_OF_HOST_MEMORY, 0);
    }
}
