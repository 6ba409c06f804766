// SPDX-License-Identifier: MIT
/*
 * Which part of a program's commands a trace takes where all of them would cost too much: a token bucket. Traced are windows, of
 * as many commands as the bucket holds, and nothing between them; so what is traced is traced with all that is beside it. A
 * program whose commands do not come faster than the bucket fills is traced whole, and so is the beginning of any.
 *
 * Threads: the caller's lock.
 */
#ifndef HOST_BACKEND_WORKER_SAMPLE_H
#define HOST_BACKEND_WORKER_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    /* A traced command costs 0.4 to 0.5 us (eval/count/COUNTS.md) in a stream, and some 2 where each is waited for: by `trillium eval
     * --profile-overhead` 25 a millisecond took 6 % of streamcluster's time. So this many cost 2 %, and mostly less. */
    SAMPLE_PER_MS = 8,
    SAMPLE_WINDOW = 512,
};

struct sample {
    bool all; /* whatever it costs */
    bool paused;
    uint32_t left;     /* commands, until it has to be asked how many more there may be */
    uint64_t since_ns; /* what came in from then on is not in `left` yet */
    uint64_t due_ns;   /* while paused: the bucket is full again */
};

void sample_begin(struct sample *s, bool all, uint64_t now_ns);
/* A command was traced; `left` is 0. `room` of `rooms` bytes are left for the trace: the less, the slower the bucket fills, so
 * that a trace of bounded size tells of a run of any length. Returns true where tracing is to pause now. */
bool sample_pauses(struct sample *s, uint64_t now_ns, uint64_t room, uint64_t rooms);
/* It goes on. */
void sample_goes_on(struct sample *s, uint64_t now_ns);

#endif
