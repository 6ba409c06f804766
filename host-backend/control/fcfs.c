// SPDX-License-Identifier: MIT
/* First come, first served: what a device without a scheduler does, one turn at a time. Weights mean nothing. */
#include "host-backend/control/scheduler.h"

static void asks(struct scheduler *s, struct scheduler_entity *e, uint64_t now_ns) {
    (void)s;
    (void)e;
    (void)now_ns;
}

static struct scheduler_entity *choose(struct scheduler *s, uint64_t now_ns, uint64_t *again_ns) {
    (void)now_ns;
    (void)again_ns;
    return s->first;
}

static void used(struct scheduler *s, struct scheduler_entity *e, uint64_t ns, uint64_t now_ns) {
    (void)s;
    (void)e;
    (void)ns;
    (void)now_ns;
}

const struct scheduler_kind scheduler_fcfs = {
    .name = "fcfs",
    .summary = "first come, first served, whatever the weights",
    .asks = asks,
    .choose = choose,
    .used = used,
};
