// SPDX-License-Identifier: MIT
/*
 * Recorded profiles: one JSON file that Perfetto and chrome://tracing open as it is, and that trillium profile reads again.
 *
 * Its first line names the format and says what was lost; then comes one line for each command, an array of its name and the
 * numbers of record.c's table; then, where only a sample was traced, a line with what is known of the rest; then Chrome's "traceEvents", of the first commands only where there are very many.
 */
#ifndef HOST_BACKEND_PROFILE_RECORD_H
#define HOST_BACKEND_PROFILE_RECORD_H

#include <stdio.h>

#include "host-backend/profile/trace.h"

/* The part before "traceEvents", and its inverse. record_load checks everything: files come from anywhere. 0, or -1 with a
 * sentence. */
void record_put(FILE *f, const struct trace_set *set);
int record_load(const char *path, struct trace_set *set, char *why, size_t why_size);

#endif
