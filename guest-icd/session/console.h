// SPDX-License-Identifier: MIT
/*
 * Output of kernels' printf: from the host's ring (trillium/console.h) to this process's standard output. A thread
 * of its own moves it, and every thread that waits, so that it is out before the end of what printed it is known.
 */
#ifndef GUEST_ICD_SESSION_CONSOLE_H
#define GUEST_ICD_SESSION_CONSOLE_H

#include <stddef.h>

#include <stdbool.h>

/* Sets the ring up and starts the thread, at the first call. To be called before a program that may print is built. */
void icd_console_enable(void);

/* Writes what is in the ring to standard output. Cheap; called whenever a thread waits and has waited. */
void icd_console_drain(void);

/* Writes to the standard output, as far as that goes. */
void icd_console_write(const char *data, size_t size);

#endif
