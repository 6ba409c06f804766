// SPDX-License-Identifier: MIT
/*
 * User events: the guest knows their status, the host has an object that gates commands.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_QUEUE_USER_EVENT_H
#define GUEST_ICD_QUEUE_USER_EVENT_H

#include "guest-icd/queue/event.h"

/* Sleeps until the application has set the event's status. */
void icd_user_event_wait(cl_event event);

/* The event is about to be destroyed. */
void icd_user_event_gone(cl_event event);

#endif
