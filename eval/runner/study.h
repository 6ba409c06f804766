// SPDX-License-Identifier: MIT
/* Studies beside the comparison, for process guests: options --ablations, --scaling and --shares. */
#ifndef EVAL_RUNNER_STUDY_H
#define EVAL_RUNNER_STUDY_H

#include "eval/runner/eval.h"
#include "eval/runner/results.h"

/* Each optimization off in turn: a list of series whose columns are study_variations, the first of which has everything on. */
json_t *study_ablations(struct eval *e);
const char *const *study_variations(int *count);

/* The workloads as a process guest with and without a latency profile, and natively without and with the driver's own stamps of each
 * kernel, in turns, so many runs in each process: a list of series whose columns are study_profiled. */
#define STUDY_PROFILED_RUNS "150"
enum { STUDY_UNPROFILED, STUDY_PROFILED, STUDY_NATIVE, STUDY_STAMPED, STUDY_PROFILED_COLUMNS };
extern const char *const study_profiled[STUDY_PROFILED_COLUMNS];
json_t *study_profile_overhead(struct eval *e);

/* 1 to 16 programs at once, natively and as guests: rows of the program "scaling", time for each program. */
void study_scaling(struct eval *e);

/* eval-shares.c: how each of the host's schedulers shares a device, as eval/shares measures it: a list of objects, "scheduler" and
 * what that prints. `all`: more rows, some 50 seconds; else only the shares that `trillium top` shows of four guests, 10. */
json_t *study_shares(struct eval *e, bool all);
/* As a section of the page, and as text or Markdown; nothing where it was not measured. */
void study_shares_html(const struct results *r, FILE *f);
void study_shares_text(const struct results *r, FILE *f, bool markdown);

#endif
