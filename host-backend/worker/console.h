// SPDX-License-Identifier: MIT
/*
 * Output of kernels' printf. Drivers write it to the process's standard output; in a worker that is a pipe,
 * and what comes out of it goes into the guest's console ring (trillium/console.h).
 *
 * Threads: console_flush and console_attach from any thread.
 */
#ifndef HOST_BACKEND_WORKER_CONSOLE_H
#define HOST_BACKEND_WORKER_CONSOLE_H

#include <stdbool.h>

#include "svga-model/device.h"
#include "trillium/console.h"

/* Puts a pipe in place of standard output; before the driver is loaded. 0 or a negative errno. */
int console_capture(void);

/* From here on output goes to `ring`, in the guest's memory. Starts the thread that empties the pipe. False
 * if there is a ring already. */
bool console_attach(struct svga_device *device, struct tr_console *ring);

/* Moves all output that is in the pipe into the ring. To be called before the end of a command is published:
 * costs nothing until console_attach. */
void console_flush(void);

#endif
