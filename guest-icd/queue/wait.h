// SPDX-License-Identifier: MIT
/*
 * Waiting for events and for queues, as clWaitForEvents and clFinish do it: what the application hears of has
 * ended with all that hangs on it.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_QUEUE_WAIT_H
#define GUEST_ICD_QUEUE_WAIT_H

#include "guest-icd/queue/event.h"
#include "guest-icd/queue/queue.h"

/* Waits for all of them (valid, of one context). CL_SUCCESS, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST or
 * icd_session_error(). */
cl_int icd_events_wait(cl_uint count, const cl_event *events);

/* Waits until everything enqueued before has ended (FINISH), with what hangs on it: reads that wait to be
 * copied, printf output. CL_SUCCESS or an error. */
cl_int icd_queue_drain(cl_command_queue queue);

#endif
