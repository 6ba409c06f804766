// SPDX-License-Identifier: MIT
/*
 * Events: where the guest learns how far a command is.
 *
 * An event's status lies in a slot of shared memory, but the host writes there only after somebody asked
 * (WAIT_EVENTS, WATCH_EVENT). So an event costs the host nothing until the application looks at it. Three
 * sorts:
 *
 *     command events  have a host object (id) and a slot
 *     user events     have a host object; their status is the guest's own
 *     local events    belong to a command that the guest carried out itself: no host object, complete at
 * birth
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_QUEUE_EVENT_H
#define GUEST_ICD_QUEUE_EVENT_H

#include "guest-icd/platform/context.h"
#include "guest-icd/session/session.h"

struct icd_callback {
    struct icd_callback *next;
    cl_int type; /* CL_SUBMITTED, CL_RUNNING or CL_COMPLETE */
    void(CL_CALLBACK *notify)(cl_event, cl_int, void *);
    void *user_data;
};

struct _cl_event {
    struct icd_object object;
    cl_context context;     /* retained */
    cl_command_queue queue; /* retained; NULL: a user event */
    cl_command_type type;
    uint32_t slot;          /* TR_NO_SLOT: user or local */
    _Atomic int32_t status; /* user and local events: their status */
    _Atomic uint64_t asked; /* icd_ends_observed when the host was last asked, and told to write every change
                               into the slot from then on; 0: never */
    uint64_t seq;           /* number of the command in its queue */
    uint64_t token;         /* profiling: of its TRACE, 0 for none */
    bool served; /* the service's thread looks after it; guarded by the service's lock (service.c) */
    struct icd_callback *callbacks; /* the same */
    bool calling;                   /* a thread that waited for it calls them; the same */
    struct icd_gated *gated;        /* user events: writes that wait for it (user-event.c) */
};

/* A command event (queue given, slot and id to be had from the session), or a local one. NULL: no memory, ids
 * or slots left. The application's reference is held by the caller. */
cl_event icd_event_new(cl_command_queue queue, cl_command_type type);
cl_event icd_event_new_local(cl_command_queue queue, cl_command_type type);
/* Undoes icd_event_new: the host has not heard of the event. */
void icd_event_discard(cl_event event);

/* The status as far as it is known without a message: <= CL_COMPLETE is final, anything else may be out of
 * date. */
static inline int32_t icd_event_known(cl_event event) {
    if (event->slot == TR_NO_SLOT)
        return atomic_load_explicit(&event->status, memory_order_acquire);
    return icd_slot_status(icd_slot(event->slot));
}

/* The true status at this moment, asked of the host if need be: one round trip, the first time and after an
 * end was observed. Does what icd_event_observed does. CL_SUCCESS or icd_session_error(); *status is set in
 * both cases. */
cl_int icd_event_ask(cl_event event, cl_int *status);

/* Must be called before the application hears that an event has ended: notes the queue's progress, and brings
 * every copy that the end of the event may promise into the application's memory. */
void icd_event_observed(cl_event event);

#endif
