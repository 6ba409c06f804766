// SPDX-License-Identifier: MIT
#include "eval/runner/options.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/runner/series.h"
#include "eval/runner/sides.h"

/* One line each: the name, its value's name (NULL: it takes none), who takes it, and the help. */
#define OPTIONS(X)                                                                                           \
    X(OUT, "out", "DIR", RUNNER_BOTH, "write the results there as JSON and as pages (default eval/out)")     \
    X(DEVICE, "device", "NAME", RUNNER_BOTH, "measure on the device whose platform or name contains NAME")   \
    X(ROUNDS, "rounds", "N", RUNNER_BOTH, "how often everything is measured (default 6)")                    \
    X(BUDGET, "budget", "SECONDS", RUNNER_BOTH,                                                              \
      "start no further round after that (default: eval 510, bench 240)")                                    \
    X(SIZE, "size", "SIZE", RUNNER_EVAL,                                                                     \
      "of the workloads: small (default), medium (runs take some 10 times as long) or large")                \
    X(SIDES, "sides", "A,B", RUNNER_EVAL,                                                                    \
      "compare native with these only (names below; default: all but vm-spirv-backed, vm-remote with 7 "     \
      "programs)")                                                                                           \
    X(ALL, "all", NULL, RUNNER_EVAL,                                                                         \
      "all programs on all sides, 6 rounds to their end, all of clpeak: half an hour and more")              \
    X(ABLATIONS, "ablations", NULL, RUNNER_EVAL, "then each optimization off in turn: some 6 minutes more")  \
    X(SCALING, "scaling", NULL, RUNNER_EVAL, "then 1 to 16 guests at once: some 4 minutes more")             \
    X(PROFILE_OVERHEAD, "profile-overhead", NULL, RUNNER_EVAL,                                               \
      "then the workloads with and without a latency profile, in turns: some 3 minutes more")                \
    X(SHARES, "shares", NULL, RUNNER_EVAL,                                                                   \
      "more of how each scheduler shares a device: some 40 seconds more")                                    \
    X(VM, "vm", "KIND", RUNNER_EVAL, "qemu or uml (see trillium run --help; default: as trillium run --vm)") \
    X(NO_VM, "no-vm", NULL, RUNNER_EVAL, "leave the VM out")                                                 \
    X(NO_CLPEAK, "no-clpeak", NULL, RUNNER_EVAL, "leave clpeak out")                                         \
    X(PROGRAMS, "programs", "A,B", RUNNER_EVAL, "only these of the own programs (default: 20 of them)")      \
    X(PERCENT, "percent", "N", RUNNER_BENCH, "samples in percent of the usual (default 100)")                \
    X(ROWS, "rows", "A,B", RUNNER_BENCH, "only these groups of rows")                                        \
    X(HELP, "help", NULL, RUNNER_BOTH, "show this")

enum {
    OPT_NONE = 255, /* above what getopt returns for single letters */
#define X(id, name, value, use, help) OPT_##id,
    OPTIONS(X)
#undef X
};

static const struct entry {
    const char *name, *value;
    enum runner_use use;
    const char *help;
} entries[] = {
#define X(id, name, value, use, help) {name, value, use, help},
    OPTIONS(X)
#undef X
};
enum { ENTRIES = sizeof entries / sizeof entries[0] };

static void print_help(enum runner_use use, const char *intro, const char *const *names) {
    printf("%s\n", intro);
    for (int i = 0; i < ENTRIES; i++) {
        char left[40];
        if (!(entries[i].use & use))
            continue;
        snprintf(left, sizeof left, "--%s %s", entries[i].name, entries[i].value ? entries[i].value : "");
        printf("  %-18s %s\n", left, entries[i].help);
    }
    printf("\n%s:", use == RUNNER_EVAL ? "Programs" : "Groups of rows");
    for (; *names; names++)
        printf(" %s", *names);
    printf("\n");
    if (use == RUNNER_EVAL) {
        printf("Sides:");
        for (int s = 1; s < SIDE_COUNT; s++)
            printf(" %s", side_facts[s].name);
        printf("\n");
    }
}

/* Are all of the list's names known? */
static bool all_known(const char *list, const char *const *names) {
    while (list) {
        size_t n = strcspn(list, ",");
        const char *const *at = names;

        while (*at && (strlen(*at) != n || strncmp(*at, list, n) != 0))
            at++;
        if (!*at)
            return false;
        list = list[n] ? list + n + 1 : NULL;
    }
    return true;
}

/* A whole number of at least 1, else 0. */
static int positive(const char *text) {
    char *end;
    long n = strtol(text, &end, 10);
    return *end == '\0' && end != text && n >= 1 && n < 1000000 ? (int)n : 0;
}

int runner_options_parse(enum runner_use use, const char *intro, const char *const *names, int argc,
                         char **argv, struct runner_options *o) {
    struct option options[ENTRIES + 1] = {0};
    int n = 0, c;
    char *end = "";

    for (int i = 0; i < ENTRIES; i++)
        if (entries[i].use & use)
            options[n++] = (struct option){
                entries[i].name, entries[i].value ? required_argument : no_argument, NULL, OPT_NONE + 1 + i};
    *o = (struct runner_options){.out = "eval/out",
                                 .rounds = 6,
                                 .size = "small",
                                 .budget = use == RUNNER_EVAL ? 510 : 240,
                                 .percent = 100};
    while ((c = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
        switch (c) {
        case OPT_OUT:
            o->out = optarg;
            break;
        case OPT_DEVICE:
            o->device = optarg;
            break;
        case OPT_ROUNDS:
            o->rounds = positive(optarg);
            break;
        case OPT_BUDGET:
            o->budget = strtod(optarg, &end);
            break;
        case OPT_VM:
            o->vm = optarg;
            break;
        case OPT_NO_VM:
            o->no_vm = true;
            break;
        case OPT_NO_CLPEAK:
            o->no_clpeak = true;
            break;
        case OPT_PROGRAMS:
        case OPT_ROWS:
            o->only = optarg;
            break;
        case OPT_SIZE:
            o->size = optarg;
            break;
        case OPT_SIDES:
            o->sides = optarg;
            break;
        case OPT_ALL:
            o->all = true;
            o->budget = 1e6;
            break;
        case OPT_ABLATIONS:
            o->ablations = true;
            break;
        case OPT_SCALING:
            o->scaling = true;
            break;
        case OPT_PROFILE_OVERHEAD:
            o->profile_overhead = true;
            break;
        case OPT_SHARES:
            o->shares = true;
            break;
        case OPT_PERCENT:
            o->percent = positive(optarg);
            break;
        case 'h':
        case OPT_HELP:
            print_help(use, intro, names);
            return 0;
        default:
            return 2;
        }
    }
    if (use == RUNNER_EVAL && optind < argc) {
        o->program = argv + optind;
        o->no_clpeak = true;
        optind = argc;
    }
    const bool size_known =
        !strcmp(o->size, "small") || !strcmp(o->size, "medium") || !strcmp(o->size, "large");
    const char *wrong =
        optind != argc                                ? "there is an argument too many"
        : o->rounds < 1 || o->rounds >= SERIES_VALUES ? "--rounds is a number from 1 to 63"
        : *end || !isfinite(o->budget)                ? "--budget is a number of seconds"
        : !all_known(o->only, names) ? use == RUNNER_EVAL ? "--programs has a name that is none of a program"
                                                          : "--rows has a name that is none of a group"
        : o->vm && strcmp(o->vm, "qemu") != 0 && strcmp(o->vm, "uml") != 0 ? "--vm is qemu or uml"
        : !size_known    ? "--size is small, medium or large"
        : o->percent < 1 ? "--percent is a number from 1"
                         : NULL;
    if (!wrong)
        return -1;
    fprintf(stderr, "trillium %s: %s; --help tells more\n", use == RUNNER_EVAL ? "eval" : "bench", wrong);
    return 2;
}

bool runner_listed(const char *list, const char *name) {
    size_t n = strlen(name);

    for (const char *at = list; at && (at = strstr(at, name)); at += n)
        if ((at == list || at[-1] == ',') && (at[n] == ',' || at[n] == '\0'))
            return true;
    return false;
}

bool runner_wants(const struct runner_options *o, const char *name) {
    return !o->only || runner_listed(o->only, name);
}
