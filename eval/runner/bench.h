// SPDX-License-Identifier: MIT
/* What the parts of the bench share: what is compared, the goals, the report. */
#ifndef EVAL_RUNNER_BENCH_H
#define EVAL_RUNNER_BENCH_H

/* The names of rows of whole programs begin with this, and those of bench_add_slow's end with that. */
#define BENCH_PROGRAM "program "
#define BENCH_SLOW ", slow"

#include "eval/runner/series.h"
#include "eval/runner/sides.h"

/* The columns of each series. */
enum { NATIVE, GUEST, SPIRV, COLUMNS };
extern const char *const column_names[COLUMNS];

/* The kernel may place threads; or everything (program, daemon, worker) is on one core. */
enum placement { FREE, ONE_CORE, PLACEMENTS };
extern const char *const placement_names[PLACEMENTS];

/* ---- bench-goals.c ---- */

/* The goal as text ("" if there is none), and whether it is met: 1, 0, or -1 if that cannot be said. */
int bench_judge(const struct series *s, enum placement where, char text[48]);

/* ---- bench-report.c ---- */

/* `list`: a series for each row and placement (its `program` is the placement's name); `p99`: the same for
 * 99th percentiles, where there are any. */
struct bench_results {
    struct series_list list, p99;
};

/* Adds for each row of whole programs how many in a hundred runs took 1.25 times the native median or more: who has
 * two speeds shows them here, and not in a median. */
void bench_add_slow(struct bench_results *r);

/* Prints a table, and appends each row to `rows`. */
void bench_print(struct bench_results *r, json_t *rows);
/* The same for a page: medians and ratios, both placements beside each other. */
void bench_write_page(struct bench_results *r, const struct sides *sides, const char *folder);

#endif
