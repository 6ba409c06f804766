// SPDX-License-Identifier: MIT
/* What is made of results: a table for the terminal, and DIR/results.{html,md,csv}. */
#ifndef EVAL_RUNNER_REPORT_H
#define EVAL_RUNNER_REPORT_H

#include "eval/runner/results.h"

#include <stdio.h>

/* trillium eval report RESULTS.json [DIR], trillium eval compare OLD.json NEW.json: exit statuses. */
int report_main(int argc, char **argv);
int compare_main(int argc, char **argv);

/* Prints the table and writes the pages. false if one could not be written, after saying so. */
bool report_write(const struct results *r, const char *folder);

/* ---- report-text.c ---- */
void report_print(const struct results *r);
void report_markdown(const struct results *r, FILE *f);
void report_csv(const struct results *r, FILE *f);

/* ---- report-answers.c ---- */

/* The questions that an eval is made for and what these results answer, in sentences: calls back for each. `question` is NULL
 * for a further sentence to the same one. */
void report_answers(const struct results *r,
                    void (*say)(void *opaque, const char *question, const char *sentence), void *opaque);
/* The rows on which a side is slower (`slower`) or faster than native beyond noise, the furthest first: at most `room` of
 * them, as indices of r->list. Returns how many there are in all. */
int report_outside(const struct results *r, int side, bool slower, int *rows, int room);

/* ---- report-short.c ---- */

/* A figure for process guests and one for the VM: how many times as long, milliseconds more, or from which length on; "~" behind it:
 * that is no difference beyond noise; "-": it was not measured. */
enum { SHORT_PROCESS, SHORT_VM, SHORT_COLUMNS, SHORT_ROWS = 8 };
struct short_row {
    const char *what;
    char cells[SHORT_COLUMNS][24];
};
/* The rows of which anything was measured. Returns how many. */
int report_short(const struct results *r, struct short_row rows[SHORT_ROWS]);

/* ---- report-why.c ---- */

/* Of a row that is slower in the VM than natively: how much of what it takes more is there in a process guest, too, and how much
 * only in the VM. False: it is not slower, or one of the three was not measured, or its unit has no such parts. */
bool report_why_vm(const struct results *r, int row, char *sentence, size_t size);
/* The same of all warm runs of workloads together. */
bool report_why_vm_all(const struct results *r, char *sentence, size_t size);

/* ---- report-html.c, report-plot.c ---- */
bool report_html(const struct results *r, FILE *f);
/* Writes an SVG element into the page, or a paragraph that says why there is none. */
void report_plot_speeds(const struct results *r, const char *metric, const char *name, FILE *f);
void report_plot_length(const struct results *r, FILE *f);

#endif
