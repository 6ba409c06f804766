// SPDX-License-Identifier: MIT
#include "host-backend/profile/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- histograms ---- */

int histogram_bin(uint64_t ns) {
    if (ns < 64)
        return 0;
    int octave = 63 - __builtin_clzll(ns), part = (int)(ns >> (octave - 3) & 7),
        bin = (octave - 6) * 8 + part + 1;

    return bin < HISTOGRAM_BINS ? bin : HISTOGRAM_BINS - 1;
}

uint64_t histogram_end(int bin) {
    int octave = bin > 0 ? (bin - 1) / 8 + 6 : 6, part = bin > 0 ? (bin - 1) % 8 + 1 : 0;

    return ((uint64_t)(8 + part) << (octave - 3)) - 1;
}

/* ---- groups ---- */

struct reference {
    const struct trace_item *item;
    uint64_t key; /* queue or size */
};

static enum summary_by sorting; /* for qsort; a report has one thread */

static int by_group(const void *a, const void *b) {
    const struct reference *x = a, *y = b;
    const struct trace_command *c = &x->item->command, *d = &y->item->command;

    if (sorting != BY_QUEUE) {
        if (c->what != d->what)
            return c->what < d->what ? -1 : 1;
        int names = strcmp(c->name, d->name);
        if (names != 0)
            return names;
    }
    if (sorting == BY_KERNEL)
        return memcmp(c->global, d->global, sizeof c->global);
    return x->key < y->key ? -1 : x->key > y->key;
}

static bool wanted(const struct trace_item *item, enum summary_by by, uint64_t *key) {
    const struct trace_command *c = &item->command;
    bool queued = c->what == TRACE_KERNEL || c->what == TRACE_TRANSFER;

    *key = 0;
    if (by == BY_QUEUE)
        *key = (uint64_t)item->pid << 32 | c->queue;
    else if (by == BY_SIZE)
        *key = c->bytes ? 64 - (uint64_t)__builtin_clzll(c->bytes) : 0;
    return by == BY_KERNEL || (by == BY_QUEUE && queued) ||
           (by == BY_SIZE && c->what == TRACE_TRANSFER && c->bytes > 0);
}

static void name_size(char *out, size_t room, uint64_t bytes) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    int u = 0;

    for (; u < 3 && bytes >= 1024; u++)
        bytes /= 1024;
    snprintf(out, room, "%llu %s", (unsigned long long)bytes, units[u]);
}

static void label(struct summary_group *g, const struct reference *first, enum summary_by by) {
    const struct trace_command *c = &first->item->command;
    char low[24];

    if (by == BY_QUEUE) {
        snprintf(g->label, sizeof g->label, "guest of worker %u, queue %u", first->item->pid, c->queue);
    } else if (by == BY_SIZE) {
        name_size(low, sizeof low, (uint64_t)1 << (first->key - 1));
        snprintf(g->label, sizeof g->label, "%s, from %s", c->name, low);
    } else if (c->what == TRACE_KERNEL) {
        int n = snprintf(g->label, sizeof g->label, "%s %llu", c->name, (unsigned long long)c->global[0]);
        for (uint32_t d = 1; d < c->work_dim && n > 0 && n < (int)sizeof g->label; d++)
            n += snprintf(g->label + n, sizeof g->label - (size_t)n, "x%llu",
                          (unsigned long long)c->global[d]);
    } else {
        snprintf(g->label, sizeof g->label, "%s", c->name);
    }
}

/* ---- turns ---- */

/* When a worker waited for its turn; `before` is the sum of its waits that were over by then. They follow one another. */
struct turn {
    uint32_t pid;
    uint64_t begin, end, before;
};

static int by_begin(const void *a, const void *b) {
    const struct turn *x = a, *y = b;
    if (x->pid != y->pid)
        return x->pid < y->pid ? -1 : 1;
    return x->begin < y->begin ? -1 : x->begin > y->begin;
}

static struct turn *turns_of(const struct trace_set *set, size_t *count) {
    struct turn *list = calloc(set->count + 1, sizeof *list);

    *count = 0;
    for (size_t i = 0; list && i < set->count; i++) {
        struct turn t = {.pid = set->items[i].pid};
        if (stage_times(&set->items[i], STAGE_TURN, &t.begin, &t.end) && t.end > t.begin)
            list[(*count)++] = t;
    }
    if (list)
        qsort(list, *count, sizeof *list, by_begin);
    for (size_t i = 1; i < *count; i++)
        list[i].before =
            list[i].pid == list[i - 1].pid ? list[i - 1].before + (list[i - 1].end - list[i - 1].begin) : 0;
    return list;
}

/* How long the worker had waited by that time, in all. */
static uint64_t waited_by(const struct turn *list, size_t count, uint32_t pid, uint64_t time) {
    size_t low = 0, high = count;

    while (low < high) { /* the first that begins later, or is another worker's */
        size_t middle = low + (high - low) / 2;
        if (list[middle].pid < pid || (list[middle].pid == pid && list[middle].begin <= time))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || list[low - 1].pid != pid)
        return 0;
    const struct turn *t = &list[low - 1];
    return t->before + ((time < t->end ? time : t->end) - t->begin);
}

static uint64_t behind(const struct turn *list, size_t count, const struct trace_item *item) {
    const struct trace_command *c = &item->command;

    if (count == 0 || c->write == 0 || c->begun < c->write)
        return 0;
    uint64_t begun = waited_by(list, count, item->pid, c->begun),
             written = waited_by(list, count, item->pid, c->write);
    return begun > written ? begun - written : 0;
}

/* ---- groups, measured ---- */

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void measure(struct summary_group *g, const struct reference *list, uint64_t *values) {
    for (int column = 0; column < SUMMARY_COLUMNS; column++) {
        struct summary_times *t = &g->times[column];
        for (size_t i = 0; i < g->count; i++) {
            uint64_t begin, end;
            if (column < STAGE_COUNT ? stage_times(list[i].item, (enum stage)column, &begin, &end)
                                     : total_times(list[i].item, &begin, &end)) {
                values[t->count++] = end - begin;
                t->sum += end - begin;
            }
        }
        if (t->count == 0)
            continue;
        qsort(values, t->count, sizeof *values, by_value);
        t->min = values[0];
        t->median = values[t->count / 2];
        t->p95 = values[t->count - 1 - t->count / 20];
        t->p99 = values[t->count - 1 - t->count / 100];
        t->max = values[t->count - 1];
        for (size_t i = 0; column == SUMMARY_TOTAL && i < t->count; i++)
            g->histogram[histogram_bin(values[i])]++;
    }
}

static int by_weight(const void *a, const void *b) {
    const struct summary_group *x = a, *y = b;
    uint64_t u = x->times[SUMMARY_TOTAL].sum, v = y->times[SUMMARY_TOTAL].sum;
    return u < v ? 1 : u > v ? -1 : strcmp(x->label, y->label);
}

/* ---- samples ---- */

/* Commands of queues where only a sample was traced: how many were, and how many there were. */
struct sampled {
    uint64_t kernels, transfers, all_kernels, all;
};

static struct sampled sampled_of(const struct trace_set *set) {
    struct sampled s = {.all = set->gap_count > 0 ? trace_total(set, "") : 0};

    for (size_t i = 0; i < set->count && s.all > 0; i++) {
        s.kernels += set->items[i].command.what == TRACE_KERNEL;
        s.transfers += set->items[i].command.what == TRACE_TRANSFER;
    }
    for (size_t i = 0; i < set->total_count; i++)
        if (set->totals[i].name[0] &&
            __builtin_add_overflow(s.all_kernels, set->totals[i].count, &s.all_kernels))
            s.all_kernels = UINT64_MAX;
    return s;
}

/* `count` of `traced`, of `all` that there were: of how many. */
static uint64_t scaled(uint64_t count, uint64_t traced, uint64_t all) {
    double share = traced > 0 ? (double)count / (double)traced : 0;
    return all > traced && share > 0 && share <= 1 && all <= INT64_MAX / 2 ? (uint64_t)(share * (double)all)
                                                                           : count;
}

/* So many commands of the group stand for so many; `named` commands have its name. */
static uint64_t stand_for(const struct trace_set *set, const struct sampled *s, const struct trace_command *c,
                          enum summary_by by, uint64_t count, uint64_t named) {
    if (s->all == 0)
        return count;
    if (by == BY_QUEUE)
        return scaled(count, s->kernels + s->transfers, s->all);
    uint64_t total = c->what == TRACE_KERNEL ? trace_total(set, c->name) : 0;
    if (total > 0)
        return scaled(count, named, total);
    if (c->what == TRACE_KERNEL) /* one of very many */
        return scaled(count, s->kernels, s->all_kernels);
    if (c->what == TRACE_TRANSFER)
        return scaled(count, s->transfers, s->all > s->all_kernels ? s->all - s->all_kernels : 0);
    return count;
}

static bool same_name(const struct reference *a, const struct reference *b) {
    const struct trace_command *c = &a->item->command, *d = &b->item->command;
    return c->what == d->what && strcmp(c->name, d->name) == 0;
}

struct summary_group *summary_groups(const struct trace_set *set, enum summary_by by, size_t *count) {
    struct reference *list = calloc(set->count + 1, sizeof *list);
    uint64_t *values = calloc(set->count + 1, sizeof *values);
    struct summary_group *groups = NULL;
    size_t n = 0, made = 0, named = 0, turn_count;
    struct sampled sampled = sampled_of(set);
    struct turn *turns = turns_of(set, &turn_count);

    *count = 1; /* until there is memory */
    for (size_t i = 0; list && i < set->count; i++)
        if (wanted(&set->items[i], by, &list[n].key))
            list[n++].item = &set->items[i];
    sorting = by;
    if (list)
        qsort(list, n, sizeof *list, by_group);
    for (size_t i = 0; list && i < n; i++)
        made += i == 0 || by_group(&list[i - 1], &list[i]) != 0;
    if (list && values && turns && (groups = calloc(made + 1, sizeof *groups))) {
        struct summary_group *g = groups;
        for (size_t i = 0, next; i < n; i = next, g++) {
            for (next = i + 1; next < n && by_group(&list[i], &list[next]) == 0; next++)
                ;
            g->count = next - i;
            if (i == 0 || !same_name(&list[i - 1], &list[i]))
                for (named = 1; i + named < n && same_name(&list[i], &list[i + named]); named++)
                    ;
            g->of = stand_for(set, &sampled, &list[i].item->command, by, g->count, named);
            g->what = list[i].item->command.what;
            for (size_t k = i; k < next; k++) {
                g->bytes += list[k].item->command.bytes;
                g->behind += behind(turns, turn_count, list[k].item);
            }
            label(g, &list[i], by);
            measure(g, list + i, values);
        }
        *count = made;
        qsort(groups, made, sizeof *groups, by_weight);
    }
    free(list);
    free(values);
    free(turns);
    return groups;
}

/* ---- shares ---- */

/* Something begins (+1) or ends (-1) at a time. */
struct edge {
    uint64_t time;
    int what; /* a stage, or one of these */
    int step;
};
enum { RUNS_KERNEL = STAGE_COUNT, RUNS_TRANSFER, RUNS_BUILD, NOT_TRACED, KINDS };

static int by_time(const void *a, const void *b) {
    const struct edge *x = a, *y = b;
    return x->time < y->time ? -1 : x->time > y->time;
}

static size_t put_edges(struct edge *edges, int what, uint64_t begin, uint64_t end) {
    if (end <= begin)
        return 0;
    edges[0] = (struct edge){begin, what, 1};
    edges[1] = (struct edge){end, what, -1};
    return 2;
}

static size_t edges_of(struct edge *edges, const struct trace_item *item) {
    const struct trace_command *c = &item->command;
    uint64_t begin, end;
    size_t n = 0;

    if (c->what == TRACE_FINISH) /* it waits for others, whose stages say for what */
        return stage_times(item, STAGE_WAKE, &begin, &end) ? put_edges(edges, STAGE_WAKE, begin, end) : 0;
    for (int s = 0; s < STAGE_COUNT; s++) {
        int what = s != STAGE_RUN              ? s
                   : c->what == TRACE_KERNEL   ? RUNS_KERNEL
                   : c->what == TRACE_TRANSFER ? RUNS_TRANSFER
                                               : RUNS_BUILD;
        if (stage_times(item, (enum stage)s, &begin, &end))
            n += put_edges(edges + n, what, begin, end);
    }
    return n;
}

/* A stretch of time, by what is under way in it. */
static void count_stretch(struct summary_share *out, const int under_way[KINDS], uint64_t length) {
    if (under_way[RUNS_KERNEL]) {
        out->kernels += length;
    } else if (under_way[RUNS_TRANSFER]) {
        out->transfers += length;
    } else if (under_way[RUNS_BUILD]) {
        out->builds += length;
    } else if (under_way[NOT_TRACED]) {
        out->not_traced += length;
    } else {
        int s = STAGE_COUNT - 1;
        while (s >= 0 && !under_way[s])
            s--;
        *(s >= 0 ? &out->stage[s] : &out->program) += length;
    }
}

bool summary_shares(const struct trace_set *set, struct summary_share *out) {
    struct edge *edges = calloc(2 * (set->count * STAGE_COUNT + set->gap_count) + 1, sizeof *edges);
    int under_way[KINDS] = {0};
    size_t n = 0;

    *out = (struct summary_share){.commands = set->count};
    if (!edges)
        return false;
    for (size_t i = 0; i < set->count; i++) {
        n += edges_of(edges + n, &set->items[i]);
        out->waits += set->items[i].woken != 0;
    }
    for (size_t i = 0; i < set->gap_count; i++)
        n += put_edges(edges + n, NOT_TRACED, set->gaps[i].begin, set->gaps[i].end);
    qsort(edges, n, sizeof *edges, by_time);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            count_stretch(out, under_way, edges[i].time - edges[i - 1].time);
        under_way[edges[i].what] += edges[i].step;
    }
    out->span = n > 0 ? edges[n - 1].time - edges[0].time - out->not_traced : 0;
    free(edges);
    return true;
}
