// SPDX-License-Identifier: MIT
/*
 * Workers for a fuzzed front: the far ends of its sessions, each with a hand (svga-model/hand.h) whose calls the
 * front sees as it sees those of a real one. They do as they are told, but for what their mood says.
 *
 * No process, no thread and no memory of theirs: the notifications of seccomp come from a stand-in for ioctl,
 * with which the fuzzed program is linked (-Wl,--wrap=ioctl).
 */
#ifndef TESTS_FUZZ_HANDS_WORKER_H
#define TESTS_FUZZ_HANDS_WORKER_H

#include <stdbool.h>
#include <stdint.h>

enum worker_mood {
    MOOD_SILENT = 1,       /* answers nothing more */
    MOOD_NO_HAND = 2,      /* has none */
    MOOD_REFUSES = 4,      /* has no room for a region, nor for its pages */
    MOOD_WRONG_CALL = 8,   /* its hand calls what is not due */
    MOOD_INTERRUPTED = 16, /* each call of its hand is interrupted once before it is let go on */
    MOOD_FAILS = 32,       /* its hand's calls fail */
    MOOD_LIVES_ON = 64,    /* its memory is there for as long as the front looks */
    MOOD_STILL_MAPS = 128, /* what was taken away is still mapped */
};

/* A new worker: the front's end of its link, or a negative errno. There are at most WORKERS; then the oldest
 * goes. */
enum { WORKERS = 4 };
int worker_new(uint8_t mood);
/* The newest one's, from now on. */
void worker_set_mood(uint8_t mood);
/* The newest one closes its link, and its hand ends. */
void worker_hang_up(void);

/* Does what there is to do, without waiting. True if there was anything. */
bool worker_attend_all(void);
void worker_end_all(void);

#endif
