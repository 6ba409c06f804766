// SPDX-License-Identifier: MIT
/*
 * Threads that others wait for and that run for some microseconds at a time: let in at once when they are woken, also
 * beside threads that compute. It takes no privilege, and no more of the CPUs: such a thread asks for short slices
 * (sched_setattr(2), sched_runtime of a SCHED_OTHER thread; Linux 6.12 and later listen to it), and whoever has got no
 * more than his share and wants little is next. Older kernels take it for SCHED_OTHER and no more.
 */
#ifndef HOST_BACKEND_UTIL_PROMPT_H
#define HOST_BACKEND_UTIL_PROMPT_H

/* The calling thread from now on; threads that it starts are as any others. Where it cannot be, nothing changes but
 * time. */
void prompt_begin(void);

#endif
