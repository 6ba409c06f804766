// SPDX-License-Identifier: MIT
#include "guest-icd/queue/user-event.h"

#include <stdlib.h>

#include "guest-icd/api.h"
#include "guest-icd/queue/service.h"

static struct svga_lock lock =
    SVGA_LOCK(ICD_LOCK_USER_EVENTS); /* guards the step from unset to set, for waiters */
static pthread_cond_t set = PTHREAD_COND_INITIALIZER;

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

cl_int icd_user_event_set(cl_event event, cl_int status) {
    icd_ref(event); /* a waiter that wakes up may release it */
    svga_lock_take(&lock);
    bool first = icd_event_known(event) > CL_COMPLETE;
    if (first) {
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
