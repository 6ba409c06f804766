// SPDX-License-Identifier: MIT
#include "host-backend/util/prompt.h"

#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    POLICY_OTHER = 0,
    POLICY_BATCH = 3,
    RESET_ON_FORK = 1,
    SLICE_NS = 100000, /* the shortest that Linux takes */
    COMPUTING_SLICE_NS = 500000,
};

/* The kernel's struct sched_attr, first version: not all C libraries have it, and one that has it has it elsewhere. */
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

static void ask_for(uint32_t policy, uint64_t flags, uint64_t slice_ns) {
    const struct attributes a = {.size = sizeof a,
                                 .policy = policy,
                                 .flags = flags,
                                 .nice = getpriority(PRIO_PROCESS, 0),
                                 .runtime = slice_ns};

    syscall(SYS_sched_setattr, 0, &a, 0);
}

void prompt_begin(void) {
    ask_for(POLICY_OTHER, RESET_ON_FORK, SLICE_NS);
}

void prompt_give_way(bool batch) {
    ask_for(batch ? POLICY_BATCH : POLICY_OTHER, 0, COMPUTING_SLICE_NS);
}
