// SPDX-License-Identifier: MIT
#include "host-backend/profile/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define FORMAT 2
#define MOST_COMMANDS 10000000u
#define SAMPLE "\"sample\": "

/* The numbers of a command, in the order in which they stand in its line. */
#define MEMBER(m)                                                                                            \
    { #m, offsetof(struct trace_item, command.m), sizeof(((struct trace_item *)0)->command.m) }
#define OUTER(m)                                                                                             \
    { #m, offsetof(struct trace_item, m), sizeof(((struct trace_item *)0)->m) }
static const struct {
    const char *name;
    size_t offset, size;
} numbers[] = {
    OUTER(pid),        MEMBER(what),      MEMBER(queue),    MEMBER(work_dim), MEMBER(global[0]),
    MEMBER(global[1]), MEMBER(global[2]), MEMBER(local[0]), MEMBER(local[1]), MEMBER(local[2]),
    MEMBER(bytes),     MEMBER(call),      MEMBER(write),    MEMBER(awake),    MEMBER(picked_up),
    MEMBER(decoded),   MEMBER(begun),     MEMBER(enqueued), MEMBER(submit),   MEMBER(start),
    MEMBER(end),       MEMBER(ended),     OUTER(published), OUTER(woken),     MEMBER(compile),
    MEMBER(validate),  MEMBER(translate), MEMBER(driver),   MEMBER(cached),
};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

static uint64_t get(const struct trace_item *item, int n) {
    const char *at = (const char *)item + numbers[n].offset;
    uint32_t small;
    uint64_t big;

    if (numbers[n].size == sizeof small) {
        memcpy(&small, at, sizeof small);
        return small;
    }
    memcpy(&big, at, sizeof big);
    return big;
}

static void set_number(struct trace_item *item, int n, uint64_t value) {
    char *at = (char *)item + numbers[n].offset;
    uint32_t small = (uint32_t)value;

    if (numbers[n].size == sizeof small)
        memcpy(at, &small, sizeof small);
    else
        memcpy(at, &value, sizeof value);
}

/* One line more, where not all commands are there: the times between which none is, and how many there were of each name. */
static void put_sample(FILE *f, const struct trace_set *set) {
    json_t *gaps = json_array(), *totals = json_object();

    for (size_t i = 0; i < set->gap_count; i++)
        json_array_append_new(gaps, json_pack("[I,I,I]", (json_int_t)set->gaps[i].pid,
                                              (json_int_t)set->gaps[i].begin, (json_int_t)set->gaps[i].end));
    for (size_t i = 0; i < set->total_count; i++)
        json_object_set_new(totals, set->totals[i].name, json_integer((json_int_t)set->totals[i].count));
    json_t *sample = json_pack("{s:o, s:o}", "gaps", gaps, "totals", totals);
    char *text = sample ? json_dumps(sample, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    if (text && set->gap_count > 0)
        fprintf(f, "%s%s,\n", SAMPLE, text);
    free(text);
    json_decref(sample);
}

void record_put(FILE *f, const struct trace_set *set) {
    fprintf(
        f, "{\"trillium\": %d, \"count\": %zu, \"lost\": %llu, \"driver_error_ns\": %lld, \"fields\": \"name",
        FORMAT, set->count, (unsigned long long)set->lost,
        set->driver_error == UINT64_MAX ? -1LL : (long long)set->driver_error);
    for (int n = 0; n < NUMBERS; n++)
        fprintf(f, ",%s", numbers[n].name);
    fprintf(f, "\", \"displayTimeUnit\": \"ns\", \"commands\": [");
    for (size_t i = 0; i < set->count; i++) {
        const struct trace_item *item = &set->items[i];
        json_t *name =
            json_stringn_nocheck(item->command.name, strnlen(item->command.name, sizeof item->command.name));
        char *text = name ? json_dumps(name, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;

        fprintf(f, "%s\n[%s", i ? "," : "", text ? text : "\"?\"");
        for (int n = 0; n < NUMBERS; n++)
            fprintf(f, ",%llu", (unsigned long long)get(item, n));
        fputc(']', f);
        free(text);
        json_decref(name);
    }
    fprintf(f, "\n],\n");
    put_sample(f, set);
}

/* One line: an array, with a comma before it or not. */
static bool take(struct trace_item *item, const char *line) {
    json_t *list = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
    const char *name = json_string_value(json_array_get(list, 0));
    bool ok = name && json_array_size(list) == NUMBERS + 1;

    *item = (struct trace_item){0};
    for (int n = 0; ok && n < NUMBERS; n++) {
        json_t *value = json_array_get(list, (size_t)n + 1);
        ok = json_is_integer(value) && json_integer_value(value) >= 0;
        if (ok)
            set_number(item, n, (uint64_t)json_integer_value(value));
    }
    if (ok) {
        snprintf(item->command.name, sizeof item->command.name, "%s", name);
        trace_tidy(&item->command);
    }
    json_decref(list);
    return ok;
}

static bool take_number(const json_t *value, uint64_t *out) {
    *out = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

/* The line behind the commands' end, if it is a sample's. */
static bool take_sample(FILE *f, char **line, size_t *room, struct trace_set *set) {
    const size_t head = strlen(SAMPLE);
    const char *name;
    json_t *each;
    size_t i;

    if (getline(line, room, f) <= 0 || strncmp(*line, SAMPLE, head) != 0)
        return true;
    json_t *sample = json_loads(*line + head, JSON_DISABLE_EOF_CHECK, NULL);
    json_t *gaps = json_object_get(sample, "gaps"), *totals = json_object_get(sample, "totals");
    set->gaps = calloc(json_array_size(gaps) + 1, sizeof *set->gaps);
    set->totals = calloc(json_object_size(totals) + 1, sizeof *set->totals);
    bool ok = json_is_array(gaps) && json_is_object(totals) && json_object_size(totals) <= TRACE_NAMES &&
              set->gaps && set->totals;
    for (i = 0; ok && i < json_array_size(gaps); i++) {
        struct trace_gap *gap = &set->gaps[set->gap_count++];
        uint64_t pid = 0;
        each = json_array_get(gaps, i);
        ok = take_number(json_array_get(each, 0), &pid) &&
             take_number(json_array_get(each, 1), &gap->begin) &&
             take_number(json_array_get(each, 2), &gap->end);
        gap->pid = (uint32_t)pid;
    }
    if (ok) {
        json_object_foreach(totals, name, each) {
            struct trace_total *total = &set->totals[set->total_count++];
            snprintf(total->name, sizeof total->name, "%s", name);
            trace_tidy_name(total->name, sizeof total->name);
            ok = ok && take_number(each, &total->count);
        }
    }
    json_decref(sample);
    return ok;
}

static int head_of(FILE *f, char **line, size_t *room, struct trace_set *set) {
    unsigned format = 0;
    size_t count = 0;
    unsigned long long lost = 0;
    long long error = -1;

    if (getline(line, room, f) < 0 ||
        sscanf(*line, "{\"trillium\": %u, \"count\": %zu, \"lost\": %llu, \"driver_error_ns\": %lld", &format,
               &count, &lost, &error) != 4 ||
        format != FORMAT || count > MOST_COMMANDS)
        return -1;
    *set = (struct trace_set){
        .count = count, .lost = lost, .driver_error = error < 0 ? UINT64_MAX : (uint64_t)error};
    return 0;
}

int record_load(const char *path, struct trace_set *set, char *why, size_t why_size) {
    FILE *f = fopen(path, "re");
    char *line = NULL;
    size_t room = 0, wanted, got = 0, cap = 0;

    *set = (struct trace_set){0};
    if (!f) {
        snprintf(why, why_size, "cannot read %s: %s", path, strerror(errno));
        return -1;
    }
    bool ok = head_of(f, &line, &room, set) == 0;
    /* as much memory as lines are there, whatever the head says */
    for (wanted = ok ? set->count : 0; ok && got < wanted && getline(&line, &room, f) > 0; got++) {
        if (got == cap) {
            size_t bigger = cap ? 2 * cap : 1024;
            struct trace_item *grown = realloc(set->items, bigger * sizeof *grown);
            if (!grown)
                break;
            set->items = grown;
            cap = bigger;
        }
        ok = take(&set->items[got], line);
    }
    set->count = got;
    ok = ok && (getline(&line, &room, f) <= 0 || take_sample(f, &line, &room, set));
    if (!ok || got < wanted) {
        snprintf(why, why_size, "%s is no profile of trillium run --profile, or not a whole one", path);
        trace_free(set);
        ok = false;
    }
    free(line);
    fclose(f);
    return ok ? 0 : -1;
}
