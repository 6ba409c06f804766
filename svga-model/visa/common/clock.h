// SPDX-License-Identifier: MIT
/* The clocks that stage timings are made of, in nanoseconds. */
#ifndef SVGA_MODEL_VISA_COMMON_CLOCK_H
#define SVGA_MODEL_VISA_COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t visa_clock(clockid_t clock) {
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t visa_now(void) {
    return visa_clock(CLOCK_MONOTONIC);
}

/* CPU time of the calling thread. */
static inline uint64_t visa_cpu_now(void) {
    return visa_clock(CLOCK_THREAD_CPUTIME_ID);
}

#endif
