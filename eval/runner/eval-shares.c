// SPDX-License-Identifier: MIT
/* How the host's schedulers share a device: what eval/shares measures under each of them, and a table of it. */
#include "eval/runner/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT = 600 };

/* As `trillium control --scheduler` names them; the default comes first. */
static const char *const schedulers[] = {"fair", "fcfs"};
enum { SCHEDULERS = sizeof schedulers / sizeof schedulers[0] };

static void take_line(json_t *list, const char *scheduler, const char *line) {
    json_t *o = json_loads(line, 0, NULL);

    if (json_is_object(o) && json_object_get(o, "met")) {
        json_object_set_new(o, "scheduler", json_string(scheduler));
        json_array_append(list, o);
    }
    json_decref(o);
}

json_t *study_shares(struct eval *e, bool all) {
    char path[PATH_MAX + 64];
    json_t *list = json_array();

    snprintf(path, sizeof path, "%s/shares.sh", e->sides.programs);
    for (int s = 0; s < SCHEDULERS; s++) {
        const char *argv[] = {
            path,    "--seconds", "2", "--scheduler", schedulers[s], "top", all ? "weights-1-3" : NULL,
            "light", NULL};
        const struct proc_options o = {.cpu = -1, .timeout = TIMEOUT};
        char *save = NULL;

        eval_progress(e, SIDE_PROCESS_SOURCE, "shares of a device", schedulers[s]);
        struct proc_result r = proc_run((char *const *)argv, &o);
        if (r.status != 0 && r.status != 1) /* 1: a goal is not met, which the table says */
            eval_failed(e, SIDE_PROCESS_SOURCE, "shares", r.status);
        for (char *line = strtok_r(r.text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
            take_line(list, schedulers[s], line);
        free(r.text);
    }
    return list;
}

static const char *text_of(const json_t *o, const char *key) {
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

/* What the same row says under the other scheduler; NULL: nothing. */
static const json_t *same_row(const json_t *list, const json_t *row, const char *scheduler) {
    json_t *o;
    size_t i;

    json_array_foreach(list, i, o) {
        if (strcmp(text_of(o, "scheduler"), scheduler) == 0 &&
            strcmp(text_of(o, "row"), text_of(row, "row")) == 0 &&
            strcmp(text_of(o, "what"), text_of(row, "what")) == 0)
            return o;
    }
    return NULL;
}

/* `line`: with the row, what, the values under each scheduler, and the goal; one of this file's two formats. */
static void each_row(const struct results *r, FILE *f, const char *line) {
    const json_t *list = json_object_get(r->root, "shares");
    json_t *row;
    size_t i;

    json_array_foreach(list, i, row) {
        const bool least = json_object_get(row, "least") != NULL, most = json_object_get(row, "most") != NULL;
        const json_t *other = same_row(list, row, schedulers[1]);
        char goal[48] = "-";

        if (strcmp(text_of(row, "scheduler"), schedulers[0]) != 0)
            continue;
        if (least || most)
            snprintf(goal, sizeof goal, "%s %g", least ? "at least" : "at most",
                     json_number_value(json_object_get(row, least ? "least" : "most")));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        fprintf(f, line, text_of(row, "row"), text_of(row, "what"),
                json_number_value(json_object_get(row, "value")),
                json_number_value(json_object_get(other, "value")), goal);
#pragma GCC diagnostic pop
    }
}

static bool measured(const struct results *r) {
    return json_array_size(json_object_get(r->root, "shares")) > 0;
}

void study_shares_html(const struct results *r, FILE *f) {
    if (!measured(r))
        return;
    fputs("<h2>How a device is shared</h2><p class=\"soft\">Guests that want one device at the same time, "
          "under the "
          "host's schedulers: weighted fair sharing, which is the default, and first come, first served. "
          "weights-1-3: two "
          "guests flood it, with weights of 1 and 3; light: one that has a kernel of 0.1 ms every 10 ms "
          "beside seven that "
          "flood it with kernels of 5 ms.</p><div "
          "class=\"table\"><table><tr><th>guests</th><th>what</th><th>fair</th>"
          "<th>first come</th><th>goal</th></tr>\n",
          f);
    each_row(r, f, "<tr><td>%s</td><td>%s</td><td>%.4g</td><td>%.4g</td><td>%s</td></tr>\n");
    fputs("</table></div>\n", f);
}

void study_shares_text(const struct results *r, FILE *f, bool markdown) {
    if (!measured(r))
        return;
    fputs(markdown ? "\n\n## Shares of a device\n\n| guests | what | fair | first come | goal "
                     "|\n|---|---|---|---|---|\n"
                   : "\nShares of a device, fair and first come, first served\n",
          f);
    each_row(r, f, markdown ? "| %s | %s | %.4g | %.4g | %s |\n" : "  %-12s %-66s %9.4g %9.4g  %s\n");
}
