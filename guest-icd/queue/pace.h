// SPDX-License-Identifier: MIT
/*
 * How fast a queue's commands end, as those that wait for one after the other see it: who waits for a command behind
 * which there are others had better leave the CPUs to a driver of the CPU, unless the commands are so short that the
 * way to a sleeper takes longer.
 */
#ifndef GUEST_ICD_QUEUE_PACE_H
#define GUEST_ICD_QUEUE_PACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A command that takes longer is worth sleeping for: a sleeper is some 40 us late, a spinner's CPU runs none of it. Since that makes
 * commands faster, they have to be clearly so before it is not worth it any more. */
#define ICD_PACE_SLOW_NS UINT64_C(130000)
#define ICD_PACE_FAST_NS UINT64_C(100000)

enum { ICD_PACE_COMMANDS = 16 /* that tell how fast they are */ };

/* Zeroed at first. Written by any thread: where two come together the next few waits may be guessed wrong. */
struct icd_pace {
    _Atomic uint64_t seq, since_ns; /* where the count began; seq 0: with the next wait */
    _Atomic bool slow;              /* as the last one said */
};

/* The queue runs dry: how long until it has something to do again is the program's affair. */
static inline void icd_pace_pause(struct icd_pace *p) {
    atomic_store_explicit(&p->seq, 0, memory_order_relaxed);
}

/* A wait begins for the queue's command `seq`, behind which others are to run. True: they are known to be slow. */
static inline bool icd_pace_slow(struct icd_pace *p, uint64_t seq, uint64_t now_ns) {
    uint64_t first = atomic_load_explicit(&p->seq, memory_order_relaxed);
    uint64_t since = atomic_load_explicit(&p->since_ns, memory_order_relaxed);
    bool slow = atomic_load_explicit(&p->slow, memory_order_relaxed);

    if (first > 0 && seq >= first && seq - first < ICD_PACE_COMMANDS)
        return slow;
    if (first > 0 && seq > first && now_ns > since) {
        slow = (now_ns - since) / (seq - first) > (slow ? ICD_PACE_FAST_NS : ICD_PACE_SLOW_NS);
        atomic_store_explicit(&p->slow, slow, memory_order_relaxed);
    }
    atomic_store_explicit(&p->seq, seq, memory_order_relaxed);
    atomic_store_explicit(&p->since_ns, now_ns, memory_order_relaxed);
    return slow;
}

#endif
