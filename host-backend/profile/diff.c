// SPDX-License-Identifier: MIT
/* trillium profile diff: two profiles, group by group. */
#include <stdlib.h>
#include <string.h>

#include "host-backend/profile/report.h"
#include "host-backend/profile/summary.h"

static const struct summary_group *find(const struct summary_group *groups, size_t count, const char *label) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(groups[i].label, label))
            return &groups[i];
    return NULL;
}

static double us(uint64_t ns) {
    return (double)ns / 1e3;
}

/* The stages whose medians moved by more than a tenth of the whole latency. */
static void moved(const struct summary_group *a, const struct summary_group *b, FILE *out) {
    uint64_t whole = a->times[SUMMARY_TOTAL].median;

    for (int s = 0; s < STAGE_COUNT; s++) {
        uint64_t x = a->times[s].median, y = b->times[s].median, by = x > y ? x - y : y - x;
        if (a->times[s].count && b->times[s].count && by > whole / 10)
            fprintf(out, "    %-9s %10.1f -> %10.1f us\n", stages[s].name, us(x), us(y));
    }
}

int profile_diff(const struct trace_set *before, const struct trace_set *after, FILE *out) {
    struct summary_share old, new;
    size_t n, m;
    struct summary_group *a = summary_groups(before, BY_KERNEL, &n),
                         *b = summary_groups(after, BY_KERNEL, &m);
    int r = -1;

    if (a && b && summary_shares(before, &old) && summary_shares(after, &new)) {
        fprintf(out, "from first call to last: %.1f -> %.1f ms\n\n%-40s %15s %27s %27s\n",
                (double)(old.span + old.not_traced) / 1e6, (double)(new.span + new.not_traced) / 1e6, "",
                "count", "median us", "p99 us");
        for (size_t i = 0; i < m; i++) {
            const struct summary_group *x = find(a, n, b[i].label);
            const struct summary_times *t = x ? &x->times[SUMMARY_TOTAL] : NULL,
                                       *u = &b[i].times[SUMMARY_TOTAL];
            if (!t) {
                fprintf(out, "%-40.40s only in the second: %llu times, %.1f us\n", b[i].label,
                        (unsigned long long)b[i].of, us(u->median));
                continue;
            }
            fprintf(out, "%-40.40s %6llu -> %6llu %10.1f -> %10.1f us %10.1f -> %10.1f us\n", b[i].label,
                    (unsigned long long)x->of, (unsigned long long)b[i].of, us(t->median), us(u->median),
                    us(t->p99), us(u->p99));
            moved(x, &b[i], out);
        }
        for (size_t i = 0; i < n; i++)
            if (!find(b, m, a[i].label))
                fprintf(out, "%-40.40s only in the first: %llu times, %.1f us\n", a[i].label,
                        (unsigned long long)a[i].of, us(a[i].times[SUMMARY_TOTAL].median));
        r = 0;
    }
    free(a);
    free(b);
    return r;
}
