// SPDX-License-Identifier: MIT
/*
 * Last words: if this process dies of a signal, because a kernel wrote out of bounds or the driver has a bug,
 * the guest learns it at once instead of waiting.
 */
#ifndef HOST_BACKEND_WORKER_CRASH_H
#define HOST_BACKEND_WORKER_CRASH_H

#include "svga-model/device.h"

/* Installs the handlers, before any driver is loaded. */
void crash_install(void);

/* From now on (NULL: no more) this device's guest is told. Installs the handlers once more, since some libraries
 * replace them without need; `leave_sigfpe`: not that one (QUIRK_ANSWERS_SIGFPE). */
void crash_guard(struct svga_device *device, bool leave_sigfpe);

/* Of the calling thread: is it in the driver's compiler? Then that is who crashed. */
void crash_in_compiler(bool in);

/* Gives the calling thread a stack for its last words, for the one that it has may be what ran out. For threads that live as long as
 * the process. */
void crash_own_stack(void);

/* Before an end that means nothing was wrong: if another thread is at its last words, which the guest may have heard and left for, this
 * does not return, so that they are how the process ends. */
void crash_let_end(void);

#endif
