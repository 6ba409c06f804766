// SPDX-License-Identifier: MIT
/* What eval prints and writes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/runner/eval.h"
#include "eval/runner/output.h"

static bool side_used(const struct series_list *list, int side) {
    for (int i = 0; i < list->count; i++)
        if (list->items[i].count[side])
            return true;
    return false;
}

/* Geometric mean of the speeds of all metrics of `program` (NULL: of the own programs). */
static double mean_speed(const struct series_list *list, const char *program, int side) {
    double sum = 0;
    int n = 0;

    for (int i = 0; i < list->count; i++) {
        const struct series *s = &list->items[i];
        double speed = series_speed(s, side);

        if ((program ? strcmp(s->program, program) != 0 : !strcmp(s->program, "clpeak")) ||
            !isfinite(speed) || speed <= 0)
            continue;
        sum += log(speed);
        n++;
    }
    return n ? exp(sum / n) : NAN;
}

static void print_row(const struct series_list *list, const struct series *m) {
    char label[128];

    snprintf(label, sizeof(label), "  %s", m->metric);
    printf("%-42.42s %-15s", label, m->unit);
    for (int s = 0; s < SIDE_COUNT; s++) {
        char number[24], cell[64] = "-";
        double spread = series_spread(m, s) * 100;

        if (!side_used(list, s))
            continue;
        series_number(number, series_median(m, s));
        if (m->count[s] > 1 && s > 0)
            snprintf(cell, sizeof(cell), "%s (%.2f) %3.0f%%", number, series_speed(m, s), spread);
        else if (m->count[s] > 1)
            snprintf(cell, sizeof(cell), "%s %3.0f%%", number, spread);
        else if (m->count[s] && s > 0)
            snprintf(cell, sizeof(cell), "%s (%.2f)     ", number, series_speed(m, s));
        else if (m->count[s])
            snprintf(cell, sizeof(cell), "%s     ", number);
        printf(" %24s", cell);
    }
    printf("\n");
}

static void print_mean(const struct series_list *list, const char *label, const char *program) {
    printf("%-58s", label);
    for (int s = 0; s < SIDE_COUNT; s++) {
        char number[24];

        if (!side_used(list, s))
            continue;
        series_number(number, s ? mean_speed(list, program, s) : 1.0);
        printf(" %24s", number);
    }
    printf("\n");
}

void eval_print(const struct series_list *list) {
    printf("\nMedians; in brackets the speed relative to native (1.00 as fast, 2.00 twice as fast), then the "
           "spread (max - min)\n\n");
    printf("%-42s %-15s", "", "");
    for (int s = 0; s < SIDE_COUNT; s++)
        if (side_used(list, s))
            printf(" %24s", side_titles[s]);
    printf("\n");
    /* program by program, in the order in which they first came up */
    for (int i = 0; i < list->count; i++) {
        const char *program = list->items[i].program;
        bool seen = false;

        for (int j = 0; j < i; j++)
            seen = seen || !strcmp(list->items[j].program, program);
        if (seen)
            continue;
        printf("%s\n", program);
        for (int j = i; j < list->count; j++)
            if (!strcmp(list->items[j].program, program))
                print_row(list, &list->items[j]);
    }
    printf("\n");
    print_mean(list, "speed, geometric mean: eval's own programs", NULL);
    print_mean(list, "speed, geometric mean: clpeak", "clpeak");
    printf("\n");
}

void eval_write_page(const struct series_list *list, const struct sides *sides, const char *folder) {
    FILE *f = output_page(folder, "results.md");

    if (!f)
        return;
    machine_print(f, sides);
    fprintf(f, "\n| program | what | unit |");
    for (int s = 0; s < SIDE_COUNT; s++)
        if (side_used(list, s))
            fprintf(f, " %s |", side_titles[s]);
    fprintf(f, "\n|---|---|---|");
    for (int s = 0; s < SIDE_COUNT; s++)
        if (side_used(list, s))
            fprintf(f, "---|");
    for (int i = 0; i < list->count; i++) {
        const struct series *m = &list->items[i];

        fprintf(f, "\n| %s | %s | %s |", m->program, m->metric, m->unit);
        for (int s = 0; s < SIDE_COUNT; s++) {
            char number[24];

            if (!side_used(list, s))
                continue;
            series_number(number, series_median(m, s));
            if (s > 0 && m->count[s])
                fprintf(f, " %s (%.2f) |", number, series_speed(m, s));
            else
                fprintf(f, " %s |", number);
        }
    }
    fprintf(f, "\n");
    output_page_end(f, folder, "results.md");
}
