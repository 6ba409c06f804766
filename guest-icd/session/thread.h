// SPDX-License-Identifier: MIT
/*
 * Threads of the driver's own, in a process that is the application's.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_SESSION_THREAD_H
#define GUEST_ICD_SESSION_THREAD_H

#include <stdbool.h>

/*
 * Starts a detached thread, on which none of the application's handlers for asynchronous signals run. Those for
 * what the thread itself does (SIGSEGV and its like) do: the application's callbacks run here, and may touch
 * memory that its handler serves. False if there are no more threads.
 */
bool icd_thread_start(void *(*run)(void *opaque), void *opaque, const char *name);

#endif
