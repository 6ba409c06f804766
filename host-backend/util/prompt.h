// SPDX-License-Identifier: MIT
/*
 * Threads that others wait for and that run for some microseconds at a time: let in at once when they are woken, also
 * beside threads that compute. It takes no privilege, and no more of the CPUs: such a thread asks for short slices
 * (sched_setattr(2), sched_runtime of a SCHED_OTHER thread; Linux 6.12 and later listen to it), and whoever has got no
 * more than his share and wants little is next. Older kernels take it for SCHED_OTHER and no more.
 */
#ifndef HOST_BACKEND_UTIL_PROMPT_H
#define HOST_BACKEND_UTIL_PROMPT_H

#include <stdbool.h>

/* The calling thread from now on; threads that it starts are as any others. Where it cannot be, nothing changes but
 * time. */
void prompt_begin(void);

/* The calling thread computes, and so do those that it starts from now on: whoever wakes up beside one and is owed the CPU is let
 * in after half a millisecond. Else Linux protects who runs until the next tick, for up to 4 ms. `batch`: as
 * SCHED_BATCH. */
void prompt_give_way(bool batch);

#endif
