// SPDX-License-Identifier: MIT
/*
 * Command queues, and what every enqueue does first and last.
 */
#ifndef GUEST_ICD_QUEUE_QUEUE_H
#define GUEST_ICD_QUEUE_QUEUE_H

#include <pthread.h>

#include "guest-icd/platform/context.h"
#include "trillium/encode.h"

struct _cl_command_queue {
    struct icd_object object;
    cl_context context;
    cl_device_id device;
    cl_command_queue_properties properties;
    cl_queue_properties *property_list; /* as given, for CL_QUEUE_PROPERTIES_ARRAY; may be NULL */
    size_t property_count;
    struct _cl_command_queue *next_in_context;
    /*
     * What the guest knows of the queue's progress. submitted counts commands written to the FIFO (changed
     * under svga_guest_lock); every one up to `completed` is known to have ended. Equal: the queue is idle.
     */
    _Atomic uint64_t submitted;
    _Atomic uint64_t completed;
    uint64_t flushed; /* submitted when FLUSH was last sent; guarded by svga_guest_lock */
    /* What hangs on its commands, by ascending number (pending.h). */
    struct svga_lock pending_lock; /* guards the list, the probe, and copies while they are done */
    struct icd_pending *pending_first, *pending_last;
    _Atomic uint64_t pending_bytes; /* staging memory in it */
    _Atomic uint32_t copies;        /* entries with a copy to do */
    /* A marker whose end the host reports by itself; 0: none under way. */
    uint32_t probe_id, probe_slot;
    uint64_t probe_seq;
};

/* Drops a reference of the application's to a valid queue; flushes it, as OpenCL has it. */
void icd_queue_release(cl_command_queue q);

/* True if every command that the queue was given is known to have ended. */
static inline bool icd_queue_idle(cl_command_queue q) {
    uint64_t submitted = atomic_load_explicit(&q->submitted, memory_order_relaxed);
    return atomic_load_explicit(&q->completed, memory_order_acquire) >= submitted;
}

/* Notes that the commands up to `seq` have ended. */
void icd_queue_progress(cl_command_queue q, uint64_t seq);

/* Looks whether a probe has ended, and starts one if the queue is busy and `start` says so. Never waits. */
void icd_queue_probe(cl_command_queue q, bool start);

static inline bool icd_queue_in_order(cl_command_queue q) {
    return !(q->properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
}

/*
 * One enqueue:
 *
 *     struct icd_enqueue e;
 *     cl_int r = icd_enqueue_begin(&e, queue, CL_COMMAND_MARKER, num_events, wait_list, event);
 *     if (r != CL_SUCCESS) return r;
 *     svga_guest_lock(g);
 *     TR_PUT(g, MARKER, marker, &e.waits, .queue = ..., .event = e.event_id, .event_slot = e.event_slot);
 *     return icd_enqueue_end(&e, event);   // unlocks; *event gets the new event
 *
 * begin checks queue, wait list (CL_INVALID_COMMAND_QUEUE, CL_INVALID_EVENT_WAIT_LIST, CL_INVALID_CONTEXT)
 * and makes the event if one is wanted. e.waits are the ids of those events in the wait list that the host
 * knows and that have not completed. If one of the events has failed already the host must hear of it all the
 * same, so it stays in the list. cancel undoes begin, for an error found in between (nothing locked).
 */
struct icd_enqueue {
    cl_command_queue queue;
    cl_event event; /* NULL if none is wanted */
    uint32_t event_id;
    uint32_t event_slot; /* TR_NO_SLOT if none */
    struct tr_array waits;
    uint32_t few[8];  /* storage of waits; more are on the heap */
    uint32_t *many;   /* the heap's, or NULL */
    uint32_t markers; /* waits are ids of this many internal markers, released by end */
    uint64_t call_ns; /* when the application called; 0 when not profiling */
    uint64_t token;   /* of its TRACE, 0 for none */
    uint64_t seq;     /* after end: the command's number in its queue */
};

cl_int icd_enqueue_begin(struct icd_enqueue *e, cl_command_queue queue, cl_command_type type,
                         cl_uint wait_count, const cl_event *wait_list, const cl_event *event_wanted);
cl_int icd_enqueue_end(struct icd_enqueue *e, cl_event *event);
void icd_enqueue_cancel(struct icd_enqueue *e);

/* Profiling: notes when the application called; begin does it. */
void icd_trace_start(struct icd_enqueue *e);

/* Profiling: to be called under svga_guest_lock right before the command itself is put. Does nothing when not
 * profiling. */
void icd_trace_put(struct icd_enqueue *e);

/* Profiling: a thread that waited for the command with this token (0: none) is awake again. */
void icd_trace_wake(uint64_t token);

/* Waits until everything enqueued before has ended (FINISH), with what hangs on it: reads that wait to be
 * copied, printf output. CL_SUCCESS or an error. */
cl_int icd_queue_drain(cl_command_queue queue);

#endif
