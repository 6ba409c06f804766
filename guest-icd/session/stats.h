// SPDX-License-Identifier: MIT
/*
 * What the path cost a program: with TRILLIUM_STATS=1 a line on standard error when it ends. Counts, so the
 * same on a busy machine and under emulation.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_SESSION_STATS_H
#define GUEST_ICD_SESSION_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counting is on; set before the first count. */
extern bool icd_stats_on;

/* For this program: counts, and a line at its end (not in a forked child). */
void icd_stats_start(void);

/* Bytes that the application wanted written or read, and bytes that were copied for that in the guest. */
void icd_stats_count_asked(uint64_t bytes);
void icd_stats_count_copied(uint64_t bytes);

static inline void icd_stats_asked(uint64_t bytes) {
    if (icd_stats_on)
        icd_stats_count_asked(bytes);
}
static inline void icd_stats_copied(uint64_t bytes) {
    if (icd_stats_on)
        icd_stats_count_copied(bytes);
}

#endif
