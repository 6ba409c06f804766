// SPDX-License-Identifier: MIT
/* The results of an eval as its JSON file holds them: what reports and comparisons are made of. */
#ifndef EVAL_RUNNER_RESULTS_H
#define EVAL_RUNNER_RESULTS_H

#include "eval/runner/series.h"
#include "eval/runner/sides.h"

#include <stdbool.h>

struct results {
    struct series_list list;      /* columns are sides */
    struct series_list ablations; /* columns are study_variations; empty where none were measured */
    struct series_list overhead;  /* columns are study_profiled; the same */
    json_t *root;                 /* "machine", "when", "checks", "failures" ... */
};

/* false after saying why. */
bool results_load(struct results *r, const char *path);
/* The results of `root`, whose reference is taken over. */
bool results_take(struct results *r, json_t *root, const char *path);
void results_free(struct results *r);

/* Was anything measured on the side? */
bool results_has(const struct results *r, int side);

/*
 * What one side costs against another, over all programs that have the metric on both: each round's geometric mean of the
 * times' ratios (`mean_of_differences`: the mean of the differences, in the metric's unit), and of these the interval. For
 * metrics of which less is better. `programs` gets how many programs that was (NULL: nobody asks).
 */
struct interval results_cost(const struct results *r, const char *metric, int side, int base,
                             bool mean_of_differences, int *programs);

/* Of the program `length`: from which native length on, microseconds, is a kernel on the side less than 1 %
 * slower, for this length and all longer ones? 0: for none. `fixed` gets what the shortest kernel costs more,
 * microseconds; `equal` and `lengths` at how many lengths the rounds do not tell the side from native, and of
 * how many. */
double results_unnoticed(const struct results *r, int side, double *fixed, int *equal, int *lengths);

#endif
