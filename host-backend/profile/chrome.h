// SPDX-License-Identifier: MIT
/*
 * Chrome's trace event format ("Trace Event Format", JSON object form), for chrome://tracing and Perfetto.
 */
#ifndef HOST_BACKEND_PROFILE_CHROME_H
#define HOST_BACKEND_PROFILE_CHROME_H

#include "host-backend/profile/trace.h"

/* One process for each guest, with a row for the guest's thread, the worker, and each queue of the device. 0,
 * or -1 with a sentence. */
int chrome_write(const char *path, const struct trace_item *items, size_t count, char *why, size_t why_size);

#endif
