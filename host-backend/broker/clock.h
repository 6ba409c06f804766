// SPDX-License-Identifier: MIT
/* When the broker has something to do next, in milliseconds of its clock (util/clock.h). */
#ifndef HOST_BACKEND_BROKER_CLOCK_H
#define HOST_BACKEND_BROKER_CLOCK_H

#include "host-backend/util/clock.h"

/* The nearer of two moments, -1 being none. */
static inline int64_t clock_nearer(int64_t a, int64_t b) {
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

#endif
