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

/* Of a kind of work: it is for all CPUs. */
#define SVGA_WAITS_WIDE (UINT32_C(1) << 31)

enum { SVGA_WAITS_KINDS = 32 };

/* Waits for one kind of work, which takes about as long each time. */
struct svga_waits_kind {
    uint32_t kind;    /* 0: none yet */
    unsigned slept;   /* so many in a row were not spun for, since those like them took long */
    uint64_t last[2]; /* how long they took, newest first */
    uint64_t usual;   /* about the shortest of late */
};

/* The waits of a thread so far. Zeroed at first. */
struct svga_waits {
    uint64_t last[2];  /* how long any took, newest first */
    uint64_t commands; /* that had been written when the last one began */
    uint64_t step;     /* what each command of its last stream took; 0: not known */
    struct svga_waits_kind kinds[SVGA_WAITS_KINDS]; /* each kind has its place, which it may share */
};

/* What is known as one begins. */
struct svga_wait {
    uint64_t commands; /* that have been written, ever */
    uint64_t spin;     /* at most, if nothing speaks for more */
    bool near;         /* the device runs on the waiter's CPUs */
    bool idly;         /* it has time */
    uint32_t kind;     /* of the work that it waits for, as the first to do so; 0: not known */
};

/* What to do: if `first` is not 0, spin for so long, then sleep for `doze`; spin for `spin`; sleep to the end. */
struct svga_wait_plan {
    uint64_t first, doze, spin;
    uint64_t commands; /* since the last wait */
    uint32_t kind;     /* 0: whatever it takes says nothing of another one */
    bool sleeps;       /* that is how `slept` counts */
};

struct svga_wait_plan svga_waits_plan(const struct svga_waits *so_far, const struct svga_wait *now);
/* It has taken so long. 0: nobody knows how long, since it had ended when the doze did: what a sleeper measures is his own sleep, and
 * by that he would sleep as long again. `seen`: its end came while the waiter looked. */
void svga_waits_took(struct svga_waits *so_far, const struct svga_wait_plan *plan, uint64_t took, bool seen);

#endif
