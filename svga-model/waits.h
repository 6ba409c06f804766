// SPDX-License-Identifier: MIT
/*
 * How long a thread that waits for the device had better spin, and when to sleep, by how long its last waits took. A spinner is told
 * of the end at once, a sleeper some 40 us later; but where the device is these CPUs, its work runs on them, and a spinner takes one.
 *
 * Threads: a struct svga_waits belongs to one thread. All times are nanoseconds.
 */
#ifndef SVGA_MODEL_WAITS_H
#define SVGA_MODEL_WAITS_H

#include <stdbool.h>
#include <stdint.h>

/* The waits of a thread so far. Zeroed at first. */
struct svga_waits {
    uint64_t last[2], wide[2]; /* how long they took, newest first: any; those for work for all CPUs */
    uint64_t commands;         /* that had been written when the last one began */
    uint64_t step;             /* what each command of its last stream took; 0: not known */
    unsigned slept;            /* so many in a row were not spun for, since those like them took long */
};

/* What is known as one begins. */
struct svga_wait {
    uint64_t commands; /* that have been written, ever */
    uint64_t spin;     /* at most, if nothing speaks for more */
    bool near;         /* the device runs on the waiter's CPUs */
    bool wide;         /* it waits for work for all of them, and is the first to do so */
    bool idly;         /* it has time */
};

/* What to do: if `first` is not 0, spin for so long, then sleep for `doze`; spin for `spin`; sleep to the end. */
struct svga_wait_plan {
    uint64_t first, doze, spin;
    uint64_t commands; /* since the last wait */
    bool wide, sleeps; /* sleeps: that is how `slept` counts */
};

struct svga_wait_plan svga_waits_plan(const struct svga_waits *so_far, const struct svga_wait *now);
/* It has taken so long. 0: nobody knows how long, since it had ended when the doze did: what a sleeper measures is his own sleep, and
 * by that he would sleep as long again. */
void svga_waits_took(struct svga_waits *so_far, const struct svga_wait_plan *plan, uint64_t took);

#endif
