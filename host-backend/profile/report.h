// SPDX-License-Identifier: MIT
/*
 * Reports made of profiles (trace.h).
 */
#ifndef HOST_BACKEND_PROFILE_REPORT_H
#define HOST_BACKEND_PROFILE_REPORT_H

#include <stdio.h>

#include "host-backend/profile/trace.h"

/*
 * Reads the traces in `dir`, prints to `table` (NULL: nothing) what profile_print does, and records the profile in `out_file`
 * (NULL: none; record.h). 0, or -1 after a sentence on stderr.
 */
int profile_report(const char *dir, const char *out_file, FILE *table);

/* What bounds the program, in words; then kernels, stages, queues and transfers as tables. 0, or -1: out of memory. */
int profile_print(const struct trace_set *set, FILE *out);
/* Every group's every stage: count, sum, min, median, 95th and 99th percentile, max in nanoseconds. */
int profile_csv(const struct trace_set *set, FILE *out);
/* One page that needs nothing besides itself, with histograms. */
int profile_html(const struct trace_set *set, FILE *out);
/* What is longer and shorter in the second, group by group and stage by stage. */
int profile_diff(const struct trace_set *before, const struct trace_set *after, FILE *out);

#endif
