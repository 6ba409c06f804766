// SPDX-License-Identifier: MIT
/* The main job: the same programs on every side, taking turns, until the rounds are done or the time is. */
#include "eval/runner/eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "eval/runner/options.h"
#include "eval/runner/output.h"
#include "eval/runner/runner.h"

static const char intro[] =
    "Usage: trillium eval [OPTION]...\n"
    "\n"
    "Runs clpeak and programs of eval's own on the host's OpenCL driver, as process guests and in a VM, "
    "through Trillium and through\n"
    "the SVGA baseline (SPIR-V), taking turns; prints a table of medians and of speed relative to native.\n"
    "`trillium-eval bench --help`: single OpenCL calls, native and in a process guest.\n";

static const char *const all_programs[] = {"saxpy",   "sgemm",  "nbody",    "reduction", "stencil",
                                           "bitonic", "launch", "transfer", "build",     NULL};

#define PEAK_TIMEOUT 150 /* seconds, for one part of clpeak on one side */

struct eval {
    struct sides sides;
    struct series_list list;
    struct check_list checks;
    struct runner_options options;
    int failures;
    json_t *failure_list;
    double start;
};

static void progress(const struct eval *e, enum side side, const char *what, const char *round) {
    fprintf(stderr, "%5.0f s  %-18s %s%s\n", proc_now() - e->start, side_titles[side], what, round);
}

static void failed(struct eval *e, enum side side, const char *program, int status) {
    char text[256];

    if (status == -1)
        snprintf(text, sizeof(text), "%s, %s: did not end in time", side_titles[side], program);
    else
        snprintf(text, sizeof(text), "%s, %s: exit status %d", side_titles[side], program, status);
    fprintf(stderr, "eval: %s\n", text);
    json_array_append_new(e->failure_list, json_string(text));
    e->failures++;
}

/* Takes the JSON lines of a program. Returns whether the check line was among them. */
static bool take_lines(struct eval *e, enum side side, char *text, bool measured) {
    bool checked = false;

    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *j = json_loads(line, 0, NULL);
        const char *program = json_string_value(json_object_get(j, "program"));
        const char *metric = json_string_value(json_object_get(j, "metric"));
        const char *unit = json_string_value(json_object_get(j, "unit"));
        const char *better = json_string_value(json_object_get(j, "better"));
        const char *hash = json_string_value(json_object_get(j, "hash"));

        if (program && metric && unit && better && measured)
            series_add(series_get(&e->list, program, metric, unit, !strcmp(better, "higher")), side,
                       json_number_value(json_object_get(j, "value")));
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

/* One of the own programs on one side. The first round warms caches and is kept apart. */
static void run_program(struct eval *e, enum side side, const char *program, int round) {
    char path[PATH_MAX + 64], p[16], d[16], label[32];
    char *argv[] = {path, "-p", p, "-d", d, NULL};

    if (e->sides.p[side] < 0)
        return;
    snprintf(label, sizeof(label), round ? ", round %d" : ", warming up", round);
    progress(e, side, program, label);
    snprintf(path, sizeof(path), "%s/%s", e->sides.programs, program);
    sides_device_arguments(&e->sides, side, p, d);
    struct proc_result r = sides_run(&e->sides, side, argv, 60);

    if (r.status != 0 || !take_lines(e, side, r.text, round > 0))
        failed(e, side, program, r.status);
    else
        series_add(
            series_get(&e->list, program, round ? "start to exit" : "start to exit, first time", "ms", false),
            side, r.wall * 1e3);
    free(r.text);
    /* the daemon readies a worker for the next guest: that is not to run beneath somebody else's measurement
     */
    if (e->sides.daemon.pid > 0)
        proc_wait_idle(e->sides.daemon.pid);
    if (e->sides.vm.pid > 0 && side >= SIDE_VM_SOURCE)
        proc_wait_idle(e->sides.vm.pid);
}

static void trim(char *text) {
    size_t n = strlen(text);

    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\r'))
        text[--n] = '\0';
}

/* clpeak's report: "    Title (UNIT)" and below it "      name   : value", or "    Kernel launch latency
 * : 7.1 us". */
static void take_clpeak(struct eval *e, enum side side, char *text) {
    char title[64] = "", unit[24] = "";

    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char name[64], kind[24], metric[64 + 64 + 2];
        double value;

        /* a copy that takes no time at all is "inf" */
        if (strstr(line, ": inf") || strstr(line, ": nan"))
            continue;
        if (sscanf(line, " Kernel launch latency : %lf", &value) == 1) {
            series_add(series_get(&e->list, "clpeak", "kernel launch latency", "us", false), side, value);
        } else if (!strchr(line, ':') && sscanf(line, " %63[^(](%23[^)])", name, kind) == 2) {
            trim(name);
            snprintf(title, sizeof(title), "%s", name);
            snprintf(unit, sizeof(unit), "%s", kind);
        } else if (title[0] && sscanf(line, " %63[^:]: %lf", name, &value) == 2) {
            trim(name);
            snprintf(metric, sizeof(metric), "%s", name);
            /* the names of its transfers speak for themselves; the others are types */
            if (strcmp(unit, "GBPS") != 0 || !strncmp(name, "float", 5))
                snprintf(metric, sizeof(metric), "%s, %s", title, name);
            metric[63] = '\0';
            series_add(series_get(&e->list, "clpeak", metric, unit, true), side, value);
        }
    }
}

/* clpeak's tests, in two parts: kernels, and copies, which do not depend on how kernels are shipped. */
static const char *const peak_kernels[] = {"--global-bandwidth",
                                           "--compute-sp",
                                           "--compute-dp",
                                           "--compute-integer",
                                           "--compute-intfast",
                                           "--kernel-latency",
                                           NULL};
static const char *const peak_copies[] = {"--transfer-bandwidth", NULL};

static void run_clpeak(struct eval *e, enum side side, const char *const *tests) {
    const bool copies = tests == peak_copies;
    char p[16], d[16];
    const char *argv[16] = {"clpeak", "-p", p, "-d", d};
    int n = 5;

    if (e->sides.p[side] < 0)
        return;
    progress(e, side, "clpeak", copies ? ", copies" : ", kernels");
    sides_device_arguments(&e->sides, side, p, d);
    while (*tests)
        argv[n++] = *tests++;
    struct proc_result r = sides_run(&e->sides, side, (char *const *)argv, PEAK_TIMEOUT);

    if (r.status != 0)
        failed(e, side, copies ? "clpeak, copies" : "clpeak, kernels", r.status);
    /* what it said before it was stopped has been measured */
    take_clpeak(e, side, r.text);
    free(r.text);
}

static double time_used(const struct eval *e) {
    return (proc_now() - e->start) / e->options.budget;
}

/* Native and VM are the main job; the process guests follow while time allows it. */
static void run_all_clpeak(struct eval *e) {
    run_clpeak(e, SIDE_NATIVE, peak_kernels);
    run_clpeak(e, SIDE_VM_SOURCE, peak_kernels);
    run_clpeak(e, SIDE_VM_SPIRV, peak_kernels);
    run_clpeak(e, SIDE_NATIVE, peak_copies);
    run_clpeak(e, SIDE_PROCESS_SOURCE, peak_copies);
    run_clpeak(e, SIDE_VM_SOURCE, peak_copies);
    if (time_used(e) < 0.4)
        run_clpeak(e, SIDE_PROCESS_SOURCE, peak_kernels);
    if (time_used(e) < 0.5)
        run_clpeak(e, SIDE_PROCESS_SPIRV, peak_kernels);
}

/* Rounds of the own programs, every side after the other, so that drift of the machine meets all of them. */
static int run_rounds(struct eval *e) {
    double round_start, longest = 0;
    int done = 0;

    for (int round = 0; round <= e->options.rounds; round++) {
        round_start = proc_now();
        if (round > 1 && round_start + longest > e->start + e->options.budget) {
            fprintf(stderr, "eval: the time is used up after %d rounds\n", done);
            break;
        }
        for (int p = 0; all_programs[p]; p++)
            for (int s = 0; s < SIDE_COUNT; s++)
                if (runner_wants(&e->options, all_programs[p]))
                    run_program(e, s, all_programs[p], round);
        done = round;
        longest = fmax(longest, proc_now() - round_start);
    }
    return done;
}

int eval_main(int argc, char **argv) {
    static struct eval the_eval;
    struct eval *e = &the_eval;
    const struct runner_options *o = &e->options;
    int status = runner_options_parse(RUNNER_EVAL, intro, all_programs, argc, argv, &e->options);

    if (status >= 0)
        return status;
    e->start = proc_now();
    e->failure_list = json_array();
    if (!output_make_folder(o->out))
        return 1;
    if (!sides_open(&e->sides, o->device)) {
        sides_close(&e->sides);
        return 1;
    }
    machine_look();
    machine_print(stdout, &e->sides);
    if (!sides_start_process(&e->sides))
        failed(e, SIDE_PROCESS_SOURCE, "start", 1);
    if (!o->no_vm) {
        fprintf(stderr, "%5.0f s  booting a VM\n", proc_now() - e->start);
        if (sides_start_vm(&e->sides))
            printf("VM: %.1f s from start to the first output of a program in it\n", e->sides.vm_boot);
        else
            failed(e, SIDE_VM_SOURCE, "boot", 1);
    }
    if (!o->no_clpeak)
        run_all_clpeak(e);
    int done = run_rounds(e), different;

    eval_print(&e->list);
    json_t *root = json_object(), *list = json_array(), *checks = check_compare(&e->checks, &different);
    e->failures += different;
    for (int i = 0; i < e->list.count; i++)
        json_array_append_new(list, series_json(&e->list.items[i], side_names, SIDE_COUNT));
    char when[64];
    time_t now = time(NULL);

    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    json_object_set_new(root, "when", json_string(when));
    json_object_set_new(root, "machine", machine_json(&e->sides));
    json_object_set_new(root, "rounds", json_integer(done));
    json_object_set_new(root, "seconds", json_real(proc_now() - e->start));
    if (e->sides.vm_boot > 0)
        json_object_set_new(root, "vm boot to first output, seconds", json_real(e->sides.vm_boot));
    json_object_set_new(root, "results", list);
    json_object_set_new(root, "checks", checks);
    json_object_set_new(root, "failures", e->failure_list);
    sides_close(&e->sides);
    if (!output_json(o->out, "results.json", root))
        e->failures++;
    eval_write_page(&e->list, &e->sides, o->out);
    json_decref(root);
    if (e->failures)
        fprintf(stderr, "eval: %d failures\n", e->failures);
    free(e->list.items);
    return e->failures > 0;
}
