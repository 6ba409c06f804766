// SPDX-License-Identifier: MIT
/* Two studies beside the comparison: what each optimization is worth, and what many guests at once do to one another. */
#include "eval/runner/study.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN_TIMEOUT 300
#define SCALED "scan" /* what the guests of the scaling study run: kernels and transfers that use all CPUs */
#define SCALED_RUNS "200"

/* What is off in each column; the first has everything. An environment of the guest, or options of the daemon. */
static const struct variation {
    const char *name;
    const char *env[3];
    const char *daemon[4];
} variations[] = {
    {"everything on", {NULL}, {NULL}},
    {"guest does not copy buffers itself", {"TRILLIUM_DIRECT=0"}, {NULL}},
    {"buffers not in shared memory", {"TRILLIUM_DIRECT=0", "TRILLIUM_PLACED=0"}, {NULL}},
    {"mapped memory is copied first", {"TRILLIUM_IN_PLACE=0"}, {NULL}},
    {"transfers always take fresh memory", {"TRILLIUM_REUSE=0"}, {NULL}},
    {"new pages are faulted in", {"TRILLIUM_FILL=0"}, {NULL}},
    {"guest sleeps at once", {"TRILLIUM_SPIN_US=0"}, {NULL}},
    {"guest never sleeps sooner", {"TRILLIUM_PACE=0"}, {NULL}},
    {"worker sleeps at once", {NULL}, {"--worker-options", "--spin-us 0"}},
    {"worker as any process", {NULL}, {"--worker-options", "--no-batch"}},
    {"a thread waits for the driver", {NULL}, {"--worker-options", "--completion wait"}},
    {"no cache of built programs", {NULL}, {"--fresh-builds"}},
    {"no warm workers", {NULL}, {"--warm-workers", "0"}},
    {"nor pages of libraries at once", {NULL}, {"--warm-workers", "0", "--worker-options", "--no-prefault"}},
};
enum { VARIATIONS = sizeof variations / sizeof variations[0] };
_Static_assert((int)VARIATIONS <= SERIES_SIDES, "each variation has a column");

const char *const *study_variations(int *count) {
    static const char *names[VARIATIONS];

    for (int v = 0; v < VARIATIONS; v++)
        names[v] = variations[v].name;
    *count = VARIATIONS;
    return names;
}

/* One program with one thing off. Its metrics become series whose columns are the variations. */
static void run_variation(struct eval *e, int v, const char *program, bool measured,
                          struct series_list *list) {
    const struct variation *x = &variations[v];
    const char *const *usual = sides_env(&e->sides, SIDE_PROCESS_SOURCE, e->sides.shm);
    char path[PATH_MAX + 64], p[16], d[16], shm[PATH_MAX + 16], variable[PATH_MAX + 64];
    const char *env[20], *argv[] = {path, "-p", p, "-d", d, NULL};
    struct proc daemon = {.pid = -1};
    int n = 0;

    for (; usual[n]; n++)
        env[n] = usual[n];
    for (int i = 0; i < 3 && x->env[i]; i++)
        env[n++] = x->env[i];
    if (x->daemon[0]) {
        if (!sides_start_varied_daemon(&e->sides, &daemon, x->daemon, shm)) {
            eval_failed(e, SIDE_PROCESS_SOURCE, x->name, 1);
            return;
        }
        snprintf(variable, sizeof(variable), "TRILLIUM_SHM=%s", shm);
        env[n++] = variable;
    }
    env[n] = NULL;
    snprintf(path, sizeof(path), "%s/%s", e->sides.programs, program);
    sides_device_arguments(&e->sides, SIDE_PROCESS_SOURCE, p, d);
    const struct proc_options o = {.env = env, .cpu = -1, .timeout = RUN_TIMEOUT};
    struct proc_result r = proc_run((char *const *)argv, &o);

    if (r.status != 0)
        eval_failed(e, SIDE_PROCESS_SOURCE, x->name, r.status);
    else if (measured)
        eval_take_metrics(list, v, r.text);
    if (r.status == 0 && measured)
        series_add(series_get(list, program, "start to exit", "ms", false), v, r.wall * 1e3);
    free(r.text);
    proc_stop(&daemon);
    proc_wait_idle(e->sides.daemon.pid);
}

json_t *study_ablations(struct eval *e) {
    static const char *const programs_of_it[] = {"launch", "transfer", "bfs", "hotspot", "spmv"};
    struct series_list list = {0};
    json_t *all = json_array();

    /* round 0 warms up; each begins with another column: what the last one of a program leaves behind is no one column's burden */
    for (int round = 0; round <= e->options.rounds; round++)
        for (size_t p = 0; p < sizeof programs_of_it / sizeof programs_of_it[0]; p++)
            for (int turn = 0; turn < VARIATIONS; turn++) {
                int v = (turn + 5 * round) % VARIATIONS;
                eval_progress(e, SIDE_PROCESS_SOURCE, programs_of_it[p], variations[v].name);
                run_variation(e, v, programs_of_it[p], round > 0, &list);
            }
    int count;
    const char *const *names = study_variations(&count);
    for (int i = 0; i < list.count; i++)
        json_array_append_new(all, series_json(&list.items[i], names, count));
    series_free(&list);
    return all;
}

/* ---- what a profile costs ---- */

const char *const study_profiled[STUDY_PROFILED_COLUMNS] = {"without a profile", "with a profile", "natively",
                                                            "natively, profiling itself"};

/* One run of a workload, natively (`shm` is NULL) or as a guest. With `list` its warm time is counted. */
static void run_for_profile(struct eval *e, const char *program, int column, const char *shm,
                            struct series_list *list) {
    const enum side side = shm ? SIDE_PROCESS_SOURCE : SIDE_NATIVE;
    const char *const *env = sides_env(&e->sides, side, shm);
    char path[PATH_MAX + 64], p[16], d[16];
    const char *argv[] = {path,
                          "-p",
                          p,
                          "-d",
                          d,
                          "-z",
                          e->options.size,
                          "-r",
                          STUDY_PROFILED_RUNS,
                          column == STUDY_STAMPED ? "-t" : NULL,
                          NULL};
    const struct proc_options o = {.env = env, .cpu = -1, .timeout = RUN_TIMEOUT};

    snprintf(path, sizeof(path), "%s/%s", e->sides.programs, program);
    sides_device_arguments(&e->sides, side, p, d);
    struct proc_result r = proc_run((char *const *)argv, &o);
    if (r.status != 0)
        eval_failed(e, side, study_profiled[column], r.status);
    else if (list)
        eval_take_metrics(list, column, r.text);
    free(r.text);
}

/* Old traces make room for new ones. */
static void empty_folder(const char *path) {
    DIR *d = opendir(path);

    for (struct dirent *entry; d && (entry = readdir(d));)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(d), entry->d_name, 0);
    if (d)
        closedir(d);
}

json_t *study_profile_overhead(struct eval *e) {
    char folder[PATH_MAX + 16], shm[2][PATH_MAX + 16]; /* of the guests' daemons; natively there is none */
    struct proc daemon = {.pid = -1};
    struct series_list list = {0};
    json_t *all = json_array();

    snprintf(folder, sizeof(folder), "%s/traces", e->sides.dir);
    snprintf(shm[STUDY_UNPROFILED], sizeof(shm[0]), "%s", e->sides.shm);
    if (mkdir(folder, 0700) < 0 ||
        !sides_start_varied_daemon(&e->sides, &daemon, (const char *const[4]){"--profile", folder},
                                   shm[STUDY_PROFILED])) {
        eval_failed(e, SIDE_PROCESS_SOURCE, study_profiled[STUDY_PROFILED], 1);
        return all;
    }
    /* round 0 warms up; each begins with another column */
    for (int round = 0; round <= e->options.rounds; round++)
        for (int p = 0; p < program_count; p++) {
            if (!programs[p].workload || !eval_wants(e, &programs[p]))
                continue;
            eval_progress(e, SIDE_PROCESS_SOURCE, programs[p].name, ", with and without a profile");
            for (int turn = 0; turn < STUDY_PROFILED_COLUMNS; turn++) {
                int column = (turn + round) % STUDY_PROFILED_COLUMNS;
                run_for_profile(e, programs[p].name, column, column < STUDY_NATIVE ? shm[column] : NULL,
                                round ? &list : NULL);
                proc_wait_idle(e->sides.daemon.pid);
                proc_wait_idle(daemon.pid);
            }
            empty_folder(folder);
        }
    proc_stop(&daemon);
    empty_folder(folder);
    rmdir(folder);
    for (int i = 0; i < list.count; i++)
        if (!strcmp(list.items[i].metric, "run"))
            json_array_append_new(all, series_json(&list.items[i], study_profiled, STUDY_PROFILED_COLUMNS));
    series_free(&list);
    return all;
}

/* So many guests at once, each a process of its own: seconds from the first one's start to the last one's end. Negative: one
 * of them failed. */
static double run_many(struct eval *e, enum side side, int guests) {
    char path[PATH_MAX + 64], p[16], d[16];
    const char *argv[] = {path, "-p", p, "-d", d, "-r", SCALED_RUNS, NULL};
    const struct proc_options o = {
        .env = sides_env(&e->sides, side, e->sides.shm), .cpu = -1, .timeout = RUN_TIMEOUT};
    struct proc procs[16];
    double start = proc_now();
    bool ok = true;
    int started = 0;

    snprintf(path, sizeof(path), "%s/" SCALED, e->sides.programs);
    sides_device_arguments(&e->sides, side, p, d);
    while (started < guests && proc_start(&procs[started], (char *const *)argv, &o))
        started++;
    for (int i = 0; i < started; i++) {
        struct proc_result r = proc_finish(&procs[i]);
        ok = ok && r.status == 0;
        free(r.text);
    }
    double seconds = proc_now() - start;
    proc_wait_idle(e->sides.daemon.pid);
    return ok && started == guests ? seconds : -1;
}

void study_scaling(struct eval *e) {
    for (int round = 0; round <= e->options.rounds; round++)
        for (int guests = 1; guests <= 16; guests *= 2)
            for (int side = SIDE_NATIVE; side <= SIDE_PROCESS_SPIRV; side++) {
                char metric[64];
                if (!eval_has(e, side))
                    continue;
                snprintf(metric, sizeof(metric), "%d at once, for each", guests);
                eval_progress(e, side, "scaling: ", metric);
                double seconds = run_many(e, side, guests);
                if (seconds < 0)
                    eval_failed(e, side, metric, 1);
                else if (round > 0)
                    series_add(series_get(&e->list, "scaling", metric, "ms", false), side,
                               seconds * 1e3 / guests);
            }
}
