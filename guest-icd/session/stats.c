// SPDX-License-Identifier: MIT
#include "guest-icd/session/stats.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest-icd/session/session.h"

bool icd_stats_on;

static _Atomic uint64_t asked, copied;
static pid_t owner;

void icd_stats_count_asked(uint64_t bytes) {
    atomic_fetch_add_explicit(&asked, bytes, memory_order_relaxed);
}

void icd_stats_count_copied(uint64_t bytes) {
    atomic_fetch_add_explicit(&copied, bytes, memory_order_relaxed);
}

/* Runs when the program ends, maybe beside threads that still work: what it reads stays there. */
static void print(void) {
    const struct icd_session *s = icd_session;
    if (!s || getpid() != owner)
        return;
    fprintf(stderr,
            "trillium: %" PRIu64 " commands in %" PRIu64 " bytes, %" PRIu64 " doorbells, slept %" PRIu64
            " times; %" PRIu64 " bytes copied of %" PRIu64 " asked for\n",
            atomic_load_explicit(&s->g->commands, memory_order_relaxed),
            atomic_load_explicit(&s->g->command_bytes, memory_order_relaxed),
            atomic_load_explicit(&s->g->doorbells, memory_order_relaxed),
            atomic_load_explicit(&s->g->sleeps, memory_order_relaxed),
            atomic_load_explicit(&copied, memory_order_relaxed),
            atomic_load_explicit(&asked, memory_order_relaxed));
}

void icd_stats_start(void) {
    owner = getpid();
    icd_stats_on = atexit(print) == 0;
}
