// SPDX-License-Identifier: MIT
#include "guest-icd/command/staging.h"

#include "guest-icd/command/pipeline.h"
#include "guest-icd/memory/image.h"
#include "guest-icd/queue/event.h"
#include "guest-icd/queue/user-event.h"
#include "guest-icd/queue/wait.h"
#include "guest-icd/reclaim/progress.h"
#include "guest-icd/session/stats.h"

/* Above this a blocking write waits for its turn and copies once, instead of twice through a staging block.
 */
enum { STAGE_SMALL = 32 << 10 };
/* Below this a copy costs less than to find out whether it is needed. */
enum { IN_PLACE_LEAST = 4 << 10 };

static size_t transfer_bytes(const struct icd_transfer *t) {
    return t->region[0] * t->region[1] * t->region[2];
}

static struct icd_box packed(const struct icd_transfer *t, void *ptr) {
    return (struct icd_box){ptr, t->region[0], t->region[0] * t->region[1], false};
}

cl_int icd_local_event(cl_command_queue q, cl_command_type type, cl_event *event) {
    if (!event)
        return CL_SUCCESS;
    *event = icd_event_new_local(q, type);
    return *event ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
}

void icd_transfer_put(const struct icd_transfer *t, const struct icd_enqueue *e,
                      const struct icd_block *block) {
    struct svga_guest *g = icd_session->g;
    struct tr_span memory = icd_block_span(block, 0, transfer_bytes(t));
    const size_t *r = t->region;
    size_t slice = t->mem->type == CL_MEM_OBJECT_IMAGE1D_ARRAY ? r[0]
                   : icd_image_has_slices(t->mem->type)        ? r[0] * r[1]
                                                               : 0;

    switch (t->kind) {
    case ICD_TRANSFER_BUFFER:
        TR_PUT(g, TRANSFER_BUFFER, transfer_buffer, &e->waits, .queue = t->queue->object.id,
               .mem = t->mem->object.id, .event = e->event_id, .event_slot = e->event_slot, .write = t->write,
               .offset = t->offset, .memory = memory);
        break;
    case ICD_TRANSFER_RECT:
        TR_PUT(g, TRANSFER_RECT, transfer_rect, &e->waits, .queue = t->queue->object.id,
               .mem = t->mem->object.id, .event = e->event_id, .event_slot = e->event_slot, .write = t->write,
               .buffer_origin = {t->buffer_origin[0], t->buffer_origin[1], t->buffer_origin[2]},
               .region = {r[0], r[1], r[2]}, .buffer_row_pitch = t->buffer_row_pitch,
               .buffer_slice_pitch = t->buffer_slice_pitch, .host_row_pitch = r[0],
               .host_slice_pitch = r[0] * r[1], .memory = memory);
        break;
    case ICD_TRANSFER_IMAGE:
        TR_PUT(g, TRANSFER_IMAGE, transfer_image, &e->waits, .queue = t->queue->object.id,
               .mem = t->mem->object.id, .event = e->event_id, .event_slot = e->event_slot, .write = t->write,
               .origin = {t->origin[0], t->origin[1], t->origin[2]},
               .region = {t->image_region[0], t->image_region[1], t->image_region[2]}, .row_pitch = r[0],
               .slice_pitch = slice, .memory = memory);
        break;
    }
}

/* The guest copies: whatever the transfer has to wait for has ended. */
static cl_int copy_directly(struct icd_transfer *t) {
    const struct icd_box *to = t->write ? &t->object : &t->app, *from = t->write ? &t->app : &t->object;
    if (t->blocking || t->event)
        icd_settle(&t->queue->context->ledger); /* our end tells the application of the ends before it */
    icd_box_copy(to, from, t->region);
    return icd_local_event(t->queue, t->type, t->event);
}

/* Behind events that the application has yet to set, it may fill its memory until then, as if commands read it no sooner. */
static bool may_be_filled_later(const struct icd_transfer *t) {
    return t->write && !t->blocking && t->wait_count > 0 && atomic_load(&icd_user_events_unset) > 0;
}

/* Is the application's memory mapped from an object, so that the host reaches it as it is? Not where the application may have it
 * back before the command has ended, nor where the bytes come only with the end of a command with an event. */
static bool is_in_place(const struct icd_transfer *t, bool wait, struct icd_block *block) {
    size_t bytes = transfer_bytes(t);

    return bytes >= IN_PLACE_LEAST && (!t->blocking || wait) && icd_session->settings.in_place &&
           !icd_session->g->carrier->ops->copies && t->app.row_pitch == t->region[0] &&
           (t->region[2] == 1 || t->app.slice_pitch == t->region[0] * t->region[1]) &&
           !may_be_filled_later(t) && icd_pool_find(t->app.ptr, bytes, block);
}

/* Gets a block for the transfer, and fills it where it is to be written. */
static cl_int take_block(const struct icd_transfer *t, struct icd_block *block) {
    cl_int r = icd_pool_alloc(transfer_bytes(t), block);

    if (r != CL_SUCCESS || !t->write)
        return r;
    struct icd_box staged = packed(t, block->ptr);
    icd_box_copy(&staged, &t->app, t->region);
    if (may_be_filled_later(t))
        icd_user_events_gate(t->wait_count, t->wait_list,
                             &(struct icd_copy){staged, t->app, {t->region[0], t->region[1], t->region[2]}});
    return r;
}

/* The block is given back, and the application gets what it read, when the command has ended. */
static void leave_block(const struct icd_transfer *t, const struct icd_enqueue *e, cl_event event,
                        struct icd_block *block) {
    if (t->write) {
        icd_pending_block(&t->queue->progress, e->seq, block);
        return;
    }
    struct icd_copy copy = {
        .to = t->app, .from = packed(t, block->ptr), .region = {t->region[0], t->region[1], t->region[2]}};
    icd_pending_copy(&t->queue->progress, event, event->slot, event->seq, block, &copy);
}

/* Over the host, through a block, or from and to the application's memory itself. */
static cl_int stage(struct icd_transfer *t, bool wait) {
    struct icd_enqueue e;
    struct icd_block block;
    cl_event event = NULL;
    bool in_place = is_in_place(t, wait, &block);
    bool want_event = (!t->write && !in_place) || t->event || wait;

    if (!in_place)
        icd_progress_throttle(&t->queue->progress, transfer_bytes(t));
    icd_enqueue_kind(t->queue, t->type, transfer_bytes(t));
    cl_int r =
        icd_enqueue_begin(&e, t->queue, t->type, t->wait_count, t->wait_list, want_event ? &event : NULL);
    if (r != CL_SUCCESS)
        return r;
    r = in_place ? CL_SUCCESS : take_block(t, &block);
    if (r != CL_SUCCESS) {
        icd_enqueue_cancel(&e);
        return r;
    }
    svga_guest_lock(icd_session->g);
    icd_trace_put(&e.trace);
    icd_transfer_put(t, &e, &block);
    r = icd_enqueue_end(&e, &event);
    if (r != CL_SUCCESS)
        return r; /* the device is lost: who knows what it still touches */
    if (!in_place)
        leave_block(t, &e, event, &block);
    if (wait)
        r = icd_events_wait(1, &event);
    if (t->event && r == CL_SUCCESS)
        *t->event = event;
    else if (event)
        icd_event_release(event);
    return r;
}

cl_int icd_transfer(struct icd_transfer *t) {
    cl_command_queue q = t->queue;
    enum icd_waits state;
    cl_int r = icd_waits_check(q->context, t->wait_count, t->wait_list, &state);
    if (r != CL_SUCCESS)
        return r;
    if (svga_guest_lost(icd_session->g))
        return icd_session_error();
    icd_stats_asked(transfer_bytes(t));
    bool direct = t->object.ptr && icd_session->settings.direct_copies && !icd_event_profiled(q, t->event);
    if (direct && state == ICD_WAITS_DONE && icd_queue_idle(q))
        return copy_directly(t);
    if (!t->blocking)
        return stage(t, false);
    if (direct && icd_queue_in_order(q)) {
        /* The application may have its memory back at once, so a small write needs not wait. */
        if (t->write && !t->event && state == ICD_WAITS_DONE && transfer_bytes(t) <= STAGE_SMALL)
            return stage(t, false);
        if (state != ICD_WAITS_DONE)
            r = icd_events_wait(t->wait_count, t->wait_list);
        if (r == CL_SUCCESS)
            r = icd_queue_drain(q);
        return r == CL_SUCCESS ? copy_directly(t) : r;
    }
    if (t->kind == ICD_TRANSFER_BUFFER && t->region[0] >= ICD_PIPELINE_BYTES &&
        !icd_event_profiled(q, t->event))
        return icd_transfer_pipelined(t);
    return stage(t, !t->write || t->event || state != ICD_WAITS_DONE);
}
