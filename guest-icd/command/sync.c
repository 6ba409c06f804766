// SPDX-License-Identifier: MIT
#include "guest-icd/api.h"
#include "guest-icd/command/staging.h"
#include "guest-icd/queue/event.h"
#include "guest-icd/queue/queue.h"

static cl_int put_marker(cl_command_queue queue, cl_command_type type, cl_uint wait_count,
                         const cl_event *wait_list, cl_event *event) {
    struct icd_enqueue e;
    uint32_t ended = 0;
    cl_int r = icd_enqueue_begin(&e, queue, type, wait_count, wait_list, event);
    if (r != CL_SUCCESS)
        return r;
    if (wait_count > 0 && e.waits.count == 0 && !icd_queue_in_order(queue)) {
        /* All it waits for has ended. An empty list would say something else: wait for every command before.
         */
        for (cl_uint i = 0; i < wait_count && ended == 0; i++)
            ended = wait_list[i]->object.id;
        if (ended == 0 || !icd_event_profiled(queue, event)) {
            icd_enqueue_cancel(&e);
            return icd_local_event(queue, type, event);
        }
        e.waits = (struct tr_array){&ended, 1};
    }
    svga_guest_lock(icd_session->g);
    icd_trace_put(&e.trace);
    TR_PUT(icd_session->g, MARKER, marker, &e.waits, .queue = queue->object.id, .event = e.event_id,
           .event_slot = e.event_slot, .barrier = type == CL_COMMAND_BARRIER);
    return icd_enqueue_end(&e, event);
}

cl_int CL_API_CALL icd_EnqueueMarkerWithWaitList(cl_command_queue queue, cl_uint wait_count,
                                                 const cl_event *wait_list, cl_event *event) {
    return put_marker(queue, CL_COMMAND_MARKER, wait_count, wait_list, event);
}

cl_int CL_API_CALL icd_EnqueueBarrierWithWaitList(cl_command_queue queue, cl_uint wait_count,
                                                  const cl_event *wait_list, cl_event *event) {
    return put_marker(queue, CL_COMMAND_BARRIER, wait_count, wait_list, event);
}

cl_int CL_API_CALL icd_EnqueueMarker(cl_command_queue queue, cl_event *event) {
    if (!icd_valid(queue, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    return event ? put_marker(queue, CL_COMMAND_MARKER, 0, NULL, event) : CL_INVALID_VALUE;
}

cl_int CL_API_CALL icd_EnqueueBarrier(cl_command_queue queue) {
    return put_marker(queue, CL_COMMAND_BARRIER, 0, NULL, NULL);
}

cl_int CL_API_CALL icd_EnqueueWaitForEvents(cl_command_queue queue, cl_uint num_events,
                                            const cl_event *event_list) {
    if (!icd_valid(queue, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    if (num_events == 0 || !event_list)
        return CL_INVALID_VALUE;
    for (cl_uint i = 0; i < num_events; i++)
        if (!icd_valid(event_list[i], ICD_EVENT))
            return CL_INVALID_EVENT;
    return put_marker(queue, CL_COMMAND_BARRIER, num_events, event_list, NULL);
}
