// SPDX-License-Identifier: MIT
/*
 * Event callbacks. Those of commands that run on the host are called by one thread of the driver's own, which
 * starts with the first of them and sleeps while no callback is outstanding; callbacks whose status is
 * reached already, and those of user events, are called on the thread that finds out.
 */
#ifndef GUEST_ICD_QUEUE_SERVICE_H
#define GUEST_ICD_QUEUE_SERVICE_H

#include "guest-icd/queue/event.h"

/* Has the callback called once the valid event has got as far as `type` (CL_COMPLETE, CL_RUNNING, CL_SUBMITTED):
 * now, or later. CL_SUCCESS, CL_OUT_OF_HOST_MEMORY or CL_OUT_OF_RESOURCES. */
cl_int icd_service_add(cl_event event, cl_int type, void(CL_CALLBACK *notify)(cl_event, cl_int, void *),
                       void *user_data);

/* Calls the callbacks of an event that the guest itself has ended. */
void icd_service_ended(cl_event event);

/* Commands `from` to `to` of the queue have ended, and the application is about to hear of it: calls those
 * callbacks of theirs that have not been called, and waits for those that are under way. Costs one look where no
 * callback is outstanding; does nothing inside a callback. */
extern _Atomic uint64_t icd_service_outstanding;
void icd_service_catch_up_slow(cl_command_queue queue, uint64_t from, uint64_t to);
static inline void icd_service_catch_up(cl_command_queue queue, uint64_t from, uint64_t to) {
    if (atomic_load_explicit(&icd_service_outstanding, memory_order_relaxed) > 0)
        icd_service_catch_up_slow(queue, from, to);
}

#endif
