// SPDX-License-Identifier: MIT
/* The answers as one small table: what a phone's first screen and a paper have room for. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/runner/report.h"

/* The sides of a process guest and of a VM. */
struct pair {
    int in[SHORT_COLUMNS];
};
static const struct pair native = {{SIDE_NATIVE, SIDE_NATIVE}},
                         source = {{SIDE_PROCESS_SOURCE, SIDE_VM_SOURCE}},
                         spirv = {{SIDE_PROCESS_SPIRV, SIDE_VM_SPIRV}},
                         backed = {{SIDE_PROCESS_BACKED, SIDE_VM_BACKED}},
                         remote = {{SIDE_PROCESS_REMOTE, SIDE_VM_REMOTE}};

static const char *noise(struct interval i, double none) {
    return i.count < 2 || interval_holds(i, none) ? "~" : "";
}

/* What `side` costs beside `base`: a factor, or milliseconds more. False: neither in a process guest nor in the VM was it measured. */
static bool cost(const struct results *r, const char *metric, struct pair side, struct pair base, bool more,
                 struct short_row *row) {
    bool any = false;

    for (int c = 0; c < SHORT_COLUMNS; c++) {
        struct interval i = results_cost(r, metric, side.in[c], base.in[c], more, NULL);
        strcpy(row->cells[c], "-");
        if (!i.count || !isfinite(i.median))
            continue;
        any = true;
        snprintf(row->cells[c], sizeof row->cells[c], more ? "%+.0f ms%s" : "%.2f times%s", i.median,
                 noise(i, more ? 0 : 1));
    }
    return any;
}

static bool length(const struct results *r, struct pair side, struct short_row *row) {
    bool any = false;

    for (int c = 0; c < SHORT_COLUMNS; c++) {
        double fixed;
        int equal, lengths;
        double from = results_unnoticed(r, side.in[c], &fixed, &equal, &lengths);
        strcpy(row->cells[c], "-");
        if (isnan(fixed))
            continue;
        any = true;
        if (from <= 0)
            strcpy(row->cells[c], "none of these");
        else if (from < 1e3)
            snprintf(row->cells[c], sizeof row->cells[c], "%.0f us", from);
        else
            snprintf(row->cells[c], sizeof row->cells[c], "%.1f ms", from / 1e3);
    }
    return any;
}

int report_short(const struct results *r, struct short_row rows[SHORT_ROWS]) {
    const struct {
        const char *what, *metric;
        struct pair side, base;
        bool more;
    } costs[] = {
        {"Virtual ISA, warm runs, against source", "run", spirv, source, false},
        {"Virtual ISA, first result of a new program", "first result, new program", spirv, source, true},
        {"Virtual ISA, first result of a seen program", "first result, seen program", spirv, source, true},
        {"Guest-backed memory, warm runs, against shared", "run", backed, spirv, false},
        {"Forwarding, warm runs, against native", "run", source, native, false},
        {"API remoting, warm runs, against native", "run", remote, native, false},
    };
    const struct {
        const char *what;
        struct pair side;
    } lengths[] = {
        {"Forwarding costs less than 1 % of kernels from", source},
        {"API remoting costs less than 1 % of kernels from", remote},
    };
    int n = 0;

    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        rows[n].what = costs[i].what;
        n += cost(r, costs[i].metric, costs[i].side, costs[i].base, costs[i].more, &rows[n]);
    }
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        rows[n].what = lengths[i].what;
        n += length(r, lengths[i].side, &rows[n]);
    }
    return n;
}
