// SPDX-License-Identifier: MIT
/*
 * Single OpenCL calls, natively and in a process guest, taking turns: once with the kernel free to place
 * threads, once with everything (program, daemon, worker) on one core. Prints medians, p99, the median of the
 * ratios between what was measured in one turn, and the goal that is set for it.
 */
#include "eval/runner/bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "eval/runner/options.h"
#include "eval/runner/machine.h"
#include "eval/runner/output.h"
#include "eval/runner/runner.h"

static const char intro[] = "Usage: trillium-eval bench [OPTION]...\n"
                            "\n"
                            "Single OpenCL calls, natively and in a process guest, taking turns.\n";

/* The groups of rows. The measuring program's own, which know nothing of others, come first. */
enum { ROW_GROUPS = 10 };
static const char *const groups[] = {"null",  "stream",  "small-copies", "argument", "copies", "map",
                                     "calls", "kernels", "build",        "build300", "start",  "guests",
                                     "loops", "idle",    "programs",     NULL};

enum { IDLE = 64, TURNS = 2 };
const char *const column_names[COLUMNS] = {"native", "guest", "guest-spirv"};
const char *const placement_names[PLACEMENTS] = {"free", "one core"};

struct bench {
    struct sides sides;
    struct proc daemons[PLACEMENTS];
    char shm[PLACEMENTS][PATH_MAX + 16];
    int gp, gd; /* the device's indices in a guest */
    struct bench_results results;
    struct runner_options options;
    int failures, core;
    unsigned salt;
    char loops[32];
    double start;
};

static void failed(struct bench *b, int column, const char *what, int status) {
    fprintf(stderr, "bench: %s, %s: %s %d\n", column_names[column], what,
            status < 0 ? "did not end in time" : "exit status", status);
    b->failures++;
}

/* How a guest is started. */
struct launch {
    const char *prefix; /* `PREFIX run -- PROGRAM`; NULL: the program itself */
    const char *shm;    /* else: its daemon's socket */
};

/* Starts the measuring program on one column. `arguments` end with NULL. */
static bool launch(struct bench *b, enum placement where, int column, const struct launch *l,
                   const char *const *arguments, bool hold, struct proc *p) {
    const enum side side = column == NATIVE  ? SIDE_NATIVE
                           : column == GUEST ? SIDE_PROCESS_SOURCE
                                             : SIDE_PROCESS_SPIRV;
    char program[PATH_MAX + 16], pi[16], di[16], percent[16];
    const char *argv[52] = {l->prefix, "run", "--", program, "-p", pi,
                            "-d",      di,    "-r", percent, "-l", b->loops};
    const char *const *first = l->prefix ? argv : argv + 3;
    int n = 12;
    const struct proc_options o = {.env = l->prefix ? NULL : sides_env(&b->sides, side, l->shm),
                                   .cpu = where == ONE_CORE ? b->core : -1,
                                   .timeout = 120,
                                   .hold_stdin = hold};

    snprintf(program, sizeof(program), "%s/bench", b->sides.programs);
    snprintf(pi, sizeof(pi), "%d", column == NATIVE ? b->sides.p[SIDE_NATIVE] : b->gp);
    snprintf(di, sizeof(di), "%d", column == NATIVE ? b->sides.d[SIDE_NATIVE] : b->gd);
    snprintf(percent, sizeof(percent), "%d", b->options.percent);
    while (*arguments && n < 51)
        argv[n++] = *arguments++;
    return proc_start(p, (char *const *)first, &o);
}

static bool start(struct bench *b, enum placement where, int column, const char *const *arguments, bool hold,
                  struct proc *p) {
    const struct launch l = {.shm = b->shm[where]};
    return launch(b, where, column, &l, arguments, hold, p);
}

static struct proc_result run(struct bench *b, enum placement where, int column,
                              const char *const *arguments) {
    struct proc p;

    if (!start(b, where, column, arguments, false, &p))
        return (struct proc_result){.status = 127, .text = strdup("")};
    struct proc_result r = proc_finish(&p);

    if (r.status != 0)
        failed(b, column, arguments[0], r.status);
    return r;
}

/* Before each measurement: what the daemon does for the next guest (readying a worker) has to be over. */
static void settle(struct bench *b) {
    for (int w = 0; w < PLACEMENTS; w++)
        if (b->daemons[w].pid > 0)
            proc_wait_idle(b->daemons[w].pid);
}

/* Takes the JSON lines of rows; `name` replaces the row's own name if it is given. */
static void take_rows(struct bench *b, enum placement where, int column, char *text, const char *name) {
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *j = json_loads(line, 0, NULL);
        const char *row = json_string_value(json_object_get(j, "row"));
        const char *unit = json_string_value(json_object_get(j, "unit"));

        if (row && unit) {
            bool higher = !strcmp(unit, "GB/s");

            row = name ? name : row;
            series_add(series_get(&b->results.list, placement_names[where], row, unit, higher), column,
                       json_number_value(json_object_get(j, "median")));
            series_add(series_get(&b->results.p99, placement_names[where], row, unit, higher), column,
                       json_number_value(json_object_get(j, "p99")));
        }
        json_decref(j);
    }
}

/* Has a program that follows measure one group of rows. false: it does not any more. */
static bool ask(struct proc *p, const char *group) {
    double deadline = proc_now() + 60;
    size_t seen = p->used;

    if (p->pid <= 0 || !proc_say(p, group))
        return false;
    while (!(p->text && strstr(p->text + seen, "{\"done\"")))
        if (!proc_read(p, deadline))
            return false;
    return true;
}

/* One program for each column, alive together, group after group in turns. */
static void measure_rows(struct bench *b, enum placement where, int round) {
    const char *follow[] = {"follow", NULL};
    struct proc p[COLUMNS];
    bool good[COLUMNS] = {true, true, true};

    for (int column = 0; column < COLUMNS; column++) {
        p[column].pid = -1;
        if (where == FREE || column != SPIRV)
            good[column] = start(b, where, column, follow, true, &p[column]) && ask(&p[column], "");
    }
    settle(b);
    for (int i = 0; i < ROW_GROUPS; i++) {
        bool builds = !strncmp(groups[i], "build", 5);

        for (int turn = 0; turn < TURNS && runner_wants(&b->options, groups[i]); turn++) {
            for (int k = 0; k < 2; k++) { /* who goes first changes from turn to turn */
                int column = (turn + round + k) % 2 == 0 ? NATIVE : GUEST;
                good[column] = good[column] && ask(&p[column], groups[i]);
            }
            /* through SPIR-V only what builds: the rest does not know how its program was made */
            if (builds && p[SPIRV].pid > 0)
                good[SPIRV] = good[SPIRV] && ask(&p[SPIRV], groups[i]);
        }
    }
    for (int column = 0; column < COLUMNS; column++) {
        if (p[column].pid <= 0)
            continue;
        proc_release_stdin(&p[column]);
        struct proc_result r = proc_finish(&p[column]);

        if (r.status != 0 || !good[column])
            failed(b, column, "rows", r.status);
        else
            take_rows(b, where, column, r.text, NULL);
        free(r.text);
    }
}

/* A small program from start to exit: with a source that nobody has seen, and with one that has been built
 * before. */
static void measure_start(struct bench *b, enum placement where, int column, bool keep) {
    for (int seen = 0; seen < 2; seen++) {
        char salt[16];
        const char *arguments[] = {"small", salt, NULL};

        snprintf(salt, sizeof(salt), "%u", seen ? 77u : b->salt++);
        settle(b);
        struct proc_result r = run(b, where, column, arguments);

        if (keep && r.status == 0)
            series_add(series_get(&b->results.list, placement_names[where],
                                  seen ? "start-to-exit-seen" : "start-to-exit-new", "ms", false),
                       column, r.wall * 1e3);
        free(r.text);
    }
}

/* `count` programs at once, null kernels one by one; their rates together. */
static void measure_guests(struct bench *b, int column, int count) {
    const char *arguments[] = {"rate", "0.5", NULL};
    struct proc p[8];
    double sum = 0;
    bool good = true;
    char row[32];

    settle(b);
    for (int i = 0; i < count; i++) {
        if (!start(b, FREE, column, arguments, true, &p[i]))
            return;
        /* a pipe of one must not stay open in the next: they are all close-on-exec */
        while (!(p[i].text && strstr(p[i].text, "ready")) && proc_read(&p[i], p[i].started + 60))
            ;
    }
    settle(b);
    for (int i = 0; i < count; i++)
        proc_release_stdin(&p[i]);
    for (int i = 0; i < count; i++) {
        struct proc_result r = proc_finish(&p[i]);
        char *line = strchr(r.text, '{');
        json_t *j = line ? json_loads(line, JSON_DISABLE_EOF_CHECK, NULL) : NULL;

        if (r.status != 0 || !j)
            failed(b, column, "rate", r.status);
        good = good && r.status == 0 && j;
        sum += json_number_value(json_object_get(j, "rate"));
        json_decref(j);
        free(r.text);
    }
    snprintf(row, sizeof(row), "%d-guests", count);
    if (good)
        series_add(series_get(&b->results.list, placement_names[FREE], row, "kernels/s", true), column, sum);
}

static void measure_beside_loops(struct bench *b, int column, int count) {
    const char *burn[] = {"burn", NULL}, *null[] = {"null", NULL};
    struct proc p[2];
    char row[32];

    settle(b);
    for (int i = 0; i < count; i++) {
        char program[PATH_MAX + 16];
        const char *argv[] = {program, burn[0], NULL};
        const struct proc_options o = {.cpu = -1, .timeout = 60};

        snprintf(program, sizeof(program), "%s/bench", b->sides.programs);
        if (!proc_start(&p[i], (char *const *)argv, &o))
            return;
    }
    struct proc_result r = run(b, FREE, column, null);

    snprintf(row, sizeof(row), "null-beside-%d-loop%s", count, count > 1 ? "s" : "");
    take_rows(b, FREE, column, r.text, row);
    free(r.text);
    for (int i = 0; i < count; i++)
        proc_stop(&p[i]);
}

/* Kilobytes of a process that it shares with nobody. */
static double private_kib(pid_t pid) {
    char path[64], line[256];
    double sum = 0, value;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "Private_Clean: %lf", &value) == 1 ||
            sscanf(line, "Private_Dirty: %lf", &value) == 1)
            sum += value;
    if (f)
        fclose(f);
    return sum;
}

/* Programs that have run kernels and now do nothing: what they cost another one and the host. Per guest: CPU
 * time of daemon and workers, in percent of a core; memory of the daemon. */
static void measure_beside_idle(struct bench *b, int column) {
    const char *arguments[] = {"rate", "0", NULL}, *null[] = {"null", NULL};
    static struct proc p[IDLE];
    int count = 0;

    settle(b);
    while (count < IDLE && start(b, FREE, column, arguments, true, &p[count])) {
        struct proc *one = &p[count++];
        while (!(one->text && strstr(one->text, "ready")) && proc_read(one, one->started + 60))
            ;
    }
    settle(b);
    struct proc_result r = run(b, FREE, column, null);
    take_rows(b, FREE, column, r.text, "null-beside-64-idle");
    free(r.text);
    if (column == GUEST && count == IDLE) {
        sleep(4); /* the daemon readies the next worker once a CPU has time to spare */
        settle(b);
        double cpu = proc_tree_cpu(b->daemons[FREE].pid), began = proc_now();
        sleep(3);
        cpu = (proc_tree_cpu(b->daemons[FREE].pid) - cpu) / (proc_now() - began);
        series_add(series_get(&b->results.list, placement_names[FREE], "64-idle-cpu", "%", false), column,
                   100 * cpu / IDLE);
        series_add(series_get(&b->results.list, placement_names[FREE], "64-idle-daemon", "KiB", false),
                   column, private_kib(b->daemons[FREE].pid) / IDLE);
    }
    for (int i = 0; i < count; i++)
        proc_release_stdin(&p[i]);
    for (int i = 0; i < count; i++) {
        r = proc_finish(&p[i]);
        if (r.status != 0)
            failed(b, column, "rate", r.status);
        free(r.text);
    }
}

/* ---- whole programs ---- */

/* Where a guest's worker comes from. */
enum host { DAEMON, NEW_DAEMON, RUN, HOSTS };
static const char *const host_names[HOSTS] = {"", ", new daemon", ", run"};

static const struct program {
    const char *name;
    const char *const arguments[6];
    bool everywhere; /* also beside a daemon that has just started, and two at once */
} programs[] = {
    {"20-kernels", {"program", "twenty"}, true},
    {"0.1ms-stream", {"program", "full", "100", "1000", "0"}, false},
    {"1ms-stream", {"program", "full", "1000", "150", "0"}, false},
    {"10ms-stream", {"program", "full", "10000", "15", "0"}, false},
    {"0.1ms-4KiB", {"program", "full", "100", "500", "4096"}, false},
    {"1ms-1MiB", {"program", "full", "1000", "100", "1048576"}, false},
    {"10ms-64MiB", {"program", "full", "10000", "6", "67108864"}, false},
};
enum { PROGRAM_TURNS = 3, MAX_AT_ONCE = 2 };

/* Seconds from the start of `count` at once to the end of the last; negative if one failed. */
static double time_programs(struct bench *b, int column, enum host host, const struct program *program,
                            int count) {
    char trillium[PATH_MAX + 32], shm[PATH_MAX + 16];
    struct proc daemon = {.pid = -1}, p[MAX_AT_ONCE];
    double began, last = 0;
    bool good = true;

    settle(b);
    snprintf(trillium, sizeof(trillium), "%s/bin/trillium", b->sides.prefix);
    if (column == GUEST && host == NEW_DAEMON && !sides_start_new_daemon(&b->sides, &daemon, shm))
        return -1;
    began = proc_now();
    for (int i = 0; i < count; i++) {
        const struct launch l = {.prefix = column == GUEST && host == RUN ? trillium : NULL,
                                 .shm = daemon.pid > 0 ? shm : b->shm[FREE]};
        good = launch(b, FREE, column, &l, program->arguments, false, &p[i]) && good;
    }
    for (int i = 0; good && i < count; i++) {
        struct proc_result r = proc_finish(&p[i]);
        if (r.status != 0)
            failed(b, column, program->name, r.status);
        good = r.status == 0;
        last = proc_now() - began;
        free(r.text);
    }
    if (daemon.pid > 0)
        proc_stop(&daemon);
    return good ? last : -1;
}

static void measure_program(struct bench *b, const struct program *program, enum host host, int count,
                            int turn) {
    char row[64];
    double seconds[2] = {0};

    snprintf(row, sizeof(row), "program %s%s%s", program->name, host_names[host], count > 1 ? ", two" : "");
    for (int k = 0; k < 2; k++) {
        int column = (turn + k) % 2 == 0 ? NATIVE : GUEST;
        seconds[column] = time_programs(b, column, host, program, count);
    }
    for (int column = NATIVE; column <= GUEST; column++)
        if (seconds[NATIVE] > 0 && seconds[GUEST] > 0)
            series_add(series_get(&b->results.list, placement_names[FREE], row, "ms", false), column,
                       seconds[column] * 1e3);
}

static void measure_programs(struct bench *b, int round) {
    for (int turn = -(round == 0); turn < PROGRAM_TURNS; turn++) {
        for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
            if (turn < 0) { /* so that every kernel has been seen, on every side */
                time_programs(b, NATIVE, DAEMON, &programs[i], 1);
                time_programs(b, GUEST, DAEMON, &programs[i], 1);
                time_programs(b, GUEST, RUN, &programs[i], 1);
                continue;
            }
            for (enum host host = DAEMON; host < HOSTS; host++)
                if (host != NEW_DAEMON || programs[i].everywhere)
                    measure_program(b, &programs[i], host, 1, turn);
            if (programs[i].everywhere)
                measure_program(b, &programs[i], DAEMON, 2, turn);
        }
    }
}

static void measure_round(struct bench *b, int round) {
    if (runner_wants(&b->options, "programs")) {
        fprintf(stderr, "%5.0f s  round %d: whole programs\n", proc_now() - b->start, round + 1);
        measure_programs(b, round);
    }
    for (int where = 0; where < PLACEMENTS; where++) {
        fprintf(stderr, "%5.0f s  round %d: single calls, %s\n", proc_now() - b->start, round + 1,
                placement_names[where]);
        measure_rows(b, where, round);
    }
    for (int turn = 0; turn < 2; turn++) {
        /* who goes first changes from round to round */
        int column = (turn + round) % 2 == 0 ? NATIVE : GUEST;

        fprintf(stderr, "%5.0f s  round %d: %s, start to exit, and in company\n", proc_now() - b->start,
                round + 1, column_names[column]);
        for (int where = 0; where < PLACEMENTS && runner_wants(&b->options, "start"); where++)
            measure_start(b, where, column, true);
        for (int count = 2; count <= 8 && runner_wants(&b->options, "guests"); count *= 2)
            measure_guests(b, column, count);
        for (int count = 1; count <= 2 && runner_wants(&b->options, "loops"); count++)
            measure_beside_loops(b, column, count);
        if (round == 0 && runner_wants(&b->options, "idle")) /* it takes as long as a round */
            measure_beside_idle(b, column);
    }
}

static bool prepare(struct bench *b, const char *device) {
    const char *loops[] = {"loops", NULL};
    char *text;

    b->core = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
    b->salt = (unsigned)time(NULL) * 1000u;
    for (int w = 0; w < PLACEMENTS; w++)
        b->daemons[w].pid = -1;
    snprintf(b->loops, sizeof(b->loops), "0");
    if (!sides_open(&b->sides, device))
        return false;
    machine_look();
    json_t *machine = machine_json(&b->sides);
    machine_print(stdout, machine);
    json_decref(machine);
    if (!sides_start_process(&b->sides))
        return false;
    /* sides_start_process has found the device in a guest; the daemon for all that runs free is the same */
    b->daemons[FREE].pid = b->sides.daemon.pid;
    snprintf(b->shm[FREE], sizeof(b->shm[FREE]), "%s", b->sides.shm);
    b->gp = b->sides.p[SIDE_PROCESS_SOURCE];
    b->gd = b->sides.d[SIDE_PROCESS_SOURCE];
    if (!sides_start_daemon(&b->sides, &b->daemons[ONE_CORE], b->core, b->shm[ONE_CORE]))
        return false;
    struct proc_result r = run(b, FREE, NATIVE, loops);

    text = strchr(r.text, ':');
    if (text)
        snprintf(b->loops, sizeof(b->loops), "%.0f", atof(text + 1));
    free(r.text);
    /* so that the fixed source has been seen on every side */
    for (int where = 0; where < PLACEMENTS && runner_wants(&b->options, "start"); where++) {
        measure_start(b, where, NATIVE, false);
        measure_start(b, where, GUEST, false);
    }
    return text != NULL;
}

int bench_main(int argc, char **argv) {
    static struct bench the_bench;
    struct bench *b = &the_bench;
    const struct runner_options *o = &b->options;
    double longest = 0;
    int done = 0, status = runner_options_parse(RUNNER_BENCH, intro, groups, argc, argv, &b->options);

    if (status >= 0)
        return status;
    b->start = proc_now();
    bool ready = output_make_folder(o->out) && prepare(b, o->device);

    for (; ready && done < o->rounds; done++) {
        double before = proc_now();

        if (done > 0 && before + longest > b->start + o->budget) {
            fprintf(stderr, "bench: the time is used up after %d rounds\n", done);
            break;
        }
        measure_round(b, done);
        longest = fmax(longest, proc_now() - before);
    }
    status = !ready || b->failures > 0;

    if (done > 0) {
        json_t *root = json_object(), *list = json_array();

        bench_add_slow(&b->results);
        bench_print(&b->results, list);
        json_object_set_new(root, "machine", machine_json(&b->sides));
        json_object_set_new(root, "rounds", json_integer(done));
        json_object_set_new(root, "seconds", json_real(proc_now() - b->start));
        json_object_set_new(root, "rows", list);
        if (!output_json(o->out, "bench.json", root))
            status = 1;
        bench_write_page(&b->results, &b->sides, o->out);
        json_decref(root);
    }
    proc_stop(&b->daemons[ONE_CORE]);
    sides_close(&b->sides);
    series_free(&b->results.list);
    series_free(&b->results.p99);
    return status;
}
