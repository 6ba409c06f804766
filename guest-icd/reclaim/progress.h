// SPDX-License-Identifier: MIT
/*
 * Learning how far a queue is, for memory that is to be given back.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_RECLAIM_PROGRESS_H
#define GUEST_ICD_RECLAIM_PROGRESS_H

#include "guest-icd/reclaim/ledger.h"

/* Looks whether a probe (a marker whose end the host reports by itself) has ended, and starts one if the queue is
 * busy and `start` says so. Never waits. */
void icd_progress_probe(struct icd_progress *p, bool start);

/* Waits until everything enqueued before has ended (FINISH). CL_SUCCESS or an error. What the application then
 * hears of is the caller's to see to (queue/wait.h). */
cl_int icd_progress_finish(struct icd_progress *p);

/* Keeps staging memory in bounds: to be called before more of it is taken for the queue. Waits for blocks that are
 * in use where that is quicker than to make fresh ones, and for the queue where it holds very many; never while a
 * user event is unset. */
void icd_progress_throttle(struct icd_progress *p, uint64_t bytes);

#endif
