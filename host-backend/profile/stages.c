// SPDX-License-Identifier: MIT
#include "host-backend/profile/stages.h"

const char *const stage_names[STAGE_COUNT] = {
    [STAGE_GUEST] = "guest", [STAGE_FIFO] = "fifo", [STAGE_DECODE] = "decode",
    [STAGE_QUEUE] = "queue", [STAGE_RUN] = "run",   [STAGE_COMPLETION] = "complete",
    [STAGE_WAKE] = "wake",
};

/* The driver may start a command before its enqueue call has returned: the queue stage then has no length,
 * and decoding ends where the run begins. */
static uint64_t decode_end(const struct trace_command *c) {
    return c->start != 0 && c->start < c->enqueued ? c->start : c->enqueued;
}

bool stage_times(const struct trace_item *item, enum stage stage, uint64_t *begin, uint64_t *end) {
    const struct trace_command *c = &item->command;
    bool builds = c->what == TRACE_BUILD || c->what == TRACE_FINISH;

    switch (stage) {
    case STAGE_GUEST:
        *begin = c->call;
        *end = c->write;
        break;
    case STAGE_FIFO:
        *begin = c->write;
        *end = c->picked_up;
        break;
    case STAGE_DECODE:
        *begin = c->picked_up;
        *end = decode_end(c);
        break;
    case STAGE_QUEUE:
        *begin = decode_end(c);
        *end = c->start;
        break;
    case STAGE_RUN:
        *begin = builds ? c->enqueued : c->start;
        *end = builds ? c->ended : c->end;
        break;
    case STAGE_COMPLETION:
        *begin = builds ? c->ended : c->end;
        *end = item->published;
        break;
    case STAGE_WAKE:
        *begin = item->published;
        *end = item->woken;
        break;
    default:
        return false;
    }
    if (*begin == 0 || *end == 0)
        return false;
    if (*end < *begin)
        *end = *begin;
    return true;
}

bool total_times(const struct trace_item *item, uint64_t *begin, uint64_t *end) {
    const struct trace_command *c = &item->command;
    *begin = c->call;
    *end = item->woken ? item->woken : item->published ? item->published : c->ended;
    return *begin != 0 && *end >= *begin;
}
