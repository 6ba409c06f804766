/*
 * Single OpenCL calls, natively and in a process guest, taking turns: once with the kernel free to place
 * threads, once with everything (program, daemon, worker) on one core. Prints medians, p99, the median of the
 * ratios between what was measured in one turn, and the goal that is set for it.
 */
#include "eval/runner/runner.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] = "Usage: trillium-eval bench [OPTION]...\n"
                           "\n"
                           "  --out DIR         write DIR/bench.json and bench.md (default eval/out)\n"
                           "  --device NAME     measure on the device whose platform or name contains NAME\n"
                           "  --rounds N        (default 5)\n"
                           "  --budget SECONDS  start no further round after that (default 240)\n"
                           "  --percent N       samples in percent of the usual (default 100)\n"
                           "  --rows A,B        only these groups; null stream small-copies argument copies "
                           "map calls kernels build build300 start guests\n"
                           "                    loops idle\n"
                           "  --help\n";

enum { IDLE = 64, TURNS = 2 };
enum { NATIVE, GUEST, SPIRV, COLUMNS };
static const char *const column_names[COLUMNS] = {"native", "guest", "guest-spirv"};
enum placement { FREE, ONE_CORE, PLACEMENTS };
static const char *const placement_names[PLACEMENTS] = {"free", "one core"};

enum goal_kind { NO_GOAL, TIMES, PLUS, AT_MOST };
struct goal {
    enum goal_kind kind;
    double value; /* TIMES: of native; PLUS: on top of native, AT_MOST: absolute, both in the row's unit */
};

static const struct row_goal {
    const char *row;
    struct goal goals[PLACEMENTS];
} goals[] = {
    {"null", {{TIMES, 0.5}, {PLUS, 2}}},
    {"stream", {{TIMES, 1}, {TIMES, 1}}},
    {"stream-call", {{AT_MOST, 0.2}, {AT_MOST, 0.2}}},
    {"write-4B", {{AT_MOST, 0.5}, {AT_MOST, 0.5}}},
    {"read-4B", {{AT_MOST, 0.5}, {AT_MOST, 0.5}}},
    {"arg-kernel-read", {{TIMES, 0.5}, {PLUS, 2}}},
    {"write-64KiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"read-64KiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"write-1MiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"read-1MiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"write-64MiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"read-64MiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"write-256MiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"read-256MiB", {{TIMES, 0.95}, {TIMES, 0.95}}},
    {"map-64MiB", {{TIMES, 1}, {TIMES, 1}}},
    {"create-release", {{AT_MOST, 500}, {AT_MOST, 500}}},
    {"set-argument", {{AT_MOST, 20}, {AT_MOST, 20}}},
    {"device-info", {{AT_MOST, 30}, {AT_MOST, 30}}},
    {"kernel-0.1ms-each", {{TIMES, 1.10}, {TIMES, 1.10}}},
    {"kernel-0.1ms-stream", {{TIMES, 1.10}, {TIMES, 1.10}}},
    {"kernel-1ms-each", {{TIMES, 1.01}, {TIMES, 1.01}}},
    {"kernel-1ms-stream", {{TIMES, 1.01}, {TIMES, 1.01}}},
    {"kernel-5ms-each", {{TIMES, 1.01}, {TIMES, 1.01}}},
    {"kernel-5ms-stream", {{TIMES, 1.01}, {TIMES, 1.01}}},
    {"build-new", {{TIMES, 1}, {TIMES, 1}}},
    {"build-seen", {{AT_MOST, 1}, {AT_MOST, 1}}},
    {"start-to-exit-new", {{TIMES, 0.3}, {TIMES, 0.3}}},
    {"start-to-exit-seen", {{TIMES, 0.5}, {TIMES, 0.5}}},
    {"2-guests", {{TIMES, 1}, {NO_GOAL, 0}}},
    {"4-guests", {{TIMES, 1}, {NO_GOAL, 0}}},
    {"8-guests", {{TIMES, 1}, {NO_GOAL, 0}}},
    {"null-beside-1-loop", {{TIMES, 1}, {NO_GOAL, 0}}},
    {"null-beside-2-loops", {{TIMES, 1}, {NO_GOAL, 0}}},
    {"null-beside-64-idle", {{TIMES, 0.5}, {NO_GOAL, 0}}},
    {"64-idle-cpu", {{AT_MOST, 0.1}, {NO_GOAL, 0}}},
    {"64-idle-daemon", {{AT_MOST, 1024}, {NO_GOAL, 0}}},
};

struct bench {
    struct sides sides;
    struct proc daemons[PLACEMENTS];
    char shm[PLACEMENTS][PATH_MAX + 16];
    int gp, gd; /* the device's indices in a guest */
    struct series_list list, p99;
    const char *only;
    int percent, failures, core;
    unsigned salt;
    char loops[32];
    double start;
};

static bool wanted(const struct bench *b, const char *group) {
    size_t n = strlen(group);

    for (const char *at = b->only; at && (at = strstr(at, group)); at += n)
        if ((at == b->only || at[-1] == ',') && (at[n] == ',' || at[n] == '\0'))
            return true;
    return !b->only;
}

static void failed(struct bench *b, int column, const char *what, int status) {
    fprintf(stderr, "bench: %s, %s: %s %d\n", column_names[column], what,
            status < 0 ? "did not end in time" : "exit status", status);
    b->failures++;
}

/* Starts the measuring program on one column. `arguments` end with NULL. */
static bool start(struct bench *b, enum placement where, int column, const char *const *arguments, bool hold,
                  struct proc *p) {
    const enum side side = column == NATIVE  ? SIDE_NATIVE
                           : column == GUEST ? SIDE_PROCESS_SOURCE
                                             : SIDE_PROCESS_SPIRV;
    char program[PATH_MAX + 16], pi[16], di[16], percent[16];
    const char *argv[48] = {program, "-p", pi, "-d", di, "-r", percent, "-l", b->loops};
    int n = 9;
    const struct proc_options o = {.env = sides_env(&b->sides, side, b->shm[where]),
                                   .cpu = where == ONE_CORE ? b->core : -1,
                                   .timeout = 120,
                                   .hold_stdin = hold};

    snprintf(program, sizeof(program), "%s/bench", b->sides.programs);
    snprintf(pi, sizeof(pi), "%d", column == NATIVE ? b->sides.p[SIDE_NATIVE] : b->gp);
    snprintf(di, sizeof(di), "%d", column == NATIVE ? b->sides.d[SIDE_NATIVE] : b->gd);
    snprintf(percent, sizeof(percent), "%d", b->percent);
    while (*arguments && n < 47)
        argv[n++] = *arguments++;
    return proc_start(p, (char *const *)argv, &o);
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
            series_add(series_get(&b->list, placement_names[where], row, unit, higher), column,
                       json_number_value(json_object_get(j, "median")));
            series_add(series_get(&b->p99, placement_names[where], row, unit, higher), column,
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
    static const char *const groups[] = {"null", "stream", "small-copies", "argument", "copies",
                                         "map",  "calls",  "kernels",      "build",    "build300"};
    const char *follow[] = {"follow", NULL};
    struct proc p[COLUMNS];
    bool good[COLUMNS] = {true, true, true};

    for (int column = 0; column < COLUMNS; column++) {
        p[column].pid = -1;
        if (where == FREE || column != SPIRV)
            good[column] = start(b, where, column, follow, true, &p[column]) && ask(&p[column], "");
    }
    settle(b);
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        bool builds = !strncmp(groups[i], "build", 5);

        for (int turn = 0; turn < TURNS && wanted(b, groups[i]); turn++) {
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
            series_add(series_get(&b->list, placement_names[where],
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
        series_add(series_get(&b->list, placement_names[FREE], row, "kernels/s", true), column, sum);
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
        series_add(series_get(&b->list, placement_names[FREE], "64-idle-cpu", "%", false), column,
                   100 * cpu / IDLE);
        series_add(series_get(&b->list, placement_names[FREE], "64-idle-daemon", "KiB", false), column,
                   private_kib(b->daemons[FREE].pid) / IDLE);
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

static void measure_round(struct bench *b, int round) {
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
        for (int where = 0; where < PLACEMENTS && wanted(b, "start"); where++)
            measure_start(b, where, column, true);
        for (int count = 2; count <= 8 && wanted(b, "guests"); count *= 2)
            measure_guests(b, column, count);
        for (int count = 1; count <= 2 && wanted(b, "loops"); count++)
            measure_beside_loops(b, column, count);
        if (round == 0 && wanted(b, "idle")) /* it takes as long as a round */
            measure_beside_idle(b, column);
    }
}

static const struct goal *find_goal(const char *row, enum placement where) {
    for (size_t i = 0; i < sizeof(goals) / sizeof(goals[0]); i++)
        if (!strcmp(goals[i].row, row))
            return &goals[i].goals[where];
    return NULL;
}

/* The goal as text, and whether it is met: 1, 0, or -1 for no goal. */
static int judge(const struct series *s, enum placement where, char text[48]) {
    const struct goal *g = find_goal(s->metric, where);
    double value = series_median(s, GUEST);

    text[0] = '\0';
    if (!g || g->kind == NO_GOAL || !isfinite(value))
        return -1;
    switch (g->kind) {
    case TIMES:
        snprintf(text, 48, "%s %.2f x", s->higher_is_better ? ">=" : "<=", g->value);
        value = series_ratio(s, GUEST);
        break;
    case PLUS:
        snprintf(text, 48, "<= native + %g", g->value);
        value = series_difference(s, GUEST);
        break;
    default:
        snprintf(text, 48, "<= %g %s", g->value, s->unit);
    }
    return !isfinite(value) ? -1 : s->higher_is_better ? value >= g->value : value <= g->value;
}

static void number_or_dash(char text[24], const char *format, double value)
    __attribute__((format(printf, 2, 0)));
static void number_or_dash(char text[24], const char *format, double value) {
    snprintf(text, 24, isfinite(value) ? format : "-", value);
}

static void print_results(struct bench *b, json_t *list) {
    int met = 0, all = 0;

    printf("\n%-22s %-9s | %9s %9s %6s | %9s %9s %6s | %7s  %-15s %s\n", "", "", "native", "p99", "spread",
           "guest", "p99", "spread", "guest/n", "goal", "");
    for (int where = 0; where < PLACEMENTS; where++) {
        printf("%s\n", where == FREE ? "free: the kernel places threads"
                                     : "one core: program, daemon and worker together");
        for (int i = 0; i < b->list.count; i++) {
            const struct series *s = &b->list.items[i];
            const struct series *p = series_get(&b->p99, s->program, s->metric, s->unit, s->higher_is_better);
            char n[4][24], spreads[2][24], ratio[24], goal[48];
            int verdict;
            json_t *j;

            if (strcmp(s->program, placement_names[where]) != 0)
                continue;
            verdict = judge(s, where, goal);
            met += verdict == 1;
            all += verdict >= 0;
            series_number(n[0], series_median(s, NATIVE));
            series_number(n[1], series_median(p, NATIVE));
            series_number(n[2], series_median(s, GUEST));
            series_number(n[3], series_median(p, GUEST));
            number_or_dash(spreads[0], "%.0f%%", series_spread(s, NATIVE) * 100);
            number_or_dash(spreads[1], "%.0f%%", series_spread(s, GUEST) * 100);
            number_or_dash(ratio, "%.3f", series_ratio(s, GUEST));
            printf("  %-20s %-9s | %9s %9s %6s | %9s %9s %6s | %7s  %-15s %s", s->metric, s->unit, n[0], n[1],
                   spreads[0], n[2], n[3], spreads[1], ratio, goal,
                   verdict < 0    ? ""
                   : verdict == 1 ? "met"
                                  : "NOT MET");
            if (s->count[SPIRV]) {
                series_number(n[0], series_median(s, SPIRV));
                printf("  (through SPIR-V: %s)", n[0]);
            }
            printf("\n");
            j = series_json(s, column_names, COLUMNS);
            json_object_set_new(j, "placement", json_string(placement_names[where]));
            json_object_del(j, "program");
            if (p->count[GUEST])
                json_object_set_new(j, "p99", series_json(p, column_names, COLUMNS));
            if (verdict >= 0) {
                json_object_set_new(j, "goal", json_string(goal));
                json_object_set_new(j, "met", json_boolean(verdict));
            }
            json_array_append_new(list, j);
        }
    }
    printf("\n%d of %d goals met\n", met, all);
}

/* The same for a page: medians of guest and native, and their ratio, in both placements. */
static void write_markdown(struct bench *b, const char *folder) {
    char path[600];
    FILE *f;

    snprintf(path, sizeof(path), "%.500s/bench.md", folder);
    f = fopen(path, "we");
    if (!f)
        return;
    machine_print(f, &b->sides);
    fprintf(
        f,
        "\n| row | unit | native, free | guest | ratio | goal | native, one core | guest | ratio | goal |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < b->list.count; i++) {
        const struct series first = b->list.items[i]; /* a copy: series_get may move the list */

        if (strcmp(first.program, placement_names[FREE]) != 0)
            continue;
        fprintf(f, "| %s | %s |", first.metric, first.unit);
        for (int where = 0; where < PLACEMENTS; where++) {
            const struct series *s = series_get(&b->list, placement_names[where], first.metric, first.unit,
                                                first.higher_is_better);
            char native[24], guest[24], ratio[24], goal[48];
            int verdict = judge(s, where, goal);

            series_number(native, series_median(s, NATIVE));
            series_number(guest, series_median(s, GUEST));
            series_number(ratio, series_ratio(s, GUEST));
            fprintf(f, " %s | %s | %s | %s%s |", native, guest, ratio, goal, verdict == 0 ? " missed" : "");
        }
        fprintf(f, "\n");
    }
    fclose(f);
    printf("%s\n", path);
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
    machine_print(stdout, &b->sides);
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
    for (int where = 0; where < PLACEMENTS && wanted(b, "start"); where++) {
        measure_start(b, where, NATIVE, false);
        measure_start(b, where, GUEST, false);
    }
    return text != NULL;
}

int bench_main(int argc, char **argv) {
    enum { OPT_OUT = 256, OPT_DEVICE, OPT_ROUNDS, OPT_BUDGET, OPT_PERCENT, OPT_ROWS };
    static const struct option options[] = {{"out", required_argument, NULL, OPT_OUT},
                                            {"device", required_argument, NULL, OPT_DEVICE},
                                            {"rounds", required_argument, NULL, OPT_ROUNDS},
                                            {"budget", required_argument, NULL, OPT_BUDGET},
                                            {"percent", required_argument, NULL, OPT_PERCENT},
                                            {"rows", required_argument, NULL, OPT_ROWS},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    static struct bench the_bench;
    struct bench *b = &the_bench;
    const char *out = "eval/out", *device = NULL;
    double budget = 240, longest = 0;
    int rounds = 5, c, done = 0;

    b->percent = 100;
    b->start = proc_now();
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (c) {
        case OPT_OUT:
            out = optarg;
            break;
        case OPT_DEVICE:
            device = optarg;
            break;
        case OPT_ROUNDS:
            rounds = atoi(optarg);
            break;
        case OPT_BUDGET:
            budget = atof(optarg);
            break;
        case OPT_PERCENT:
            b->percent = atoi(optarg);
            break;
        case OPT_ROWS:
            b->only = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            return 2;
        }
    }
    if (optind != argc || rounds < 1 || rounds >= SERIES_VALUES || b->percent < 1) {
        fprintf(stderr, "bench: wrong arguments; see trillium-eval bench --help\n");
        return 2;
    }
    bool ready = runner_make_folder(out) && prepare(b, device);

    for (; ready && done < rounds; done++) {
        double before = proc_now();

        if (done > 0 && before + longest > b->start + budget) {
            fprintf(stderr, "bench: the time is used up after %d rounds\n", done);
            break;
        }
        measure_round(b, done);
        longest = fmax(longest, proc_now() - before);
    }
    int status = !ready || b->failures > 0;

    if (done > 0) {
        json_t *root = json_object(), *list = json_array();

        print_results(b, list);
        json_object_set_new(root, "machine", machine_json(&b->sides));
        json_object_set_new(root, "rounds", json_integer(done));
        json_object_set_new(root, "seconds", json_real(proc_now() - b->start));
        json_object_set_new(root, "rows", list);
        runner_write(out, "bench.json", root);
        write_markdown(b, out);
        json_decref(root);
    }
    proc_stop(&b->daemons[ONE_CORE]);
    sides_close(&b->sides);
    free(b->list.items);
    free(b->p99.items);
    return status;
}
