// SPDX-License-Identifier: MIT
#include "host-backend/worker/wait.h"

#include <stdlib.h>

#include "host-backend/worker/console.h"
#include "host-backend/worker/enqueue.h"
#include "host-backend/worker/trace.h"
#include "host-backend/worker/turn.h"
#include "svga-model/futex.h"

/* ---- events and their slots ---- */

cl_int event_status(struct event *e) {
    cl_int status = CL_OUT_OF_RESOURCES;
    cl_int r = clGetEventInfo(e->cl, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL);
    return r == CL_SUCCESS ? status : r;
}

struct stamps {
    cl_ulong queued, submit, start, end, complete;
    bool there;
};

cl_int event_stamp(const struct event *e, cl_profiling_info param, cl_ulong *value) {
    bool is_end = param == CL_PROFILING_COMMAND_END || param == CL_PROFILING_COMMAND_COMPLETE;
    cl_ulong one;

    if (e->part_count == 0)
        return clGetEventProfilingInfo(e->cl, param, sizeof *value, value, NULL);
    for (uint32_t i = 0; i < e->part_count; i++) {
        cl_int r = clGetEventProfilingInfo(e->parts[i], param, sizeof one, &one, NULL);
        if (r != CL_SUCCESS)
            return r;
        if (i == 0 || (is_end ? one > *value : one < *value))
            *value = one;
    }
    return CL_SUCCESS;
}

static void read_stamps(const struct event *e, struct stamps *t) {
    t->there = event_stamp(e, CL_PROFILING_COMMAND_QUEUED, &t->queued) == CL_SUCCESS &&
               event_stamp(e, CL_PROFILING_COMMAND_SUBMIT, &t->submit) == CL_SUCCESS &&
               event_stamp(e, CL_PROFILING_COMMAND_START, &t->start) == CL_SUCCESS &&
               event_stamp(e, CL_PROFILING_COMMAND_END, &t->end) == CL_SUCCESS;
    /* OpenCL 2.0; the same as END where the driver does not know it */
    if (event_stamp(e, CL_PROFILING_COMMAND_COMPLETE, &t->complete) != CL_SUCCESS)
        t->complete = t->end;
}

void event_publish(struct session *s, struct event *e, cl_int status) {
    struct stamps t = {.there = false};
    bool told = false;

    if (status <= CL_COMPLETE)
        console_flush();
    uint64_t now = e->trace ? svga_now_ns() : 0; /* before the guest can know */
    if (e->slot && status == CL_COMPLETE && e->queue && e->queue->profiled)
        read_stamps(e, &t);
    pthread_mutex_lock(&s->slot_lock);
    if (status < e->told) {
        e->told = status;
        if (e->slot) {
            if (t.there) {
                e->slot->queued = t.queued;
                e->slot->submit = t.submit;
                e->slot->start = t.start;
                e->slot->end = t.end;
                e->slot->complete = t.complete;
                e->slot->profiled = 1;
            }
            atomic_store_explicit(&e->slot->status, status, memory_order_release);
            told = true;
        }
    }
    pthread_mutex_unlock(&s->slot_lock);
    if (told)
        svga_device_irq(&s->device);
    if (told && e->trace && status <= CL_COMPLETE)
        trace_published(s->trace, e->trace, now);
}

bool event_publish_end(struct session *s, struct event *e) {
    cl_int status = event_status(e);
    if (status <= CL_COMPLETE)
        event_publish(s, e, status);
    return status <= CL_COMPLETE;
}

void event_retire(struct session *s, struct event *e) {
    pthread_mutex_lock(&s->slot_lock);
    if (e->told > CL_COMPLETE) {
        e->told = CL_COMPLETE;
        if (e->slot)
            atomic_store_explicit(&e->slot->status, CL_COMPLETE, memory_order_release);
    }
    pthread_mutex_unlock(&s->slot_lock);
}

/* ---- callbacks of the driver ---- */

struct watcher {
    struct session *session;
    struct event *event; /* referenced */
    struct wait *wait;   /* that this callback is part of; NULL: a watched event */
};

/* One of the wait's callbacks has come. The last one hands the wait to the next leader, to account for it,
 * and gets a decoder ready for what the guest sends next. */
static void one_came(struct session *s, struct wait *w) {
    if (atomic_fetch_sub(&w->open, 1) != 1)
        return;
    w->ended = board_ticks();
    w->next = atomic_load(&s->ended);
    while (!atomic_compare_exchange_weak(&s->ended, &w->next, w))
        ;
    session_kick(s);
}

/* Runs on a thread of the driver, and must not call it with a lock held. */
static void CL_CALLBACK on_event(cl_event cl, cl_int status, void *opaque) {
    struct watcher *w = opaque;
    (void)cl;
    event_publish(w->session, w->event, status);
    if (w->wait)
        one_came(w->session, w->wait);
    object_unref(w->event);
    free(w);
}

static cl_int register_callback(struct session *s, struct event *e, cl_int type, struct wait *wait) {
    struct watcher *w = malloc(sizeof *w);
    if (!w)
        return CL_OUT_OF_HOST_MEMORY;
    *w = (struct watcher){s, e, wait};
    object_ref(e);
    cl_int r = clSetEventCallback(e->cl, type, on_event, w);
    if (r != CL_SUCCESS) {
        object_unref(e);
        free(w);
    }
    return r;
}

cl_int event_watch(struct session *s, struct event *e) {
    static const cl_int types[] = {CL_SUBMITTED, CL_RUNNING, CL_COMPLETE};

    if (event_publish_end(s, e))
        return CL_SUCCESS; /* nothing more will change */
    for (size_t i = 0; !e->watched && i < sizeof types / sizeof types[0]; i++) {
        cl_int r = CL_SUCCESS;
        if (types[i] != CL_COMPLETE ||
            (!e->gated &&
             !(e->queue && driver_has(e->queue->device->platform, QUIRK_LATE_CALLBACKS_ARE_LOST))))
            r = register_callback(s, e, types[i], NULL);
        else if (!wait_add_events(s, &e, 1))
            r = CL_OUT_OF_HOST_MEMORY;
        if (r != CL_SUCCESS)
            return r;
    }
    e->watched = true;
    event_publish(s, e, event_status(e));
    return CL_SUCCESS;
}

/* ---- waits ---- */

static void append(struct session *s, struct wait *w, bool by_callback) {
    w->session = s;
    if (by_callback) {
        wait_by_callback(s, w);
        return;
    }
    w->next = NULL;
    *s->waits_end = w;
    s->waits_end = &w->next;
}

bool wait_add_finish(struct session *s, struct queue *q, struct tr_slot *slot) {
    struct wait *w = calloc(1, sizeof *w);
    if (!w)
        return false;
    object_ref(q);
    w->queue = q;
    w->cl = q->cl;
    w->slot = slot;
    w->sticky = q->sticky;
    w->number = q->enqueued;
    q->sticky = CL_SUCCESS;
    w->trace = s->trace ? trace_finish(s->trace, q) : NULL;
    w->gated = queue_gated(q);
    bool by_callback = q->by_callback && !w->gated;
    if (!by_callback && q->last && clRetainEvent(q->last) == CL_SUCCESS)
        w->last = q->last;
    append(s, w, by_callback);
    return true;
}

void wait_push(struct session *s, struct queue *q) {
    cl_int sticky = q->sticky;
    if (driver_has(q->device->platform, QUIRK_LATE_CALLBACKS_ARE_LOST))
        wait_add_finish(s, q, NULL);
    q->sticky = sticky; /* nobody has been told of it */
}

bool wait_add_events(struct session *s, struct event *const *events, uint32_t count) {
    struct wait *w = calloc(1, sizeof *w + count * sizeof w->events[0]);
    if (!w)
        return false;
    bool by_callback = true;
    w->count = count;
    for (uint32_t i = 0; i < count; i++) {
        object_ref(events[i]);
        w->events[i] = events[i];
        w->gated = w->gated || events[i]->gated;
        by_callback = by_callback && events[i]->queue->by_callback;
    }
    append(s, w, by_callback && !w->gated);
    return true;
}

struct wait *wait_take(struct session *s) {
    struct wait *w = s->waits;
    s->waits = w->next;
    if (!s->waits)
        s->waits_end = &s->waits;
    return w;
}

static void wait_free(struct wait *w) {
    for (uint32_t i = 0; i < w->count; i++)
        object_unref(w->events[i]);
    object_unref(w->queue);
    if (w->last)
        clReleaseEvent(w->last);
    free(w);
}

/* FINISH has its answer. */
static void finish_answer(struct session *s, struct wait *w, cl_int r) {
    if (r == CL_SUCCESS)
        r = w->sticky;
    console_flush();
    uint64_t now = w->trace ? svga_now_ns() : 0;
    session_answer(s, w->slot, r, 0);
    if (w->trace) {
        trace_published(s->trace, w->trace, now);
        trace_ended(s->trace, w->trace, r);
        w->trace = NULL;
    }
}

void wait_perform(struct session *s, struct wait *w) {
    if (w->queue) {
        cl_int r = clFinish(w->cl);
        if (w->last && driver_has(w->queue->device->platform, QUIRK_FINISH_IGNORES_USER_EVENTS))
            clWaitForEvents(1, &w->last);
        finish_answer(s, w, r);
        return;
    }
    for (uint32_t i = 0; i < w->count; i++) {
        struct event *e = w->events[i];
        cl_int status = clWaitForEvents(1, &e->cl) == CL_SUCCESS ? CL_COMPLETE : event_status(e);
        /* A failed wait that left the event unfinished would keep its guest waiting for ever. */
        event_publish(s, e, status > CL_COMPLETE ? CL_OUT_OF_RESOURCES : status);
    }
}

void wait_done(struct session *s, struct wait *w) {
    if (w->ended == 0)
        w->ended = board_ticks();
    if (w->queue)
        session_queue_finished(s, w->queue, w->number, w->ended);
    for (uint32_t i = 0; i < w->count; i++)
        if (w->events[i]->queue && w->events[i]->queue->in_order)
            session_queue_finished(s, w->events[i]->queue, w->events[i]->number, w->ended);
    wait_free(w);
}

static void CL_CALLBACK on_finish(cl_event cl, cl_int status, void *opaque) {
    struct wait *w = opaque;
    (void)cl;
    finish_answer(w->session, w, status < CL_COMPLETE ? status : CL_SUCCESS);
    one_came(w->session, w);
}

/* An event that ends when everything enqueued before has ended. */
static cl_int end_of_queue(struct queue *q, cl_event *event) {
    if (q->last) {
        *event = q->last;
        return clRetainEvent(q->last);
    }
    return queue_marker(q, event);
}

/* From the moment a callback is registered it may come, and take the wait along. */
static void finish_by_callback(struct session *s, struct wait *w) {
    cl_event event;
    cl_int r = end_of_queue(w->queue, &event);

    atomic_init(&w->open, 1);
    if (r == CL_SUCCESS) {
        clFlush(w->queue->cl);
        r = clSetEventCallback(event, CL_COMPLETE, on_finish, w);
        clReleaseEvent(event);
    }
    if (r != CL_SUCCESS) {
        finish_answer(s, w, r);
        wait_free(w);
    }
}

void wait_by_callback(struct session *s, struct wait *w) {
    uint32_t count = w->count;

    if (w->queue) {
        finish_by_callback(s, w);
        return;
    }
    /* One more than there are events, so that the wait lasts until all are registered. */
    atomic_init(&w->open, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        struct event *e = w->events[i];
        clFlush(e->queue->cl);
        cl_int r = register_callback(s, e, CL_COMPLETE, w);
        if (r != CL_SUCCESS) {
            event_publish(s, e, r);
            atomic_fetch_sub(&w->open, 1);
        }
    }
    if (atomic_fetch_sub(&w->open, 1) == 1)
        wait_done(s, w);
}

void wait_poll_add(struct session *s, struct wait *w) {
    for (uint32_t i = 0; i < w->count; i++)
        clFlush(w->events[i]->queue->cl);
    if (w->queue && !w->last) {
        cl_int r = end_of_queue(w->queue, &w->last);
        if (r != CL_SUCCESS) {
            w->last = NULL;
            finish_answer(s, w, r);
            wait_free(w);
            return;
        }
    }
    if (w->queue)
        clFlush(w->queue->cl);
    w->next = s->polled;
    s->polled = w;
}

/* Publishes what has ended of it. True if all has. */
static bool poll_one(struct session *s, struct wait *w) {
    bool all = true;
    for (uint32_t i = 0; i < w->count; i++)
        all = event_publish_end(s, w->events[i]) && all;
    if (w->queue) {
        cl_int status,
            r = clGetEventInfo(w->last, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL);
        all = r != CL_SUCCESS || status <= CL_COMPLETE;
        if (all)
            finish_answer(s, w, r);
    }
    return all;
}

void wait_poll(struct session *s) {
    for (struct wait **at = &s->polled; *at;) {
        struct wait *w = *at;
        if (poll_one(s, w)) {
            *at = w->next;
            wait_done(s, w);
        } else {
            at = &w->next;
        }
    }
}

void wait_account(struct session *s) {
    if (!atomic_load_explicit(&s->ended, memory_order_relaxed))
        return;
    struct wait *w = atomic_exchange(&s->ended, NULL);
    while (w) {
        struct wait *next = w->next;
        wait_done(s, w);
        w = next;
    }
}
