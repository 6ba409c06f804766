// SPDX-License-Identifier: MIT
/*
 * What a driver's compiler has taken so far, against the host's limits of time and memory (--build-seconds, --build-memory, or
 * tighter ones on the board). Time in which the process was stopped does not count.
 */
#ifndef HOST_BACKEND_WORKER_BUILD_LIMITS_H
#define HOST_BACKEND_WORKER_BUILD_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct session;

enum { BUILD_LOOK_MS = 100 /* between looks at compilers that work */ };

struct build_use {
    uint64_t spent_ms, looked_ms; /* of its time, until it was last looked at */
    uint64_t memory;              /* private bytes of the process when it began */
};

/* Before the others. Threads: one. */
void build_limits_open(void);

uint64_t build_now_ms(void);
/* Private memory of this process; 0 if nobody knows. */
uint64_t build_private_bytes(void);

void build_use_begin(struct build_use *use);
/* Counts the time since the last look, if the compiler is at work. */
void build_use_look(struct build_use *use, bool works);

/* Which limit has it gone beyond, as the end of a sentence? False: none. `memory`: private bytes of the process now, less what
 * others may have taken meanwhile. Counts it on the board. */
bool build_use_is_beyond(struct session *s, const struct build_use *use, uint64_t memory, char why[256]);

#endif
