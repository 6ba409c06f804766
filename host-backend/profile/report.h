// SPDX-License-Identifier: MIT
/*
 * Reports made of trace files (trace.h).
 */
#ifndef HOST_BACKEND_PROFILE_REPORT_H
#define HOST_BACKEND_PROFILE_REPORT_H

#include <stdio.h>

/*
 * Reads the traces in `dir`, prints to `table` (NULL: nothing) where each kernel's latency went, stage by
 * stage: count, median and 99th percentile; and writes `out_file` (NULL: none) in Chrome's trace format, for
 * chrome://tracing or Perfetto. 0, or -1 after a sentence on stderr.
 */
int profile_report(const char *dir, const char *out_file, FILE *table);

#endif
