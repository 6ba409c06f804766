// SPDX-License-Identifier: MIT
/* Statistics of eval: intervals of medians by order statistics, speeds in pairs, and results as JSON and back. */
#include "tests/lib/unit.h"

#include <math.h>

/* The runner is a program, not a library. */
#include "eval/runner/series.c"

static struct interval of(int n) {
    double v[64];

    for (int i = 0; i < n; i++)
        v[i] = (i * 7 % n) + 1; /* 1 to n in some order: n and 7 have no common factor below */
    return interval_of(v, n);
}

/* Tables of order statistics: which values hold the median with 95 %. */
static void test_intervals(void **state) {
    static const struct {
        int n;
        double low, high, confidence;
    } known[] = {{1, 1, 1, 0},        {2, 1, 2, 0.5},      {3, 1, 3, 0.75},     {5, 1, 5, 0.9375},
                 {6, 1, 6, 0.9688},   {8, 1, 8, 0.9922},   {9, 2, 8, 0.9609},   {12, 3, 10, 0.9614},
                 {20, 6, 15, 0.9586}, {25, 8, 18, 0.9567}, {30, 10, 21, 0.9572}};
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct interval got = of(known[i].n);
        assert_true(got.low == known[i].low && got.high == known[i].high);
        assert_true(fabs(got.confidence - known[i].confidence) < 0.0001);
        assert_true(got.median == (known[i].n + 1) / 2.0);
    }
    assert_true(isnan(of(0).median));
}

/* What is slower in every round is slower, however much the machine changes from round to round. */
static void test_speeds_are_paired(void **state) {
    struct series_list list = {0};
    struct series *s = series_get(&list, "p", "m", "ms", false);
    (void)state;

    for (int round = 0; round < 8; round++) {
        series_add(s, 0, 10.0 * (1 << round));
        series_add(s, 1, 11.0 * (1 << round));
    }
    struct interval i = series_speed_interval(s, 1);
    assert_true(fabs(i.median - 10.0 / 11) < 1e-9 && fabs(i.low - i.high) < 1e-9);
    assert_false(interval_holds(i, 1));
    /* the plain intervals overlap: they say nothing */
    assert_true(series_interval(s, 0).high > series_interval(s, 1).low);
    /* one value is no reason to believe anything */
    struct series *one = series_get(&list, "p", "other", "ms", false);
    series_add(one, 0, 1);
    series_add(one, 1, 9);
    assert_true(interval_holds(series_speed_interval(one, 1), 1));
    series_free(&list);
}

/* Rounds are enough once the interval lies on one side of what is asked, whichever. */
static void test_rounds_that_tell(void **state) {
    struct series_list list = {0};
    struct series *near = series_get(&list, "p", "near", "ms", false);
    struct series *slower = series_get(&list, "p", "slower", "ms", false);
    struct series *faster = series_get(&list, "p", "faster", "ms", false);
    (void)state;

    for (int round = 0; round < 8; round++) {
        if (round == 5) {
            assert_false(series_tells(slower, 1, 0.98));
            assert_false(series_tells(faster, 1, 0.98));
        }
        series_add(near, 0, 10);
        series_add(near, 1, round % 2 ? 9.9 : 10.4);
        series_add(slower, 0, 10);
        series_add(slower, 1, 10.5 + 0.1 * round);
        series_add(faster, 0, 10);
        series_add(faster, 1, 10.1 - 0.1 * round);
    }
    assert_false(series_tells(near, 1, 0.98));
    assert_true(series_tells(slower, 1, 0.98));
    assert_true(series_tells(faster, 1, 0.98));
    assert_false(series_tells(faster, 2, 0.98));
    series_free(&list);
}

static void test_json_and_back(void **state) {
    static const char *const names[] = {"a", "b"};
    struct series_list list = {0}, back = {0};
    struct series *s = series_get(&list, "p", "m", "GB/s", true);
    (void)state;

    snprintf(s->phase, sizeof s->phase, "cold");
    for (int v = 0; v < 3; v++) {
        series_add(s, 0, 1.5 + v);
        series_add(s, 1, 3 + 2 * v);
    }
    json_t *json = series_json(s, names, 2);
    assert_true(series_from_json(&back, json, names, 2));
    assert_int_equal(back.count, 1);
    assert_string_equal(back.items[0].phase, "cold");
    assert_true(back.items[0].higher_is_better);
    assert_memory_equal(back.items[0].values[1], s->values[1], 3 * sizeof(double));
    /* what is no number is no value */
    json_t *values = json_object_get(json_object_get(json_object_get(json, "sides"), "a"), "values");
    json_array_set_new(values, 0, json_string("fast"));
    series_free(&back);
    assert_false(series_from_json(&back, json, names, 2));
    json_decref(json);
    series_free(&list);
    series_free(&back);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_speeds_are_paired),
        cmocka_unit_test(test_rounds_that_tell),
        cmocka_unit_test(test_json_and_back),
    };
    return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
