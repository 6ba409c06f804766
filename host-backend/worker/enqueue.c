// SPDX-License-Identifier: MIT
#include "host-backend/worker/enqueue.h"

#include <stdlib.h>

#include "host-backend/worker/batch.h"
#include "host-backend/worker/behind.h"
#include "host-backend/worker/trace.h"
#include "host-backend/worker/turn.h"
#include "host-backend/worker/wait.h"

struct event *event_new(struct session *s, uint32_t id, cl_event cl, struct queue *q, struct tr_slot *slot) {
    struct event *e = object_new(TR_KIND_EVENT, sizeof *e);
    if (!put_object(s, id, e))
        return NULL;
    e->cl = cl;
    e->slot = slot;
    e->told = TR_STATUS_PENDING;
    if (q) {
        object_ref(q);
        e->queue = q;
        e->number = q->enqueued;
    }
    return e;
}

/* Fills in the wait list. False if one of the events has failed. Such never reach the driver, which might wait
 * for them for ever (QUIRK_WAITS_FOR_THE_FAILED). */
static bool collect_waits(struct enqueue *e, const uint32_t *ids, uint32_t count) {
    cl_event *list = e->few;

    if (count > sizeof e->few / sizeof e->few[0])
        list = e->many = malloc(count * sizeof *list);
    if (!list) {
        e->result = CL_OUT_OF_HOST_MEMORY;
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct event *event = event_of(e->s, ids[i]);
        if (event->gated && event->queue && event->error == CL_SUCCESS && event->cl) {
            cl_int status = event_status(event);
            event->error = status < CL_COMPLETE ? status : CL_SUCCESS;
        }
        if (event->error != CL_SUCCESS || !event->cl) {
            e->result = event->error != CL_SUCCESS ? CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST
                                                   : CL_OUT_OF_RESOURCES;
            return false;
        }
        list[i] = event->cl;
        e->gated = e->gated || event->gated;
        e->blocked = e->blocked || event->blocked;
    }
    e->wait_count = count;
    e->waits = count > 0 ? list : NULL;
    return true;
}

/* A FINISH of an in-order queue is answered by the end of the newest command, for which that must have an
 * event. In a stream of kernels, with their arguments and the stamps of a profile, only the last one needs one; where this
 * guesses wrong, a marker takes its place. */
static bool finish_may_follow(const struct enqueue *e) {
    if (!e->q->by_callback || !e->q->in_order)
        return false;
    if (queue_gated(e->q))
        return true; /* its end is waited for by nothing else */
    uint32_t next = svga_device_peek_past(&e->s->device, TR_CMD_TRACE);
    return next != TR_CMD_ENQUEUE_KERNEL && next != TR_CMD_ENQUEUE_KERNEL_1D && next != TR_CMD_SET_ARG;
}

/* Where the device is shared. What may wait for the guest's word waits for no turn yet: the word may be behind it. False: the
 * command cannot reach the driver. */
static __attribute__((noinline)) bool take_turn(struct enqueue *e) {
    if (!e->queue)
        return true;
    if (e->blocked)
        return behind_add_ticket(e);
    if (turn_take(e->q->turn, &e->s->device.closing)) {
        e->turn = e->q->turn;
        if (e->q->device->type & CL_DEVICE_TYPE_CPU)
            session_crowded(e->s, e->q->board);
        e->event = &e->made;
        e->only_traced = false;
    }
    return true;
}

bool enqueue_begin(struct enqueue *e, struct session *s, bool works, uint32_t queue, uint32_t event_id,
                   uint32_t event_slot, const uint32_t *waits, uint32_t wait_count) {
    e->s = s;
    e->q = queue_of(s, queue);
    e->event_id = event_id;
    e->event_slot = event_slot;
    e->many = NULL;
    e->made = NULL;
    e->after = waits;
    e->after_count = wait_count;
    e->blocked = behind_its_queue(e->q);
    e->barrier = e->for_all = false;
    e->ticket = NULL;
    e->gated = false;
    e->turn = NULL;
    e->kernel = NULL;
    e->trace = s->trace ? trace_take(s->trace, e->q) : NULL;
    e->result = CL_OUT_OF_RESOURCES;
    e->queue = e->q->cl;
    bool wanted = s->replay ? s->replay->keep : finish_may_follow(e);
    e->event = event_id || e->trace || wanted ? &e->made : NULL;
    e->only_traced = !event_id && !wanted;
    if (!collect_waits(e, waits, wait_count))
        return false;
    if (e->gated && !s->replay && e->q->by_callback && e->q->in_order) {
        e->event = &e->made;
        e->only_traced = false;
    }
    if (s->replay) {
        e->wait_count = s->replay->wait_count;
        e->waits = e->wait_count > 0 ? s->replay->waits : NULL;
        e->after = s->replay->after;
        e->after_count = s->replay->after_count;
        e->blocked = e->blocked || s->replay->blocked;
    }
    if (works && atomic_load_explicit(&e->q->board->gate, memory_order_relaxed) != 0) {
        if (e->trace)
            trace_decoded(e->trace);
        if (!take_turn(e))
            return false;
    }
    if (e->trace)
        trace_begins(e->trace);
    return e->queue;
}

static void failed(struct enqueue *e) {
    if (e->event_id == 0) {
        if (e->q->sticky == CL_SUCCESS)
            e->q->sticky = e->result;
        return;
    }
    struct event *event = event_new(e->s, e->event_id, NULL, NULL, session_slot(e->s, e->event_slot));
    if (!event)
        return;
    event->error = e->result;
    event_publish(e->s, event, e->result);
}

/* Takes the reference over; NULL: the newest command has no event. */
static void set_last(struct queue *q, cl_event event) {
    if (q->last)
        clReleaseEvent(q->last);
    q->last = event;
}

cl_int queue_marker(struct queue *q, cl_event *event) {
    return q->context->version >= 120 ? clEnqueueMarkerWithWaitList(q->cl, 0, NULL, event)
                                      : clEnqueueMarker(q->cl, event);
}

void queue_forget_last(struct queue *q) {
    cl_event marker;
    if (q->last && queue_marker(q, &marker) == CL_SUCCESS)
        set_last(q, marker);
}

static void tell_end(void *session, void *event, cl_int status) {
    event_publish(session, event, status);
    object_unref(event);
}

/* The guest may wait for its event, and the command that says so stand behind one that has to wait for a turn itself: so its
 * end is published without being asked for. */
struct turn_command enqueue_turn_command(const struct enqueue *e, struct event *event) {
    struct turn_command c = {.queue = e->queue,
                             .event = e->made,
                             .kernel = e->kernel,
                             .wait = driver_has(e->q->device->platform, QUIRK_LATE_CALLBACKS_ARE_LOST)};
    if (event) {
        object_ref(event);
        c.told = tell_end;
        c.opaque = e->s;
        c.told_event = event;
    }
    return c;
}

void enqueue_no_turn(const struct turn_command *c) {
    if (c->told)
        object_unref(c->told_event);
}

/* It has begun in a turn. */
static void begun(struct enqueue *e, struct event *event) {
    struct turn_command c = enqueue_turn_command(e, event);
    turn_begun(e->turn, &c);
}

/* The trace has its reference, or the only one. */
static void hand_to_trace(struct enqueue *e) {
    cl_event event = e->made;

    if (e->only_traced && !e->blocked)
        e->made = NULL;
    else
        clRetainEvent(event);
    trace_enqueued(e->s->trace, e->trace, event);
}

/* A command of a batch: the batch has the event, and hears of the error. */
static void replayed(struct enqueue *e) {
    struct replay *replay = e->s->replay;

    replay->result = e->result;
    if (e->result != CL_SUCCESS) {
        trace_drop(e->trace);
        return;
    }
    session_queue_enqueued(e->s, e->q);
    set_last(e->q, NULL); /* the batch's end takes its place, if it gets there */
    if (e->trace) {
        trace_drop(replay->trace);
        replay->trace = trace_ref(e->trace);
        hand_to_trace(e);
    }
    if (e->turn)
        begun(e, NULL);
    if (e->blocked)
        behind_add(e, NULL);
    if (replay->keep)
        replay->made = e->made;
    else if (e->made)
        clReleaseEvent(e->made);
}

static void not_begun(struct enqueue *e) {
    board_add(&e->s->turns->board->errors, 1);
    behind_drop_ticket(e);
    if (e->turn)
        begun(e, NULL);
}

void enqueue_end(struct enqueue *e) {
    free(e->many);
    if (e->s->over || e->result != CL_SUCCESS)
        not_begun(e);
    if (e->s->over) {
        trace_drop(e->trace);
        return;
    }
    if (e->s->replay) {
        replayed(e);
        return;
    }
    if (e->result != CL_SUCCESS) {
        trace_drop(e->trace);
        failed(e);
        return;
    }
    session_queue_enqueued(e->s, e->q);
    e->gated = e->gated || ((e->q->in_order || e->q->barred) && queue_gated(e->q));
    if (e->gated)
        e->q->gated = e->q->enqueued;
    struct trace_record *told = e->trace && e->event_id != 0 ? trace_ref(e->trace) : NULL;
    if (e->trace)
        hand_to_trace(e);
    bool keep = e->made && e->q->by_callback && e->q->in_order;
    if (keep && e->event_id != 0)
        clRetainEvent(e->made);
    set_last(e->q, keep ? e->made : NULL);
    if (e->event_id != 0) {
        struct event *event = event_new(e->s, e->event_id, e->made, e->q, session_slot(e->s, e->event_slot));
        if (event) {
            event->gated = e->gated;
            event->trace = told;
        } else {
            trace_drop(told);
        }
        if (e->turn)
            begun(e, event);
        if (e->blocked)
            behind_add(e, event);
    } else {
        if (e->turn)
            begun(e, NULL);
        if (e->blocked)
            behind_add(e, NULL);
        if (e->made && !keep)
            clReleaseEvent(e->made); /* who needs it has a reference of its own */
    }
}
