// SPDX-License-Identifier: MIT
/*
 * Last words: if this process dies of a signal, because a kernel wrote out of bounds or the driver has a bug,
 * the guest learns it at once instead of waiting.
 */
#ifndef HOST_BACKEND_WORKER_CRASH_H
#define HOST_BACKEND_WORKER_CRASH_H

#include "svga-model/device.h"

/* Installs the handlers. Called before any driver is loaded, so that a driver that wants a signal for itself
 * (PoCL and SIGFPE) gets it; and again when a session starts, since some libraries replace handlers without
 * need. */
void crash_install(void);

/* From now on (NULL: no more) this device's guest is told. */
void crash_guard(struct svga_device *device);

#endif
