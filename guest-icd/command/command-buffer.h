// SPDX-License-Identifier: MIT
/*
 * Command buffers (cl_khr_command_buffer 0.9.8): the host keeps the recorded commands as a batch, and replays
 * them for one command in the FIFO, RUN_BATCH; with an event, its RELEASE is another one later. The host's
 * driver need not know the extension. A command that is recorded costs one RECORD, and an NDRange also the
 * commands that make a kernel of its own with its arguments as they are then (icd_kernel_snapshot).
 *
 * What a command needs is retained as if the application had done it, so it shows in reference counts.
 *
 * What may change between runs is in mutable-command.h.
 *
 * It may be enqueued at any time, also while it runs: the flag for simultaneous use is taken and means nothing.
 *
 * Sync points are numbers of commands, from 1. In an in-order queue they need nothing from the host.
 *
 * Threads: any; `lock` makes recording, enqueueing and queries of one command buffer follow each other.
 */
#ifndef GUEST_ICD_COMMAND_COMMAND_BUFFER_H
#define GUEST_ICD_COMMAND_COMMAND_BUFFER_H

#include <CL/cl_ext.h>

#include "guest-icd/queue/queue.h"
#include "guest-icd/session/session.h"

struct _cl_command_buffer_khr {
    struct icd_object object;                        /* id: of the batch */
    cl_command_queue queue;                          /* retained for the application */
    cl_command_buffer_properties_khr *property_list; /* as given, with the final 0; NULL: none */
    size_t property_count;
    bool changes;          /* CL_COMMAND_BUFFER_MUTABLE_KHR */
    bool no_more_groups;   /* CL_MUTABLE_DISPATCH_ASSERT_NO_ADDITIONAL_WORK_GROUPS_KHR */
    struct svga_lock lock; /* guards everything below */
    bool finalized;
    uint32_t count; /* commands in the batch */
    uint64_t bytes; /* of them, as TR_BATCH_BYTES counts */
    void **held;    /* objects that commands need, retained for the application */
    size_t held_count, held_room;
    cl_mutable_command_khr mutables; /* mutable-command.h; the newest first */
    uint32_t incomplete;             /* of them lack arguments */
};

/* Drops what a command retained for the application. */
void icd_command_buffer_release(void *object);

/* Puts the kernel (work_dim 0: nothing) in the place of command `number`. The buffer is locked. */
void icd_command_buffer_replace(cl_command_buffer_khr b, uint32_t number, const struct tr_enqueue_kernel *c);

#endif
