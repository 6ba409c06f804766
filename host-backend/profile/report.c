// SPDX-License-Identifier: MIT
#include "host-backend/profile/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host-backend/profile/chrome.h"
#include "host-backend/profile/stages.h"

/* ---- the table ---- */

/* Kernels first, each by its name, then everything else. */
static int by_kind_and_name(const void *a, const void *b) {
    const struct trace_item *x = *(const struct trace_item *const *)a,
                            *y = *(const struct trace_item *const *)b;
    if (x->command.what != y->command.what)
        return x->command.what < y->command.what ? -1 : 1;
    return strcmp(x->command.name, y->command.name);
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* "median/p99" in microseconds, or "-" if no command of the group knows the stage. */
static void cell(char *out, size_t size, uint64_t *values, size_t count) {
    if (count == 0) {
        snprintf(out, size, "-");
        return;
    }
    qsort(values, count, sizeof *values, by_value);
    size_t middle = count / 2, late = count - 1 - count / 100;
    double median = (double)values[middle] / 1e3, p99 = (double)values[late] / 1e3;
    snprintf(out, size, median < 100 ? "%.1f/%.1f" : "%.0f/%.0f", median, p99);
}

static void group(FILE *out, struct trace_item *const *items, size_t count, uint64_t *values) {
    char text[32];

    fprintf(out, "%-24.24s %7zu", items[0]->command.name, count);
    for (int column = 0; column <= STAGE_COUNT; column++) {
        size_t known = 0;
        for (size_t i = 0; i < count; i++) {
            uint64_t begin, end;
            bool there = column < STAGE_COUNT ? stage_times(items[i], (enum stage)column, &begin, &end)
                                              : total_times(items[i], &begin, &end);
            if (there)
                values[known++] = end - begin;
        }
        cell(text, sizeof text, values, known);
        fprintf(out, " %15s", text);
    }
    fputc('\n', out);
}

static uint64_t average(struct trace_item *const *items, size_t count, size_t offset) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += *(const uint64_t *)((const char *)&items[i]->command + offset);
    return sum / count;
}

/* Builds have stages of their own. */
static void builds(FILE *out, struct trace_item *const *items, size_t count) {
    if (count == 0)
        return;
    size_t cached = 0;
    for (size_t i = 0; i < count; i++)
        cached += items[i]->command.cached != 0;
    fprintf(out,
            "\nbuilds: %zu (%zu from the cache); on average %.1f ms compiling in the guest, %.1f validating, "
            "%.1f translating, ",
            count, cached, (double)average(items, count, offsetof(struct trace_command, compile)) / 1e6,
            (double)average(items, count, offsetof(struct trace_command, validate)) / 1e6,
            (double)average(items, count, offsetof(struct trace_command, translate)) / 1e6);
    fprintf(out, "%.1f in the host's driver\n",
            (double)average(items, count, offsetof(struct trace_command, driver)) / 1e6);
}

static int print_table(FILE *out, struct trace_item *items, size_t count) {
    struct trace_item **sorted = malloc((count + 1) * sizeof(*sorted));
    uint64_t *values = malloc((count + 1) * sizeof *values);
    size_t first_build = count;

    if (!sorted || !values) {
        free(sorted);
        free(values);
        return -1;
    }
    for (size_t i = 0; i < count; i++)
        sorted[i] = &items[i];
    qsort(sorted, count, sizeof(*sorted), by_kind_and_name);
    fprintf(out, "Where the time went: median/99th percentile of each stage, microseconds.\n");
    fprintf(out, "%-24s %7s", "", "count");
    for (int s = 0; s < STAGE_COUNT; s++)
        fprintf(out, " %15s", stage_names[s]);
    fprintf(out, " %15s\n", "call to wake");
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && by_kind_and_name(&sorted[i], &sorted[next]) == 0; next++)
            ;
        if (i < first_build && sorted[i]->command.what == TRACE_BUILD)
            first_build = i;
        group(out, sorted + i, next - i, values);
    }
    builds(out, sorted + first_build, count - first_build);
    free(sorted);
    free(values);
    return 0;
}

int profile_report(const char *dir, const char *out_file, FILE *table) {
    struct trace_item *items = NULL;
    char why[512] = "";
    size_t count = 0;
    int r = trace_read(dir, &items, &count, why, sizeof why);

    if (r == 0 && table) {
        if (count == 0)
            fprintf(table, "The profile is empty: the program enqueued nothing and built nothing.\n");
        else if ((r = print_table(table, items, count)) < 0)
            snprintf(why, sizeof why, "out of memory");
    }
    if (r == 0 && out_file)
        r = chrome_write(out_file, items, count, why, sizeof why);
    if (r < 0)
        fprintf(stderr, "trillium: no profile: %s\n", why);
    free(items);
    return r;
}
