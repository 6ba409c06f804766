// SPDX-License-Identifier: MIT
/* What bounds a program, in words. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host-backend/profile/summary.h"

struct speaker {
    void (*say)(void *opaque, const char *sentence);
    void *opaque;
};

__attribute__((format(printf, 2, 3))) static void say(const struct speaker *to, const char *format, ...) {
    char sentence[512];
    va_list list;

    va_start(list, format);
    vsnprintf(sentence, sizeof sentence, format, list);
    va_end(list);
    to->say(to->opaque, sentence);
}

struct cause {
    uint64_t time;
    int what; /* a stage, or one of these */
};
enum { KERNELS = STAGE_COUNT, TRANSFERS, BUILDS, PROGRAM, CAUSES };

static int by_time(const void *a, const void *b) {
    const struct cause *x = a, *y = b;
    return x->time < y->time ? 1 : x->time > y->time ? -1 : 0;
}

static const struct summary_group *weightiest(const struct summary_group *groups, size_t count,
                                              uint32_t what) {
    const struct summary_group *best = NULL;

    for (size_t i = 0; i < count; i++)
        if (groups[i].what == what && (!best || groups[i].times[STAGE_RUN].sum > best->times[STAGE_RUN].sum))
            best = &groups[i];
    return best;
}

static double percent(uint64_t part, uint64_t whole) {
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void say_cause(const struct speaker *to, const struct cause *c, const struct summary_share *s,
                      const struct summary_group *groups, size_t count) {
    double share = percent(c->time, s->span), ms = (double)c->time / 1e6;
    const struct summary_group *g;

    switch (c->what) {
    case KERNELS:
        g = weightiest(groups, count, TRACE_KERNEL);
        if (g)
            say(to,
                "%.0f %% of the time (%.1f ms) the device runs kernels, foremost %s (%llu times, %.1f us "
                "each): faster kernels help.",
                share, ms, g->label, (unsigned long long)g->of, (double)g->times[STAGE_RUN].median / 1e3);
        break;
    case TRANSFERS:
        g = weightiest(groups, count, TRACE_TRANSFER);
        if (g)
            say(to,
                "%.0f %% (%.1f ms) goes into transfers with no kernel beside them, foremost %s (%llu times, "
                "%.1f us each): overlap them "
                "with kernels, or leave data where it is.",
                share, ms, g->label, (unsigned long long)g->of, (double)g->times[STAGE_RUN].median / 1e3);
        break;
    case BUILDS:
        say(to,
            "%.0f %% (%.1f ms) goes into building programs: build once, and early; what was built before "
            "comes from the cache.",
            share, ms);
        break;
    case PROGRAM:
        say(to,
            "%.0f %% (%.1f ms) there is no command anywhere: the program itself computes, or has not "
            "enqueued yet.",
            share, ms);
        break;
    default:
        say(to, "%.0f %% (%.1f ms) nothing runs and the foremost command is in the stage %s (%s): %s.", share,
            ms, stages[c->what].name, stages[c->what].what, stages[c->what].remedy);
    }
}

/* Kernels that wait for their turns behind other guests. */
static void say_turns(const struct speaker *to, const struct summary_group *groups, size_t count) {
    for (size_t i = 0; i < count; i++) {
        double share = percent(groups[i].behind, groups[i].times[SUMMARY_TOTAL].sum);
        if (groups[i].what == TRACE_KERNEL && share >= 5)
            say(to, "%s spends %.0f %% of its latency waiting behind another guest.", groups[i].label, share);
    }
}

/* Kernels of two guests at once, of which nobody knows who waited for whom. */
static void say_unshared(const struct speaker *to, const struct trace_set *set) {
    uint64_t begin, end, until = 0;
    uint32_t pid = 0;
    bool beside = false;

    for (size_t i = 0; i < set->count; i++) {
        const struct trace_item *item = &set->items[i];
        if (stage_times(item, STAGE_TURN, &begin, &end) && end > begin)
            return;
        if (item->command.what != TRACE_KERNEL || !total_times(item, &begin, &end))
            continue;
        beside = beside || (item->pid != pid && begin < until);
        if (end > until) {
            until = end;
            pid = item->pid;
        }
    }
    if (beside)
        say(to,
            "Kernels of more than one guest were under way at once, and none had to wait for a turn: where "
            "no `trillium control` runs, what one guest waits for another is hidden in the stages submit "
            "and device.");
}

enum { MOST_UNSEEN = 4, MOST_LOOKED_FOR = 64 };

/* Not every command was traced. */
static void say_sampled(const struct speaker *to, const struct trace_set *set,
                        const struct summary_share *s) {
    uint64_t all = trace_total(set, ""), traced = 0, unseen = 0;
    double whole = (double)s->span + (double)s->not_traced;

    if (set->gap_count == 0)
        return;
    for (size_t i = 0; i < set->count; i++)
        traced += set->items[i].command.what == TRACE_KERNEL || set->items[i].command.what == TRACE_TRANSFER;
    say(to,
        "Its commands are so many and short that only a sample was traced, %llu of %llu in windows of %.1f "
        "ms in all (%.0f %% of the time): "
        "counts are of all of them, percentages and milliseconds of the windows. --profile-all traces every "
        "command, and slows the program "
        "more.",
        (unsigned long long)traced, (unsigned long long)all, (double)s->span / 1e6,
        whole > 0 ? 100.0 * (double)s->span / whole : 0);
    for (size_t i = 0; i < set->total_count && i < MOST_LOOKED_FOR && unseen < MOST_UNSEEN; i++) {
        const char *name = set->totals[i].name;
        bool seen = name[0] == '\0' || strcmp(name, TRACE_OTHERS) == 0;
        for (size_t k = 0; k < set->count && !seen; k++)
            seen = strncmp(set->items[k].command.name, name, TRACE_NAME_COUNTED) == 0;
        if (seen)
            continue;
        unseen++;
        say(to, "%s was enqueued %llu times, each between two windows.", name,
            (unsigned long long)set->totals[i].count);
    }
}

void summary_words(const struct trace_set *set, const struct summary_share *s,
                   const struct summary_group *groups, size_t count,
                   void (*sayer)(void *opaque, const char *sentence), void *opaque) {
    const struct speaker to = {sayer, opaque};
    struct cause causes[CAUSES];
    uint64_t overhead = 0, known = 0;

    for (int c = 0; c < CAUSES; c++) {
        uint64_t time = c == KERNELS     ? s->kernels
                        : c == TRANSFERS ? s->transfers
                        : c == BUILDS    ? s->builds
                        : c == PROGRAM   ? s->program
                                         : s->stage[c];
        causes[c] = (struct cause){time, c};
        known += time;
        if (c < STAGE_COUNT)
            overhead += time;
    }
    qsort(causes, CAUSES, sizeof causes[0], by_time);
    const char *bound = causes[0].what == KERNELS     ? "the device: its kernels"
                        : causes[0].what == TRANSFERS ? "transfers"
                        : causes[0].what == BUILDS    ? "building programs"
                        : causes[0].what == PROGRAM   ? "itself: the device has nothing to do"
                                                      : "launch overhead";
    if (overhead > causes[0].time)
        bound = "launch overhead: commands on their way, with nothing running";
    say(&to,
        "The program is bound by %s. It took %.1f ms from its first call to its last, with %zu commands.",
        bound, (double)(s->span + s->not_traced) / 1e6,
        set->gap_count > 0 ? (size_t)trace_total(set, "") : s->commands);
    say_sampled(&to, set, s);
    for (int c = 0; c < CAUSES && percent(causes[c].time, s->span) >= 3; c++)
        say_cause(&to, &causes[c], s, groups, count);
    say_turns(&to, groups, count);
    say_unshared(&to, set);
    if (s->waits > 10 && s->commands < 4 * s->waits && overhead > s->span / 10)
        say(&to,
            "It waits %zu times for %zu commands: calls that wait for each command hide nothing behind one "
            "another.",
            s->waits, s->commands);
    if (set->lost > 0)
        say(&to, "%llu entries found no room in the trace and are missing here.",
            (unsigned long long)set->lost);
}
