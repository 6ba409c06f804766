// SPDX-License-Identifier: MIT
#include "host-backend/profile/chrome.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "host-backend/profile/stages.h"

/* Rows of a guest in the viewer. */
enum { ROW_GUEST = 1, ROW_WORKER = 2, ROW_BUILDS = 3, ROW_QUEUES = 16 };

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
    case STAGE_QUEUE:
    case STAGE_RUN:
        return item->command.what == TRACE_BUILD ? ROW_BUILDS : ROW_QUEUES + item->command.queue;
    default:
        return ROW_WORKER;
    }
}

/* One complete event ("X") for each stage; times are microseconds from the first call. */
static void put_item(struct writer *w, const struct trace_item *item, uint64_t origin) {
    for (int s = 0; s < STAGE_COUNT; s++) {
        char name[96];
        uint64_t begin, end;
        if (!stage_times(item, (enum stage)s, &begin, &end) || begin < origin)
            continue;
        if (s == STAGE_RUN)
            snprintf(name, sizeof name, "%s", item->command.name);
        else
            snprintf(name, sizeof name, "%s: %s", item->command.name, stage_names[s]);
        put(w, json_pack("{s:s, s:s, s:s, s:i, s:i, s:f, s:f, s:o}", "name", name, "cat", stage_names[s],
                         "ph", "X", "pid", (int)item->pid, "tid", (int)row_of(item, (enum stage)s), "ts",
                         (double)(begin - origin) / 1e3, "dur", (double)(end - begin) / 1e3, "args",
                         arguments(item)));
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

int chrome_write(const char *path, const struct trace_item *items, size_t count, char *why, size_t why_size) {
    struct writer w = {.file = fopen(path, "we"), .first = true};

    if (!w.file) {
        snprintf(why, why_size, "cannot write %s: %s", path, strerror(errno));
        return -1;
    }
    fprintf(w.file, "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [");
    put_names(&w, items, count);
    for (size_t i = 0; i < count; i++)
        put_item(&w, &items[i], items[0].command.call);
    fprintf(w.file, "\n]}\n");
    bool failed = ferror(w.file) != 0;
    failed |= fclose(w.file) != 0;
    if (failed || w.failed) {
        snprintf(why, why_size, "cannot write %s: %s", path, failed ? strerror(errno) : "out of memory");
        return -1;
    }
    return 0;
}
