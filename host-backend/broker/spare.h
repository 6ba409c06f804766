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

#define SPARE_LOOK_MS 1000  /* shortest time that is looked at: most programs have ended by then */
#define SPARE_WAIT_MS 10000 /* longest time that an answer is waited for */

struct spare {
    int64_t first_ms, last_ms; /* of this question; first_ms 0: none is open */
    uint64_t idle;             /* at last_ms: ticks of all CPUs of this process together */
};

/* True once at least half a CPU was idle for SPARE_LOOK_MS, or after SPARE_WAIT_MS in any case (also where
 * /proc/stat cannot be read: then at once); that closes the question. To be called again until then. */
bool spare_seen(struct spare *s, int64_t now_ms);

#endif
