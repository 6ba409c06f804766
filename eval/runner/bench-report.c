// SPDX-License-Identifier: MIT
/* What the bench prints and writes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/runner/bench.h"
#include "eval/runner/machine.h"
#include "eval/runner/output.h"

static void number_or_dash(char text[24], const char *format, double value)
    __attribute__((format(printf, 2, 0)));
static void number_or_dash(char text[24], const char *format, double value) {
    snprintf(text, 24, isfinite(value) ? format : "-", value);
}

void bench_add_slow(struct bench_results *r) {
    for (int i = 0, count = r->list.count; i < count; i++) {
        const struct series s = r->list.items[i]; /* a copy: series_get may move the list */
        char row[sizeof(s.metric) + sizeof(BENCH_SLOW)];

        if (strncmp(s.metric, BENCH_PROGRAM, strlen(BENCH_PROGRAM)) != 0)
            continue;
        snprintf(row, sizeof(row), "%s" BENCH_SLOW, s.metric);
        for (int column = NATIVE; column <= GUEST; column++) {
            int slow = 0;
            for (int k = 0; k < s.count[column]; k++)
                slow += s.values[column][k] >= 1.25 * series_median(&s, NATIVE);
            series_add(series_get(&r->list, s.program, row, "%", false), column,
                       100.0 * slow / (s.count[column] ? s.count[column] : 1));
        }
    }
}

void bench_print(struct bench_results *r, json_t *rows) {
    int met = 0, all = 0;

    printf("\n%-36s %-9s | %9s %9s %6s | %9s %9s %6s | %7s  %-15s %s\n", "", "", "native", "p99", "spread",
           "guest", "p99", "spread", "guest/n", "goal", "");
    for (int where = 0; where < PLACEMENTS; where++) {
        printf("%s\n", where == FREE ? "free: the kernel places threads"
                                     : "one core: program, daemon and worker together");
        for (int i = 0; i < r->list.count; i++) {
            const struct series *s = &r->list.items[i];
            const struct series *p = series_get(&r->p99, s->program, s->metric, s->unit, s->higher_is_better);
            char n[4][24], spreads[2][24], ratio[24], goal[48];
            int verdict;
            json_t *j;

            if (strcmp(s->program, placement_names[where]) != 0)
                continue;
            verdict = bench_judge(s, where, goal);
            met += verdict == 1;
            all += verdict >= 0;
            series_number(n[0], series_median(s, NATIVE));
            series_number(n[1], series_median(p, NATIVE));
            series_number(n[2], series_median(s, GUEST));
            series_number(n[3], series_median(p, GUEST));
            number_or_dash(spreads[0], "%.0f%%", series_spread(s, NATIVE) * 100);
            number_or_dash(spreads[1], "%.0f%%", series_spread(s, GUEST) * 100);
            number_or_dash(ratio, "%.3f", series_ratio(s, GUEST));
            printf("  %-34s %-9s | %9s %9s %6s | %9s %9s %6s | %7s  %-15s %s", s->metric, s->unit, n[0], n[1],
                   spreads[0], n[2], n[3], spreads[1], ratio, goal,
                   verdict < 0    ? ""
                   : verdict == 1 ? "met"
                                  : "NOT MET");
            if (s->count[SPIRV]) {
                series_number(n[0], series_median(s, SPIRV));
                printf("  (through SPIR-V: %s)", n[0]);
            }
            printf("\n");
            j = series_json(s, column_names, COLUMNS);
            json_object_set_new(j, "placement", json_string(placement_names[where]));
            json_object_del(j, "program");
            if (p->count[GUEST])
                json_object_set_new(j, "p99", series_json(p, column_names, COLUMNS));
            if (verdict >= 0) {
                json_object_set_new(j, "goal", json_string(goal));
                json_object_set_new(j, "met", json_boolean(verdict));
            }
            json_array_append_new(rows, j);
        }
    }
    printf("\n%d of %d goals met\n", met, all);
}

void bench_write_page(struct bench_results *r, const struct sides *sides, const char *folder) {
    FILE *f = output_page(folder, "bench.md");

    if (!f)
        return;
    json_t *machine = machine_json(sides);
    machine_print(f, machine);
    json_decref(machine);
    fprintf(
        f,
        "\n| row | unit | native, free | guest | ratio | goal | native, one core | guest | ratio | goal |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < r->list.count; i++) {
        const struct series first = r->list.items[i]; /* a copy: series_get may move the list */

        if (strcmp(first.program, placement_names[FREE]) != 0)
            continue;
        fprintf(f, "| %s | %s |", first.metric, first.unit);
        for (int where = 0; where < PLACEMENTS; where++) {
            const struct series *s = series_get(&r->list, placement_names[where], first.metric, first.unit,
                                                first.higher_is_better);
            char native[24], guest[24], ratio[24], goal[48];
            int verdict = bench_judge(s, where, goal);

            series_number(native, series_median(s, NATIVE));
            series_number(guest, series_median(s, GUEST));
            series_number(ratio, series_ratio(s, GUEST));
            fprintf(f, " %s | %s | %s | %s%s |", native, guest, ratio, goal, verdict == 0 ? " missed" : "");
        }
        fprintf(f, "\n");
    }
    output_page_end(f, folder, "bench.md");
}
