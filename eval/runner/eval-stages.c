// SPDX-License-Identifier: MIT
/* The stages of builds, and why rows are slower than native: both from the latency profile of process guests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eval/runner/eval.h"
#include "eval/runner/report.h"
#include "host-backend/profile/record.h"
#include "host-backend/profile/summary.h"

#define STAGES_PROGRAM "nw" /* one small kernel, as most programs have */
#define STAGES "stages of a build"
#define MOST_EXPLAINED 6

/* What is profiled. */
struct wish {
    const char *program;
    bool spirv; /* through the SVGA baseline */
    bool fresh; /* at its end with a program to build that nobody has built before */
};

/* false: it failed, or there is no profile. */
static bool profile(struct eval *e, struct wish w, struct trace_set *set) {
    char path[PATH_MAX + 64], file[PATH_MAX + 64], p[16], d[16], why[512] = "";
    const char *argv[] = {path, "-p", p, "-d", d, w.fresh ? "-n" : NULL, NULL};

    snprintf(path, sizeof(path), "%s/%s", e->sides.programs, w.program);
    snprintf(file, sizeof(file), "%s/profile.json", e->sides.dir);
    sides_device_arguments(&e->sides, SIDE_PROCESS_SOURCE, p, d);
    struct proc_result r = sides_run_profiled(&e->sides, w.spirv, file, (char *const *)argv, 120);
    bool ok = r.status == 0 && record_load(file, set, why, sizeof why) == 0;

    if (!ok)
        eval_failed(e, w.spirv ? SIDE_PROCESS_SPIRV : SIDE_PROCESS_SOURCE, "latency profile", r.status);
    unlink(file);
    free(r.text);
    return ok;
}

static void add(struct eval *e, enum side side, const char *build, const char *stage, uint64_t ns) {
    char metric[64];

    snprintf(metric, sizeof(metric), "%s: %s", build, stage);
    struct series *s = series_get(&e->list, STAGES, metric, "ms", false);
    snprintf(s->phase, sizeof(s->phase), "cold");
    series_add(s, (int)side, (double)ns / 1e6);
}

static void add_build(struct eval *e, enum side side, const char *build, const struct trace_item *item) {
    const struct trace_command *c = &item->command;
    uint64_t begin, end, known = c->compile + c->validate + c->translate + c->driver;

    if (!total_times(item, &begin, &end))
        return;
    add(e, side, build, "compiling in the guest", c->compile);
    add(e, side, build, "validating on the host", c->validate);
    add(e, side, build, "translating on the host", c->translate);
    add(e, side, build, "the host's driver", c->driver);
    add(e, side, build, "all else", end - begin > known ? end - begin - known : 0);
}

void eval_run_stages(struct eval *e) {
    static const char *const names[] = {"seen program", "new program"};

    if (!runner_wants(&e->options, STAGES_PROGRAM))
        return;
    for (int spirv = 0; spirv < 2; spirv++) {
        enum side side = spirv ? SIDE_PROCESS_SPIRV : SIDE_PROCESS_SOURCE;
        struct trace_set set = {0};
        int builds = 0;

        if (!eval_has(e, side))
            continue;
        eval_progress(e, side, STAGES, "");
        if (!profile(e, (struct wish){.program = STAGES_PROGRAM, .spirv = spirv, .fresh = true}, &set))
            continue;
        /* the workload builds itself, which it has done before, and at its end a new program */
        for (size_t i = 0; i < set.count && builds < 2; i++)
            if (set.items[i].command.what == TRACE_BUILD)
                add_build(e, side, names[builds++], &set.items[i]);
        trace_free(&set);
    }
}

static void keep(void *list, const char *sentence) {
    json_array_append_new(list, json_string(sentence));
}

/* What of the program's time is whose. */
static void say_whose(const struct summary_share *s, json_t *list) {
    static const enum stage driver[] = {STAGE_DRIVER, STAGE_SUBMIT, STAGE_DEVICE, STAGE_RUN};
    uint64_t drivers = s->kernels + s->transfers + s->builds, ours = 0;
    char text[256];

    for (int i = 0; i < STAGE_COUNT; i++)
        ours += s->stage[i];
    for (size_t i = 0; i < sizeof driver / sizeof driver[0]; i++) {
        drivers += s->stage[driver[i]];
        ours -= s->stage[driver[i]];
    }
    if (s->span == 0)
        return;
    snprintf(text, sizeof text,
             "Of its time %.1f %% is the device's and its driver's, %.1f %% Trillium's (to the driver and "
             "back), %.1f %% the program's own.",
             100.0 * (double)drivers / (double)s->span, 100.0 * (double)ours / (double)s->span,
             100.0 * (double)s->program / (double)s->span);
    json_array_append_new(list, json_string(text));
}

/* The program's profile, in words. */
static json_t *words(struct eval *e, const char *program) {
    struct trace_set set = {0};
    struct summary_share share;
    json_t *list = json_array();
    size_t count;

    eval_progress(e, SIDE_PROCESS_SOURCE, program, ", why it is slower");
    if (!profile(e, (struct wish){.program = program}, &set))
        return list;
    struct summary_group *groups = summary_groups(&set, BY_KERNEL, &count);
    if (groups && summary_shares(&set, &share)) {
        say_whose(&share, list);
        summary_words(&set, &share, groups, count, keep, list);
    }
    free(groups);
    trace_free(&set);
    return list;
}

json_t *eval_explain(struct eval *e) {
    const struct results now = {.list = e->list};
    json_t *all = json_object();
    int rows[64], n = report_outside(&now, SIDE_PROCESS_SOURCE, true, rows, 64);

    for (int i = 0; i < n && i < 64 && json_object_size(all) < MOST_EXPLAINED; i++) {
        const char *name = e->list.items[rows[i]].program;
        bool own = false;

        for (int p = 0; p < program_count; p++)
            own = own || !strcmp(programs[p].name, name);
        if (own && !json_object_get(all, name))
            json_object_set_new(all, name, words(e, name));
    }
    return all;
}
