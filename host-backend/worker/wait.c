#include "host-backend/worker/wait.h"

#include <stdlib.h>

#include "host-backend/worker/console.h"
#include "host-backend/worker/trace.h"

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

static void read_stamps(struct event *e, struct stamps *t) {
    t->there =
        clGetEventProfilingInfo(e->cl, CL_PROFILING_COMMAND_QUEUED, sizeof t->queued, &t->queued, NULL) ==
            CL_SUCCESS &&
        clGetEventProfilingInfo(e->cl, CL_PROFILING_COMMAND_SUBMIT, sizeof t->submit, &t->submit, NULL) ==
            CL_SUCCESS &&
        clGetEventProfilingInfo(e->cl, CL_PROFILING_COMMAND_START, sizeof t->start, &t->start, NULL) ==
            CL_SUCCESS &&
        clGetEventProfilingInfo(e->cl, CL_PROFILING_COMMAND_END, sizeof t->end, &t->end, NULL) == CL_SUCCESS;
    /* OpenCL 2.0; the same as END where the driver does not know it */
    if (clGetEventProfilingInfo(e->cl, CL_PROFILING_COMMAND_COMPLETE, sizeof t->complete, &t->complete,
                                NULL) != CL_SUCCESS)
        t->complete = t->end;
}

void event_publish(struct session *s, struct event *e, cl_int status) {
    struct stamps t = {.there = false};
    bool told = false;

    if (status <= CL_COMPLETE)
        console_flush();
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
        trace_published(s->trace, e->trace);
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
};

/* Runs on a thread of the driver, and must not call it with a lock held. */
static void CL_CALLBACK on_event(cl_event cl, cl_int status, void *opaque) {
    struct watcher *w = opaque;
    (void)cl;
    event_publish(w->session, w->event, status);
    object_unref(w->event);
    free(w);
}

static cl_int register_callback(struct session *s, struct event *e, cl_int type) {
    struct watcher *w = malloc(sizeof *w);
    if (!w)
        return CL_OUT_OF_HOST_MEMORY;
    *w = (struct watcher){s, e};
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

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        cl_int r = register_callback(s, e, types[i]);
        if (r != CL_SUCCESS)
            return r;
    }
    event_publish(s, e, event_status(e));
    return CL_SUCCESS;
}

/* ---- waits ---- */

static void append(struct session *s, struct wait *w) {
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
    w->slot = slot;
    w->sticky = q->sticky;
    w->number = q->enqueued;
    q->sticky = CL_SUCCESS;
    w->trace = s->trace ? trace_finish(s->trace, q) : NULL;
    append(s, w);
    return true;
}

bool wait_add_events(struct session *s, struct event *const *events, uint32_t count) {
    struct wait *w = calloc(1, sizeof *w + count * sizeof w->events[0]);
    if (!w)
        return false;
    w->count = count;
    for (uint32_t i = 0; i < count; i++) {
        object_ref(events[i]);
        w->events[i] = events[i];
    }
    append(s, w);
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
    free(w);
}

/* FINISH has its answer. */
static void finish_answer(struct session *s, struct wait *w, cl_int r) {
    if (r == CL_SUCCESS)
        r = w->sticky;
    console_flush();
    session_answer(s, w->slot, r, 0);
    if (w->trace) {
        trace_published(s->trace, w->trace);
        trace_ended(s->trace, w->trace, r);
        w->trace = NULL;
    }
}

void wait_perform(struct session *s, struct wait *w) {
    if (w->queue) {
        cl_int r = clFinish(w->queue->cl);
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
    if (w->queue)
        session_queue_finished(s, w->queue, w->number);
    for (uint32_t i = 0; i < w->count; i++)
        if (w->events[i]->queue && w->events[i]->queue->in_order)
            session_queue_finished(s, w->events[i]->queue, w->events[i]->number);
    wait_free(w);
}

struct finish {
    struct session *session;
    struct wait *wait;
};

static void CL_CALLBACK on_finish(cl_event cl, cl_int status, void *opaque) {
    struct finish *f = opaque;
    (void)cl;
    finish_answer(f->session, f->wait, status < CL_COMPLETE ? status : CL_SUCCESS);
    wait_free(f->wait);
    free(f);
}

/* A marker that ends when everything enqueued before has ended, and calls back. */
static cl_int finish_by_callback(struct session *s, struct wait *w) {
    struct finish *f = malloc(sizeof *f);
    cl_event marker;

    if (!f)
        return CL_OUT_OF_HOST_MEMORY;
    *f = (struct finish){s, w};
    cl_int r = w->queue->context->version >= 120 ? clEnqueueMarkerWithWaitList(w->queue->cl, 0, NULL, &marker)
                                                 : clEnqueueMarker(w->queue->cl, &marker);
    if (r == CL_SUCCESS) {
        r = clSetEventCallback(marker, CL_COMPLETE, on_finish, f);
        clReleaseEvent(marker);
    }
    if (r == CL_SUCCESS)
        clFlush(w->queue->cl);
    else
        free(f);
    return r;
}

void wait_by_callback(struct session *s, struct wait *w) {
    if (w->queue) {
        cl_int r = finish_by_callback(s, w);
        if (r != CL_SUCCESS) {
            finish_answer(s, w, r);
            wait_free(w);
        }
        return;
    }
    for (uint32_t i = 0; i < w->count; i++) {
        struct event *e = w->events[i];
        cl_int r = register_callback(s, e, CL_COMPLETE);
        if (r != CL_SUCCESS)
            event_publish(s, e, r);
        else if (e->queue)
            clFlush(e->queue->cl);
    }
    wait_free(w);
}
