// SPDX-License-Identifier: MIT
#include "host-backend/profile/report.h"

#include <stdlib.h>
#include <string.h>

#include "host-backend/profile/chrome.h"
#include "host-backend/profile/summary.h"

enum { MOST_ROWS = 24 }; /* on a terminal; pages and CSV have all */

static void print_sentence(void *opaque, const char *sentence) {
    fprintf(opaque, "  %s\n", sentence);
}

static void print_number(FILE *out, int width, double us) {
    fprintf(out, us < 10 ? " %*.2f" : us < 1000 ? " %*.1f" : " %*.0f", width, us);
}

/* The stage, other than running, that takes most of the group's time. */
static int longest_stage(const struct summary_group *g) {
    int longest = STAGE_GUEST;

    for (int s = 0; s < STAGE_COUNT; s++)
        if (s != STAGE_RUN && g->times[s].sum > g->times[longest].sum)
            longest = s;
    return longest;
}

static void print_groups(FILE *out, const struct summary_group *groups, size_t count, uint64_t span,
                         const char *title) {
    if (count == 0)
        return;
    fprintf(out, "\n%-38s %8s %10s %6s %9s %9s %9s %9s  %s\n", title, "count", "total ms", "of all",
            "median us", "p95", "p99", "run us", "longest stage besides");
    for (size_t i = 0; i < count && i < MOST_ROWS; i++) {
        const struct summary_group *g = &groups[i];
        const struct summary_times *t = &g->times[SUMMARY_TOTAL];
        int longest = longest_stage(g);

        fprintf(out, "%-38.38s %8llu %10.1f %5.0f%%", g->label, (unsigned long long)g->of,
                (double)t->sum / 1e6, span ? 100.0 * (double)t->sum / (double)span : 0);
        print_number(out, 9, (double)t->median / 1e3);
        print_number(out, 9, (double)t->p95 / 1e3);
        print_number(out, 9, (double)t->p99 / 1e3);
        print_number(out, 9, (double)g->times[STAGE_RUN].median / 1e3);
        fprintf(out, "  %s, %.0f %%\n", stages[longest].name,
                t->sum ? 100.0 * (double)g->times[longest].sum / (double)t->sum : 0);
    }
    if (count > MOST_ROWS)
        fprintf(out, "and %zu more\n", count - MOST_ROWS);
}

static void print_stages(FILE *out, const struct summary_group *groups, size_t count) {
    fprintf(out, "\n%-38s", "Median of each stage, us");
    for (int s = 0; s < STAGE_COUNT; s++)
        fprintf(out, " %8s", stages[s].name);
    fputc('\n', out);
    for (size_t i = 0; i < count && i < MOST_ROWS; i++) {
        fprintf(out, "%-38.38s", groups[i].label);
        for (int s = 0; s < STAGE_COUNT; s++) {
            if (groups[i].times[s].count)
                print_number(out, 8, (double)groups[i].times[s].median / 1e3);
            else
                fprintf(out, " %8s", "-");
        }
        fputc('\n', out);
    }
}

/* Builds have stages of their own. */
static void print_builds(FILE *out, const struct trace_set *set) {
    uint64_t compile = 0, validate = 0, translate = 0, driver = 0;
    size_t builds = 0, cached = 0;

    for (size_t i = 0; i < set->count; i++) {
        const struct trace_command *c = &set->items[i].command;
        if (c->what != TRACE_BUILD)
            continue;
        builds++;
        cached += c->cached != 0;
        compile += c->compile;
        validate += c->validate;
        translate += c->translate;
        driver += c->driver;
    }
    if (builds)
        fprintf(out,
                "\nbuilds: %zu (%zu from the cache); on average %.1f ms compiling in the guest, %.1f "
                "validating, %.1f translating, "
                "%.1f in the host's driver\n",
                builds, cached, (double)compile / 1e6 / (double)builds,
                (double)validate / 1e6 / (double)builds, (double)translate / 1e6 / (double)builds,
                (double)driver / 1e6 / (double)builds);
}

static void print_clocks(FILE *out, const struct trace_set *set) {
    uint64_t guest = trace_guest_error(set);

    fprintf(out, "\nClocks: ");
    if (guest == UINT64_MAX)
        fprintf(out, "no command went both ways, so nobody knows how well the guest's is aligned; ");
    else
        fprintf(out, "the guest's stamps are within %.1f us of the host's; ", (double)guest / 1e3);
    if (set->driver_error == UINT64_MAX)
        fprintf(out, "nothing is known of the driver's.\n");
    else
        fprintf(out, "the driver's within %.1f us.\n", (double)set->driver_error / 1e3);
}

int profile_print(const struct trace_set *set, FILE *out) {
    struct summary_share share;
    size_t kernels, queues, sizes;
    int r = -1;

    if (set->count == 0) {
        fprintf(out, "The profile is empty: the program enqueued nothing and built nothing.\n");
        return 0;
    }
    struct summary_group *by_kernel = summary_groups(set, BY_KERNEL, &kernels);
    struct summary_group *by_queue = summary_groups(set, BY_QUEUE, &queues);
    struct summary_group *by_size = summary_groups(set, BY_SIZE, &sizes);
    if (by_kernel && by_queue && by_size && summary_shares(set, &share)) {
        fprintf(out, "What bounds this program\n");
        summary_words(set, &share, by_kernel, kernels, print_sentence, out);
        print_groups(out, by_kernel, kernels, share.span, "Commands, kernels by work size");
        print_stages(out, by_kernel, kernels);
        if (queues > 1)
            print_groups(out, by_queue, queues, share.span, "Queues");
        print_groups(out, by_size, sizes, share.span, "Transfers by size");
        print_builds(out, set);
        print_clocks(out, set);
        r = 0;
    }
    free(by_kernel);
    free(by_queue);
    free(by_size);
    return r;
}

static void csv_group(FILE *out, const char *kind, const struct summary_group *g) {
    for (int column = 0; column < SUMMARY_COLUMNS; column++) {
        const struct summary_times *t = &g->times[column];
        if (t->count == 0)
            continue;
        fprintf(out, "%s,\"", kind);
        for (const char *c = g->label; *c; c++)
            fprintf(out, *c == '"' ? "\"\"" : "%c", *c);
        fprintf(out, "\",%s,%zu,%llu,%llu,%llu,%llu,%llu,%llu,%llu\n",
                column < STAGE_COUNT ? stages[column].name : "all", t->count, (unsigned long long)t->sum,
                (unsigned long long)t->min, (unsigned long long)t->median, (unsigned long long)t->p95,
                (unsigned long long)t->p99, (unsigned long long)t->max, (unsigned long long)g->of);
    }
}

int profile_csv(const struct trace_set *set, FILE *out) {
    static const char *const kinds[] = {"command", "queue", "transfer size"};

    fprintf(out, "kind,name,stage,count,sum_ns,min_ns,median_ns,p95_ns,p99_ns,max_ns,of\n");
    for (int by = BY_KERNEL; by <= BY_SIZE; by++) {
        size_t count;
        struct summary_group *groups = summary_groups(set, (enum summary_by)by, &count);
        if (!groups)
            return -1;
        for (size_t i = 0; i < count; i++)
            csv_group(out, kinds[by], &groups[i]);
        free(groups);
    }
    return 0;
}

int profile_report(const char *dir, const char *out_file, FILE *table) {
    struct trace_set set = {0};
    char why[512] = "";
    int r = trace_read(dir, &set, why, sizeof why);

    if (r == 0 && table && (r = profile_print(&set, table)) < 0)
        snprintf(why, sizeof why, "out of memory");
    if (r == 0 && out_file)
        r = chrome_write(out_file, &set, why, sizeof why);
    if (r == 0 && table && set.count > CHROME_COMMANDS && out_file)
        fprintf(table, "%s holds all %zu commands for trillium profile; viewers show the first %u.\n",
                out_file, set.count, CHROME_COMMANDS);
    if (r < 0)
        fprintf(stderr, "trillium: no profile: %s\n", why);
    trace_free(&set);
    return r;
}
