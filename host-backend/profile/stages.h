// SPDX-License-Identifier: MIT
/*
 * The stages that a command passes through, from the application's call until it runs again: what profiles
 * split latency into.
 */
#ifndef HOST_BACKEND_PROFILE_STAGES_H
#define HOST_BACKEND_PROFILE_STAGES_H

#include "host-backend/profile/trace.h"

enum stage {
    STAGE_GUEST,      /* in the guest's driver: call to FIFO */
    STAGE_DOORBELL,   /* in the FIFO until the worker is awake, where it slept */
    STAGE_FIFO,       /* in the FIFO behind earlier commands, until it was picked up */
    STAGE_DECODE,     /* checked and looked up */
    STAGE_TURN,       /* waiting for what policy allows: other guests' turns */
    STAGE_DRIVER,     /* in the host driver's enqueue call */
    STAGE_SUBMIT,     /* in the driver's queue, until it was given to the device */
    STAGE_DEVICE,     /* given to the device, and not begun */
    STAGE_RUN,        /* on the device */
    STAGE_COMPLETION, /* from its end until the guest can read of it */
    STAGE_WAKE,       /* until the guest's thread ran again */
    STAGE_COUNT
};

struct stage_facts {
    const char *name;
    const char *what;   /* what happens in it */
    const char *remedy; /* what a person can do where it is long */
};
extern const struct stage_facts stages[STAGE_COUNT];

/* When the stage began and ended, nanoseconds. False if one of the two is not known, or the command has no such stage. A
 * stage that ended before it began (clocks have their errors) has length 0. */
bool stage_times(const struct trace_item *item, enum stage stage, uint64_t *begin, uint64_t *end);

/* From call to wake, or as far as it is known. */
bool total_times(const struct trace_item *item, uint64_t *begin, uint64_t *end);

#endif
