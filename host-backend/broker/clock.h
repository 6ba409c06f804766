// SPDX-License-Identifier: MIT
/* The broker's clock: CLOCK_MONOTONIC in milliseconds. */
#ifndef HOST_BACKEND_BROKER_CLOCK_H
#define HOST_BACKEND_BROKER_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The nearer of two moments, -1 being none. */
static inline int64_t clock_nearer(int64_t a, int64_t b) {
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

#endif
