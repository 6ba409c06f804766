// SPDX-License-Identifier: MIT
/*
 * Have the CPUs that this process may use time to spare? Asked before a worker is warmed up ahead of need:
 * that takes a CPU a second, which guests that run now are not to pay. (A nice value is not enough: a thread
 * that wakes does not always displace one with less of a claim, and then waits for a whole time slice.)
 *
 * Reads /proc/stat. Threads: one per struct.
 */
#ifndef HOST_BACKEND_BROKER_SPARE_H
#define HOST_BACKEND_BROKER_SPARE_H

#include <stdbool.h>
#include <stdint.h>

#define SPARE_LOOK_MS 1000 /* the time that is looked at: most programs have ended by then */

struct spare {
    int64_t since_ms; /* 0: no question is open */
    uint64_t idle;    /* at since_ms: ticks of all CPUs of this process together */
};

/* True once at least half a CPU was idle for SPARE_LOOK_MS (where /proc/stat cannot be read: at once); that
 * closes the question. To be called again until then. */
bool spare_seen(struct spare *s, int64_t now_ms);

#endif
