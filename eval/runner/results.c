// SPDX-License-Identifier: MIT
#include "eval/runner/results.h"

#include <math.h>
#include <string.h>

#include "eval/runner/study.h"

static const char *const *names(void) {
    static const char *list[SIDE_COUNT];

    for (int s = 0; s < SIDE_COUNT; s++)
        list[s] = side_facts[s].name;
    return list;
}

bool results_take(struct results *r, json_t *root, const char *path) {
    json_t *list = json_object_get(root, "results"), *one;
    size_t at;

    *r = (struct results){.root = root};
    if (!json_is_array(list)) {
        fprintf(stderr, "eval: %s holds no results of an eval\n", path);
        return false;
    }
    json_array_foreach(list, at, one) {
        if (!series_from_json(&r->list, one, names(), SIDE_COUNT)) {
            fprintf(stderr, "eval: %s: entry %zu of its results cannot be read\n", path, at);
            return false;
        }
    }
    int variations;
    const char *const *columns = study_variations(&variations);
    json_array_foreach(json_object_get(root, "ablations"), at, one) {
        if (!series_from_json(&r->ablations, one, columns, variations)) {
            fprintf(stderr, "eval: %s: entry %zu of its ablations cannot be read\n", path, at);
            return false;
        }
    }
    json_array_foreach(json_object_get(root, "profile overhead"), at, one) {
        if (!series_from_json(&r->overhead, one, study_profiled, STUDY_PROFILED_COLUMNS)) {
            fprintf(stderr, "eval: %s: entry %zu of its profile overhead cannot be read\n", path, at);
            return false;
        }
    }
    return true;
}

bool results_load(struct results *r, const char *path) {
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);

    *r = (struct results){0};
    if (!root) {
        fprintf(stderr, "eval: cannot read %s: %s\n", path, error.text);
        return false;
    }
    return results_take(r, root, path);
}

void results_free(struct results *r) {
    series_free(&r->list);
    series_free(&r->ablations);
    series_free(&r->overhead);
    json_decref(r->root);
}

bool results_has(const struct results *r, int side) {
    for (int i = 0; i < r->list.count; i++)
        if (r->list.items[i].count[side])
            return true;
    return false;
}

struct interval results_cost(const struct results *r, const char *metric, int side, int base,
                             bool differences, int *programs) {
    double v[SERIES_VALUES];
    int rounds = SERIES_VALUES, used = 0;

    /* as many rounds as all of them have */
    for (int i = 0; i < r->list.count; i++) {
        const struct series *s = &r->list.items[i];
        if (strcmp(s->metric, metric) != 0 || !s->count[side] || !s->count[base])
            continue;
        used++;
        rounds = s->count[side] < rounds ? s->count[side] : rounds;
        rounds = s->count[base] < rounds ? s->count[base] : rounds;
    }
    if (programs)
        *programs = used;
    if (!used)
        return interval_of(v, 0);
    for (int round = 0; round < rounds; round++) {
        v[round] = 0;
        for (int i = 0; i < r->list.count; i++) {
            const struct series *s = &r->list.items[i];
            if (strcmp(s->metric, metric) != 0 || !s->count[side] || !s->count[base])
                continue;
            double there = s->values[side][round], here = s->values[base][round];
            v[round] += (differences ? there - here : log(there / here)) / used;
        }
        v[round] = differences ? v[round] : exp(v[round]);
    }
    return interval_of(v, rounds);
}

double results_unnoticed(const struct results *r, int side, double *fixed, int *equal, int *lengths) {
    double from = 0;

    *fixed = NAN;
    *equal = *lengths = 0;
    for (int i = 0; i < r->list.count; i++) { /* they are in order of length */
        const struct series *s = &r->list.items[i];
        unsigned steps;

        if (strcmp(s->program, "length") != 0 || sscanf(s->metric, "kernel of %u steps", &steps) != 1 ||
            !s->count[0] || !s->count[side])
            continue;
        double native = series_median(s, 0), more = series_difference(s, side);
        (*lengths)++;
        *equal += interval_holds(series_speed_interval(s, side), 1);
        if (isnan(*fixed))
            *fixed = more;
        if (more > 0.01 * native)
            from = 0;
        else if (from == 0)
            from = native;
    }
    return from;
}
