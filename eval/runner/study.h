// SPDX-License-Identifier: MIT
/* Studies beside the comparison, for process guests: options --ablations and --scaling. */
#ifndef EVAL_RUNNER_STUDY_H
#define EVAL_RUNNER_STUDY_H

#include "eval/runner/eval.h"

/* Each optimization off in turn: a list of series whose columns are study_variations, the first of which has everything on. */
json_t *study_ablations(struct eval *e);
const char *const *study_variations(int *count);

/* The workloads as a process guest with and without a latency profile, in turns: a list of series with two columns,
 * study_profiled. */
enum { STUDY_UNPROFILED, STUDY_PROFILED, STUDY_PROFILED_COLUMNS };
extern const char *const study_profiled[STUDY_PROFILED_COLUMNS];
json_t *study_profile_overhead(struct eval *e);

/* 1 to 16 programs at once, natively and as guests: rows of the program "scaling", time for each program. */
void study_scaling(struct eval *e);

#endif
