// SPDX-License-Identifier: MIT
/*
 * What every enqueue does first and last.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_QUEUE_ENQUEUE_H
#define GUEST_ICD_QUEUE_ENQUEUE_H

#include "guest-icd/queue/queue.h"
#include "guest-icd/session/session.h"
#include "guest-icd/session/trace.h"
#include "svga-model/waits.h"

/* A wait list as enqueue functions take it: CL_SUCCESS, CL_INVALID_EVENT_WAIT_LIST or CL_INVALID_CONTEXT.
 * *state says what is known of it without asking. */
enum icd_waits { ICD_WAITS_DONE, ICD_WAITS_PENDING, ICD_WAITS_FAILED };
cl_int icd_waits_check(cl_context context, cl_uint count, const cl_event *list, enum icd_waits *state);

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
    struct icd_trace trace;
    uint64_t seq; /* after end: the command's number in its queue */
};

/* A kind of work for who waits for it (svga_guest_set_kind): the same command, or kernel, of about the same size. */
static inline uint32_t icd_kind_of_work(uint32_t what, size_t size) {
    enum { SIZES = 64 };
    return (what * SIZES + (size ? SIZES - 1 - (uint32_t)__builtin_clzl(size) : 0)) & ~SVGA_WAITS_WIDE;
}
/* Before begin, where the command's size says how long it takes. */
void icd_enqueue_kind(cl_command_queue queue, cl_command_type type, size_t size);

cl_int icd_enqueue_begin(struct icd_enqueue *e, cl_command_queue queue, cl_command_type type,
                         cl_uint wait_count, const cl_event *wait_list, const cl_event *event_wanted);
cl_int icd_enqueue_end(struct icd_enqueue *e, cl_event *event);
void icd_enqueue_cancel(struct icd_enqueue *e);

/*
 * Enqueues what was prepared, with all checks of wait list and event: `c`, the command's wire struct, gets
 * its event and slot; `data` (a struct tr_array, NULL: none) goes before the wait list. An OpenCL error or
 * CL_SUCCESS; *new_event as the enqueue functions give it.
 */
#define icd_enqueue_prepared(queue, type, wait_count, wait_list, new_event, NAME, name, c, data)             \
    icd_enqueue_wire(queue, type, wait_count, wait_list, new_event, TR_CMD_##NAME, c,                        \
                     offsetof(struct tr_##name, event), offsetof(struct tr_##name, event_slot), data)
/* The same for that macro: where event and slot lie in the wire struct is given. */
cl_int icd_enqueue_wire(cl_command_queue queue, cl_command_type type, cl_uint wait_count,
                        const cl_event *wait_list, cl_event *new_event, enum tr_cmd cmd, void *c,
                        size_t event_at, size_t slot_at, const struct tr_array *data);

/* A marker as the command of that type: it does nothing, and ends when its wait list has. The
 * queue is valid. */
cl_int icd_enqueue_marker(cl_command_queue queue, cl_command_type type, cl_uint wait_count,
                          const cl_event *waits, cl_event *event);

#endif
