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
    STAGE_FIFO,       /* in the FIFO, with the doorbell, until a decoder picked it up */
    STAGE_DECODE,     /* verifying, and the host driver's enqueue call */
    STAGE_QUEUE,      /* in the driver's queue, until it ran */
    STAGE_RUN,        /* on the device */
    STAGE_COMPLETION, /* from its end until the guest can read of it */
    STAGE_WAKE,       /* until the guest's thread ran again */
    STAGE_COUNT
};

extern const char *const stage_names[STAGE_COUNT];

/* When the stage began and ended, nanoseconds. False if one of the two is not known. A stage that ended
 * before it began (clocks have their errors) has length 0. */
bool stage_times(const struct trace_item *item, enum stage stage, uint64_t *begin, uint64_t *end);

/* From call to wake, or as far as it is known. */
bool total_times(const struct trace_item *item, uint64_t *begin, uint64_t *end);

#endif
