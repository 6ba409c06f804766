// SPDX-License-Identifier: MIT
#include "host-backend/profile/stages.h"

const struct stage_facts stages[STAGE_COUNT] = {
    [STAGE_GUEST] = {"guest", "in the guest's OpenCL driver", "fewer, larger commands; command buffers"},
    [STAGE_DOORBELL] = {"doorbell", "the worker sleeps and is woken",
                        "enqueue more before waiting, so that it finds work when it looks; or the host has "
                        "no CPU free to run it"},
    [STAGE_FIFO] = {"fifo", "behind earlier commands in the FIFO",
                    "fewer, larger commands: the host takes one after the other"},
    [STAGE_DECODE] = {"decode", "checked and looked up by the worker",
                      "fewer, larger commands; command buffers"},
    [STAGE_TURN] = {"turn", "waiting behind other guests, as policy has it",
                    "a greater share for this guest, or fewer guests"},
    [STAGE_DRIVER] = {"driver", "in the host driver's enqueue call",
                      "fewer, larger commands: the driver takes as long natively"},
    [STAGE_SUBMIT] = {"submit", "in the driver's queue, behind earlier commands",
                      "nothing if the device is busy; else wait lists that are shorter"},
    [STAGE_DEVICE] = {"device", "given to the device, not begun",
                      "nothing if the device is busy; else the driver's own way to start work"},
    [STAGE_RUN] = {"run", "on the device", "faster kernels"},
    [STAGE_COMPLETION] = {"complete", "ended, until the guest can read of it",
                          "wait for the last command of several, not for each"},
    [STAGE_WAKE] = {"wake", "until the guest's thread runs again",
                    "wait for the last command of several, not for each"},
};

/* The driver may start a command before its enqueue call has returned: then the call ends, for us, where that happened. */
static uint64_t driver_end(const struct trace_command *c) {
    uint64_t end = c->enqueued;

    if (c->start != 0 && c->start < end)
        end = c->start;
    return end < c->begun && c->begun != 0 && end != 0 ? c->begun : end;
}

static uint64_t later(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

bool stage_times(const struct trace_item *item, enum stage stage, uint64_t *begin, uint64_t *end) {
    const struct trace_command *c = &item->command;
    bool queued = c->what == TRACE_KERNEL || c->what == TRACE_TRANSFER;
    uint64_t awake = c->awake > c->write && c->awake <= c->picked_up ? c->awake : c->write;

    *begin = *end = 0;
    switch (stage) {
    case STAGE_GUEST:
        *begin = c->call;
        *end = c->write;
        break;
    case STAGE_DOORBELL:
        *begin = c->write;
        *end = awake;
        break;
    case STAGE_FIFO:
        *begin = awake;
        *end = c->picked_up;
        break;
    case STAGE_DECODE:
        *begin = c->picked_up;
        *end = queued ? c->decoded : 0;
        break;
    case STAGE_TURN:
        *begin = c->decoded;
        *end = c->begun;
        break;
    case STAGE_DRIVER:
        *begin = c->begun;
        *end = driver_end(c);
        break;
    case STAGE_SUBMIT:
        *begin = queued ? driver_end(c) : 0;
        *end = later(*begin, c->submit);
        break;
    case STAGE_DEVICE:
        *begin = queued ? later(driver_end(c), c->submit) : 0;
        *end = c->start;
        break;
    case STAGE_RUN:
        *begin = queued ? c->start : c->what == TRACE_BUILD ? c->enqueued : c->picked_up;
        *end = queued ? c->end : c->ended;
        break;
    case STAGE_COMPLETION:
        *begin = queued ? c->end : c->ended;
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
