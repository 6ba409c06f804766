// SPDX-License-Identifier: MIT
#include "guest-icd/queue/wait.h"

#include "guest-icd/api.h"
#include "guest-icd/queue/service.h"
#include "guest-icd/queue/user-event.h"
#include "guest-icd/reclaim/pending.h"
#include "guest-icd/reclaim/progress.h"
#include "guest-icd/session/trace.h"
#include "svga-model/futex.h"

/* Ids in one WAIT_EVENTS. */
enum { WAIT_BATCH = 2048 };

/* Nobody is late if this thread is: the device goes on meanwhile, and wants the CPUs where it is them. (Where what is behind waits for
 * this program, too, it begins some 40 us later.) */
static bool worth_sleeping(cl_event event) {
    cl_command_queue q = event->queue;

    if (!icd_session->settings.pace)
        return false;
    if (atomic_load_explicit(&q->progress.submitted, memory_order_relaxed) <= event->seq) {
        icd_pace_pause(&q->pace);
        return false;
    }
    return icd_event_known(event) > CL_COMPLETE && icd_pace_slow(&q->pace, event->seq, svga_now_ns());
}

cl_int icd_events_wait(cl_uint count, const cl_event *events) {
    struct svga_guest *g = icd_session->g;
    uint32_t ids[WAIT_BATCH];
    uint32_t n = 0;
    cl_int r = CL_SUCCESS;
    uint64_t token = 0;
    bool failed = false;

    for (cl_uint i = 0; i < count; i++) {
        cl_event event = events[i];
        if (event->slot == TR_NO_SLOT || icd_event_known(event) <= CL_COMPLETE)
            continue;
        ids[n++] = event->object.id;
        if (n == WAIT_BATCH) {
            TR_SEND(g, WAIT_EVENTS, wait_events, &((struct tr_array){ids, n}));
            n = 0;
        }
    }
    if (n > 0)
        TR_SEND(g, WAIT_EVENTS, wait_events, &((struct tr_array){ids, n}));
    for (cl_uint i = 0; i < count && r == CL_SUCCESS; i++) {
        cl_event event = events[i];
        if (!event->queue)
            icd_user_event_wait(event);
        else if (event->slot != TR_NO_SLOT)
            r = worth_sleeping(event) ? icd_slot_wait_idly(event->slot) : icd_slot_wait(event->slot);
        if (event->token != 0)
            token = event->token;
    }
    icd_trace_wake(token);
    for (cl_uint i = 0; i < count && r == CL_SUCCESS; i++) {
        cl_event event = events[i];
        failed |= icd_event_known(event) < 0;
        icd_event_observed(event);
        if (event->queue)
            icd_service_catch_up(event->queue, icd_queue_in_order(event->queue) ? 0 : event->seq, event->seq);
    }
    return r != CL_SUCCESS ? r : failed ? CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST : CL_SUCCESS;
}

cl_int icd_queue_drain(cl_command_queue q) {
    cl_int r = CL_SUCCESS;

    icd_pace_pause(&q->pace);
    if (!icd_queue_idle(q))
        r = icd_progress_finish(&q->progress);
    if (svga_guest_lost(icd_session->g))
        return icd_session_error();
    icd_settle(&q->context->ledger);
    icd_service_catch_up(q, 0, atomic_load_explicit(&q->progress.completed, memory_order_acquire));
    return r;
}

/* ---- OpenCL ---- */

cl_int CL_API_CALL icd_WaitForEvents(cl_uint num_events, const cl_event *event_list) {
    if (num_events == 0 || !event_list)
        return CL_INVALID_VALUE;
    for (cl_uint i = 0; i < num_events; i++)
        if (!icd_valid(event_list[i], ICD_EVENT))
            return CL_INVALID_EVENT;
    for (cl_uint i = 1; i < num_events; i++)
        if (event_list[i]->context != event_list[0]->context)
            return CL_INVALID_CONTEXT;
    return icd_events_wait(num_events, event_list);
}

cl_int CL_API_CALL icd_Finish(cl_command_queue q) {
    return icd_valid(q, ICD_QUEUE) ? icd_queue_drain(q) : CL_INVALID_COMMAND_QUEUE;
}
