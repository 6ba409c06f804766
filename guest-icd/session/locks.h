// SPDX-License-Identifier: MIT
/*
 * Every lock of the guest driver, in the order in which they are taken: whoever holds one takes only such as
 * stand below it (svga-model/lock.h, which also has the last ones: regions, FIFO, fresh memory).
 */
#ifndef GUEST_ICD_SESSION_LOCKS_H
#define GUEST_ICD_SESSION_LOCKS_H

#include "svga-model/lock.h"

enum icd_lock_order {
    ICD_LOCK_SUB_DEVICES = 1, /* platform/sub-device.c: partitions, and the numbers of devices */
    ICD_LOCK_PLATFORMS,       /* platform/platform.c: making the platforms known */
    ICD_LOCK_OPEN,            /* session/session.c: opening the session */
    ICD_LOCK_COMMAND_BUFFER,  /* a command buffer: what it holds */
    ICD_LOCK_PROGRAM,         /* a program: its builds, kernels and functions */
    ICD_LOCK_LIMBO,           /* reclaim/limbo.c: batches of what commands may still use */
    ICD_LOCK_CONTEXT,         /* a context's ledger: its queues and destructor callbacks */
    ICD_LOCK_FAREWELL,        /* reclaim/farewell.c: memory objects whose destructor callbacks are to come */
    ICD_LOCK_PENDING,         /* a queue: what hangs on its commands */
    ICD_LOCK_SERVICE,         /* queue/service.c: callbacks of all events */
    ICD_LOCK_USER_EVENTS,     /* queue/user-event.c: from unset to set */
    ICD_LOCK_MEM,             /* a memory object: its maps and destructor callbacks */
    ICD_LOCK_SVM,             /* memory/svm.c: allocations and their addresses */
    ICD_LOCK_CONSOLE,         /* session/console.c: the ring of printf */
    ICD_LOCK_PARKED,          /* reclaim/parked.c: slots whose event is gone */
    ICD_LOCK_POOL,            /* session/pool.c: free blocks */
    ICD_LOCK_IDS,             /* session/session.c: ids of host objects */
    ICD_LOCK_SLOTS,           /* session/session.c: status slots */
};

#endif
