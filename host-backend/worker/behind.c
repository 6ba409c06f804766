// SPDX-License-Identifier: MIT
#include "host-backend/worker/behind.h"

#include <stdlib.h>
#include <string.h>

#include "host-backend/worker/turn.h"

/* In the order in which the driver got them: what one of them is behind stands before it. */
struct behind {
    struct behind *next;
    struct queue *queue; /* referenced */
    struct turn_command command;
    cl_event ticket;     /* NULL: it takes no turn */
    struct event *event; /* the guest's, referenced; NULL */
    bool barrier;        /* what its queue gets later waits for it */
    bool for_all;        /* it waits for all that its queue has got */
    uint32_t count;
    struct event *after[]; /* of its wait list: those that were blocked; referenced */
};

bool behind_add_ticket(struct enqueue *e) {
    cl_uint count = e->wait_count;
    cl_event *list = malloc((count + 1) * sizeof(cl_event));
    cl_int r = CL_OUT_OF_HOST_MEMORY;

    if (!list || !(e->ticket = clCreateUserEvent(e->q->context->cl, &r))) {
        e->result = r;
        free(list);
        return false;
    }
    if (count > 0)
        memcpy(list, e->waits, count * sizeof(cl_event));
    list[count] = e->ticket;
    free(e->many);
    e->waits = e->many = list;
    e->wait_count = count + 1;
    e->event = &e->made;
    return true;
}

static void set_ticket(cl_event ticket) {
    clSetUserEventStatus(ticket, CL_COMPLETE);
    clReleaseEvent(ticket);
}

void behind_drop_ticket(struct enqueue *e) {
    if (e->ticket)
        set_ticket(e->ticket);
    e->ticket = NULL;
}

static uint32_t blocked_of(const struct enqueue *e, struct event **list) {
    uint32_t count = 0;

    for (uint32_t i = 0; i < e->after_count; i++) {
        struct event *event = event_of(e->s, e->after[i]);
        if (event->blocked) {
            list[count] = event;
            object_ref(list[count++]);
        }
    }
    return count;
}

bool behind_add(struct enqueue *e, struct event *event) {
    struct behind *b = calloc(1, sizeof *b + e->after_count * sizeof b->after[0]);

    if (!b) {
        behind_drop_ticket(e);
        e->s->over = true;
        svga_device_fail(&e->s->device, SVGA_ERROR_WORKER_DIED, "the host worker is out of memory");
        return false;
    }
    b->queue = e->q;
    object_ref(e->q);
    b->ticket = e->ticket;
    b->barrier = e->barrier;
    b->for_all = e->for_all;
    b->count = blocked_of(e, b->after);
    if (e->ticket) {
        b->command = enqueue_turn_command(e, event);
        clRetainEvent(e->made);
    }
    if (event) {
        b->event = event;
        object_ref(event);
        event->blocked = true;
    }
    e->ticket = NULL;
    e->q->behind++;
    e->q->barriers += b->barrier;
    *e->s->behind_end = b;
    e->s->behind_end = &b->next;
    return true;
}

/* Those before it that are still there have been seen in this pass. */
static bool is_blocked(const struct behind *b) {
    const struct queue *q = b->queue;

    for (uint32_t i = 0; i < b->count; i++)
        if (b->after[i]->blocked)
            return true;
    return ((q->in_order || b->for_all) && q->seen > 0) || q->seen_barriers > 0;
}

/* What fails because a user event does never runs, and some drivers do not tell of its end (QUIRK_FAILURE_IS_NOT_TOLD). */
static bool has_failed(const struct behind *b) {
    cl_int status = CL_QUEUED;

    for (uint32_t i = 0; i < b->count; i++)
        if (b->after[i]->error != CL_SUCCESS || b->after[i]->failed_behind)
            return true;
    return clGetEventInfo(b->command.event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status,
                          NULL) != CL_SUCCESS ||
           status < CL_COMPLETE;
}

static void forget(struct behind *b) {
    struct queue *q = b->queue;

    if (b->event) {
        b->event->blocked = false;
        object_unref(b->event);
    }
    for (uint32_t i = 0; i < b->count; i++)
        object_unref(b->after[i]);
    q->behind--;
    q->barriers -= b->barrier;
    object_unref(q);
    free(b);
}

static void let_through(struct session *s, struct behind *b) {
    struct queue *q = b->queue;

    if (b->ticket) {
        bool failed = has_failed(b), in_turn = !failed && turn_take(q->turn, &s->device.closing);
        if (b->event)
            b->event->failed_behind = failed;
        set_ticket(b->ticket);
        if (in_turn)
            turn_begun(q->turn, &b->command);
        else
            enqueue_no_turn(&b->command);
        clFlush(b->command.queue);
        clReleaseEvent(b->command.event);
    }
    forget(b);
}

void behind_release(struct session *s) {
    for (struct behind *b = s->behind; b; b = b->next)
        b->queue->seen = b->queue->seen_barriers = 0;
    for (struct behind **at = &s->behind, *b; (b = *at);) {
        if (is_blocked(b)) {
            b->queue->seen++;
            b->queue->seen_barriers += b->barrier;
            at = &b->next;
        } else {
            *at = b->next;
            if (!b->next)
                s->behind_end = at;
            let_through(s, b);
        }
    }
}

void behind_finish(struct session *s) {
    struct behind *next;

    for (struct behind *b = s->behind; b; b = next) {
        next = b->next;
        if (b->ticket) {
            enqueue_no_turn(&b->command);
            set_ticket(b->ticket);
            clReleaseEvent(b->command.event);
        }
        forget(b);
    }
    s->behind = NULL;
    s->behind_end = &s->behind;
}
