// SPDX-License-Identifier: MIT
/* Results as a table for the terminal, as Markdown, and as CSV. */
#include "eval/runner/report.h"

#include <math.h>
#include <string.h>

#include "eval/runner/machine.h"
#include "eval/runner/study.h"

/* "12.3 (1.05 ~)": the median, the speed relative to native, and whether noise could be all that there is to it. */
static void cell(char *out, size_t room, const struct series *s, int side) {
    char number[24];
    struct interval speed = series_speed_interval(s, side);

    series_number(number, series_median(s, side));
    if (!s->count[side])
        snprintf(out, room, "-");
    else if (side == SIDE_NATIVE || speed.count == 0)
        snprintf(out, room, "%s", number);
    else
        snprintf(out, room, "%s (%.2f%s)", number, speed.median, interval_holds(speed, 1) ? "~" : "");
}

static void print_phase(const struct results *r, const char *phase, const char *title) {
    const char *last = "";

    printf("\n%s\n%-44s %-15s", title, "", "");
    for (int s = 0; s < SIDE_COUNT; s++)
        if (results_has(r, s))
            printf(" %22.22s", side_facts[s].title);
    printf("\n");
    for (int i = 0; i < r->list.count; i++) {
        const struct series *m = &r->list.items[i];
        char label[128], text[64];

        if (strcmp(m->phase, phase) != 0)
            continue;
        snprintf(label, sizeof(label), "%s: %s", m->program, m->metric);
        if (strcmp(last, m->program) != 0)
            last = m->program;
        printf("%-44.44s %-15s", label, m->unit);
        for (int s = 0; s < SIDE_COUNT; s++) {
            if (!results_has(r, s))
                continue;
            cell(text, sizeof(text), m, s);
            printf(" %22s", text);
        }
        printf("\n");
    }
}

/* What is off in each row, and how that changes each metric. */
static void write_ablations(const struct results *r, FILE *f, bool markdown) {
    int count;
    const char *const *names = study_variations(&count);

    if (r->ablations.count == 0)
        return;
    fprintf(f, markdown ? "\n\n## Ablations\n\nSpeed relative to everything on; with ~ where the rounds do "
                          "not tell it from 1.\n\n"
                          "| off | program | what | speed |\n|---|---|---|---|\n"
                        : "\nAblations: speed relative to everything on\n");
    for (int v = 1; v < count; v++)
        for (int i = 0; i < r->ablations.count; i++) {
            const struct series *m = &r->ablations.items[i];
            struct interval s = series_speed_interval(m, v);
            if (s.count)
                fprintf(f, markdown ? "| %s | %s | %s | %.2f%s |\n" : "  %-36s %-10s %-36s %6.2f%s\n",
                        names[v], m->program, m->metric, s.median, interval_holds(s, 1) ? "~" : "");
        }
}

static void say_on_terminal(void *opaque, const char *question, const char *sentence) {
    (void)opaque;
    if (question)
        printf("\n%s\n", question);
    printf("  %s\n", sentence);
}

void report_print(const struct results *r) {
    printf("\nMedians of the rounds; in brackets the speed relative to native (2.00 is twice as fast), with "
           "~ where the rounds do "
           "not tell faster from slower.\n");
    print_phase(r, "warm", "Warm: programs that are running");
    print_phase(r, "cold", "Cold: starts, builds and first results");
    write_ablations(r, stdout, false);
    study_shares_text(r, stdout, false);
    report_answers(r, say_on_terminal, NULL);
    printf("\n");
}

static void say_in_markdown(void *opaque, const char *question, const char *sentence) {
    if (question)
        fprintf(opaque, "\n**%s** ", question);
    fprintf(opaque, "%s ", sentence);
}

static void markdown_phase(const struct results *r, const char *phase, const char *title, FILE *f) {
    fprintf(f, "\n\n## %s\n\n| program | what | unit |", title);
    for (int s = 0; s < SIDE_COUNT; s++)
        if (results_has(r, s))
            fprintf(f, " %s |", side_facts[s].title);
    fprintf(f, "\n|---|---|---|");
    for (int s = 0; s < SIDE_COUNT; s++)
        if (results_has(r, s))
            fprintf(f, "---|");
    for (int i = 0; i < r->list.count; i++) {
        const struct series *m = &r->list.items[i];
        char text[64];

        if (strcmp(m->phase, phase) != 0)
            continue;
        fprintf(f, "\n| %s | %s | %s |", m->program, m->metric, m->unit);
        for (int s = 0; s < SIDE_COUNT; s++) {
            if (!results_has(r, s))
                continue;
            cell(text, sizeof(text), m, s);
            fprintf(f, " %s |", text);
        }
    }
}

static void markdown_why(const struct results *r, FILE *f) {
    json_t *list, *sentence;
    const char *program;
    char text[512];
    bool any = false;
    size_t at;

    fprintf(f, "\n\n## Why rows are slower than native\n\n");
    json_object_foreach(json_object_get(r->root, "explanations"), program, list) {
        any = true;
        fprintf(f, "- %s in a process guest, by its latency profile:", program);
        json_array_foreach(list, at, sentence) {
            fprintf(f, " %s", json_string_value(sentence));
        }
        fprintf(f, "\n");
    }
    for (int i = 0; i < r->list.count; i++)
        if (report_why_vm(r, i, text, sizeof(text))) {
            any = true;
            fprintf(f, "- %s\n", text);
        }
    if (!any)
        fprintf(f, "None is.\n");
}

void report_markdown(const struct results *r, FILE *f) {
    json_t *machine = json_object_get(r->root, "machine");

    fprintf(f, "# What virtualizing OpenCL costs\n\n");
    machine_print(f, machine);
    struct short_row rows[SHORT_ROWS];
    int n = report_short(r, rows);
    for (int i = 0; i < n; i++)
        fprintf(f, "%s| %s | %s | %s |\n", i ? "" : "\n| in short | process guest | VM |\n|---|---|---|\n",
                rows[i].what, rows[i].cells[SHORT_PROCESS], rows[i].cells[SHORT_VM]);
    report_answers(r, say_in_markdown, f);
    fprintf(f,
            "\n\nMedians of %d rounds, and up to %d more natively and in process guests without copies; in "
            "brackets the speed relative "
            "to native, with ~ where the rounds do not tell faster from slower.",
            (int)json_integer_value(json_object_get(r->root, "rounds")),
            (int)json_integer_value(json_object_get(r->root, "short rounds")));
    markdown_phase(r, "warm", "Warm", f);
    markdown_phase(r, "cold", "Cold", f);
    markdown_why(r, f);
    write_ablations(r, f, true);
    study_shares_text(r, f, true);
    fprintf(f, "\n\n## The configurations\n\n| | interface | endpoints | mechanism | transport | synthesis "
               "|\n|---|---|---|---|---|---|\n");
    for (int s = 0; s < SIDE_COUNT; s++) {
        const struct side_facts *d = &side_facts[s];
        if (results_has(r, s))
            fprintf(f, "| %s | %s | %s | %s | %s | %s |\n", d->title, d->interface, d->endpoint, d->mechanism,
                    d->transport, d->synthesis);
    }
}

/* A field of CSV, in quotes. */
static void field(FILE *f, const char *text) {
    fputc('"', f);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', f);
        fputc(*text, f);
    }
    fputs("\",", f);
}

void report_csv(const struct results *r, FILE *f) {
    fprintf(f, "program,metric,unit,better,phase,side,round,value\n");
    for (int i = 0; i < r->list.count; i++) {
        const struct series *m = &r->list.items[i];
        for (int s = 0; s < SIDE_COUNT; s++)
            for (int v = 0; v < m->count[s]; v++) {
                field(f, m->program);
                field(f, m->metric);
                field(f, m->unit);
                fprintf(f, "%s,%s,%s,%d,%.9g\n", m->higher_is_better ? "higher" : "lower", m->phase,
                        side_facts[s].name, v + 1, m->values[s][v]);
            }
    }
}
