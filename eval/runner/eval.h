// SPDX-License-Identifier: MIT
/* What the parts of eval share: the comparison of results, the report. */
#ifndef EVAL_RUNNER_EVAL_H
#define EVAL_RUNNER_EVAL_H

#include "eval/runner/series.h"

/* ---- eval-check.c ---- */

/* What a program's results were on each side. */
struct check {
    char program[48];
    char hash[SIDE_COUNT][20];
    double sum[SIDE_COUNT];
};

struct check_list {
    struct check checks[16];
    int count;
};

/* Finds the program's, or makes it. NULL: there are too many. */
struct check *check_get(struct check_list *list, const char *program);
/* Compares with native: the same bytes, the same up to rounding, or different. Prints how many are which,
 * says on standard error which differ, and returns a list of verdicts. */
json_t *check_compare(const struct check_list *list, int *different);

/* ---- eval-report.c ---- */

void eval_print(const struct series_list *results);
/* The same table for a page. */
void eval_write_page(const struct series_list *results, const struct sides *sides, const char *folder);

#endif
