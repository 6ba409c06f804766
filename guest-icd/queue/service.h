// SPDX-License-Identifier: MIT
/*
 * Event callbacks. Those of commands that run on the host are called by one thread of the driver's own, which
 * starts with the first of them and sleeps while no callback is outstanding; callbacks whose status is
 * reached already, and those of user events, are called on the thread that finds out.
 */
#ifndef GUEST_ICD_QUEUE_SERVICE_H
#define GUEST_ICD_QUEUE_SERVICE_H

#include "guest-icd/queue/event.h"

/* Calls the callbacks of an event that the guest itself has ended. */
void icd_service_ended(cl_event event);

#endif
