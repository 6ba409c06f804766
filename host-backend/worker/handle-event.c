// SPDX-License-Identifier: MIT
/* Events: user events, waiting, watching. */
#include <stdlib.h>

#include "host-backend/worker/behind.h"
#include "host-backend/worker/enqueue.h"
#include "host-backend/worker/wait.h"

void do_create_user_event(struct session *s, const struct tr_create_user_event *c, const struct tr_view *v) {
    struct context *context = context_of(s, c->context);
    cl_int r;
    (void)v;
    cl_event cl = context->cl ? clCreateUserEvent(context->cl, &r) : NULL;
    struct event *e = event_new(s, c->event, cl, NULL, NULL);
    if (e)
        e->blocked = true;
    if (e)
        e->gated = context->platform && (driver_has(context->platform, QUIRK_FAILURE_IS_NOT_TOLD) ||
                                         driver_has(context->platform, QUIRK_WAITS_FOR_THE_FAILED));
    else if (cl)
        clReleaseEvent(cl);
}

void do_set_user_event(struct session *s, const struct tr_set_user_event *c, const struct tr_view *v) {
    struct event *e = event_of(s, c->event);
    (void)v;
    if (c->status > CL_COMPLETE || e->queue) {
        session_violation(s, "set_user_event: status %d, or not a user event", c->status);
        return;
    }
    e->gated = e->blocked = false;
    if (c->status < CL_COMPLETE)
        e->error = c->status;
    if (e->cl)
        clSetUserEventStatus(e->cl, c->status);
    if (s->behind)
        behind_release(s);
}

/* Is there something to wait for? What has no event of the driver's has failed, and its slot says so already.
 */
static bool is_open(const struct event *e) {
    return e->cl && e->queue;
}

void do_wait_events(struct session *s, const struct tr_wait_events *c, const struct tr_view *v) {
    const uint32_t *ids = v->arrays[0];
    struct event **events = malloc((c->events_count + 1) * sizeof(*events));
    uint32_t count = 0;

    for (uint32_t i = 0; events && i < c->events_count; i++) {
        struct event *e = event_of(s, ids[i]);
        if (is_open(e))
            events[count++] = e;
    }
    if (!events || (count > 0 && !wait_add_events(s, events, count))) {
        s->over = true;
        svga_device_fail(&s->device, SVGA_ERROR_WORKER_DIED, "the host worker is out of memory");
    }
    free(events);
}

/* A program that asks how one of its commands went tends to ask for them all, one by one. So the answer for
 * one that has ended tells of the ends of its neighbours too, whichever way the guest numbers them: then most
 * of those questions need no round trip. */
static void tell_of_neighbours(struct session *s, uint32_t id) {
    enum { NEIGHBOURS = 64 };
    uint32_t first = id > NEIGHBOURS ? id - NEIGHBOURS : 1;

    for (uint32_t i = first; i <= id + NEIGHBOURS; i++) {
        struct event *e = objects_get(&s->objects, i);
        if (e && e->object.kind == TR_KIND_EVENT && is_open(e) &&
            atomic_load_explicit(&e->told, memory_order_relaxed) > CL_COMPLETE)
            event_publish_end(s, e);
    }
}

void do_watch_event(struct session *s, const struct tr_watch_event *c, const struct tr_view *v) {
    struct event *e = event_of(s, c->event);
    cl_int r = CL_SUCCESS;
    (void)v;
    if (is_open(e))
        r = event_watch(s, e);
    if (atomic_load_explicit(&e->told, memory_order_relaxed) <= CL_COMPLETE)
        tell_of_neighbours(s, c->event);
    session_answer(s, session_slot(s, c->slot), r, 0);
}
