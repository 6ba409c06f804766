// SPDX-License-Identifier: MIT
/* Runs a program on a side, and takes what it says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/runner/eval.h"

#define OWN_TIMEOUT 120 /* seconds */
#define GIVEN_TIMEOUT 1800
#define LONG_UNTIL 0.6 /* of the time there is: who takes long begins no more after that */

void eval_progress(const struct eval *e, enum side side, const char *what, const char *round) {
    fprintf(stderr, "%5.0f s  %-27s %s%s\n", proc_now() - e->start, side_facts[side].title, what, round);
}

void eval_failed(struct eval *e, enum side side, const char *program, int status) {
    char text[256];

    if (status == -1)
        snprintf(text, sizeof(text), "%s, %s: did not end in time", side_facts[side].title, program);
    else
        snprintf(text, sizeof(text), "%s, %s: exit status %d", side_facts[side].title, program, status);
    fprintf(stderr, "eval: %s\n", text);
    json_array_append_new(e->failure_list, json_string(text));
    e->failures++;
}

bool eval_asks_for(const struct runner_options *o, enum side side) {
    if (o->sides)
        return runner_listed(o->sides, side_facts[side].name);
    return true;
}

/* Data that is copied, and by emulated code where a VM's is. */
static bool takes_long(enum side side) {
    return side_facts[side].vm && (side_facts[side].guest_backed || side_facts[side].remote);
}

/* Of a side that takes long minutes have room for some programs, and of two for one. */
static bool has_room_for(const struct eval *e, enum side side, const struct program *program) {
    return side_facts[side].remote && program->everywhere &&
           proc_now() < e->start + LONG_UNTIL * e->options.budget;
}

bool eval_has(const struct eval *e, enum side side) {
    const struct runner_options *o = &e->options;

    if (e->sides.p[side] < 0)
        return false;
    if (side == SIDE_NATIVE)
        return true;
    return eval_asks_for(o, side);
}

bool eval_runs_on(const struct eval *e, enum side side, const struct program *program) {
    const struct runner_options *o = &e->options;

    if (!eval_has(e, side))
        return false;
    if (o->sides || o->all || o->only || !takes_long(side))
        return true;
    return has_room_for(e, side, program);
}

static void take_metric(struct series_list *list, int side, const json_t *j) {
    const char *program = json_string_value(json_object_get(j, "program"));
    const char *metric = json_string_value(json_object_get(j, "metric"));
    const char *unit = json_string_value(json_object_get(j, "unit"));
    const char *better = json_string_value(json_object_get(j, "better"));
    const char *phase = json_string_value(json_object_get(j, "phase"));
    json_t *samples = json_object_get(j, "samples");

    if (!program || !metric || !unit || !better)
        return;
    struct series *s = series_get(list, program, metric, unit, !strcmp(better, "higher"));

    if (phase)
        snprintf(s->phase, sizeof(s->phase), "%.7s", phase);
    series_add(s, side, json_number_value(json_object_get(j, "value")));
    if (json_array_size(samples) > 1) {
        if (!s->samples[side])
            s->samples[side] = json_array();
        json_array_append(s->samples[side], samples);
    }
}

void eval_take_metrics(struct series_list *list, int column, char *text) {
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *j = json_loads(line, 0, NULL);
        take_metric(list, column, j);
        json_decref(j);
    }
}

/* Takes the JSON lines of a program, or, where its first run is not to count, those that it measured once it was warm. Returns
 * whether the check line was among them. */
static bool take_lines(struct eval *e, enum side side, char *text, bool measured) {
    bool checked = false;

    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *j = json_loads(line, 0, NULL);
        const char *program = json_string_value(json_object_get(j, "program"));
        const char *hash = json_string_value(json_object_get(j, "hash"));

        const char *phase = json_string_value(json_object_get(j, "phase"));

        if (measured || (phase && !strcmp(phase, "warm")))
            take_metric(&e->list, (int)side, j);
        if (program && hash) {
            struct check *c = check_get(&e->checks, program);

            checked = true;
            if (c) {
                snprintf(c->hash[side], sizeof(c->hash[side]), "%s", hash);
                c->sum[side] = json_number_value(json_object_get(j, "sum"));
            }
        }
        json_decref(j);
    }
    return checked;
}

/* The daemon readies a worker for the next guest: that is not to run beneath somebody else's measurement. */
static void let_rest(struct eval *e, enum side side) {
    if (e->sides.daemon.pid > 0)
        proc_wait_idle(e->sides.daemon.pid);
    if (e->sides.vm.pid > 0 && side_facts[side].vm)
        proc_wait_idle(e->sides.vm.pid);
}

/* Start to exit: with everything that a fresh process pays for, so it is a cold row. */
static void take_wall(struct eval *e, enum side side, const char *program, int round, double seconds) {
    struct series *s =
        series_get(&e->list, program, round ? "start to exit" : "start to exit, first time", "ms", false);

    snprintf(s->phase, sizeof(s->phase), "cold");
    series_add(s, (int)side, seconds * 1e3);
}

static void say_round(const struct eval *e, enum side side, const char *program, int round) {
    char label[32];

    snprintf(label, sizeof(label), round ? ", round %d" : ", warming up", round);
    eval_progress(e, side, program, label);
}

void eval_run_own(struct eval *e, enum side side, const struct program *program, int round, bool shortened) {
    char path[PATH_MAX + 64], p[16], d[16];
    const char *argv[] = {path, "-p", p, "-d", d, NULL, NULL, NULL, NULL};
    const bool builds_new =
        program->workload && round > 0 && !shortened && (e->options.all || program->builds_new);
    int n = 5;

    say_round(e, side, program->name, round);
    snprintf(path, sizeof(path), "%s/%s", e->sides.programs, program->name);
    sides_device_arguments(&e->sides, side, p, d);
    if (program->workload) {
        argv[n++] = "-z";
        argv[n++] = e->options.size;
        if (builds_new)
            argv[n++] = "-n";
    }
    struct proc_result r = sides_run(&e->sides, side, (char *const *)argv, OWN_TIMEOUT);

    /* with a new program to build at its end, a process takes longer than one of the program's own */
    if (r.status != 0 || !take_lines(e, side, r.text, round > 0 || program->steady))
        eval_failed(e, side, program->name, r.status);
    else if (!builds_new)
        take_wall(e, side, program->name, round, r.wall);
    free(r.text);
    let_rest(e, side);
}

void eval_run_given(struct eval *e, enum side side, int round) {
    const char *name = strrchr(e->options.program[0], '/');

    name = name ? name + 1 : e->options.program[0];
    say_round(e, side, name, round);
    struct proc_result r = sides_run(&e->sides, side, e->options.program, GIVEN_TIMEOUT);

    if (r.status != 0) {
        eval_failed(e, side, name, r.status);
    } else {
        take_wall(e, side, name, round, r.wall);
        take_lines(e, side, r.text, round > 0);
    }
    free(r.text);
    let_rest(e, side);
}
