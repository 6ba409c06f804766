// SPDX-License-Identifier: MIT
#include "eval/runner/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct series *series_get(struct series_list *list, const char *program, const char *metric, const char *unit,
                          bool higher) {
    for (int i = 0; i < list->count; i++)
        if (!strcmp(list->items[i].program, program) && !strcmp(list->items[i].metric, metric))
            return &list->items[i];
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 64;
        list->items = realloc(list->items, (size_t)list->room * sizeof(*list->items));
        if (!list->items)
            abort();
    }
    struct series *s = &list->items[list->count++];

    memset(s, 0, sizeof(*s));
    snprintf(s->program, sizeof(s->program), "%s", program);
    snprintf(s->metric, sizeof(s->metric), "%s", metric);
    snprintf(s->unit, sizeof(s->unit), "%s", unit);
    snprintf(s->phase, sizeof(s->phase), "warm");
    s->higher_is_better = higher;
    return s;
}

void series_free(struct series_list *list) {
    for (int i = 0; i < list->count; i++)
        for (int c = 0; c < SERIES_SIDES; c++)
            json_decref(list->items[i].samples[c]);
    free(list->items);
    *list = (struct series_list){0};
}

void series_add(struct series *s, int column, double value) {
    if (s->count[column] < SERIES_VALUES)
        s->values[column][s->count[column]++] = value;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorted values of a column. */
static int sorted(const struct series *s, int column, double v[SERIES_VALUES]) {
    memcpy(v, s->values[column], sizeof(s->values[column]));
    qsort(v, (size_t)s->count[column], sizeof(*v), by_value);
    return s->count[column];
}

static double median(const double *sorted_values, int n) {
    return n == 0  ? NAN
           : n % 2 ? sorted_values[n / 2]
                   : (sorted_values[n / 2 - 1] + sorted_values[n / 2]) / 2;
}

double series_median(const struct series *s, int column) {
    double v[SERIES_VALUES];
    int n = sorted(s, column, v);

    return median(v, n);
}

static double paired(const struct series *s, int column, bool difference) {
    int n = s->count[0] < s->count[column] ? s->count[0] : s->count[column];
    double v[SERIES_VALUES];

    if (n == 0)
        return NAN;
    for (int i = 0; i < n; i++)
        v[i] = difference ? s->values[column][i] - s->values[0][i] : s->values[column][i] / s->values[0][i];
    qsort(v, (size_t)n, sizeof(*v), by_value);
    return median(v, n);
}

double series_ratio(const struct series *s, int column) {
    return paired(s, column, false);
}

double series_difference(const struct series *s, int column) {
    return paired(s, column, true);
}

double series_min(const struct series *s, int column) {
    double v[SERIES_VALUES];

    return sorted(s, column, v) ? v[0] : NAN;
}

double series_max(const struct series *s, int column) {
    double v[SERIES_VALUES];
    int n = sorted(s, column, v);

    return n ? v[n - 1] : NAN;
}

double series_spread(const struct series *s, int column) {
    return (series_max(s, column) - series_min(s, column)) / series_median(s, column);
}

double series_speed(const struct series *s, int column) {
    double base = series_median(s, 0), here = series_median(s, column);

    return s->higher_is_better ? here / base : base / here;
}

void series_number(char out[24], double value) {
    if (!isfinite(value))
        snprintf(out, 24, "-");
    else if (value != 0 && fabs(value) < 0.1)
        snprintf(out, 24, "%.3g", value);
    else
        snprintf(out, 24, "%.*f",
                 fabs(value) >= 1000  ? 0
                 : fabs(value) >= 100 ? 1
                 : fabs(value) >= 10  ? 2
                                      : 3,
                 value);
}

/* ---- intervals ---- */

/* How likely the median lies between the k-th value from below and the k-th from above, of n. */
static double held(int n, int k) {
    double outside = 0, term = pow(0.5, n);

    for (int i = 0; i < k; i++) {
        outside += term;
        term = term * (n - i) / (i + 1);
    }
    return 1 - 2 * outside;
}

struct interval interval_of(double *v, int n) {
    struct interval i = {.median = NAN, .low = NAN, .high = NAN, .count = n};
    int k = 1;

    if (n == 0)
        return i;
    qsort(v, (size_t)n, sizeof(*v), by_value);
    while (2 * (k + 1) <= n && held(n, k + 1) >= 0.95)
        k++;
    i.median = median(v, n);
    i.low = v[k - 1];
    i.high = v[n - k];
    i.confidence = fmax(0, held(n, k));
    return i;
}

struct interval series_interval(const struct series *s, int column) {
    double v[SERIES_VALUES];

    memcpy(v, s->values[column], sizeof(v));
    return interval_of(v, s->count[column]);
}

struct interval series_speed_interval(const struct series *s, int column) {
    double v[SERIES_VALUES];
    int n = s->count[0] < s->count[column] ? s->count[0] : s->count[column];

    for (int i = 0; i < n; i++)
        v[i] = s->higher_is_better ? s->values[column][i] / s->values[0][i]
                                   : s->values[0][i] / s->values[column][i];
    return interval_of(v, n);
}

bool interval_holds(struct interval i, double value) {
    return i.count < 2 || (i.low <= value && i.high >= value);
}

bool series_tells(const struct series *s, int column, double speed) {
    struct interval i = series_speed_interval(s, column);

    return i.confidence >= 0.95 && !interval_holds(i, speed);
}

/* ---- JSON ---- */

static json_t *number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *series_json(const struct series *s, const char *const *names, int columns) {
    json_t *sides = json_object(), *speed = json_object();

    for (int c = 0; c < columns; c++) {
        struct interval i = series_interval(s, c);
        json_t *values = json_array();

        for (int v = 0; v < s->count[c]; v++)
            json_array_append_new(values, json_real(s->values[c][v]));
        if (s->count[c] == 0) {
            json_decref(values);
            continue;
        }
        json_t *one = json_pack("{s:o, s:o, s:o, s:f, s:o}", "median", number(i.median), "low", number(i.low),
                                "high", number(i.high), "confidence", i.confidence, "values", values);
        if (s->samples[c])
            json_object_set(one, "samples", s->samples[c]);
        json_object_set_new(sides, names[c], one);
        if (c > 0 && isfinite(series_speed(s, c)))
            json_object_set_new(speed, names[c], json_real(series_speed(s, c)));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "program", s->program, "metric", s->metric,
                     "unit", s->unit, "better", s->higher_is_better ? "higher" : "lower", "phase", s->phase,
                     "sides", sides, "speed", speed);
}

bool series_from_json(struct series_list *list, const json_t *from, const char *const *names, int columns) {
    const char *program = json_string_value(json_object_get(from, "program"));
    const char *metric = json_string_value(json_object_get(from, "metric"));
    const char *unit = json_string_value(json_object_get(from, "unit"));
    const char *better = json_string_value(json_object_get(from, "better"));
    const char *phase = json_string_value(json_object_get(from, "phase"));
    json_t *sides = json_object_get(from, "sides");

    if (!program || !metric || !unit || !better || !json_is_object(sides))
        return false;
    struct series *s = series_get(list, program, metric, unit, !strcmp(better, "higher"));
    if (phase)
        snprintf(s->phase, sizeof(s->phase), "%.7s", phase);
    for (int c = 0; c < columns; c++) {
        json_t *one = json_object_get(sides, names[c]), *values = json_object_get(one, "values"), *value;
        size_t at;

        json_array_foreach(values, at, value) {
            if (!json_is_number(value))
                return false;
            series_add(s, c, json_number_value(value));
        }
        s->samples[c] = json_incref(json_object_get(one, "samples"));
    }
    return true;
}
