// SPDX-License-Identifier: MIT
#include "guest-icd/queue/service.h"

#include <stdlib.h>

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
    cl_event event; /* retained with the last callback only */
    cl_int status;  /* as the callback is told */
    bool last;
};
static struct due *due;
static size_t due_cap;

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

static void call(struct icd_callback *callback, cl_event event, cl_int status) {
    callback->notify(event, status < 0 ? status : callback->type, callback->user_data);
    free(callback);
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

/* ---- the thread ---- */

/* lock is held. */
static bool is_due(cl_event event) {
    cl_int status = icd_event_known(event);
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

/* lock is held. Moves what is due to `due`, and events that have ended out of `watched`. */
static size_t collect(bool lost) {
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < watched_count; i++) {
        cl_event event = watched[i];
        cl_int status = icd_event_known(event);
        struct icd_callback *callback;
        if (lost && status > CL_COMPLETE)
            status = CL_DEVICE_NOT_AVAILABLE;
        while ((callback = take(event, status)))
            due[n++] = (struct due){callback, event, status, false};
        if (status > CL_COMPLETE)
            watched[kept++] = event;
        else if (n > 0 && due[n - 1].event == event)
            due[n - 1].last = true;
        else
            due[n++] = (struct due){NULL, event, status, true};
    }
    watched_count = kept;
    return n;
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
        size_t n = make_room() ? collect(lost) : 0;
        svga_lock_give(&lock);
        for (size_t i = 0; i < n; i++) {
            if (due[i].status <= CL_COMPLETE)
                icd_event_observed(due[i].event);
            if (due[i].callback)
                call(due[i].callback, due[i].event, due[i].status);
            if (due[i].last)
                icd_event_unref(due[i].event);
        }
        svga_lock_take(&lock);
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
    /* After the event is in the list: a change that the host reports from now on wakes the thread to look at
     * it. */
    TR_SEND(icd_session->g, WATCH_EVENT, watch_event, NULL, .event = event->object.id, .slot = TR_NO_SLOT);
    pthread_cond_signal(&work);
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_SetEventCallback(cl_event event, cl_int command_exec_callback_type,
                                        void(CL_CALLBACK *pfn_notify)(cl_event, cl_int, void *),
                                        void *user_data) {
    if (!icd_valid(event, ICD_EVENT))
        return CL_INVALID_EVENT;
    if (!pfn_notify || command_exec_callback_type < CL_COMPLETE || command_exec_callback_type > CL_SUBMITTED)
        return CL_INVALID_VALUE;
    struct icd_callback *callback = malloc(sizeof *callback);
    if (!callback)
        return CL_OUT_OF_HOST_MEMORY;
    *callback = (struct icd_callback){NULL, command_exec_callback_type, pfn_notify, user_data};

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
