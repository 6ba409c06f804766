// SPDX-License-Identifier: MIT
/* Plots, drawn by gnuplot as SVG that stands in the page itself. Colours of text and axes are the page's (its style sheet). */
#include "eval/runner/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eval/runner/proc.h"

/* Of sides, readable on white and on black. */
static const char *const colours[SIDE_COUNT] = {"#808080", "#1b9e77", "#d95f02", "#c9a227", "#7a5c3e",
                                                "#2b8bd0", "#c0509e", "#9a7fd0", "#b05050"};

/* Runs the script and copies what it draws. */
static void draw(char *path, FILE *f) {
    char *argv[] = {"gnuplot", path, NULL};
    const struct proc_options o = {.cpu = -1, .timeout = 60};
    struct proc_result p = proc_run(argv, &o);
    const char *svg = p.status == 0 && p.text ? strstr(p.text, "<svg") : NULL;

    if (svg)
        fprintf(f, "<div class=\"plot\">%s</div>\n", svg);
    else
        fprintf(f, "<p class=\"missing\">There is no plot: gnuplot (Debian's gnuplot-nox) is not there, or "
                   "failed.</p>\n");
    free(p.text);
}

/* A script in a file of its own. NULL: there is no room for it. */
static FILE *script(char path[64]) {
    const char *base = getenv("TMPDIR");
    int fd;

    snprintf(path, 64, "%s/trillium-plot-XXXXXX", base && strlen(base) < 40 ? base : "/tmp");
    fd = mkstemp(path);
    return fd < 0 ? NULL : fdopen(fd, "w");
}

static void finish(FILE *s, char *path, FILE *f) {
    if (fclose(s) == 0)
        draw(path, f);
    unlink(path);
}

static void begin(FILE *s, const char *name, int height) {
    fprintf(s,
            "set terminal svg size 760,%d dynamic font 'sans-serif,13' name '%s'\n"
            "set border 3 lc rgb '#808080'\nset tics nomirror out\nset grid lc rgb '#808080' lw 0.3\n"
            "set key outside top center horizontal maxcols 3\n",
            height, name);
}

void report_plot_speeds(const struct results *r, const char *metric, const char *name, FILE *f) {
    char path[64];
    FILE *s = script(path);
    int programs = 0, sides = 0, points[SIDE_COUNT] = {0};

    if (!s)
        return;
    for (int i = 0; i < r->list.count; i++)
        programs += !strcmp(r->list.items[i].metric, metric) && r->list.items[i].count[0] > 0;
    for (int side = 1; side < SIDE_COUNT; side++)
        sides += results_has(r, side);
    begin(s, name, 130 + programs * (8 + 7 * sides));
    for (int side = 1; side < SIDE_COUNT; side++) {
        int row = 0;
        fprintf(s, "$s%d << EOD\n", side);
        for (int i = 0; i < r->list.count; i++) {
            const struct series *m = &r->list.items[i];
            struct interval v = series_speed_interval(m, side);
            if (strcmp(m->metric, metric) != 0 || !m->count[0])
                continue;
            if (v.count > 0 && v.median > 0) {
                fprintf(s, "%.6g %d %.6g %.6g\n", v.median, row, v.low, v.high);
                points[side]++;
            }
            row++;
        }
        fprintf(s, "EOD\n");
    }
    fprintf(s, "set yrange [%d.6:-0.6]\nset logscale x 2\nset format x '%%g'\n", programs - 1);
    fprintf(s, "set xlabel 'speed relative to native: right is faster; bars: where the true median "
               "lies'\nset ytics (");
    for (int i = 0, row = 0; i < r->list.count; i++)
        if (!strcmp(r->list.items[i].metric, metric) && r->list.items[i].count[0])
            fprintf(s, "%s'%s' %d", row ? ", " : "", r->list.items[i].program, row), row++;
    fprintf(s, ")\nset arrow from 1, graph 0 to 1, graph 1 nohead lc rgb '#808080' lw 1.5\nplot ");
    int drawn = 0;
    for (int side = 1; side < SIDE_COUNT; side++)
        if (points[side] > 0) {
            fprintf(
                s, "%s$s%d using 1:($2 + %.3f):3:4 with xerrorbars pt 7 ps 0.5 lw 1.5 lc rgb '%s' title '%s'",
                drawn ? ", " : "", side, (drawn - (sides - 1) / 2.0) * 0.8 / sides, colours[side],
                side_facts[side].title);
            drawn++;
        }
    fprintf(s, "\n");
    if (drawn) {
        finish(s, path, f);
    } else {
        fclose(s);
        unlink(path);
        fprintf(f, "<p class=\"missing\">Nothing of this was measured.</p>\n");
    }
}

void report_plot_length(const struct results *r, FILE *f) {
    char path[64];
    FILE *s = script(path);
    int drawn = 0, points[SIDE_COUNT] = {0};

    if (!s)
        return;
    begin(s, "length", 420);
    fprintf(s, "set logscale xy\nset format y '%%g %%%%'\nset format x '%%g'\nset xlabel 'time natively, "
               "kernel and finish, us'\n"
               "set ylabel 'longer than natively'\nset yrange [0.01:]\n"
               "set arrow from graph 0, first 1 to graph 1, first 1 nohead lc rgb '#808080' lw 1.5 dt 2\n");
    for (int side = 1; side < SIDE_COUNT; side++) {
        if (!results_has(r, side))
            continue;
        fprintf(s, "$s%d << EOD\n", side);
        for (int i = 0; i < r->list.count; i++) {
            const struct series *m = &r->list.items[i];
            double native = series_median(m, 0), more = series_difference(m, side);
            if (strcmp(m->program, "length") != 0 || strncmp(m->metric, "kernel of", 9) != 0 ||
                !isfinite(more))
                continue;
            fprintf(s, "%.6g %.6g\n", native, more > 0.0001 * native ? 100 * more / native : 0.01);
            points[side]++;
        }
        fprintf(s, "EOD\n");
    }
    fprintf(s, "plot ");
    for (int side = 1; side < SIDE_COUNT; side++)
        if (points[side] > 0)
            fprintf(s, "%s$s%d with linespoints pt 7 ps 0.6 lw 2 lc rgb '%s' title '%s'", drawn++ ? ", " : "",
                    side, colours[side], side_facts[side].title);
    fprintf(s, "\n");
    if (drawn) {
        finish(s, path, f);
    } else {
        fclose(s);
        unlink(path);
        fprintf(f, "<p class=\"missing\">The program that measures this, length, was not run.</p>\n");
    }
}
