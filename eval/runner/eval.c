// SPDX-License-Identifier: MIT
/* The main job: the same programs on every side, taking turns, until the rounds are done or the time is. */
#include "eval/runner/eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "eval/runner/machine.h"
#include "eval/runner/output.h"
#include "eval/runner/report.h"
#include "eval/runner/runner.h"
#include "eval/runner/study.h"

static const char intro[] =
    "Usage: trillium eval [OPTION]... [-- PROGRAM [ARGUMENT]...]\n"
    "       trillium eval report RESULTS.json [DIR]     makes the pages and tables again\n"
    "       trillium eval compare OLD.json NEW.json     says what changed beyond noise\n"
    "       trillium eval isa [OPTION]... FOLDER        which virtual ISA do the programs in FOLDER need? "
    "(isa --help)\n"
    "\n"
    "Runs programs on the host's OpenCL driver, as process guests and in a VM, through Trillium and through\n"
    "the SVGA baseline (SPIR-V), taking turns, and says what each way costs: clpeak and 20 of its own 30 "
    "programs,\n"
    "or PROGRAM, with nothing written for it. Results that differ from the native ones are failures.\n"
    "`trillium-eval bench --help`: single OpenCL calls, native and in a process guest.\n";

bool eval_wants(const struct eval *e, const struct program *p) {
    return e->options.only ? runner_wants(&e->options, p->name) : e->options.all || p->usual;
}

/* A guest is to be at least that many times as fast as a native program: what a machine does not reproduce is no loss. */
#define AS_FAST 0.98

/* One of those that are compared first: natively and in process guests without copies. */
static bool is_foremost(int side) {
    return side == SIDE_NATIVE || side == SIDE_PROCESS_SOURCE || side == SIDE_PROCESS_SPIRV;
}

/* On a slow machine the first round would take longer than there is time: so long after the start, as a part of it, the rest of that round is
 * measured without the VM, and then without those that copy. */
#define VM_UNTIL 0.85

static bool has_time(const struct eval *e, int side, int round) {
    const struct runner_options *o = &e->options;

    return round != 1 || is_foremost(side) || o->all || o->only || o->sides ||
           proc_now() < e->start + (side_facts[side].vm ? VM_UNTIL : 1) * o->budget;
}

/* One round: every program on every side, one side after the other, so that drift of the machine meets all of them. */
static void run_round(struct eval *e, int round) {
    if (e->options.program) {
        for (int s = 0; s < SIDE_COUNT; s++)
            if (eval_has(e, s))
                eval_run_given(e, s, round);
        return;
    }
    if (round > 0)
        eval_run_stages(e);
    int without = 0;
    for (int p = 0; p < program_count; p++) {
        for (int s = 0; s < SIDE_COUNT; s++) {
            if (!eval_wants(e, &programs[p]) || !eval_runs_on(e, s, &programs[p]))
                continue;
            if (has_time(e, s, round))
                eval_run_own(e, s, &programs[p], round, false);
            else
                without++;
        }
    }
    if (without > 0)
        fprintf(stderr,
                "eval: there was no time for %d of a round's runs, in the VM or with copies; --budget "
                "SECONDS gives more\n",
                without);
}

/* Do the program's rounds tell, of each of its warm rows in process guests without copies, whether it is about as fast as natively? */
static bool is_told(const struct eval *e, const char *program) {
    for (int i = 0; i < e->list.count; i++) {
        const struct series *s = &e->list.items[i];
        if (strcmp(s->program, program) != 0 || strcmp(s->phase, "warm") != 0)
            continue;
        for (int side = 1; side < SIDE_COUNT; side++)
            if (is_foremost(side) && eval_has(e, side) && !series_tells(s, side, AS_FAST))
                return false;
    }
    return true;
}

/* A round of programs that need more of them, natively and in process guests without copies. Returns how many there were. */
static int run_short_round(struct eval *e, int round) {
    int count = 0;

    for (int p = 0; p < program_count; p++) {
        if (!eval_wants(e, &programs[p]) || programs[p].slow || is_told(e, programs[p].name))
            continue;
        if (proc_now() > e->start + e->options.budget)
            return count;
        for (int s = 0; s < SIDE_COUNT; s++)
            if (eval_has(e, s) && is_foremost(s))
                eval_run_own(e, s, &programs[p], round, true);
        count++;
    }
    return count;
}

/* Natively and in process guests a program takes tenths of a second, and its spread is that of starts: where no whole round
 * fits any more, these are run again by turns, without new programs, until the time is over; the longer the fewer, since whoever's
 * rounds tell whether it is as fast as natively needs no more of them. The other rows keep the rounds that they have. Returns how many
 * such rounds were begun. */
static int run_short_rounds(struct eval *e, int done) {
    int round = done + 1;

    if (e->options.program || done == e->options.rounds)
        return 0;
    while (round < SERIES_VALUES && run_short_round(e, round) > 0)
        round++;
    if (round > done + 1)
        fprintf(stderr,
                "eval: up to %d more rounds fitted, natively and in process guests without copies, of "
                "programs whose "
                "rounds before did not tell whether they are %.2f times as fast\n",
                round - done - 1, AS_FAST);
    return round - done - 1;
}

/* Returns how many rounds were measured. */
static int run_rounds(struct eval *e) {
    double longest = 0;
    int done = 0;

    for (int round = 0; round <= e->options.rounds; round++) {
        double before = proc_now();

        if (round > 1 && before + longest > e->start + e->options.budget) {
            fprintf(stderr, "eval: there is no time for more than %d whole rounds\n", done);
            break;
        }
        run_round(e, round);
        done = round;
        longest = fmax(longest, round ? proc_now() - before : 0);
        if (round == 1 && e->options.rounds > 1)
            fprintf(
                stderr,
                "eval: a round takes %.0f s; %d more are to follow, or fewer if %.0f s are used up first\n",
                longest, e->options.rounds - 1, e->options.budget);
    }
    return done;
}

static bool start(struct eval *e) {
    const struct runner_options *o = &e->options;

    if (!sides_open(&e->sides, o->device))
        return false;
    machine_look();
    json_t *machine = machine_json(&e->sides);
    machine_print(stdout, machine);
    json_decref(machine);
    if (!sides_start_process(&e->sides))
        eval_failed(e, SIDE_PROCESS_SOURCE, "start", 1);
    if (o->no_vm)
        return true;
    fprintf(stderr, "%5.0f s  booting a VM\n", proc_now() - e->start);
    if (sides_start_vm(&e->sides, o->vm, eval_asks_for(o, SIDE_VM_REMOTE)))
        printf("VM: %.1f s from start to the first output of a program in it\n", e->sides.vm_boot);
    else
        eval_failed(e, SIDE_VM_SOURCE, "boot", 1);
    if (eval_asks_for(o, SIDE_VM_REMOTE) && e->sides.p[SIDE_VM_SOURCE] >= 0 && e->sides.p[SIDE_VM_REMOTE] < 0)
        eval_failed(e, SIDE_VM_REMOTE, "boot", 1);
    return true;
}

static json_t *sides_json(const struct eval *e) {
    json_t *list = json_array();

    for (int s = 0; s < SIDE_COUNT; s++) {
        const struct side_facts *f = &side_facts[s];
        if (eval_has(e, s))
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "name", f->name,
                                                  "title", f->title, "interface", f->interface, "endpoints",
                                                  f->endpoint, "mechanism", f->mechanism, "transport",
                                                  f->transport, "synthesis", f->synthesis));
    }
    return list;
}

/* The command line. */
static json_t *options_json(int argc, char **argv) {
    json_t *list = json_array();

    for (int i = 1; i < argc; i++)
        json_array_append_new(list, json_string_nocheck(argv[i]));
    return list;
}

/* All that was measured, with the lists that `e` holds. */
static json_t *results_json(struct eval *e, int rounds, int short_rounds) {
    json_t *root = json_object(), *list = json_array();
    const char *names[SIDE_COUNT];
    char when[64];
    time_t now = time(NULL);
    struct tm utc;
    int different;

    for (int s = 0; s < SIDE_COUNT; s++)
        names[s] = side_facts[s].name;
    for (int i = 0; i < e->list.count; i++)
        json_array_append_new(list, series_json(&e->list.items[i], names, SIDE_COUNT));
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    json_object_set_new(root, "when", json_string(when));
    json_object_set_new(root, "machine", machine_json(&e->sides));
    json_object_set_new(root, "size", json_string(e->options.size));
    json_object_set_new(root, "sides", sides_json(e));
    json_object_set_new(root, "rounds", json_integer(rounds));
    json_object_set_new(root, "short rounds", json_integer(short_rounds));
    json_object_set_new(root, "seconds", json_real(proc_now() - e->start));
    if (e->sides.vm_boot > 0)
        json_object_set_new(root, "vm boot to first output, seconds", json_real(e->sides.vm_boot));
    json_object_set_new(root, "results", list);
    json_object_set_new(root, "checks", check_compare(&e->checks, &different));
    e->failures += different;
    json_object_set_new(root, "failures", e->failure_list);
    return root;
}

int eval_main(int argc, char **argv) {
    static struct eval the_eval;
    struct eval *e = &the_eval;
    struct results results;

    if (argc > 1 && !strcmp(argv[1], "report"))
        return report_main(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "compare"))
        return compare_main(argc - 1, argv + 1);
    int status = runner_options_parse(RUNNER_EVAL, intro, program_names(), argc, argv, &e->options);

    if (status >= 0)
        return status;
    e->start = proc_now();
    e->failure_list = json_array();
    if (!output_make_folder(e->options.out))
        return 1;
    if (!start(e)) {
        sides_close(&e->sides);
        return 1;
    }
    if (!e->options.no_clpeak)
        eval_run_clpeak(e);
    int rounds = run_rounds(e), short_rounds = run_short_rounds(e, rounds);
    if (e->options.scaling)
        study_scaling(e);
    json_t *ablations = e->options.ablations ? study_ablations(e) : NULL;
    json_t *overhead = e->options.profile_overhead ? study_profile_overhead(e) : NULL;
    bool whole = !e->options.only && !e->options.program;
    json_t *shares = e->options.shares || whole ? study_shares(e, e->options.shares) : NULL;
    json_t *explained = e->options.program ? json_object() : eval_explain(e),
           *root = results_json(e, rounds, short_rounds);

    json_object_set_new(root, "explanations", explained);
    json_object_set_new(root, "options", options_json(argc, argv));
    if (ablations)
        json_object_set_new(root, "ablations", ablations);
    if (overhead)
        json_object_set_new(root, "profile overhead", overhead);
    if (shares)
        json_object_set_new(root, "shares", shares);

    sides_close(&e->sides);
    if (!output_json(e->options.out, "results.json", root))
        e->failures++;
    if (!results_take(&results, root, "what was measured") || !report_write(&results, e->options.out))
        e->failures++;
    results_free(&results);
    if (e->failures)
        fprintf(stderr, "eval: %d failures\n", e->failures);
    series_free(&e->list);
    return e->failures > 0;
}
