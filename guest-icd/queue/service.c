// SPDX-License-Identifier: MIT
#include "guest-icd/queue/service.h"

#include <stdlib.h>
#include <string.h>

#include "guest-icd/api.h"
#include "guest-icd/session/thread.h"

static struct svga_lock lock =
    SVGA_LOCK(ICD_LOCK_SERVICE); /* guards everything below, and the callbacks of all events */
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static bool started;
static cl_event
    *watched; /* events with callbacks to come, in the order they were registered; each retained */
static size_t watched_count, watched_cap;

/* A callback that is due. */
struct due {
    struct icd_callback *callback;
    cl_event event; /* retained */
    cl_int status;  /* as the callback is told */
    bool last;      /* the event is retained once more: it was watched */
};
static struct due *due; /* the thread is at number due_at of them */
static size_t due_at, due_count, due_cap;
static pthread_cond_t called = PTHREAD_COND_INITIALIZER; /* callbacks that were under way have been called */
_Atomic uint64_t icd_service_outstanding;

/* lock is held. Takes the event's next callback that `status` makes due: SUBMITTED before RUNNING before
 * COMPLETE. */
static struct icd_callback *take(cl_event event, cl_int status) {
    struct icd_callback **best = NULL;
    for (struct icd_callback **p = &event->callbacks; *p; p = &(*p)->next)
        if (status <= (*p)->type && (!best || (*p)->type > (*best)->type))
            best = p;
    if (!best)
        return NULL;
    struct icd_callback *callback = *best;
    *best = callback->next;
    return callback;
}

static _Thread_local bool in_callback; /* it must not wait for itself */

/* The callback may use the event, also one that the application has released: it has a reference of its own. */
static void call(struct icd_callback *callback, cl_event event, cl_int status) {
    bool nested = in_callback;
    icd_app_retain(event);
    in_callback = true;
    callback->notify(event, status < 0 ? status : callback->type, callback->user_data);
    in_callback = nested;
    free(callback);
    if (icd_app_release_is_last(event))
        icd_event_unref(event);
}

void icd_service_ended(cl_event event) {
    cl_int status = icd_event_known(event);
    for (;;) {
        svga_lock_take(&lock);
        struct icd_callback *callback = take(event, status);
        svga_lock_give(&lock);
        if (!callback)
            return;
        call(callback, event, status);
    }
}

/* ---- threads that have waited ---- */

/* Commands of a queue. */
struct span {
    cl_command_queue queue;
    uint64_t from, to;
};

static bool has(const struct span *s, cl_event event) {
    return event->queue == s->queue && event->seq >= s->from && event->seq <= s->to;
}

/* lock is held. Callbacks of theirs are under way on another thread. */
static bool under_way(const struct span *s) {
    for (size_t i = due_at; i < due_count; i++)
        if (has(s, due[i].event))
            return true;
    for (size_t i = 0; i < watched_count; i++)
        if (watched[i]->calling && has(s, watched[i]))
            return true;
    return false;
}

/* lock is held. */
static cl_event next_watched(const struct span *s) {
    for (size_t i = 0; i < watched_count; i++)
        if (has(s, watched[i]))
            return watched[i];
    return NULL;
}

/* lock is held. */
static void count(void) {
    atomic_store_explicit(&icd_service_outstanding, watched_count + due_count - due_at, memory_order_relaxed);
}

/* lock is held; the caller has a reference. */
static void forget(cl_event event) {
    for (size_t i = 0; i < watched_count; i++)
        if (watched[i] == event) {
            memmove(&watched[i], &watched[i + 1], (watched_count - i - 1) * sizeof(cl_event));
            watched_count--;
            count();
            icd_event_unref(event);
            return;
        }
}

/* Has the event's end been told, and calls what hangs on it, unless the service's thread came first. */
static bool serve_here(cl_event event, const struct span *s) {
    if (icd_slot_wait(event->slot) != CL_SUCCESS)
        return false;
    icd_event_observed(event);
    svga_lock_take(&lock);
    bool mine = !under_way(s);
    event->calling = event->calling || mine;
    svga_lock_give(&lock);
    if (!mine)
        return true;
    icd_service_ended(event);
    svga_lock_take(&lock);
    event->calling = false;
    forget(event);
    pthread_cond_broadcast(&called);
    svga_lock_give(&lock);
    return true;
}

void icd_service_catch_up_slow(cl_command_queue queue, uint64_t from, uint64_t to) {
    const struct span s = {queue, from, to};
    bool well = !in_callback;

    while (well) {
        svga_lock_take(&lock);
        while (under_way(&s) && svga_lock_wait(&called, &lock))
            ;
        cl_event event = next_watched(&s);
        if (event)
            icd_ref(event);
        svga_lock_give(&lock);
        if (!event)
            return;
        well = serve_here(event, &s);
        icd_event_unref(event);
    }
}

/* ---- the thread ---- */

/* lock is held. */
static bool is_due(cl_event event) {
    cl_int status = icd_event_known(event);
    if (event->calling)
        return false; /* whoever calls takes it out of the list */
    for (const struct icd_callback *c = event->callbacks; c; c = c->next)
        if (status <= c->type)
            return true;
    return status <= CL_COMPLETE;
}

static bool any_due(void *arg) {
    (void)arg;
    bool found = false;
    svga_lock_take(&lock);
    for (size_t i = 0; i < watched_count && !found; i++)
        found = is_due(watched[i]);
    svga_lock_give(&lock);
    return found;
}

/* lock is held. */
static void add_due(struct icd_callback *callback, cl_event event, cl_int status) {
    icd_ref(event);
    due[due_count++] = (struct due){callback, event, status, false};
}

/* lock is held. Moves what is due to `due`, and events that have ended out of `watched`. */
static void collect(bool lost) {
    size_t kept = 0;
    due_at = due_count = 0;
    for (size_t i = 0; i < watched_count; i++) {
        cl_event event = watched[i];
        cl_int status = icd_event_known(event);
        struct icd_callback *callback;
        if (lost && status > CL_COMPLETE)
            status = CL_DEVICE_NOT_AVAILABLE;
        while (!event->calling && (callback = take(event, status)))
            add_due(callback, event, status);
        if (status > CL_COMPLETE || event->calling) {
            watched[kept++] = event;
            continue;
        }
        if (due_count == 0 || due[due_count - 1].event != event)
            add_due(NULL, event, status);
        due[due_count - 1].last = true;
    }
    watched_count = kept;
    count();
}

/* lock is held. Room for every callback and every event there is. */
static bool make_room(void) {
    size_t need = watched_count;
    for (size_t i = 0; i < watched_count; i++)
        for (const struct icd_callback *c = watched[i]->callbacks; c; c = c->next)
            need++;
    if (need <= due_cap)
        return true;
    struct due *bigger = realloc(due, 2 * need * sizeof *due);
    if (!bigger)
        return false;
    due = bigger;
    due_cap = 2 * need;
    return true;
}

static void *serve(void *arg) {
    (void)arg;
    svga_lock_take(&lock);
    for (;;) {
        while (watched_count == 0)
            svga_lock_wait(&work, &lock);
        svga_lock_give(&lock);
        bool lost = svga_guest_sleep(icd_session->g, any_due, NULL) < 0;
        svga_lock_take(&lock);
        if (make_room())
            collect(lost);
        while (due_at < due_count) {
            struct due d = due[due_at];
            svga_lock_give(&lock);
            if (d.status <= CL_COMPLETE)
                icd_event_observed(d.event);
            if (d.callback)
                call(d.callback, d.event, d.status);
            svga_lock_take(&lock);
            due_at++;
            count();
            pthread_cond_broadcast(&called);
            svga_lock_give(&lock);
            icd_event_unref(d.event);
            if (d.last)
                icd_event_unref(d.event);
            svga_lock_take(&lock);
        }
    }
    return NULL;
}

/* lock is held. Has the thread look after the event. */
static cl_int watch(cl_event event) {
    started = started || icd_thread_start(serve, NULL, "trillium-events");
    if (!started)
        return CL_OUT_OF_RESOURCES;
    if (watched_count == watched_cap) {
        size_t cap = watched_cap ? 2 * watched_cap : 64;
        cl_event *bigger = realloc(watched, cap * sizeof *bigger);
        if (!bigger)
            return CL_OUT_OF_HOST_MEMORY;
        watched = bigger;
        watched_cap = cap;
    }
    icd_ref(event);
    event->served = true;
    watched[watched_count++] = event;
    count();
    /* After the event is in the list: a change that the host reports from now on wakes the thread to look at
     * it. */
    TR_SEND(icd_session->g, WATCH_EVENT, watch_event, NULL, .event = event->object.id, .slot = TR_NO_SLOT);
    pthread_cond_signal(&work);
    return CL_SUCCESS;
}

cl_int icd_service_add(cl_event event, cl_int type, void(CL_CALLBACK *notify)(cl_event, cl_int, void *),
                       void *user_data) {
    struct icd_callback *callback = malloc(sizeof *callback);
    if (!callback)
        return CL_OUT_OF_HOST_MEMORY;
    *callback = (struct icd_callback){NULL, type, notify, user_data};

    svga_lock_take(&lock);
    cl_int status = icd_event_known(event);
    bool now = status <= callback->type;
    cl_int r = CL_SUCCESS;
    if (!now) {
        struct icd_callback **end = &event->callbacks;
        while (*end)
            end = &(*end)->next;
        *end = callback;
        if (event->queue && !event->served) {
            r = watch(event);
            if (r != CL_SUCCESS) {
                *end = NULL;
                free(callback);
            }
        }
    }
    svga_lock_give(&lock);
    if (now) {
        if (status <= CL_COMPLETE)
            icd_event_observed(event);
        call(callback, event, status);
    }
    return r;
}

cl_int CL_API_CALL icd_SetEventCallback(cl_event event, cl_int command_exec_callback_type,
                                        void(CL_CALLBACK *pfn_notify)(cl_event, cl_int, void *),
                                        void *user_data) {
    if (!icd_valid(event, ICD_EVENT))
        return CL_INVALID_EVENT;
    if (!pfn_notify || command_exec_callback_type < CL_COMPLETE || command_exec_callback_type > CL_SUBMITTED)
        return CL_INVALID_VALUE;
    return icd_service_add(event, command_exec_callback_type, pfn_notify, user_data);
}
