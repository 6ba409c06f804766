// SPDX-License-Identifier: MIT
/*
 * Command queues. What every enqueue does is in enqueue.h, waiting in wait.h.
 */
#ifndef GUEST_ICD_QUEUE_QUEUE_H
#define GUEST_ICD_QUEUE_QUEUE_H

#include "guest-icd/platform/context.h"
#include "guest-icd/queue/pace.h"

struct _cl_command_queue {
    struct icd_object object;
    cl_context context;
    cl_device_id device;
    cl_command_queue_properties properties;
    cl_queue_properties *property_list; /* as given, for CL_QUEUE_PROPERTIES_ARRAY; may be NULL */
    size_t property_count;
    struct icd_progress progress; /* how far the guest knows it to be */
    struct icd_pace pace;
};

/* Drops a reference of the application's to a valid queue; flushes it, as OpenCL has it. */
void icd_queue_release(cl_command_queue q);

/* True if every command that the queue was given is known to have ended. */
static inline bool icd_queue_idle(cl_command_queue q) {
    return icd_progress_idle(&q->progress);
}

static inline bool icd_queue_in_order(cl_command_queue q) {
    return !(q->properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
}

#endif
