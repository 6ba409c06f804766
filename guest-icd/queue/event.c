// SPDX-License-Identifier: MIT
#include "guest-icd/queue/event.h"

#include <stdlib.h>
#include <string.h>

#include "guest-icd/api.h"
#include "guest-icd/queue/queue.h"
#include "guest-icd/queue/user-event.h"
#include "guest-icd/reclaim/parked.h"
#include "guest-icd/reclaim/pending.h"
#include "guest-icd/session/console.h"

/* ---- life ---- */

static cl_event new_event(cl_command_queue queue, cl_command_type type) {
    cl_event event = malloc(sizeof *event);
    if (!event)
        return NULL;
    icd_object_init(&event->object, ICD_EVENT, 0);
    event->context = queue->context;
    event->queue = queue;
    event->type = type;
    event->slot = TR_NO_SLOT;
    atomic_init(&event->status, CL_COMPLETE);
    atomic_init(&event->asked, 0);
    event->seq = 0;
    event->token = 0;
    event->served = false;
    event->calling = false;
    event->callbacks = NULL;
    event->gated = NULL;
    icd_ref(queue);
    icd_ref(queue->context);
    return event;
}

cl_event icd_event_new(cl_command_queue queue, cl_command_type type) {
    cl_event event = new_event(queue, type);
    if (!event)
        return NULL;
    event->slot = icd_slot_alloc();
    event->object.id = event->slot != TR_NO_SLOT ? icd_id_alloc() : 0;
    if (event->object.id == 0) {
        icd_event_discard(event);
        return NULL;
    }
    return event;
}

cl_event icd_event_new_local(cl_command_queue queue, cl_command_type type) {
    return new_event(queue, type);
}

static void free_event(cl_event event) {
    event->object.magic = 0;
    icd_queue_unref(event->queue);
    icd_context_unref(event->context);
    free(event);
}

void icd_event_discard(cl_event event) {
    icd_id_free(event->object.id);
    icd_slot_free(event->slot);
    free_event(event);
}

void icd_event_unref(cl_event event) {
    if (!event || !icd_unref_is_last(event))
        return;
    if (!event->queue && icd_event_known(event) > CL_COMPLETE)
        icd_user_event_abandon(event);
    icd_release_id(event->object.id);
    if (event->slot != TR_NO_SLOT) {
        if (icd_event_known(event) >
            CL_COMPLETE) /* on RELEASE, at the latest, the host gives it a final status */
            icd_slot_park(event->slot);
        else
            icd_slot_free(event->slot);
    }
    free_event(event);
}

/* ---- looking ---- */

void icd_event_observed(cl_event event) {
    cl_command_queue q = event->queue;
    if (q && event->seq > atomic_load_explicit(&q->progress.completed, memory_order_relaxed) &&
        icd_queue_in_order(q) && icd_event_known(event) == CL_COMPLETE)
        icd_progress_reach(&q->progress, event->seq);
    icd_settle(&event->context->ledger);
    icd_console_drain();
}

cl_int icd_event_ask(cl_event event, cl_int *status) {
    cl_int r = CL_SUCCESS;
    uint64_t ends = atomic_load_explicit(&icd_ends_observed, memory_order_acquire);
    if (icd_event_known(event) > CL_COMPLETE && event->queue &&
        atomic_load_explicit(&event->asked, memory_order_relaxed) != ends) {
        struct icd_call call;
        r = icd_call_begin(&call);
        if (r == CL_SUCCESS) {
            TR_SEND(icd_session->g, WATCH_EVENT, watch_event, NULL, .event = event->object.id,
                    .slot = call.slot);
            r = icd_call_wait(&call);
        }
        if (r == CL_SUCCESS)
            atomic_store_explicit(&event->asked, ends, memory_order_relaxed);
    }
    *status = icd_event_known(event);
    if (*status > CL_COMPLETE && svga_guest_lost(icd_session->g))
        *status = r = icd_session_error(); /* a program that polls sees the error in the status, too */
    if (*status > CL_QUEUED)
        *status = CL_QUEUED;
    if (*status <= CL_COMPLETE)
        icd_event_observed(event);
    return r;
}

/* ---- OpenCL ---- */

cl_int CL_API_CALL icd_RetainEvent(cl_event event) {
    if (!icd_valid(event, ICD_EVENT))
        return CL_INVALID_EVENT;
    icd_app_retain(event);
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_ReleaseEvent(cl_event event) {
    if (!icd_held(event, ICD_EVENT))
        return CL_INVALID_EVENT;
    icd_event_release(event);
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_GetEventInfo(cl_event event, cl_event_info param_name, size_t param_value_size,
                                    void *param_value, size_t *param_value_size_ret) {
    cl_int status, r, s;

    if (!icd_valid(event, ICD_EVENT))
        return CL_INVALID_EVENT;
    switch (param_name) {
    case CL_EVENT_COMMAND_QUEUE:
        return ICD_INFO_VALUE(cl_command_queue, event->queue);
    case CL_EVENT_CONTEXT:
        return ICD_INFO_VALUE(cl_context, event->context);
    case CL_EVENT_COMMAND_TYPE:
        return ICD_INFO_VALUE(cl_command_type, event->type);
    case CL_EVENT_COMMAND_EXECUTION_STATUS:
        r = icd_event_ask(event, &status);
        s = ICD_INFO_VALUE(cl_int, status);
        return r != CL_SUCCESS ? r : s;
    case CL_EVENT_REFERENCE_COUNT:
        return ICD_INFO_VALUE(cl_uint, atomic_load(&event->object.refs));
    default:
        return CL_INVALID_VALUE;
    }
}

cl_int CL_API_CALL icd_GetEventProfilingInfo(cl_event event, cl_profiling_info param_name,
                                             size_t param_value_size, void *param_value,
                                             size_t *param_value_size_ret) {
    cl_int status;

    if (!icd_valid(event, ICD_EVENT))
        return CL_INVALID_EVENT;
    if (param_name < CL_PROFILING_COMMAND_QUEUED || param_name > CL_PROFILING_COMMAND_COMPLETE)
        return CL_INVALID_VALUE;
    if (!event->queue || !(event->queue->properties & CL_QUEUE_PROFILING_ENABLE))
        return CL_PROFILING_INFO_NOT_AVAILABLE;
    cl_int r = icd_event_ask(event, &status);
    if (r != CL_SUCCESS)
        return r;
    if (status != CL_COMPLETE || event->slot == TR_NO_SLOT)
        return CL_PROFILING_INFO_NOT_AVAILABLE;
    const struct tr_slot *slot = icd_slot(event->slot);
    if (slot->profiled) {
        const uint64_t times[] = {slot->queued, slot->submit, slot->start, slot->end, slot->complete};
        return ICD_INFO_VALUE(cl_ulong, times[param_name - CL_PROFILING_COMMAND_QUEUED]);
    }
    return icd_query(
        &(struct icd_query){.what = TR_INFO_EVENT_PROFILING, .object = event->object.id, .param = param_name},
        param_value_size, param_value, param_value_size_ret);
}
