// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host-backend/profile/stages.h"
#include "host-backend/profile/trace.h"

enum { COUNTED = 256 }; /* workers in a profile of a sample of which it is known how many commands they had */

/* All items read so far, the stamps that refer to them, and where pauses of tracing ended. */
struct list {
    struct trace_item *items;
    size_t count, cap;
    struct stamp {
        struct trace_stamp stamp;
        uint32_t pid;
    } * stamps, *windows;
    size_t stamp_count, stamp_cap, window_count, window_cap;
    struct trace_total *totals;
    size_t total_count, total_cap;
    struct trace_gap *gaps;
    size_t gap_count;
    uint32_t counted[COUNTED]; /* workers that have said how many commands they had */
    size_t counted_count;
    uint64_t lost, driver_error;
};

static bool grow(void **array, size_t count, size_t *cap, size_t size) {
    if (count < *cap)
        return true;
    size_t bigger = *cap ? 2 * *cap : 1024;
    void *grown = realloc(*array, bigger * size);
    if (!grown)
        return false;
    *array = grown;
    *cap = bigger;
    return true;
}

void trace_tidy_name(char *name, size_t size) {
    name[size - 1] = '\0';
    for (char *at = name; *at; at++)
        if (*at < ' ' || *at > '~') /* also those of 8 bits, which terminals obey as well */
            *at = '?';
}

void trace_tidy(struct trace_command *c) {
    trace_tidy_name(c->name, sizeof c->name);
    if (c->work_dim > 3)
        c->work_dim = 3;
    if (c->what < TRACE_KERNEL || c->what > TRACE_BUILD)
        c->what = TRACE_TRANSFER;
}

static bool add_command(struct list *l, const struct trace_command *c, uint32_t pid) {
    if (!grow((void **)&l->items, l->count, &l->cap, sizeof *l->items))
        return false;
    struct trace_item *item = &l->items[l->count++];
    *item = (struct trace_item){.command = *c, .pid = pid};
    trace_tidy(&item->command);
    return true;
}

static bool add_stamp(struct list *l, const struct trace_stamp *s, uint32_t pid) {
    if (s->type == TRACE_LOST)
        l->lost += s->time;
    if (s->type == TRACE_CLOCK && (l->driver_error == UINT64_MAX || s->time > l->driver_error))
        l->driver_error = s->time;
    if (s->type == TRACE_LOST || s->type == TRACE_CLOCK)
        return true;
    if (s->type == TRACE_WINDOW) {
        if (!grow((void **)&l->windows, l->window_count, &l->window_cap, sizeof *l->windows))
            return false;
        l->windows[l->window_count++] = (struct stamp){*s, pid};
        return true;
    }
    if (!grow((void **)&l->stamps, l->stamp_count, &l->stamp_cap, sizeof *l->stamps))
        return false;
    l->stamps[l->stamp_count++] = (struct stamp){*s, pid};
    return true;
}

/* Workers' of the same name are added up. */
static bool add_total(struct list *l, struct trace_total *t) {
    size_t i = 0;

    trace_tidy_name(t->name, sizeof t->name);
    t->name[TRACE_NAME_COUNTED] = '\0';
    while (i < l->total_count && strcmp(l->totals[i].name, t->name) != 0)
        i++;
    if (i == TRACE_NAMES)
        return true;
    if (i == l->total_count) {
        if (!grow((void **)&l->totals, i, &l->total_cap, sizeof *l->totals))
            return false;
        l->totals[l->total_count++] = *t;
    } else if (__builtin_add_overflow(l->totals[i].count, t->count, &l->totals[i].count)) {
        l->totals[i].count = UINT64_MAX;
    }
    if (i < l->total_count && l->totals[i].count > INT64_MAX) /* as a record has it */
        l->totals[i].count = INT64_MAX;
    return true;
}

/* Entries until the file ends; an incomplete one at the end, of a worker that died, is left out. False when
 * out of memory. */
static bool read_entries(struct list *l, FILE *f, uint32_t pid) {
    struct {
        uint32_t type, size;
    } head;

    while (fread(&head, sizeof head, 1, f) == 1) {
        union {
            struct trace_command command;
            struct trace_stamp stamp;
            struct trace_total total;
        } entry;
        char *rest = (char *)&entry + sizeof head;
        memcpy(&entry, &head, sizeof head);
        if (head.type == TRACE_COMMAND && head.size == sizeof entry.command) {
            if (fread(rest, sizeof entry.command - sizeof head, 1, f) == 1 &&
                !add_command(l, &entry.command, pid))
                return false;
        } else if (head.type == TRACE_TOTAL && head.size == sizeof entry.total) {
            if (fread(rest, sizeof entry.total - sizeof head, 1, f) != 1)
                break;
            if (!add_total(l, &entry.total))
                return false;
            if (entry.total.name[0] == '\0' && l->counted_count < COUNTED)
                l->counted[l->counted_count++] = pid;
        } else if (head.type >= TRACE_PUBLISHED && head.type <= TRACE_WINDOW &&
                   head.size == sizeof entry.stamp) {
            if (fread(rest, sizeof entry.stamp - sizeof head, 1, f) == 1 && !add_stamp(l, &entry.stamp, pid))
                return false;
        } else if (head.size < sizeof head || fseek(f, (long)(head.size - sizeof head), SEEK_CUR) < 0) {
            break;
        }
    }
    return true;
}

static int read_file(struct list *l, const char *path, char *why, size_t why_size) {
    struct trace_header header;
    FILE *f = fopen(path, "rbe");

    if (!f) {
        snprintf(why, why_size, "cannot read %s: %s", path, strerror(errno));
        return -1;
    }
    int r = 0;
    if (fread(&header, sizeof header, 1, f) == 1) { /* else its worker had no time to write anything */
        if (memcmp(header.magic, TRACE_MAGIC, sizeof header.magic) != 0 ||
            header.version != TRACE_FILE_VERSION) {
            snprintf(why, why_size, "%s is no trace of this version", path);
            r = -1;
        } else if (!read_entries(l, f, header.pid)) {
            snprintf(why, why_size, "out of memory");
            r = -1;
        }
    }
    fclose(f);
    return r;
}

/* ---- joining stamps to commands ---- */

static int by_sequence(const void *a, const void *b) {
    const struct trace_item *x = a, *y = b;
    if (x->pid != y->pid)
        return x->pid < y->pid ? -1 : 1;
    return x->command.sequence < y->command.sequence ? -1 : x->command.sequence > y->command.sequence;
}

static int by_call(const void *a, const void *b) {
    const struct trace_item *x = a, *y = b;
    return x->command.call < y->command.call ? -1 : x->command.call > y->command.call;
}

/* Tokens: sorted references, since they may have any order. */
static int by_token(const void *a, const void *b) {
    const struct trace_item *x = *(struct trace_item *const *)a, *y = *(struct trace_item *const *)b;
    if (x->pid != y->pid)
        return x->pid < y->pid ? -1 : 1;
    return x->command.token < y->command.token ? -1 : x->command.token > y->command.token;
}

/*
 * The driver's stamps are off by up to TRACE_CLOCK, the worker's are not: what had begun by the driver's clock after its end was
 * told had begun at that moment at the latest. All that the driver says of it is moved by as much.
 */
static void put_in_order(struct trace_item *item) {
    struct trace_command *c = &item->command;

    if (!item->published || c->start <= item->published)
        return;
    uint64_t late = c->start - item->published;
    c->submit = c->submit > late ? c->submit - late : 0;
    c->start -= late;
    if (c->ended == c->end)
        c->ended -= late;
    c->end -= late;
}

/* Windows by worker, and by the commands that they begin before. */
static int by_window(const void *a, const void *b) {
    const struct stamp *x = a, *y = b;
    if (x->pid != y->pid)
        return x->pid < y->pid ? -1 : 1;
    return x->stamp.id < y->stamp.id ? -1 : x->stamp.id > y->stamp.id;
}

/* Is it traced before the window, as far as the order of both goes? */
static bool is_before(const struct trace_item *item, const struct stamp *window) {
    return item->pid < window->pid ||
           (item->pid == window->pid && item->command.sequence <= TRACE_WINDOW_AFTER(window->stamp.id));
}

/* The times between which nothing is known: from the end of what was traced before a pause until what was traced after it began or, where
 * nothing else was under way, would have been seen. The items are in the order of by_sequence. */
static bool find_gaps(struct list *l) {
    struct trace_gap gap = {0};
    uint64_t begin, end;
    size_t i = 0;

    l->gaps = calloc(l->window_count + 1, sizeof *l->gaps);
    if (!l->gaps)
        return false;
    if (l->window_count > 0)
        qsort(l->windows, l->window_count, sizeof *l->windows, by_window);
    for (size_t w = 0; w < l->window_count; w++) {
        const struct stamp *window = &l->windows[w];
        for (; i < l->count && is_before(&l->items[i], window); i++) {
            if (l->items[i].pid != gap.pid)
                gap = (struct trace_gap){.pid = l->items[i].pid};
            if (total_times(&l->items[i], &begin, &end) && end > gap.begin)
                gap.begin = end;
        }
        const struct trace_item *first = i < l->count && l->items[i].pid == window->pid ? &l->items[i] : NULL;
        bool idle = TRACE_WINDOW_IDLE(window->stamp.id) || !first;
        gap.end = idle                   ? window->stamp.time
                  : first->command.start ? first->command.start
                                         : first->command.picked_up;
        if (gap.pid == window->pid && gap.begin != 0 && gap.end > gap.begin && gap.end <= INT64_MAX)
            l->gaps[l->gap_count++] = gap;
    }
    return true;
}

/* Where some workers' commands are a sample, those of the others, or of one that was killed, are all that is known of. */
static bool count_others(struct list *l) {
    for (size_t i = 0, k; i < l->count && l->gap_count > 0; i++) {
        const struct trace_command *c = &l->items[i].command;
        struct trace_total all = {.count = 1}, one = {.count = 1};
        for (k = 0; k < l->counted_count && l->counted[k] != l->items[i].pid; k++)
            ;
        if (k < l->counted_count || (c->what != TRACE_KERNEL && c->what != TRACE_TRANSFER))
            continue;
        memcpy(one.name, c->name, sizeof one.name);
        if (!add_total(l, &all) || (c->what == TRACE_KERNEL && !add_total(l, &one)))
            return false;
    }
    return true;
}

static bool join(struct list *l) {
    struct trace_item **tokens = malloc((l->count + 1) * sizeof(*tokens));
    if (!tokens)
        return false;
    if (l->count > 0)
        qsort(l->items, l->count, sizeof *l->items, by_sequence);
    for (size_t i = 0; i < l->count; i++)
        tokens[i] = &l->items[i];
    qsort(tokens, l->count, sizeof(*tokens), by_token);
    for (size_t i = 0; i < l->stamp_count; i++) {
        const struct stamp *s = &l->stamps[i];
        struct trace_item key = {.pid = s->pid, .command = {.sequence = s->stamp.id, .token = s->stamp.id}},
                          *item, **found;
        const struct trace_item *key_ref = &key;
        if (s->stamp.type == TRACE_PUBLISHED) {
            item = l->count > 0 ? bsearch(&key, l->items, l->count, sizeof *l->items, by_sequence) : NULL;
            if (item)
                item->published = s->stamp.time;
        } else {
            found = bsearch(&key_ref, tokens, l->count, sizeof(*tokens), by_token);
            if (found)
                (*found)->woken = s->stamp.time;
        }
    }
    free(tokens);
    for (size_t i = 0; i < l->count; i++)
        put_in_order(&l->items[i]);
    if (!find_gaps(l) || !count_others(l))
        return false;
    if (l->count > 0)
        qsort(l->items, l->count, sizeof *l->items, by_call);
    return true;
}

uint64_t trace_total(const struct trace_set *set, const char *name) {
    for (size_t i = 0; i < set->total_count; i++)
        if (strncmp(set->totals[i].name, name, TRACE_NAME_COUNTED) == 0)
            return set->totals[i].count;
    return 0;
}

int trace_read(const char *dir, struct trace_set *set, char *why, size_t why_size) {
    struct list l = {.driver_error = UINT64_MAX};
    struct dirent *entry;
    DIR *d = opendir(dir);
    int r = 0;

    if (!d) {
        snprintf(why, why_size, "cannot read the folder %s: %s", dir, strerror(errno));
        return -1;
    }
    while (r == 0 && (entry = readdir(d))) {
        char path[4096];
        size_t length = strlen(entry->d_name);
        if (length <= 6 || strcmp(entry->d_name + length - 6, ".trace") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        r = read_file(&l, path, why, why_size);
    }
    closedir(d);
    if (r == 0 && !join(&l)) {
        snprintf(why, why_size, "out of memory");
        r = -1;
    }
    *set = (struct trace_set){.items = l.items,
                              .count = l.count,
                              .gaps = l.gaps,
                              .gap_count = l.gap_count,
                              .totals = l.totals,
                              .total_count = l.total_count,
                              .lost = l.lost,
                              .driver_error = l.driver_error};
    free(l.stamps);
    free(l.windows);
    if (r < 0)
        trace_free(set);
    return r;
}

void trace_free(struct trace_set *set) {
    free(set->items);
    free(set->gaps);
    free(set->totals);
    *set = (struct trace_set){0};
}

uint64_t trace_guest_error(const struct trace_set *set) {
    int64_t there = INT64_MAX, back = INT64_MAX;

    for (size_t i = 0; i < set->count; i++) {
        const struct trace_item *item = &set->items[i];
        if (item->command.write && item->command.picked_up &&
            (int64_t)(item->command.picked_up - item->command.write) < there)
            there = (int64_t)(item->command.picked_up - item->command.write);
        if (item->published && item->woken && (int64_t)(item->woken - item->published) < back)
            back = (int64_t)(item->woken - item->published);
    }
    if (there == INT64_MAX || back == INT64_MAX)
        return UINT64_MAX;
    /* where one way seems negative, at least that much is wrong */
    int64_t worst = there < 0 ? -there : back < 0 ? -back : (there + back) / 2;
    return (uint64_t)worst;
}
