// SPDX-License-Identifier: MIT
/* Numbers measured again and again, on every side: medians, spread, ratios, and a table of them. */
#ifndef EVAL_RUNNER_SERIES_H
#define EVAL_RUNNER_SERIES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define SERIES_SIDES 14
#define SERIES_VALUES 64

/* One metric of one program. A column is a side, or whatever else the caller compares. */
struct series {
    char program[48], metric[64], unit[24];
    char phase[8]; /* "warm", or "cold": first results and starts */
    bool higher_is_better;
    double values[SERIES_SIDES][SERIES_VALUES];
    int count[SERIES_SIDES];
    json_t *samples
        [SERIES_SIDES]; /* what the values are medians of, one array for each value; NULL: values are raw */
};

struct series_list {
    struct series *items;
    int count, room;
};

/* Finds it, or makes it. */
struct series *series_get(struct series_list *list, const char *program, const char *metric, const char *unit,
                          bool higher);
void series_add(struct series *s, int column, double value);
/* Frees the list's items. */
void series_free(struct series_list *list);

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

/*
 * A median with the interval in which the true one lies, from order statistics (no shape of the distribution is assumed): the
 * narrowest pair of values, as far from both ends, that holds it with at least 95 %. Fewer than 6 values have none; then it is
 * the least and the greatest with what those hold: 94 % of 5, 88 % of 4, 75 % of 3.
 */
struct interval {
    double median, low, high; /* NAN: there are no values */
    double confidence;        /* 0..1; 0 with one value */
    int count;
};
struct interval series_interval(const struct series *s, int column);
/* The same of the speeds relative to column 0, value by value in the order in which they were measured. */
struct interval series_speed_interval(const struct series *s, int column);
struct interval interval_of(double *values, int n); /* sorts them */
/* Is that wider than what it shows: do both "faster" and "slower" lie in it? */
bool interval_holds(struct interval i, double value);

/* Do the rounds tell whether the column is `speed` times as good as column 0? Fewer than 6 tell nothing. */
bool series_tells(const struct series *s, int column, double speed);

/* {"program", "metric", "unit", "better", "phase", "sides": {NAME: {"median", "low", "high", "confidence", "values", "samples"}},
 * "speed": {NAME: number}}; and back: false for what is no such thing. Sides that `names` lacks are left out. */
json_t *series_json(const struct series *s, const char *const *names, int columns);
bool series_from_json(struct series_list *list, const json_t *from, const char *const *names, int columns);

#endif
