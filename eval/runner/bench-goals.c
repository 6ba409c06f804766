// SPDX-License-Identifier: MIT
/* The goals of the bench's rows. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/runner/bench.h"

enum goal_kind { NO_GOAL, TIMES, PLUS, AT_MOST };
struct goal {
    enum goal_kind kind;
    double value; /* TIMES: of native; PLUS: on top of native, AT_MOST: absolute, both in the row's unit */
};

static const struct row_goal {
    const char *row;
    struct goal goals[PLACEMENTS];
} goals[] = {
    {"null", {{TIMES, 0.5}, {PLUS, 2}}},
    {"stream", {{TIMES, 1}, {TIMES, 1}}},
    {"stream-call", {{AT_MOST, 0.2}, {AT_MOST, 0.2}}},
    {"write-4B", {{AT_MOST, 0.5}, {AT_MOST, 0.5}}},
    {"read-4B", {{AT_MOST, 0.5}, {AT_MOST, 0.5}}},
    {"arg-kernel-read", {{TIMES, 0.5}, {PLUS, 2}}},
    {"write-64KiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"read-64KiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"write-1MiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"read-1MiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"write-64MiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"read-64MiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"write-256MiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"read-256MiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"map-64MiB", {{TIMES, 1}, {TIMES, 1}}},
    {"create-release", {{AT_MOST, 500}, {AT_MOST, 500}}},
    {"set-argument", {{AT_MOST, 20}, {AT_MOST, 20}}},
    {"device-info", {{AT_MOST, 30}, {AT_MOST, 30}}},
    {"kernel-0.1ms-each", {{TIMES, 1.10}, {TIMES, 1.10}}},
    {"kernel-0.1ms-stream", {{TIMES, 1.10}, {TIMES, 1.10}}},
    {"kernel-1ms-each", {{TIMES, 1.01}, {TIMES, 1.01}}},
    {"kernel-1ms-stream", {{TIMES, 1.01}, {TIMES, 1.01}}},
    {"kernel-5ms-each", {{TIMES, 1.01}, {TIMES, 1.01}}},
    {"kernel-5ms-stream", {{TIMES, 1.01}, {TIMES, 1.01}}},
    {"build-new", {{TIMES, 1}, {TIMES, 1}}},
    {"build-seen", {{AT_MOST, 1}, {AT_MOST, 1}}},
    {"start-to-exit-new", {{TIMES, 0.3}, {TIMES, 0.3}}},
    {"start-to-exit-seen", {{TIMES, 0.5}, {TIMES, 0.5}}},
    {"2-guests", {{TIMES, 1}, {NO_GOAL, 0}}},
    {"4-guests", {{TIMES, 1}, {NO_GOAL, 0}}},
    {"8-guests", {{TIMES, 1}, {NO_GOAL, 0}}},
    {"null-beside-1-loop", {{TIMES, 1}, {NO_GOAL, 0}}},
    {"null-beside-2-loops", {{TIMES, 1}, {NO_GOAL, 0}}},
    {"null-beside-64-idle", {{TIMES, 0.5}, {NO_GOAL, 0}}},
    {"64-idle-cpu", {{AT_MOST, 0.1}, {NO_GOAL, 0}}},
    {"64-idle-daemon", {{AT_MOST, 1024}, {NO_GOAL, 0}}},
};

static const struct goal *find_goal(const char *row, enum placement where) {
    static const struct goal program = {TIMES, 1}, slow = {PLUS, 0};
    size_t n = strlen(row), m = strlen(BENCH_SLOW);

    if (strncmp(row, BENCH_PROGRAM, strlen(BENCH_PROGRAM)) == 0)
        return n > m && strcmp(row + n - m, BENCH_SLOW) == 0 ? &slow : &program;
    for (size_t i = 0; i < sizeof(goals) / sizeof(goals[0]); i++)
        if (!strcmp(goals[i].row, row))
            return &goals[i].goals[where];
    return NULL;
}

int bench_judge(const struct series *s, enum placement where, char text[48]) {
    const struct goal *g = find_goal(s->metric, where);
    double value = series_median(s, GUEST);

    text[0] = '\0';
    if (!g || g->kind == NO_GOAL || !isfinite(value))
        return -1;
    switch (g->kind) {
    case TIMES:
        snprintf(text, 48, "%s %.2f x", s->higher_is_better ? ">=" : "<=", g->value);
        value = series_ratio(s, GUEST);
        break;
    case PLUS:
        snprintf(text, 48, "<= native + %g", g->value);
        value = series_difference(s, GUEST);
        break;
    default:
        snprintf(text, 48, "<= %g %s", g->value, s->unit);
    }
    return !isfinite(value) ? -1 : s->higher_is_better ? value >= g->value : value <= g->value;
}
