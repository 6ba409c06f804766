// SPDX-License-Identifier: MIT
/* The options of `trillium eval` and `trillium-eval bench`. */
#ifndef EVAL_RUNNER_OPTIONS_H
#define EVAL_RUNNER_OPTIONS_H

#include <stdbool.h>

/* What an option is for: both programs, or one. */
enum runner_use { RUNNER_EVAL = 1, RUNNER_BENCH = 2, RUNNER_BOTH = RUNNER_EVAL | RUNNER_BENCH };

struct runner_options {
    const char *out;    /* folder for results */
    const char *device; /* part of its platform's or its own name; NULL: the first */
    const char *only;   /* names, separated by commas, of what is measured; NULL: all */
    const char
        *sides; /* names of sides to compare with native, separated by commas; NULL: those that are usual */
    const char *size; /* of the workloads: "small", "medium" or "large" */
    const char *vm;   /* kind of the VM: "qemu" or "uml"; NULL: what trillium run --vm takes */
    char **program;   /* a program with its arguments, to be measured instead of the own ones; NULL: none */
    int rounds;       /* below SERIES_VALUES */
    double budget;    /* seconds after which no further round begins */
    int percent;      /* samples, of the usual number */
    bool no_vm, no_clpeak, all, ablations, scaling, profile_overhead, shares;
};

/* -1: go on, with *o filled in; else the exit status, after help or an error message. `intro` stands at the
 * top of the help; `names`, which end with NULL, are what `only` may hold. */
int runner_options_parse(enum runner_use use, const char *intro, const char *const *names, int argc,
                         char **argv, struct runner_options *o);

/* Is `name` in the list, whose names are separated by commas? */
bool runner_listed(const char *list, const char *name);

/* Is `name` to be measured? */
bool runner_wants(const struct runner_options *o, const char *name);

#endif
