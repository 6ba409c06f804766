// SPDX-License-Identifier: MIT
/*
 * How much of the CPUs the worker claims while others want them: little until it serves a guest, then as much
 * as any process. A worker that warms up must not slow down the guests that run.
 *
 * Linux shares CPUs first between sessions (sched_autogroup, sched(7)), so a thread's own nice value counts
 * only inside its session: the worker's whole session is made nice, which may also be undone without
 * privileges. Where the kernel has no such groups, or control groups take their place, this does nothing.
 *
 * Threads: any.
 */
#ifndef HOST_BACKEND_WORKER_SHARE_H
#define HOST_BACKEND_WORKER_SHARE_H

/* Before the cell is entered, in which /proc is out of reach. */
void share_open(void);

/* Before the drivers are loaded: little, until a guest is announced at `control` (CONTROL_HURRY, or its
 * session), or share_claim_all. Does nothing unless the process leads its session: the nice
 * value would be that of others, too. */
void share_claim_little(int control);

/* Once a guest is there. */
void share_claim_all(void);

#endif
