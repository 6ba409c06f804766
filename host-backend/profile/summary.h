// SPDX-License-Identifier: MIT
/*
 * What a profile comes to: commands grouped, each stage's times of a group, and where the whole run's time went.
 */
#ifndef HOST_BACKEND_PROFILE_SUMMARY_H
#define HOST_BACKEND_PROFILE_SUMMARY_H

#include "host-backend/profile/stages.h"

/* Times of one stage, nanoseconds. count 0: no command knows it. */
struct summary_times {
    size_t count;
    uint64_t sum, min, median, p95, p99, max;
};

/* Column of what a command took in all, from call to wake. */
enum { SUMMARY_TOTAL = STAGE_COUNT, SUMMARY_COLUMNS };

/*
 * How long times are is shown in eighths of a doubling, from 64 ns on, as HDR histograms do: an error of at most 12.5 %
 * in few numbers. HdrHistogram_c, the library for it, is in neither Debian 12 nor 13, and these bins are only drawn:
 * percentiles come from the sorted times themselves.
 */
enum { HISTOGRAM_BINS = 240 };

/* Commands that are alike. */
struct summary_group {
    char label[112];
    uint32_t what; /* enum trace_what */
    size_t count;  /* that were traced, */
    uint64_t of;   /* of so many; an estimate where a kernel has several work sizes */
    uint64_t
        behind; /* ns that its commands, before they ran, waited for a turn behind other guests: they or one before them */
    uint64_t bytes; /* transfers: all of them together */
    struct summary_times times[SUMMARY_COLUMNS];
    uint32_t histogram[HISTOGRAM_BINS]; /* of SUMMARY_TOTAL */
};

enum summary_by {
    BY_KERNEL, /* kernels by name and work size; other commands by name */
    BY_QUEUE,  /* all commands of queues, by guest and queue */
    BY_SIZE,   /* transfers, by name and power of two of the size */
};

/* Groups, those with the greatest sum of SUMMARY_TOTAL first. malloc'ed; NULL with *count > 0: out of memory. */
struct summary_group *summary_groups(const struct trace_set *set, enum summary_by by, size_t *count);

/* The bin of a time, and the longest time of a bin. */
int histogram_bin(uint64_t ns);
uint64_t histogram_end(int bin);

/*
 * Where the run's time went, from the first stage's beginning to the last one's end: each moment counts for the one thing that the run was
 * waiting for then. A kernel that runs goes before a transfer, that before a build; where none of these was under way, the
 * stage of the command that had got furthest; and where there was no command, the program itself.
 */
struct summary_share {
    uint64_t not_traced; /* time in which a worker's tracing paused, which is in none of the others: */
    uint64_t span, kernels, transfers, builds, stage[STAGE_COUNT], program;
    size_t commands, waits; /* waits: clFinish and its like, and commands that a thread was woken from */
};
/* false: out of memory. */
bool summary_shares(const struct trace_set *set, struct summary_share *out);

/* What bounds the program, in sentences with their figures: the weightiest first. */
void summary_words(const struct trace_set *set, const struct summary_share *share,
                   const struct summary_group *groups, size_t count,
                   void (*say)(void *opaque, const char *sentence), void *opaque);

#endif
