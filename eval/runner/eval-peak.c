// SPDX-License-Identifier: MIT
/* clpeak, a published benchmark, as one more program: its report is read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/runner/eval.h"

/* Of the budget: where a part of clpeak takes more than that in a VM, it has taken enough of the rounds' time. */
#define VM_PART 10
#define PEAK_TIMEOUT 150 /* seconds, for one part of clpeak on one side */

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

/* clpeak's tests, in parts: kernels, among them those that read much memory, and copies, which do not depend on how kernels are shipped. */
static const char *const peak_kernels[] = {"--compute-sp", "--kernel-latency", NULL};
static const char *const peak_memory[] = {"--global-bandwidth", NULL};
static const char *const peak_more[] = {"--compute-dp", "--compute-integer", "--compute-intfast", NULL};
static const char *const peak_copies[] = {"--transfer-bandwidth", NULL};

static void run_clpeak(struct eval *e, enum side side, const char *const *tests) {
    const bool copies = tests == peak_copies;
    char p[16], d[16];
    const char *argv[16] = {"clpeak", "-p", p, "-d", d};
    int n = 5;

    if (!eval_has(e, side))
        return;
    eval_progress(e, side, "clpeak", copies ? ", copies" : ", kernels");
    sides_device_arguments(&e->sides, side, p, d);
    while (*tests)
        argv[n++] = *tests++;
    struct proc_result r = sides_run(&e->sides, side, (char *const *)argv, PEAK_TIMEOUT);

    if (r.status != 0)
        eval_failed(e, side, copies ? "clpeak, copies" : "clpeak, kernels", r.status);
    /* what it said before it was stopped has been measured */
    take_clpeak(e, side, r.text);
    free(r.text);
}

/* In a VM, through both IRs; where that takes long, through source alone. */
static void run_clpeak_in_vm(struct eval *e, const char *const *tests) {
    const double before = proc_now();

    run_clpeak(e, SIDE_VM_SOURCE, tests);
    const double took = proc_now() - before;
    if (e->options.all || took <= e->options.budget / VM_PART)
        run_clpeak(e, SIDE_VM_SPIRV, tests);
    else
        fprintf(stderr,
                "eval: clpeak's %s took %.0f s in the VM, so it is not run there through SPIR-V; "
                "--budget SECONDS gives more time\n",
                *tests, took);
}

void eval_run_clpeak(struct eval *e) {
    run_clpeak(e, SIDE_NATIVE, peak_kernels);
    run_clpeak_in_vm(e, peak_kernels);
    run_clpeak(e, SIDE_NATIVE, peak_memory);
    /* Its kernels read memory with the host's device, as everywhere; but before, it touches half a GiB for the first time. */
    if (e->options.all || !sides_vm_faults_dear(&e->sides))
        run_clpeak_in_vm(e, peak_memory);
    else
        fprintf(
            stderr,
            "eval: clpeak's --global-bandwidth is left out in the VM: first touches of memory are dear in "
            "user-mode Linux, and it would take a minute (--all: everything)\n");
    if (!e->options.all)
        return; /* the program `transfer` copies, too, and rounds tell more than clpeak's one run */
    run_clpeak(e, SIDE_NATIVE, peak_copies);
    run_clpeak(e, SIDE_PROCESS_SOURCE, peak_copies);
    run_clpeak(e, SIDE_VM_SOURCE, peak_copies);
    for (int s = SIDE_PROCESS_SOURCE; s <= SIDE_PROCESS_SPIRV; s++) {
        run_clpeak(e, s, peak_kernels);
        run_clpeak(e, s, peak_memory);
    }
    for (int s = 0; s < SIDE_COUNT; s++)
        run_clpeak(e, s, peak_more);
}
