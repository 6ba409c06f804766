// SPDX-License-Identifier: MIT
/*
 * Chrome's trace event format ("Trace Event Format", JSON object form), for chrome://tracing and Perfetto.
 */
#ifndef HOST_BACKEND_PROFILE_CHROME_H
#define HOST_BACKEND_PROFILE_CHROME_H

#include "host-backend/profile/trace.h"

/* Commands whose events are written: viewers do not open much more. The record holds all (record.h). */
#define CHROME_COMMANDS 20000u

/* A recorded profile: one process for each guest, with a row for the guest's threads, the FIFO, the worker, builds, and each
 * queue of the device, and arrows along each command. 0, or -1 with a sentence. */
int chrome_write(const char *path, const struct trace_set *set, char *why, size_t why_size);

#endif
