// SPDX-License-Identifier: MIT
/* What the parts of eval share: what is measured, and the comparison of results. */
#ifndef EVAL_RUNNER_EVAL_H
#define EVAL_RUNNER_EVAL_H

#include "eval/runner/options.h"
#include "eval/runner/series.h"
#include "eval/runner/sides.h"

/* ---- eval-programs.c ---- */

struct program {
    const char *name;
    bool workload; /* of eval/lib/work.h: it has sizes, and first results of its own */
    bool steady; /* what it measures, it has warmed up itself: its first run on a side counts as any other */
    /* Also measured as a program that nobody has built before, which takes its time: some, unless all are. */
    bool builds_new;
    /* Measured unless others are asked for, so that an eval takes minutes. */
    bool usual;
    /* Takes seconds where others take tenths: left out where time is short. */
    bool slow;
    /* Measured where a side has but some programs so that an eval takes minutes. */
    bool everywhere;
};
extern const struct program programs[];
extern const int program_count;
const char *const *program_names(void); /* with NULL at the end */

/* ---- eval-check.c ---- */

enum { CHECKS = 64 };

/* What a program's results were on each side. */
struct check {
    char program[48];
    char hash[SIDE_COUNT][20];
    double sum[SIDE_COUNT];
};

struct check_list {
    struct check checks[CHECKS];
    int count;
};

/* Finds the program's, or makes it. NULL: there are too many. */
struct check *check_get(struct check_list *list, const char *program);
/* Compares with native: the same bytes, the same up to rounding, or different. Prints how many are which,
 * says on standard error which differ, and returns a list of verdicts. */
json_t *check_compare(const struct check_list *list, int *different);

/* ---- eval-run.c ---- */

struct eval {
    struct sides sides;
    struct series_list list;
    struct check_list checks;
    struct runner_options options;
    int failures;
    json_t *failure_list;
    double start;
};

void eval_progress(const struct eval *e, enum side side, const char *what, const char *round);
void eval_failed(struct eval *e, enum side side, const char *program, int status);
/* The metrics among a program's lines, as values of a column. Lines are cut in place. */
void eval_take_metrics(struct series_list *list, int column, char *text);
/* Is the program to be measured? */
bool eval_wants(const struct eval *e, const struct program *p);
/* Is the side to be measured? */
bool eval_asks_for(const struct runner_options *o, enum side side);
/* And is it there? */
bool eval_has(const struct eval *e, enum side side);
/* And is the program to run on it? Of those in a VM an eval that is to end within minutes runs some programs only with API remoting,
 * none once that would take the other rounds' time, and none with guest-backed memory. */
bool eval_runs_on(const struct eval *e, enum side side, const struct program *program);
/* One of the own programs, or the person's, on one side. Round 0 warms caches: only what programs
 * measured themselves once they were warm counts of it. `shortened`: without building a new program. */
void eval_run_own(struct eval *e, enum side side, const struct program *program, int round, bool shortened);
void eval_run_given(struct eval *e, enum side side, int round);

/* ---- eval-stages.c ---- */

/* One process guest under the latency profile, for each IR, with a program that was built before and one that was not: the
 * stages of both builds become series of the program "stages of a build". Once a round. */
void eval_run_stages(struct eval *e);
/* Programs of which a process guest's rows are slower than native beyond noise, each once under the profile: what bounds it,
 * in sentences. {PROGRAM: [SENTENCE...]} */
json_t *eval_explain(struct eval *e);

/* ---- eval-peak.c ---- */

/* clpeak: native and VM first, process guests while time allows it. */
void eval_run_clpeak(struct eval *e);

#endif
