// SPDX-License-Identifier: MIT
/* What cases of events share. */
#ifndef TESTS_E2E_EVENTS_H
#define TESTS_E2E_EVENTS_H

#include "conform.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

__attribute__((unused)) static const char step_source[] =
    "kernel void step_up(global int *a, int k) { a[0] = a[0] * 3 + k; }";

static inline cl_event user_event_new(struct cl *c) {
    cl_int e;
    cl_event ev = clCreateUserEvent(c->ctx, &e);

    must_succeed("clCreateUserEvent", e, __FILE__, __LINE__);
    return ev;
}

static inline bool wait_for(_Atomic int *counter, int value) {
    for (double end = now_s() + 20; now_s() < end; usleep(200))
        if (atomic_load(counter) >= value)
            return true;
    return false;
}

#endif
