// SPDX-License-Identifier: MIT
#include "guest-icd/queue/enqueue.h"

#include <stdlib.h>
#include <string.h>

#include "guest-icd/queue/event.h"

/* More ids than this do not fit into one command beside its other fields; they are folded into markers. */
enum { MAX_WAITS = 4096 };

cl_int icd_waits_check(cl_context context, cl_uint count, const cl_event *list, enum icd_waits *state) {
    *state = ICD_WAITS_DONE;
    if ((count == 0) != (list == NULL))
        return CL_INVALID_EVENT_WAIT_LIST;
    for (cl_uint i = 0; i < count; i++)
        if (!icd_valid(list[i], ICD_EVENT))
            return CL_INVALID_EVENT_WAIT_LIST;
    for (cl_uint i = 0; i < count; i++) {
        if (list[i]->context != context)
            return CL_INVALID_CONTEXT;
        int32_t status = icd_event_known(list[i]);
        if (status < 0)
            *state = ICD_WAITS_FAILED;
        else if (status != CL_COMPLETE && *state == ICD_WAITS_DONE)
            *state = ICD_WAITS_PENDING;
    }
    return CL_SUCCESS;
}

/* Drops the markers and the heap that the wait list took. */
static void waits_done(struct icd_enqueue *e) {
    for (uint32_t i = 0; i < e->markers; i++)
        icd_release_id(e->many[i]);
    e->markers = 0;
    free(e->many);
    e->many = NULL;
}

/* A long wait list becomes a short one of markers: one per MAX_WAITS events. */
static cl_int fold_waits(struct icd_enqueue *e) {
    struct svga_guest *g = icd_session->g;
    uint32_t *ids = e->many;

    for (uint32_t i = 0; i < e->waits.count; i += MAX_WAITS) {
        uint32_t left = e->waits.count - i;
        struct tr_array some = {ids + i, left < MAX_WAITS ? left : MAX_WAITS};
        uint32_t id = icd_id_alloc();
        if (id == 0) {
            waits_done(e);
            return icd_id_error();
        }
        svga_guest_lock(g);
        TR_PUT(g, MARKER, marker, &some, .queue = e->queue->object.id, .event = id, .event_slot = TR_NO_SLOT);
        atomic_fetch_add_explicit(&e->queue->progress.submitted, 1, memory_order_relaxed);
        svga_guest_unlock(g);
        ids[e->markers++] = id;
    }
    e->waits.count = e->markers;
    return CL_SUCCESS;
}

static cl_int gather_waits(struct icd_enqueue *e, cl_uint count, const cl_event *list) {
    uint32_t *ids = e->few;
    uint32_t n = 0;

    if (count > sizeof e->few / sizeof e->few[0]) {
        ids = e->many = malloc(count * sizeof *ids);
        if (!ids)
            return CL_OUT_OF_HOST_MEMORY;
    }
    for (cl_uint i = 0; i < count; i++)
        if (list[i]->object.id != 0 && icd_event_known(list[i]) != CL_COMPLETE)
            ids[n++] = list[i]->object.id;
    e->waits = (struct tr_array){ids, n};
    return n > MAX_WAITS ? fold_waits(e) : CL_SUCCESS;
}

void icd_enqueue_kind(cl_command_queue queue, cl_command_type type, size_t size) {
    if (icd_session->settings.pace && (queue->device->type & CL_DEVICE_TYPE_CPU))
        svga_guest_set_kind_beside(icd_session->g, icd_kind_of_work(type, size));
}

cl_int icd_enqueue_begin(struct icd_enqueue *e, cl_command_queue queue, cl_command_type type,
                         cl_uint wait_count, const cl_event *wait_list, const cl_event *event_wanted) {
    enum icd_waits state;

    if (!icd_valid(queue, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    e->queue = queue;
    e->event = NULL;
    e->event_id = 0;
    e->event_slot = TR_NO_SLOT;
    e->waits = (struct tr_array){NULL, 0};
    e->many = NULL;
    e->markers = 0;
    icd_trace_start(&e->trace);
    if (svga_guest_lost(icd_session->g))
        return icd_session_error();
    icd_enqueue_kind(queue, type, 0);
    if (wait_count > 0 || wait_list) {
        cl_int r = icd_waits_check(queue->context, wait_count, wait_list, &state);
        if (r == CL_SUCCESS && state != ICD_WAITS_DONE)
            r = gather_waits(e, wait_count, wait_list);
        if (r != CL_SUCCESS) {
            waits_done(e);
            return r;
        }
    }
    if (event_wanted) {
        e->event = icd_event_new(queue, type);
        if (!e->event) {
            waits_done(e);
            return CL_OUT_OF_HOST_MEMORY;
        }
        e->event_id = e->event->object.id;
        e->event_slot = e->event->slot;
    }
    return CL_SUCCESS;
}

cl_int icd_enqueue_end(struct icd_enqueue *e, cl_event *event) {
    struct svga_guest *g = icd_session->g;

    e->seq = atomic_load_explicit(&e->queue->progress.submitted, memory_order_relaxed) + 1;
    atomic_store_explicit(&e->queue->progress.submitted, e->seq, memory_order_relaxed);
    if (e->event) {
        e->event->seq = e->seq;
        e->event->token = e->trace.token;
    }
    svga_guest_unlock(g);
    if (e->many)
        waits_done(e);
    if (svga_guest_lost(g)) {
        if (e->event)
            icd_event_discard(e->event);
        return icd_session_error();
    }
    if (event)
        *event = e->event;
    return CL_SUCCESS;
}

void icd_enqueue_cancel(struct icd_enqueue *e) {
    waits_done(e);
    if (e->event)
        icd_event_discard(e->event);
    e->event = NULL;
}

cl_int icd_enqueue_wire(cl_command_queue queue, cl_command_type type, cl_uint wait_count,
                        const cl_event *wait_list, cl_event *new_event, enum tr_cmd cmd, void *c,
                        size_t event_at, size_t slot_at, const struct tr_array *data) {
    struct icd_enqueue e;
    cl_int r = icd_enqueue_begin(&e, queue, type, wait_count, wait_list, new_event);
    if (r != CL_SUCCESS)
        return r;
    const struct tr_array arrays[] = {data ? *data : e.waits, e.waits};
    memcpy((char *)c + event_at, &e.event_id, sizeof e.event_id);
    memcpy((char *)c + slot_at, &e.event_slot, sizeof e.event_slot);
    svga_guest_lock(icd_session->g);
    icd_trace_put(&e.trace);
    tr_put(icd_session->g, cmd, c, arrays);
    return icd_enqueue_end(&e, new_event);
}

cl_int icd_enqueue_marker(cl_command_queue queue, cl_command_type type, cl_uint wait_count,
                          const cl_event *waits, cl_event *event) {
    struct tr_marker c = {.queue = queue->object.id};
    return icd_enqueue_prepared(queue, type, wait_count, waits, event, MARKER, marker, &c, NULL);
}
