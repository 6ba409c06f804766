// SPDX-License-Identifier: MIT
#include "guest-icd/queue/user-event.h"

#include <stdlib.h>

#include "guest-icd/api.h"
#include "guest-icd/queue/service.h"

static struct svga_lock lock =
    SVGA_LOCK(ICD_LOCK_USER_EVENTS); /* guards the step from unset to set, for waiters */
static pthread_cond_t set = PTHREAD_COND_INITIALIZER;

/* ---- writes that wait ---- */

/* A write that nothing but user events holds back. */
struct gated_write {
    uint32_t gates; /* of them that are not set */
    bool failed;    /* one of them failed, or will never be set: the write, too */
    struct icd_copy copy;
};

struct icd_gated {
    struct icd_gated *next;
    struct gated_write *write;
};

/* lock is held. One gate less. */
static void pass_gate(struct gated_write *w, bool well) {
    w->failed = w->failed || !well;
    if (--w->gates > 0)
        return;
    if (!w->failed) {
        const size_t *r = w->copy.region;
        icd_box_copy(&w->copy.to, &w->copy.from, r);
        svga_guest_wrote(icd_session->g, w->copy.to.ptr, r[0] * r[1] * r[2]);
    }
    free(w);
}

/* lock is held. The event is about to be set, or gone. */
static void pass_gates(cl_event event, bool well) {
    while (event->gated) {
        struct icd_gated *g = event->gated;
        event->gated = g->next;
        pass_gate(g->write, well);
        free(g);
    }
}

static bool all_user_events(cl_uint count, const cl_event *events) {
    for (cl_uint i = 0; i < count; i++)
        if (events[i]->queue)
            return false;
    return count > 0;
}

void icd_user_events_gate(cl_uint count, const cl_event *events, const struct icd_copy *copy) {
    if (!all_user_events(count, events))
        return;
    struct gated_write *w = malloc(sizeof *w);
    if (!w)
        return;
    *w = (struct gated_write){1, false, *copy};
    svga_lock_take(&lock);
    for (cl_uint i = 0; i < count; i++) {
        int32_t status = icd_event_known(events[i]);
        struct icd_gated *g = status > CL_COMPLETE ? malloc(sizeof *g) : NULL;
        w->failed = w->failed || status < 0 || (status > CL_COMPLETE && !g);
        if (!g)
            continue;
        *g = (struct icd_gated){events[i]->gated, w};
        events[i]->gated = g;
        w->gates++;
    }
    pass_gate(w, true); /* all may have been set meanwhile */
    svga_lock_give(&lock);
}

/* ---- the events ---- */

void icd_user_event_wait(cl_event event) {
    svga_lock_take(&lock);
    while (icd_event_known(event) > CL_COMPLETE && svga_lock_wait(&set, &lock))
        ;
    svga_lock_give(&lock);
}

cl_event icd_user_event_new(cl_context context, cl_int *r) {
    if (svga_guest_lost(icd_session->g)) {
        *r = icd_session_error();
        return NULL;
    }
    cl_event event = calloc(1, sizeof *event);
    if (!event) {
        *r = CL_OUT_OF_HOST_MEMORY;
        return NULL;
    }
    icd_object_init(&event->object, ICD_EVENT, icd_id_alloc());
    if (event->object.id == 0) {
        free(event);
        *r = CL_OUT_OF_RESOURCES;
        return NULL;
    }
    event->context = context;
    event->type = CL_COMMAND_USER;
    event->slot = TR_NO_SLOT;
    atomic_init(&event->status, CL_SUBMITTED);
    icd_ref(context);
    atomic_fetch_add(&icd_user_events_unset, 1);
    TR_SEND(icd_session->g, CREATE_USER_EVENT, create_user_event, NULL, .event = event->object.id,
            .context = context->object.id);
    *r = CL_SUCCESS;
    return event;
}

cl_event CL_API_CALL icd_CreateUserEvent(cl_context context, cl_int *errcode_ret) {
    cl_int r = CL_INVALID_CONTEXT;
    cl_event event = icd_valid(context, ICD_CONTEXT) ? icd_user_event_new(context, &r) : NULL;
    if (errcode_ret)
        *errcode_ret = r;
    return event;
}

void icd_user_event_abandon(cl_event event) {
    svga_lock_take(&lock);
    pass_gates(event, false);
    atomic_fetch_sub(&icd_user_events_unset, 1);
    svga_lock_give(&lock);
}

cl_int icd_user_event_set(cl_event event, cl_int status) {
    icd_ref(event); /* a waiter that wakes up may release it */
    svga_lock_take(&lock);
    bool first = icd_event_known(event) > CL_COMPLETE;
    if (first) {
        pass_gates(event, status == CL_COMPLETE);
        /* The host first: whoever sees the new status may rely on it in the next command. */
        TR_SEND(icd_session->g, SET_USER_EVENT, set_user_event, NULL, .event = event->object.id,
                .status = status);
        atomic_store_explicit(&event->status, status, memory_order_release);
        atomic_fetch_sub(&icd_user_events_unset, 1);
        pthread_cond_broadcast(&set);
    }
    svga_lock_give(&lock);
    if (first)
        icd_service_ended(event);
    icd_event_unref(event);
    if (!first)
        return CL_INVALID_OPERATION;
    return svga_guest_lost(icd_session->g) ? icd_session_error() : CL_SUCCESS;
}

cl_int CL_API_CALL icd_SetUserEventStatus(cl_event event, cl_int execution_status) {
    if (!icd_valid(event, ICD_EVENT) || event->queue)
        return CL_INVALID_EVENT;
    return execution_status <= CL_COMPLETE ? icd_user_event_set(event, execution_status) : CL_INVALID_VALUE;
}
