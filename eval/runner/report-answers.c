// SPDX-License-Identifier: MIT
/* The first screen: what an eval is made to find out, in sentences with figures and how sure they are. */
#include "eval/runner/report.h"
#include "eval/runner/study.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void (*sayer)(void *opaque, const char *question, const char *sentence);

struct speaker {
    sayer say;
    void *opaque;
    const char *question; /* not asked yet */
};

__attribute__((format(printf, 2, 3))) static void say(struct speaker *to, const char *format, ...) {
    char sentence[1024];
    va_list list;

    va_start(list, format);
    vsnprintf(sentence, sizeof(sentence), format, list);
    va_end(list);
    to->say(to->opaque, to->question, sentence);
    to->question = NULL;
}

static bool known(struct interval i) {
    return i.count > 0 && isfinite(i.median);
}

/* "1.02 (0.98 to 1.07)", with how sure that is where it is not 94 % or more. */
static const char *ratio(char out[64], struct interval i) {
    if (i.count > 1 && i.confidence < 0.93)
        snprintf(out, 64, "%.2f (%.2f to %.2f with %.0f %%)", i.median, i.low, i.high, 100 * i.confidence);
    else if (i.count > 1)
        snprintf(out, 64, "%.2f (%.2f to %.2f)", i.median, i.low, i.high);
    else
        snprintf(out, 64, "%.2f", i.median);
    return out;
}

/* The same of what is near 1. */
static const char *precise(char out[64], struct interval i) {
    if (i.count > 1)
        snprintf(out, 64, "%.3f (%.3f to %.3f)", i.median, i.low, i.high);
    else
        snprintf(out, 64, "%.3f", i.median);
    return out;
}

static const char *milliseconds(char out[64], struct interval i) {
    if (i.count > 1)
        snprintf(out, 64, "%+.1f ms (%+.1f to %+.1f)", i.median, i.low, i.high);
    else
        snprintf(out, 64, "%+.1f ms", i.median);
    return out;
}

static const char *verdict(struct interval ratio_to_one) {
    if (ratio_to_one.count < 2)
        return " One round says nothing of noise.";
    return interval_holds(ratio_to_one, 1) ? " That is no difference beyond noise." : "";
}

/* The virtual ISA against source, all else equal: in process guests, or in a VM. */
static void isa(const struct results *r, struct speaker *to, const char *where, int spirv, int source) {
    char text[64], more[64];
    int n;
    struct interval warm = results_cost(r, "run", spirv, source, false, &n);

    if (known(warm))
        say(to, "%s, once programs run (%d workloads): %s times as long as with source.%s", where, n,
            ratio(text, warm), verdict(warm));
    const struct {
        const char *metric, *what;
    } cold[] = {{"first result, new program", "a program that nobody has built before"},
                {"first result, seen program", "a program built before"}};
    for (int c = 0; c < 2; c++) {
        struct interval d = results_cost(r, cold[c].metric, spirv, source, true, &n);
        struct interval q = results_cost(r, cold[c].metric, spirv, source, false, NULL);
        if (known(d))
            say(to,
                "%s, to the first result of %s (%d workloads): %s against source on average; %s times as "
                "long.%s",
                where, cold[c].what, n, milliseconds(text, d), ratio(more, q), verdict(q));
    }
}

static double stage(const struct results *r, const char *build, const char *what, int side) {
    char metric[64];

    snprintf(metric, sizeof(metric), "%s: %s", build, what);
    for (int i = 0; i < r->list.count; i++)
        if (!strcmp(r->list.items[i].program, "stages of a build") &&
            !strcmp(r->list.items[i].metric, metric))
            return series_median(&r->list.items[i], side);
    return NAN;
}

/* What a build consists of, in both ways. */
static void build_stages(const struct results *r, struct speaker *to, const char *build) {
    const char *const host = "the host's driver";
    int v = SIDE_PROCESS_SPIRV, s = SIDE_PROCESS_SOURCE;

    if (isfinite(stage(r, build, host, v)) && isfinite(stage(r, build, host, s)))
        say(to,
            "By stage, one small %s in a process guest: %.1f ms compiling in the guest, %.1f validating and "
            "%.1f translating on the "
            "host, then %.1f in the host's driver (%.1f with source) and %.1f for all else (%.1f).",
            build, stage(r, build, "compiling in the guest", v), stage(r, build, "validating on the host", v),
            stage(r, build, "translating on the host", v), stage(r, build, host, v), stage(r, build, host, s),
            stage(r, build, "all else", v), stage(r, build, "all else", s));
}

static void remoting(const struct results *r, struct speaker *to, const char *where, int side) {
    char text[64];
    int n;
    struct interval warm = results_cost(r, "run", side, SIDE_NATIVE, false, &n);

    if (known(warm))
        say(to, "%s, warm runs (%d workloads): %s times as long as natively.%s", where, n, ratio(text, warm),
            verdict(warm));
    struct interval cold = results_cost(r, "start to exit", side, SIDE_NATIVE, false, &n);
    if (known(cold))
        say(to, "%s, start to exit (%d programs): %s times as long as natively.", where, n,
            ratio(text, cold));
}

/* Other programs than on other sides may have been run there: so it is set beside Trillium of the same ones. */
static void against_trillium(const struct results *r, struct speaker *to, int remote, int trillium) {
    char text[64];
    int n;
    struct interval warm = results_cost(r, "run", remote, trillium, false, &n);

    if (known(warm))
        say(to, "Its warm runs take %s times as long as with Trillium there (%d workloads).%s",
            ratio(text, warm), n, verdict(warm));
}

static void backed(const struct results *r, struct speaker *to, const char *where, int side, int base) {
    char text[64];
    int n;
    struct interval warm = results_cost(r, "run", side, base, false, &n);

    if (known(warm))
        say(to,
            "%s, guest-backed memory with explicit updates and readbacks against shared buffers, same ISA "
            "(%d workloads): "
            "warm runs take %s times as long.%s",
            where, n, ratio(text, warm), verdict(warm));
}

static void unnoticed(const struct results *r, struct speaker *to, int side) {
    double fixed;
    int equal, lengths;
    double from = results_unnoticed(r, side, &fixed, &equal, &lengths);
    const char *title = side_facts[side].title;

    if (isnan(fixed))
        return;
    if (from > 0)
        say(to, "%s: less than 1 %% from kernels of %.0f us on; the shortest kernel takes %+.1f us.", title,
            from, fixed);
    else
        say(to,
            "%s: 1 %% or more also at the longest; at %d of %d lengths the rounds do not tell it from "
            "native; the shortest "
            "kernel takes %+.1f us.",
            title, equal, lengths, fixed);
}

static void profile_overhead(const struct results *r, struct speaker *to) {
    const struct results with = {.list = r->overhead};
    char text[64];
    int n;
    struct interval warm = results_cost(&with, "run", STUDY_PROFILED, STUDY_UNPROFILED, false, &n);

    if (known(warm))
        say(to, "Warm runs with a latency profile (%d workloads): %s times as long as without.%s", n,
            precise(text, warm), verdict(warm));
    /* The workloads that pay more than a profile should cost, beyond noise. */
    char list[512] = "";
    int used = 0, dear = 0;
    for (int i = 0; i < r->overhead.count; i++) {
        struct interval speed = series_speed_interval(&r->overhead.items[i], STUDY_PROFILED);
        if (!speed.count || 1 / speed.high <= 1.02)
            continue;
        int more = snprintf(list + used, sizeof list - (size_t)used, "%s%s (%.2f)", dear++ ? ", " : "",
                            r->overhead.items[i].program, 1 / speed.median);
        used = used + more < (int)sizeof list ? used + more : (int)sizeof list - 1;
    }
    if (dear > 0)
        say(to, "It is more than 1.02 times beyond noise with %s.", list);
    else if (known(warm))
        say(to, "With none it is more than 1.02 times beyond noise.");
    struct interval own = results_cost(&with, "run", STUDY_STAMPED, STUDY_NATIVE, false, &n);
    if (known(own))
        say(to, "Natively, of programs that ask the driver when each kernel ran: %s times as long.%s",
            precise(text, own), verdict(own));
}

void report_answers(const struct results *r, sayer sayer, void *opaque) {
    struct speaker to = {sayer, opaque, "What does ISA virtualization cost?"};
    char text[64];

    isa(r, &to, "Process guests", SIDE_PROCESS_SPIRV, SIDE_PROCESS_SOURCE);
    isa(r, &to, "In the VM", SIDE_VM_SPIRV, SIDE_VM_SOURCE);
    build_stages(r, &to, "new program");
    build_stages(r, &to, "seen program");
    to.question = "What does the rest of a graphics-style pipeline cost?";
    backed(r, &to, "Process guests", SIDE_PROCESS_BACKED, SIDE_PROCESS_SPIRV);
    backed(r, &to, "In the VM", SIDE_VM_BACKED, SIDE_VM_SPIRV);
    to.question = "What does forwarding itself cost?";
    remoting(r, &to, "Process guests", SIDE_PROCESS_SOURCE);
    remoting(r, &to, "In the VM", SIDE_VM_SOURCE);
    remoting(r, &to, "API remoting, over a socket without shared memory", SIDE_PROCESS_REMOTE);
    against_trillium(r, &to, SIDE_PROCESS_REMOTE, SIDE_PROCESS_SOURCE);
    remoting(r, &to, "API remoting from the VM, over vsock", SIDE_VM_REMOTE);
    against_trillium(r, &to, SIDE_VM_REMOTE, SIDE_VM_SOURCE);
    to.question = "At which kernel length does nobody notice?";
    for (int s = 1; s < SIDE_COUNT; s++)
        unnoticed(r, &to, s);
    to.question = "What does a latency profile cost?";
    profile_overhead(r, &to);
    to.question = "Where is Trillium slower than native, beyond noise?";
    for (int side = SIDE_PROCESS_SOURCE; side <= SIDE_VM_SOURCE;
         side += SIDE_VM_SOURCE - SIDE_PROCESS_SOURCE) {
        int rows[3], n = report_outside(r, side, true, rows, 3), total = 0;
        if (!results_has(r, side))
            continue;
        for (int i = 0; i < r->list.count; i++)
            total += r->list.items[i].count[side] > 0 && r->list.items[i].count[0] > 0;
        const struct series *s = n ? &r->list.items[rows[0]] : NULL;
        if (s)
            say(&to, "%s: in %d of %d rows; most in %s: %s, at %s of native's speed.", side_facts[side].title,
                n, total, s->program, s->metric, ratio(text, series_speed_interval(s, side)));
        else
            say(&to, "%s: in none of %d rows.", side_facts[side].title, total);
    }
    char vm[512];
    if (report_why_vm_all(r, vm, sizeof(vm)))
        say(&to, "%s", vm);
}

struct outside {
    int row;
    double speed;
};

static int by_distance(const void *a, const void *b) {
    double x = fabs(log(((const struct outside *)a)->speed)),
           y = fabs(log(((const struct outside *)b)->speed));

    return (x < y) - (x > y);
}

int report_outside(const struct results *r, int side, bool slower, int *rows, int room) {
    struct outside *all = calloc((size_t)r->list.count + 1, sizeof(*all));
    int n = 0;

    for (int i = 0; all && i < r->list.count; i++) {
        struct interval speed = series_speed_interval(&r->list.items[i], side);
        if (speed.count > 1 && !interval_holds(speed, 1) && speed.median > 0 && (speed.median < 1) == slower)
            all[n++] = (struct outside){i, speed.median};
    }
    if (all)
        qsort(all, (size_t)n, sizeof(*all), by_distance);
    for (int i = 0; i < n && i < room; i++)
        rows[i] = all[i].row;
    free(all);
    return n;
}
