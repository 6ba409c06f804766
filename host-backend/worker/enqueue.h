// SPDX-License-Identifier: MIT
/*
 * What all enqueue commands share: queue, wait list, and an event if the guest gave one an id.
 *
 *     struct enqueue e;
 *     if (ENQUEUE_BEGIN(e, s, c, v, 0))      // 0: place of the wait list among the command's arrays
 *         e.result = clEnqueueSomething(e.queue, ..., e.wait_count, e.waits, e.event);
 *     enqueue_end(&e);
 *
 * begin is false if the command cannot reach the driver: a wait list with a dead event, a dead queue. end
 * accounts for the command: it makes the event, or, if the enqueue failed, an event that has failed, so that
 * what waits for it fails as OpenCL says; without an event the error stays with the queue until the next
 * FINISH.
 */
#ifndef HOST_BACKEND_WORKER_ENQUEUE_H
#define HOST_BACKEND_WORKER_ENQUEUE_H

#include "host-backend/worker/handlers.h"
#include "host-backend/worker/turn.h"

struct enqueue {
    struct session *s;
    struct queue *q;
    uint32_t event_id;
    uint32_t event_slot;
    cl_event few[16];
    cl_event *many; /* longer wait lists */
    cl_event made;
    const uint32_t *after; /* the wait list as the guest wrote it */
    uint32_t after_count;
    bool blocked;    /* it may not run before the guest says so (behind.h), */
    bool barrier;    /* nor may what its queue gets later, */
    bool for_all;    /* and it waits for all that its queue has got */
    cl_event ticket; /* of behind.h; NULL: it has none */
    bool gated;      /* the wait list has such an event (object.h) */
    struct trace_record *trace;
    bool only_traced;            /* nobody but the trace wants its event */
    struct turn *turn;           /* that it begins in, and is counted by; NULL */
    struct board_kernel *kernel; /* whose time it takes; NULL: no kernel's */
    cl_int result;
    /* for the driver's call */
    cl_command_queue queue;
    cl_uint wait_count;
    const cl_event *waits; /* NULL if there are none */
    cl_event *event;       /* NULL if nobody wants one */
};

/* `works`: the command takes the device's time, so it needs a turn where devices are shared (turn.h). */
bool enqueue_begin(struct enqueue *e, struct session *s, bool works, uint32_t queue, uint32_t event_id,
                   uint32_t event_slot, const uint32_t *waits, uint32_t wait_count);
void enqueue_end(struct enqueue *e);

/* What turn_begun is told of a command that the driver has; `event`: the guest's, or NULL. */
struct turn_command enqueue_turn_command(const struct enqueue *e, struct event *event);
/* It runs without one after all. */
void enqueue_no_turn(const struct turn_command *c);

#define ENQUEUE_BEGIN(e, s, c, v, array)                                                                     \
    enqueue_begin(&(e), s, true, (c)->queue, (c)->event, (c)->event_slot, (v)->arrays[array],                \
                  (c)->waits_count)
/* For markers, and for what consists of commands that have turns of their own. */
#define ENQUEUE_BEGIN_IDLE(e, s, c, v, array)                                                                \
    enqueue_begin(&(e), s, false, (c)->queue, (c)->event, (c)->event_slot, (v)->arrays[array],               \
                  (c)->waits_count)

/* Copies three u64 of a command into size_t[3]. */
#define COPY3(to, from)                                                                                      \
    do {                                                                                                     \
        for (int i_ = 0; i_ < 3; i_++)                                                                       \
            (to)[i_] = (from)[i_];                                                                           \
    } while (0)

/* Makes and registers an event that belongs to `q` (NULL: a user event). NULL, with the session failed, when
 * memory is out. */
struct event *event_new(struct session *s, uint32_t id, cl_event cl, struct queue *q, struct tr_slot *slot);

/* An event that ends when everything that the queue has been given has ended; the caller's. */
cl_int queue_marker(struct queue *q, cl_event *event);

/* Puts a marker in the place of the newest command's event (queue.last): an event that is kept may keep in turn what
 * its command uses, and does in rusticl. */
void queue_forget_last(struct queue *q);

#endif
