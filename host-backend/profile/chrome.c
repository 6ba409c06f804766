// SPDX-License-Identifier: MIT
#include "host-backend/profile/chrome.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "host-backend/profile/record.h"
#include "host-backend/profile/stages.h"

/* Rows of a guest in the viewer. */
enum { ROW_GUEST = 1, ROW_FIFO = 2, ROW_WORKER = 3, ROW_BUILDS = 4, ROW_QUEUES = 16 };

/* Written piece by piece: a profile may have millions of events, and a tree of all of them would not fit. */
struct writer {
    FILE *file;
    bool first;
    bool failed;
};

static void put(struct writer *w, json_t *event) {
    char *text = event ? json_dumps(event, JSON_COMPACT) : NULL;
    if (text)
        fprintf(w->file, "%s\n%s", w->first ? "" : ",", text);
    else
        w->failed = true;
    w->first = false;
    free(text);
    json_decref(event);
}

static void put_name(struct writer *w, const char *what, uint32_t pid, uint32_t row, const char *name) {
    put(w, json_pack("{s:s, s:s, s:i, s:i, s:{s:s}}", "name", what, "ph", "M", "pid", (int)pid, "tid",
                     (int)row, "args", "name", name));
}

static json_t *sizes(const uint64_t *values, uint32_t count) {
    json_t *list = json_array();
    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(list, json_integer((json_int_t)values[i]));
    return list;
}

static json_t *arguments(const struct trace_item *item) {
    const struct trace_command *c = &item->command;
    json_t *args = json_object();
    if (c->what == TRACE_KERNEL) {
        json_object_set_new(args, "global", sizes(c->global, c->work_dim));
        json_object_set_new(args, "local", sizes(c->local, c->work_dim));
    }
    if (c->bytes > 0)
        json_object_set_new(args, "bytes", json_integer((json_int_t)c->bytes));
    if (c->result != 0)
        json_object_set_new(args, "error", json_integer(c->result));
    if (c->what == TRACE_BUILD) {
        json_object_set_new(args, "compile_ms", json_real((double)c->compile / 1e6));
        json_object_set_new(args, "validate_ms", json_real((double)c->validate / 1e6));
        json_object_set_new(args, "translate_ms", json_real((double)c->translate / 1e6));
        json_object_set_new(args, "driver_ms", json_real((double)c->driver / 1e6));
        json_object_set_new(args, "cached", json_boolean(c->cached));
    }
    return args;
}

static uint32_t row_of(const struct trace_item *item, enum stage stage) {
    switch (stage) {
    case STAGE_GUEST:
    case STAGE_WAKE:
        return ROW_GUEST;
    case STAGE_DOORBELL:
    case STAGE_FIFO:
        return ROW_FIFO;
    case STAGE_SUBMIT:
    case STAGE_DEVICE:
    case STAGE_RUN:
        return item->command.what == TRACE_BUILD ? ROW_BUILDS : ROW_QUEUES + item->command.queue;
    default:
        return ROW_WORKER;
    }
}

/* One complete event ("X") for each stage, and an arrow that goes through them; times are microseconds from the first call.
 * Stages of no length are left out: most commands have some. */
static void put_item(struct writer *w, const struct trace_item *item, size_t number, uint64_t origin) {
    bool begun = false;

    for (int s = 0; s < STAGE_COUNT; s++) {
        char name[96];
        uint64_t begin, end;
        if (!stage_times(item, (enum stage)s, &begin, &end) || begin < origin ||
            (begin == end && s != STAGE_RUN))
            continue;
        if (s == STAGE_RUN)
            snprintf(name, sizeof name, "%s", item->command.name);
        else
            snprintf(name, sizeof name, "%s: %s", item->command.name, stages[s].name);
        json_t *event = json_pack("{s:s, s:s, s:s, s:i, s:i, s:f, s:f}", "name", name, "cat", stages[s].name,
                                  "ph", "X", "pid", (int)item->pid, "tid", (int)row_of(item, (enum stage)s),
                                  "ts", (double)(begin - origin) / 1e3, "dur", (double)(end - begin) / 1e3);
        if (event && s == STAGE_RUN)
            json_object_set_new(event, "args", arguments(item));
        put(w, event);
        if (s == STAGE_GUEST || s == STAGE_DRIVER || s == STAGE_RUN || s == STAGE_WAKE) {
            put(w, json_pack("{s:s, s:s, s:s, s:s, s:I, s:i, s:i, s:f}", "name", "command", "cat", "command",
                             "ph",
                             !begun            ? "s"
                             : s == STAGE_WAKE ? "f"
                                               : "t",
                             "bp", "e", "id", (json_int_t)number, "pid", (int)item->pid, "tid",
                             (int)row_of(item, (enum stage)s), "ts", (double)(begin - origin) / 1e3));
            begun = true;
        }
    }
}

/* What is not known of a worker, where only a sample was traced. */
static void put_gaps(struct writer *w, const struct trace_set *set, uint64_t origin, uint64_t until) {
    for (size_t i = 0; i < set->gap_count && i < CHROME_COMMANDS; i++) {
        const struct trace_gap *gap = &set->gaps[i];
        if (gap->begin >= origin && gap->begin < until)
            put(w,
                json_pack("{s:s, s:s, s:s, s:I, s:i, s:f, s:f}", "name", "not traced", "cat", "sample", "ph",
                          "X", "pid", (json_int_t)gap->pid, "tid", (int)ROW_WORKER, "ts",
                          (double)(gap->begin - origin) / 1e3, "dur", (double)(gap->end - gap->begin) / 1e3));
    }
}

/* Says once what a guest's rows are. */
static void put_names(struct writer *w, const struct trace_item *items, size_t count) {
    uint32_t last_pid = 0, last_queue = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct trace_item *item = &items[i];
        char name[64];
        if (item->pid != last_pid) {
            snprintf(name, sizeof name, "guest of worker %u", item->pid);
            put_name(w, "process_name", item->pid, 0, name);
            put_name(w, "thread_name", item->pid, ROW_GUEST, "guest");
            put_name(w, "thread_name", item->pid, ROW_FIFO, "FIFO");
            put_name(w, "thread_name", item->pid, ROW_WORKER, "worker");
            put_name(w, "thread_name", item->pid, ROW_BUILDS, "builds");
            last_pid = item->pid;
            last_queue = UINT32_MAX;
        }
        if (item->command.what != TRACE_BUILD && item->command.queue != last_queue) {
            snprintf(name, sizeof name, "queue %u", item->command.queue);
            put_name(w, "thread_name", item->pid, ROW_QUEUES + item->command.queue, name);
            last_queue = item->command.queue;
        }
    }
}

int chrome_write(const char *path, const struct trace_set *set, char *why, size_t why_size) {
    struct writer w = {.file = fopen(path, "we"), .first = true};
    size_t shown = set->count < CHROME_COMMANDS ? set->count : CHROME_COMMANDS;

    if (!w.file) {
        snprintf(why, why_size, "cannot write %s: %s", path, strerror(errno));
        return -1;
    }
    record_put(w.file, set);
    fprintf(w.file, "\"traceEvents\": [");
    put_names(&w, set->items, shown);
    for (size_t i = 0; i < shown; i++)
        put_item(&w, &set->items[i], i, set->items[0].command.call);
    if (shown > 0)
        put_gaps(&w, set, set->items[0].command.call, set->items[shown - 1].command.call);
    fprintf(w.file, "\n]}\n");
    bool failed = ferror(w.file) != 0;
    failed |= fclose(w.file) != 0;
    if (failed || w.failed) {
        snprintf(why, why_size, "cannot write %s: %s", path, failed ? strerror(errno) : "out of memory");
        return -1;
    }
    return 0;
}
