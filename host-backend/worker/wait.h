// SPDX-License-Identifier: MIT
/*
 * Waiting for the driver on behalf of guest threads, and telling the guest what became of its events.
 */
#ifndef HOST_BACKEND_WORKER_WAIT_H
#define HOST_BACKEND_WORKER_WAIT_H

#include "host-backend/worker/session.h"

/* Somebody in the guest waits: for a queue to finish, or for events. Holds references to what it names. */
struct wait {
    struct wait *next;
    struct queue *queue;  /* FINISH; else NULL */
    struct tr_slot *slot; /* FINISH: the answer */
    cl_command_queue cl;  /* FINISH: as it was then; lives as long as `queue` */
    cl_event last;        /* FINISH that waits in clFinish: of the newest command; NULL: not known */
    cl_int sticky;        /* FINISH: its result */
    uint64_t number;      /* FINISH: commands of the queue that it covers */
    struct trace_record *trace;
    struct session *session;
    uint64_t ended;        /* board_ticks */
    bool gated;            /* may never be told by callback (wait_add_finish) */
    _Atomic uint32_t open; /* callbacks that are still to come */
    uint32_t count;
    struct event *events[];
};

/* Somebody waits: either makes the driver call back, or, where the leader shall wait itself, appends to those
 * that nobody attends to. So it does for what may fail because a user event fails, where the driver does not
 * tell that truly (QUIRK_FAILURE_IS_NOT_TOLD). Takes references. Leader lock held. False when out of memory. */
bool wait_add_finish(struct session *s, struct queue *q, struct tr_slot *slot);
bool wait_add_events(struct session *s, struct event *const *events, uint32_t count);
/* The queue was flushed: where nobody may hear from the driver how that ends (QUIRK_LATE_CALLBACKS_ARE_LOST), a
 * thread of the worker waits. Leader lock held. */
void wait_push(struct session *s, struct queue *q);
/* The oldest one, taken out of the list. Leader lock held. */
struct wait *wait_take(struct session *s);

/* Waits for the driver and publishes. No lock held. */
void wait_perform(struct session *s, struct wait *w);
/* Makes the driver call back when it is done, and publish then. Takes `w` over. Leader lock held. */
void wait_by_callback(struct session *s, struct wait *w);
/* For gated waits that no thread is left for: asks the driver now and then, about all of them. wait_poll_add
 * takes `w` over; wait_poll answers what has ended, and is to be called every WAIT_POLL_MS as long as
 * session->polled is not empty. Leader lock held. */
#define WAIT_POLL_MS 5
void wait_poll_add(struct session *s, struct wait *w);
void wait_poll(struct session *s);
/* After wait_perform, under the leader lock: notes what is known to have ended, and frees `w`. */
void wait_done(struct session *s, struct wait *w);
/* The same for all waits that callbacks have answered meanwhile. */
void wait_account(struct session *s);

/*
 * Writes the event's status to its slot: once a final one (<= CL_COMPLETE) is there, nothing more is written.
 * For CL_COMPLETE the timestamps go along if the guest's queue has profiling. Any thread; not while slot_lock
 * is held.
 */
void event_publish(struct session *s, struct event *e, cl_int status);

/* Publishes the event's status if it is final. False if it is not. */
bool event_publish_end(struct session *s, struct event *e);

/* clGetEventProfilingInfo; of a batch: its earliest start, its latest end. */
cl_int event_stamp(const struct event *e, cl_profiling_info param, cl_ulong *value);

/* The guest released the event: whatever happens from now on, its slot is not written any more. Gives it a
 * final status, so that the guest may use it again. */
void event_retire(struct session *s, struct event *e);

/* The status goes to the slot now, and every change of it from now on. CL_SUCCESS or an error. */
cl_int event_watch(struct session *s, struct event *e);

/* What the driver says; a negative error if it cannot tell. */
cl_int event_status(struct event *e);

#endif
