/* The main job: the same programs on every side, taking turns, until the rounds are done or the time is. */
#include "eval/runner/runner.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "Usage: trillium eval [OPTION]...\n"
    "\n"
    "Runs clpeak and programs of eval's own on the host's OpenCL driver, as process guests and in a VM, "
    "through Trillium and through\n"
    "the SVGA baseline (SPIR-V), taking turns; prints a table of medians and of speed relative to native.\n"
    "\n"
    "  --out DIR         write DIR/results.json and results.md (default eval/out)\n"
    "  --device NAME     measure on the device whose platform or name contains NAME\n"
    "  --rounds N        rounds of the own programs (default 5)\n"
    "  --budget SECONDS  start no further round after that (default 380)\n"
    "  --no-vm           leave the VM out        --no-clpeak   leave clpeak out\n"
    "  --programs A,B    only these of the own programs\n"
    "  --help\n"
    "\n"
    "  `trillium-eval bench --help`: single OpenCL calls, native and in a process guest.\n";

static const char *const all_programs[] = {"saxpy",   "sgemm",  "nbody",    "reduction", "stencil",
                                           "bitonic", "launch", "transfer", "build",     NULL};

#define PEAK_TIMEOUT 150 /* seconds, for one part of clpeak on one side */

/* What a program's results were on one side. */
struct check {
    char program[48];
    char hash[SIDE_COUNT][20];
    double sum[SIDE_COUNT];
};

struct eval {
    struct sides sides;
    struct series_list list;
    struct check checks[16];
    int check_count;
    int failures;
    json_t *failure_list;
    double start, budget;
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

static struct check *get_check(struct eval *e, const char *program) {
    for (int i = 0; i < e->check_count; i++)
        if (!strcmp(e->checks[i].program, program))
            return &e->checks[i];
    if (e->check_count == 16)
        return NULL;
    snprintf(e->checks[e->check_count].program, sizeof(e->checks[0].program), "%s", program);
    return &e->checks[e->check_count++];
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
            struct check *c = get_check(e, program);

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
    return (proc_now() - e->start) / e->budget;
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

static bool side_used(const struct eval *e, int side) {
    for (int i = 0; i < e->list.count; i++)
        if (e->list.items[i].count[side])
            return true;
    return false;
}

/* Geometric mean of the speeds of all metrics of `program` (NULL: of the own programs). */
static double mean_speed(const struct eval *e, const char *program, int side) {
    double sum = 0;
    int n = 0;

    for (int i = 0; i < e->list.count; i++) {
        const struct series *s = &e->list.items[i];
        double speed = series_speed(s, side);

        if ((program ? strcmp(s->program, program) != 0 : !strcmp(s->program, "clpeak")) ||
            !isfinite(speed) || speed <= 0)
            continue;
        sum += log(speed);
        n++;
    }
    return n ? exp(sum / n) : NAN;
}

static void print_row(const struct eval *e, const struct series *m) {
    char label[128];

    snprintf(label, sizeof(label), "  %s", m->metric);
    printf("%-42.42s %-15s", label, m->unit);
    for (int s = 0; s < SIDE_COUNT; s++) {
        char number[24], cell[64] = "-";
        double spread = series_spread(m, s) * 100;

        if (!side_used(e, s))
            continue;
        series_number(number, series_median(m, s));
        if (m->count[s] > 1 && s > 0)
            snprintf(cell, sizeof(cell), "%s (%.2f) %3.0f%%", number, series_speed(m, s), spread);
        else if (m->count[s] > 1)
            snprintf(cell, sizeof(cell), "%s %3.0f%%", number, spread);
        else if (m->count[s] && s > 0)
            snprintf(cell, sizeof(cell), "%s (%.2f)     ", number, series_speed(m, s));
        else if (m->count[s])
            snprintf(cell, sizeof(cell), "%s     ", number);
        printf(" %24s", cell);
    }
    printf("\n");
}

static void print_mean(const struct eval *e, const char *label, const char *program) {
    printf("%-58s", label);
    for (int s = 0; s < SIDE_COUNT; s++) {
        char number[24];

        if (!side_used(e, s))
            continue;
        series_number(number, s ? mean_speed(e, program, s) : 1.0);
        printf(" %24s", number);
    }
    printf("\n");
}

static void print_table(const struct eval *e) {
    printf("\nMedians; in brackets the speed relative to native (1.00 as fast, 2.00 twice as fast), then the "
           "spread (max - min)\n\n");
    printf("%-42s %-15s", "", "");
    for (int s = 0; s < SIDE_COUNT; s++)
        if (side_used(e, s))
            printf(" %24s", side_titles[s]);
    printf("\n");
    /* program by program, in the order in which they first came up */
    for (int i = 0; i < e->list.count; i++) {
        const char *program = e->list.items[i].program;
        bool seen = false;

        for (int j = 0; j < i; j++)
            seen = seen || !strcmp(e->list.items[j].program, program);
        if (seen)
            continue;
        printf("%s\n", program);
        for (int j = i; j < e->list.count; j++)
            if (!strcmp(e->list.items[j].program, program))
                print_row(e, &e->list.items[j]);
    }
    printf("\n");
    print_mean(e, "speed, geometric mean: eval's own programs", NULL);
    print_mean(e, "speed, geometric mean: clpeak", "clpeak");
    printf("\n");
}

/* The same table for a page: medians, and in brackets the speed relative to native. */
static void write_markdown(const struct eval *e, const char *folder) {
    char path[600];
    FILE *f;

    snprintf(path, sizeof(path), "%.500s/results.md", folder);
    f = fopen(path, "we");
    if (!f)
        return;
    machine_print(f, &e->sides);
    fprintf(f, "\n| program | what | unit |");
    for (int s = 0; s < SIDE_COUNT; s++)
        if (side_used(e, s))
            fprintf(f, " %s |", side_titles[s]);
    fprintf(f, "\n|---|---|---|");
    for (int s = 0; s < SIDE_COUNT; s++)
        if (side_used(e, s))
            fprintf(f, "---|");
    for (int i = 0; i < e->list.count; i++) {
        const struct series *m = &e->list.items[i];

        fprintf(f, "\n| %s | %s | %s |", m->program, m->metric, m->unit);
        for (int s = 0; s < SIDE_COUNT; s++) {
            char number[24];

            if (!side_used(e, s))
                continue;
            series_number(number, series_median(m, s));
            if (s > 0 && m->count[s])
                fprintf(f, " %s (%.2f) |", number, series_speed(m, s));
            else
                fprintf(f, " %s |", number);
        }
    }
    fprintf(f, "\n");
    fclose(f);
    printf("%s\n", path);
}

/* Results of every program: the same bytes as native, or the same up to rounding. */
static json_t *compare_results(struct eval *e) {
    json_t *list = json_array();

    printf("Results: ");
    int same = 0, rounded = 0, different = 0;
    for (int i = 0; i < e->check_count; i++) {
        struct check *c = &e->checks[i];

        for (int s = 1; s < SIDE_COUNT; s++) {
            const char *verdict;
            json_t *j = json_object();

            if (!c->hash[s][0] || !c->hash[0][0]) {
                json_decref(j);
                continue;
            }
            if (!strcmp(c->hash[s], c->hash[0])) {
                verdict = "same bytes";
                same++;
            } else if (fabs(c->sum[s] - c->sum[0]) <= 1e-4 * (fabs(c->sum[0]) + 1)) {
                verdict = "same up to rounding";
                rounded++;
            } else {
                verdict = "different";
                different++;
                fprintf(stderr, "eval: %s on %s: other results than native\n", c->program, side_titles[s]);
            }
            json_object_set_new(j, "program", json_string(c->program));
            json_object_set_new(j, "side", json_string(side_names[s]));
            json_object_set_new(j, "verdict", json_string(verdict));
            json_array_append_new(list, j);
        }
    }
    printf("%d the same as native byte by byte, %d up to rounding, %d different\n", same, rounded, different);
    e->failures += different;
    return list;
}

static bool in_list(const char *list, const char *name) {
    size_t n = strlen(name);

    for (const char *at = list; at && (at = strstr(at, name)); at += n)
        if ((at == list || at[-1] == ',') && (at[n] == ',' || at[n] == '\0'))
            return true;
    return !list;
}

/* Rounds of the own programs, every side after the other, so that drift of the machine meets all of them. */
static int run_rounds(struct eval *e, int rounds, const char *only) {
    double round_start, longest = 0;
    int done = 0;

    for (int round = 0; round <= rounds; round++) {
        round_start = proc_now();
        if (round > 1 && round_start + longest > e->start + e->budget) {
            fprintf(stderr, "eval: the time is used up after %d rounds\n", done);
            break;
        }
        for (int p = 0; all_programs[p]; p++)
            for (int s = 0; s < SIDE_COUNT; s++)
                if (in_list(only, all_programs[p]))
                    run_program(e, s, all_programs[p], round);
        done = round;
        longest = fmax(longest, proc_now() - round_start);
    }
    return done;
}

int eval_main(int argc, char **argv) {
    enum { OPT_OUT = 256, OPT_DEVICE, OPT_ROUNDS, OPT_BUDGET, OPT_NO_VM, OPT_NO_CLPEAK, OPT_PROGRAMS };
    static const struct option options[] = {{"out", required_argument, NULL, OPT_OUT},
                                            {"device", required_argument, NULL, OPT_DEVICE},
                                            {"rounds", required_argument, NULL, OPT_ROUNDS},
                                            {"budget", required_argument, NULL, OPT_BUDGET},
                                            {"no-vm", no_argument, NULL, OPT_NO_VM},
                                            {"no-clpeak", no_argument, NULL, OPT_NO_CLPEAK},
                                            {"programs", required_argument, NULL, OPT_PROGRAMS},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    static struct eval the_eval;
    struct eval *e = &the_eval;
    const char *out = "eval/out", *device = NULL, *only = NULL;
    bool vm = true, clpeak = true;
    int rounds = 5, c;

    e->start = proc_now();
    e->budget = 380;
    e->failure_list = json_array();
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
            e->budget = atof(optarg);
            break;
        case OPT_NO_VM:
            vm = false;
            break;
        case OPT_NO_CLPEAK:
            clpeak = false;
            break;
        case OPT_PROGRAMS:
            only = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            return 2;
        }
    }
    if (optind != argc || rounds < 1 || rounds >= SERIES_VALUES) {
        fprintf(stderr, "eval: wrong arguments; see trillium eval --help\n");
        return 2;
    }
    if (!runner_make_folder(out))
        return 1;
    if (!sides_open(&e->sides, device)) {
        sides_close(&e->sides);
        return 1;
    }
    machine_look();
    machine_print(stdout, &e->sides);
    if (!sides_start_process(&e->sides))
        failed(e, SIDE_PROCESS_SOURCE, "start", 1);
    if (vm) {
        fprintf(stderr, "%5.0f s  booting a VM\n", proc_now() - e->start);
        if (sides_start_vm(&e->sides))
            printf("VM: %.1f s from start to the first output of a program in it\n", e->sides.vm_boot);
        else
            failed(e, SIDE_VM_SOURCE, "boot", 1);
    }
    if (clpeak)
        run_all_clpeak(e);
    int done = run_rounds(e, rounds, only);

    print_table(e);
    json_t *root = json_object(), *list = json_array(), *checks = compare_results(e);
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
    runner_write(out, "results.json", root);
    write_markdown(e, out);
    json_decref(root);
    if (e->failures)
        fprintf(stderr, "eval: %d failures\n", e->failures);
    int status = e->failures > 0;
    free(e->list.items);
    return status;
}
