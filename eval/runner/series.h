// SPDX-License-Identifier: MIT
/* Numbers measured again and again, on every side: medians, spread, ratios, and a table of them. */
#ifndef EVAL_RUNNER_SERIES_H
#define EVAL_RUNNER_SERIES_H

#include "eval/runner/sides.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define SERIES_SIDES 8
#define SERIES_VALUES 64

/* One metric of one program. A column is a side, or whatever else the caller compares. */
struct series {
    char program[48], metric[64], unit[24];
    bool higher_is_better;
    double values[SERIES_SIDES][SERIES_VALUES];
    int count[SERIES_SIDES];
};

struct series_list {
    struct series *items;
    int count, room;
};

/* Finds it, or makes it. */
struct series *series_get(struct series_list *list, const char *program, const char *metric, const char *unit,
                          bool higher);
void series_add(struct series *s, int column, double value);

/* NAN without values. */
double series_median(const struct series *s, int column);
double series_min(const struct series *s, int column);
double series_max(const struct series *s, int column);
/* (max - min) / median */
double series_spread(const struct series *s, int column);
/* How many times as good as column 0: 1 equal, 2 twice as fast, 0.5 half as fast. NAN if either is missing.
 */
double series_speed(const struct series *s, int column);

/* For what was measured in turns, value by value: the median of the pairs' ratios, `column` to column 0, or
 * of their differences. It does not move with what changes slowly and hits both, as a CPU's clock does. NAN
 * if either is missing. */
double series_ratio(const struct series *s, int column);
double series_difference(const struct series *s, int column);

/* "12.3", "0.0123", "-" */
void series_number(char out[24], double value);

/* {"program", "metric", "unit", "better", "sides": {NAME: {"median", "min", "max", "values"}}, "speed":
 * {NAME: number}} */
json_t *series_json(const struct series *s, const char *const *names, int columns);

/* What the numbers were measured on, and how much of its CPUs other programs used just before (machine_look).
 */
void machine_look(void);
json_t *machine_json(const struct sides *s);
void machine_print(FILE *out, const struct sides *s);

#endif
