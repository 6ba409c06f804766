// SPDX-License-Identifier: MIT
/* One page that needs nothing besides itself: readable on a phone, on paper and in the dark. */
#include "eval/runner/report.h"

#include <math.h>
#include <string.h>

#include "eval/runner/study.h"

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>What virtualizing OpenCL "
    "costs</title>\n<style>\n"
    ":root{--fg:#1c1c1c;--bg:#fff;--soft:#666;--line:#ddd;--card:#f5f6f7;--good:#0a7a50;--bad:#b03020}\n"
    "@media(prefers-color-scheme:dark){:root{--fg:#e6e6e6;--bg:#16181a;--soft:#a0a0a0;--line:#3a3d40;--card:#"
    "202326;"
    "--good:#4cc38a;--bad:#ff8a75}}\n"
    "*{box-sizing:border-box}body{margin:0 "
    "auto;padding:1rem;max-width:70rem;color:var(--fg);background:var(--bg);"
    "font:16px/1.5 system-ui,sans-serif}h1{font-size:1.6rem;margin:.2em 0}h2{font-size:1.2rem;margin:2em 0 "
    ".5em}\n"
    "p.soft,.soft{color:var(--soft);font-size:.9rem}.answers{columns:19rem 3;column-gap:.8rem}"
    ".answers section{background:var(--card);border-radius:.5rem;padding:.7rem 1rem;margin:0 0 "
    ".8rem;break-inside:avoid}\n"
    ".answers h2{margin:0 0 .3em;font-size:1.02rem}.answers p{margin:.35em 0;font-size:.92rem}\n"
    ".table{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;width:100%}\n"
    "th,td{padding:.3em .6em;border-bottom:1px solid "
    "var(--line);text-align:right;white-space:nowrap;vertical-align:top}\n"
    "th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--bg)}\n"
    ".words td,.words th{white-space:normal;text-align:left;min-width:9rem}\n"
    ".good{color:var(--good)}.bad{color:var(--bad)}.noise{color:var(--soft)}\n"
    ".plot{overflow-x:auto}.plot svg{max-width:760px;width:100%;min-width:30rem;height:auto}.plot "
    "text{fill:var(--fg)!important}\n"
    "time{white-space:nowrap}.first{display:flex;flex-wrap:wrap;gap:0 2rem;align-items:flex-start}"
    ".short{width:auto;flex:1 1 21rem;margin:0 0 1rem}.short td,.short th{padding:.2em .4em}"
    ".short th,.short td:first-child{white-space:normal}\n"
    "details{margin:.6em 0}summary{cursor:pointer}.missing{color:var(--bad)}\n"
    "@media "
    "print{html,body{font-size:11px}body{max-width:none}details::details-content{content-visibility:visible;"
    "display:block;height:auto}.answers{columns:"
    "2}"
    ".answers section{border:1px solid #ccc;break-inside:auto;padding:.3rem .6rem}.answers p{font-size:10px}"
    ".table,.plot{overflow:visible}table{font-size:8px}th,td{padding:.15em .3em;white-space:normal}"
    ".words td,.words th{min-width:0}th:first-child,td:first-child{position:static}tr{break-inside:avoid}"
    ".plot svg{min-width:0}h2,h2+p.soft{break-after:avoid}.plot{break-inside:avoid}}\n"
    "</style></head><body>\n";

/* Text that comes from a machine or a program. */
static void put(FILE *f, const char *text) {
    for (; text && *text; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", f);
            break;
        case '>':
            fputs("&gt;", f);
            break;
        case '&':
            fputs("&amp;", f);
            break;
        case '"':
            fputs("&quot;", f);
            break;
        default:
            fputc(*text, f);
        }
    }
}

/* What builds consist of: stages down, the two IRs across, for a program that is new and one that was built before. */
static void stages(const struct results *r, FILE *f) {
    static const char *const names[] = {"compiling in the guest", "validating on the host",
                                        "translating on the host", "the host's driver", "all else"};
    static const char *const builds[] = {"new program", "seen program"};
    static const int sides[] = {SIDE_PROCESS_SOURCE, SIDE_PROCESS_SPIRV};
    double values[5][4];
    bool any = false;

    for (int stage = 0; stage < 5; stage++)
        for (int c = 0; c < 4; c++) {
            char metric[64];
            values[stage][c] = NAN;
            snprintf(metric, sizeof(metric), "%s: %s", builds[c / 2], names[stage]);
            for (int i = 0; i < r->list.count; i++)
                if (!strcmp(r->list.items[i].program, "stages of a build") &&
                    !strcmp(r->list.items[i].metric, metric))
                    values[stage][c] = series_median(&r->list.items[i], sides[c % 2]);
            any = any || isfinite(values[stage][c]);
        }
    if (!any)
        return;
    fputs("<table class=\"short\"><tr><th>Stages of a build, ms</th><th>new: "
          "source</th><th>new: virtual ISA</th><th>seen: source</th><th>seen: virtual ISA</th></tr>\n",
          f);
    for (int stage = 0; stage < 5; stage++) {
        fprintf(f, "<tr><td>%s</td>", names[stage]);
        for (int c = 0; c < 4; c++) {
            char number[24];
            series_number(number, values[stage][c]);
            fprintf(f, "<td>%s</td>", number);
        }
        fputs("</tr>\n", f);
    }
    fputs("</table>\n", f);
}

static void short_cell(const char *text, FILE *f) {
    fprintf(f, strchr(text, '~') ? "<td class=\"noise\">%s</td>" : "<td>%s</td>", text);
}

static void in_short(const struct results *r, FILE *f) {
    struct short_row rows[SHORT_ROWS];
    int n = report_short(r, rows);

    if (n == 0)
        return;
    fputs("<table class=\"short\"><tr><th>In short (~: no difference beyond noise)</th><th>process "
          "guest</th><th>VM</th></tr>\n",
          f);
    for (int i = 0; i < n; i++) {
        fprintf(f, "<tr><td>%s</td>", rows[i].what);
        for (int c = 0; c < SHORT_COLUMNS; c++)
            short_cell(rows[i].cells[c], f);
        fputs("</tr>\n", f);
    }
    fputs("</table>\n", f);
}

struct answers {
    FILE *file;
    bool open;
};

static void say(void *opaque, const char *question, const char *sentence) {
    struct answers *a = opaque;

    if (question) {
        fputs(a->open ? "</section>\n<section><h2>" : "<section><h2>", a->file);
        put(a->file, question);
        fputs("</h2>\n", a->file);
        a->open = true;
    }
    fputs("<p>", a->file);
    put(a->file, sentence);
    fputs("</p>\n", a->file);
}

static void machine(const struct results *r, FILE *f) {
    json_t *m = json_object_get(r->root, "machine"), *value;
    const char *key;

    json_object_foreach(m, key, value) {
        fputs("<tr><td>", f);
        put(f, key);
        fputs("</td><td>", f);
        if (json_is_string(value))
            put(f, json_string_value(value));
        else if (json_is_boolean(value))
            fputs(json_is_true(value) ? "yes" : "no", f);
        else
            fprintf(f, "%.3g", json_number_value(value));
        fputs("</td></tr>\n", f);
    }
    json_t *options = json_object_get(r->root, "options");
    size_t at;
    fputs("<tr><td>options of trillium eval</td><td>", f);
    json_array_foreach(options, at, value) {
        put(f, json_string_value(value));
        fputc(' ', f);
    }
    fputs(json_array_size(options) ? "</td></tr>\n" : "none</td></tr>\n", f);
}

static void cell(const struct series *m, int side, FILE *f) {
    struct interval i = series_interval(m, side), speed = series_speed_interval(m, side);
    char number[24], low[24], high[24];

    if (!i.count) {
        fputs("<td>-</td>", f);
        return;
    }
    series_number(number, i.median);
    series_number(low, i.low);
    series_number(high, i.high);
    fprintf(f, "<td title=\"%s to %s with %.0f %%, of %d rounds\">%s", low, high, i.confidence * 100, i.count,
            number);
    if (side != SIDE_NATIVE && speed.count) {
        const char *verdict = interval_holds(speed, 1) ? "noise" : speed.median > 1 ? "good" : "bad";
        fprintf(f, " <span class=\"%s\">%.2f%s</span>", verdict, speed.median,
                !strcmp(verdict, "noise") ? "~" : "");
    }
    fputs("</td>", f);
}

static void table(const struct results *r, const char *phase, FILE *f) {
    fputs("<div class=\"table\"><table><thead><tr><th>program: what, unit</th>", f);
    for (int s = 0; s < SIDE_COUNT; s++)
        if (results_has(r, s))
            fprintf(f, "<th>%s</th>", side_facts[s].title);
    fputs("</tr></thead><tbody>\n", f);
    for (int i = 0; i < r->list.count; i++) {
        const struct series *m = &r->list.items[i];

        if (strcmp(m->phase, phase) != 0)
            continue;
        fputs("<tr><td>", f);
        put(f, m->program);
        fputs(": ", f);
        put(f, m->metric);
        fputs(", ", f);
        put(f, m->unit);
        fputs("</td>", f);
        for (int s = 0; s < SIDE_COUNT; s++)
            if (results_has(r, s))
                cell(m, s, f);
        fputs("</tr>\n", f);
    }
    fputs("</tbody></table></div>\n", f);
}

/* Rows on which a side is slower or faster beyond noise. */
static void outside(const struct results *r, int side, bool slower, FILE *f) {
    int rows[200], n = report_outside(r, side, slower, rows, 200);

    fprintf(f, "<details><summary>%s is %s in %d rows</summary><ul>\n", side_facts[side].title,
            slower ? "slower" : "faster", n);
    for (int i = 0; i < n && i < 200; i++) {
        const struct series *m = &r->list.items[rows[i]];
        struct interval v = series_speed_interval(m, side);

        fputs("<li>", f);
        put(f, m->program);
        fputs(": ", f);
        put(f, m->metric);
        fprintf(f, ": %.2f (%.2f to %.2f, %.0f %%)</li>\n", v.median, v.low, v.high, v.confidence * 100);
    }
    fputs("</ul></details>\n", f);
}

/* Why programs are slower in a process guest than natively: words of their latency profiles. */
static void explanations(const struct results *r, FILE *f) {
    json_t *list, *sentence;
    const char *program;
    size_t at;

    json_object_foreach(json_object_get(r->root, "explanations"), program, list) {
        fputs("<details open><summary>Why ", f);
        put(f, program);
        fputs(" is slower in a process guest, by its latency profile</summary><ul>\n", f);
        json_array_foreach(list, at, sentence) {
            fputs("<li>", f);
            put(f, json_string_value(sentence));
            fputs("</li>\n", f);
        }
        fputs("</ul></details>\n", f);
    }
}

static void why_vm(const struct results *r, FILE *f) {
    char sentence[512];
    bool open = false;

    for (int i = 0; i < r->list.count; i++) {
        if (!report_why_vm(r, i, sentence, sizeof sentence))
            continue;
        if (!open)
            fputs("<details><summary>What is slower in the VM, and what of it is what</summary><ul>\n", f);
        open = true;
        fputs("<li>", f);
        put(f, sentence);
        fputs("</li>\n", f);
    }
    if (open)
        fputs("</ul></details>\n", f);
}

/* A row for each metric, a column for what is off. */
static void ablations(const struct results *r, FILE *f) {
    int count;
    const char *const *names = study_variations(&count);

    if (r->ablations.count == 0)
        return;
    fputs("<h2>What each optimization is worth</h2><p class=\"soft\">Speed relative to everything on, in a "
          "process guest, with one "
          "thing off.</p><div class=\"table\"><table><tr><th>program: what</th>",
          f);
    for (int v = 1; v < count; v++)
        fprintf(f, "<th>%s</th>", names[v]);
    fputs("</tr>\n", f);
    for (int i = 0; i < r->ablations.count; i++) {
        const struct series *m = &r->ablations.items[i];
        fputs("<tr><td>", f);
        put(f, m->program);
        fputs(": ", f);
        put(f, m->metric);
        fputs("</td>", f);
        for (int v = 1; v < count; v++) {
            struct interval s = series_speed_interval(m, v);
            if (s.count)
                fprintf(f, "<td class=\"%s\" title=\"%.2f to %.2f\">%.2f%s</td>",
                        interval_holds(s, 1) ? "noise"
                        : s.median < 1       ? "bad"
                                             : "good",
                        s.low, s.high, s.median, interval_holds(s, 1) ? "~" : "");
            else
                fputs("<td>-</td>", f);
        }
        fputs("</tr>\n", f);
    }
    fputs("</table></div>\n", f);
}

/* Each workload with and without a profile. */
static void overhead(const struct results *r, FILE *f) {
    if (r->overhead.count == 0)
        return;
    fputs("<h2>What a latency profile costs</h2><p class=\"soft\">Warm runs of process guests, with and "
          "without a latency profile, the median of " STUDY_PROFILED_RUNS
          " in one process (of a program's first ones, "
          "more are traced, and all touch new memory); and natively, of the program as it is and asking the "
          "driver when each kernel ran: what a driver "
          "itself takes for that. In turns.</p>"
          "<div class=\"table\"><table><tr><th>workload</th><th>without, ms</th><th>with, ms</th><th>with / "
          "without</th>"
          "<th>native, ms</th><th>with stamps, ms</th><th>with / without</th></tr>\n",
          f);
    for (int i = 0; i < r->overhead.count; i++) {
        const struct series *m = &r->overhead.items[i];
        struct interval speed = series_speed_interval(m, STUDY_PROFILED);
        double medians[STUDY_PROFILED_COLUMNS];
        char numbers[STUDY_PROFILED_COLUMNS][24];

        for (int c = 0; c < STUDY_PROFILED_COLUMNS; c++) {
            medians[c] = series_median(m, c);
            series_number(numbers[c], medians[c]);
        }
        fputs("<tr><td>", f);
        put(f, m->program);
        fprintf(f, "</td><td>%s</td><td>%s</td><td title=\"%.3f to %.3f\">%.3f%s</td>",
                numbers[STUDY_UNPROFILED], numbers[STUDY_PROFILED], 1 / speed.high, 1 / speed.low,
                1 / speed.median, interval_holds(speed, 1) ? "~" : "");
        if (isfinite(medians[STUDY_STAMPED]) && isfinite(medians[STUDY_NATIVE]))
            fprintf(f, "<td>%s</td><td>%s</td><td>%.3f</td></tr>\n", numbers[STUDY_NATIVE],
                    numbers[STUDY_STAMPED], medians[STUDY_STAMPED] / medians[STUDY_NATIVE]);
        else
            fputs("<td>-</td><td>-</td><td>-</td></tr>\n", f);
    }
    fputs("</table></div>\n", f);
}

static void verdicts(const struct results *r, FILE *f) {
    json_t *list = json_object_get(r->root, "checks"), *failures = json_object_get(r->root, "failures"), *one;
    int same = 0, rounded = 0, different = 0;
    size_t at;

    json_array_foreach(list, at, one) {
        const char *verdict = json_string_value(json_object_get(one, "verdict"));
        same += verdict && !strcmp(verdict, "same bytes");
        rounded += verdict && !strcmp(verdict, "same up to rounding");
        different += verdict && !strcmp(verdict, "different");
    }
    fprintf(f,
            "<p>Every run of a workload compares its result with the CPU's. Beside that, %d results of "
            "guests are those of the "
            "native run byte by byte, %d up to rounding, %d are different.</p>\n",
            same, rounded, different);
    if (json_array_size(failures) > 0)
        fprintf(f, "<p class=\"bad\">%zu things failed:</p><ul>\n", json_array_size(failures));
    json_array_foreach(failures, at, one) {
        fputs("<li>", f);
        put(f, json_string_value(one));
        fputs("</li>", f);
    }
    if (json_array_size(failures) > 0)
        fputs("</ul>\n", f);
}

static void configurations(const struct results *r, FILE *f) {
    fputs("<div class=\"table\"><table "
          "class=\"words\"><thead><tr><th></th><th>Interface</th><th>Endpoints</th><th>Mechanism</th>"
          "<th>Transport</th><th>Synthesis</th></tr></thead><tbody>\n",
          f);
    for (int s = 0; s < SIDE_COUNT; s++) {
        const struct side_facts *d = &side_facts[s];
        if (results_has(r, s))
            fprintf(f, "<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>\n",
                    d->title, d->interface, d->endpoint, d->mechanism, d->transport, d->synthesis);
    }
    fputs("</tbody></table></div>\n", f);
}

bool report_html(const struct results *r, FILE *f) {
    struct answers a = {f, false};
    json_t *m = json_object_get(r->root, "machine");
    double others = json_number_value(json_object_get(m, "part of the CPUs used by others at the start"));
    int rounds = (int)json_integer_value(json_object_get(r->root, "rounds")),
        more = (int)json_integer_value(json_object_get(r->root, "short rounds"));

    fputs(head, f);
    fputs("<h1>What virtualizing OpenCL costs</h1>\n<p class=\"soft\">", f);
    put(f, json_string_value(json_object_get(m, "device")));
    fputs(" · ", f);
    put(f, json_string_value(json_object_get(m, "system")));
    fprintf(f, " · %d CPUs · %d round%s", (int)json_integer_value(json_object_get(m, "cpus")), rounds,
            rounds == 1 ? "" : "s");
    if (more > 0)
        fprintf(f, ", up to %d more natively and in process guests without copies", more);
    fputs(" · <time>", f);
    put(f, json_string_value(json_object_get(r->root, "when")));
    fputs("</time></p>\n", f);
    if (others > 0.1)
        fprintf(f,
                "<p class=\"bad\">Other programs used %.0f %% of the CPUs when this began: mind the "
                "intervals.</p>\n",
                others * 100);
    fputs("<div class=\"first\">\n", f);
    in_short(r, f);
    stages(r, f);
    fputs("</div>\n<div class=\"answers\">\n", f);
    report_answers(r, say, &a);
    fputs(a.open ? "</section></div>\n" : "</div>\n", f);

    fputs("<h2>How to read this</h2><p>The same unmodified programs ran on the host's own OpenCL driver "
          "(native), as guests in "
          "processes and in a VM; through Trillium, which ships OpenCL C (the code is the IR), and through "
          "the SVGA baseline, which "
          "compiles to SPIR-V in the guest and validates and translates that on the host. The device beneath "
          "both is the same. In "
          "every round each program ran on each side once, one side after the other; of the round "
          "before, which warms caches, what workloads measured once they were warm counts too. Figures are "
          "medians of the rounds; behind "
          "each stands the speed relative to native (2.00: twice as fast; of pairs from the same round). "
          "<span class=\"good\">Green"
          "</span> is faster and <span class=\"bad\">red</span> slower with the whole interval on one side "
          "of 1; <span class=\"noise\">"
          "grey~</span> means that the spread is wider than the effect. Intervals are order statistics: of 6 "
          "rounds and more they "
          "hold the true median with at least 95 %, of 5 with 94, of 4 with 88, of 3 with 75. Raw values are "
          "in results.csv, each "
          "run's samples in results.json.</p>\n",
          f);
    fputs("<h2>Warm runs</h2><p class=\"soft\">Inputs written, kernels run, results read; programs are built "
          "and caches warm.</p>\n",
          f);
    report_plot_speeds(r, "run", "warm", f);
    fputs("<h2>First results of new programs (cold)</h2><p class=\"soft\">Building and one run, of a program "
          "that nobody has built "
          "before.</p>\n",
          f);
    report_plot_speeds(r, "first result, new program", "cold", f);
    fputs("<h2>Start to exit (cold)</h2><p class=\"soft\">Whole processes, programs built in an earlier "
          "process.</p>\n",
          f);
    report_plot_speeds(r, "start to exit", "wall", f);
    fputs("<h2>Overhead by kernel length</h2><p class=\"soft\">One kernel and a wait for it. Below the "
          "dashed line nobody notices: "
          "1 %. Points on the lower edge were not slower at all.</p>\n",
          f);
    report_plot_length(r, f);
    fputs("<h2>Beyond noise</h2>\n", f);
    for (int s = 1; s < SIDE_COUNT; s++)
        if (results_has(r, s)) {
            outside(r, s, true, f);
            outside(r, s, false, f);
        }
    explanations(r, f);
    why_vm(r, f);
    ablations(r, f);
    overhead(r, f);
    study_shares_html(r, f);
    fputs("<h2>All warm rows</h2>\n", f);
    table(r, "warm", f);
    fputs("<h2>All cold rows</h2>\n", f);
    table(r, "cold", f);
    fputs("<h2>Are the results right?</h2>\n", f);
    verdicts(r, f);
    fputs("<h2>What was compared, in the terms of the IEMTS scheme</h2>\n", f);
    configurations(r, f);
    fputs("<h2>The machine</h2><div class=\"table\"><table class=\"words\">\n", f);
    machine(r, f);
    fprintf(f, "</table></div>\n<p class=\"soft\">Measured in %.0f s.</p></body></html>\n",
            json_number_value(json_object_get(r->root, "seconds")));
    return !ferror(f);
}
