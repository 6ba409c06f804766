// SPDX-License-Identifier: MIT
/*
 * User events: the guest knows their status, the host has an object that gates commands.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_QUEUE_USER_EVENT_H
#define GUEST_ICD_QUEUE_USER_EVENT_H

#include "guest-icd/queue/event.h"
#include "guest-icd/reclaim/pending.h"

/* A user event that is not set yet; NULL with *r set if there is none to be had. */
cl_event icd_user_event_new(cl_context context, cl_int *r);

/* Sets a user event: CL_COMPLETE or an error. CL_INVALID_OPERATION if it was set before; icd_session_error(). */
cl_int icd_user_event_set(cl_event event, cl_int status);

/* Sleeps until the application has set the event's status. */
void icd_user_event_wait(cl_event event);

/* The event goes, and nobody has set it. */
void icd_user_event_abandon(cl_event event);

/*
 * A write, about to be put into its queue, that waits for these events: `copy` has brought what it writes out of the
 * application's memory. If they are all user events it is done again right before the last of them is set, since
 * programs fill that memory until then (a thread that reads a file, and says by the event that it is there). Where
 * other commands hold the write back too, the memory may be gone by then, and what was there at the call counts.
 */
void icd_user_events_gate(cl_uint count, const cl_event *events, const struct icd_copy *copy);

#endif
