// SPDX-License-Identifier: MIT
/*
 * User events: the guest knows their status, the host has an object that gates commands.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_QUEUE_USER_EVENT_H
#define GUEST_ICD_QUEUE_USER_EVENT_H

#include "guest-icd/queue/event.h"

/* A user event that is not set yet; NULL with *r set if there is none to be had. */
cl_event icd_user_event_new(cl_context context, cl_int *r);

/* Sets a user event: CL_COMPLETE or an error. CL_INVALID_OPERATION if it was set before; icd_session_error(). */
cl_int icd_user_event_set(cl_event event, cl_int status);

/* Sleeps until the application has set the event's status. */
void icd_user_event_wait(cl_event event);

#endif
