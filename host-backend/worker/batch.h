// SPDX-License-Identifier: MIT
/*
 * Batches (cl_khr_command_buffer): commands that the guest recorded once, as the bytes of ordinary commands,
 * and that one RUN_BATCH carries out as often as it likes. Each of them passes the verifier and its ordinary
 * handler again every time: ids may have been released meanwhile, and no command gets less of a check by
 * being in a batch. Only commands of the list in handle-batch.c may be in one, so none is a RUN_BATCH.
 *
 * What is different for a command of a batch is in struct replay: while session.replay points to one,
 * enqueue.c takes the wait list from there and leaves event and error there, instead of making objects of
 * them.
 *
 * An in-order queue keeps the order by itself: the first command gets the batch's wait list, the last one's
 * event is the batch's. In an out-of-order queue each command waits for the driver's events of those that it
 * depends on, never for anything of the queue outside the batch, which may itself be waiting for what the
 * guest does once the batch has ended.
 */
#ifndef HOST_BACKEND_WORKER_BATCH_H
#define HOST_BACKEND_WORKER_BATCH_H

#include "host-backend/worker/session.h"

struct replay {
    /* for the command */
    cl_uint wait_count;
    const cl_event *waits;
    const uint32_t *after; /* the batch's wait list, */
    uint32_t after_count;
    bool blocked; /* and what the batch is behind is what it is behind (behind.h) */
    bool keep;    /* its event is wanted */
    /* from it */
    cl_event made; /* if kept: the receiver's to release */
    cl_int result;
    struct trace_record *trace; /* of the newest traced command; owned */
};

#endif
