// SPDX-License-Identifier: MIT
/*
 * Programs: what the worker knows of one beside the driver's object.
 */
#ifndef HOST_BACKEND_WORKER_PROGRAM_H
#define HOST_BACKEND_WORKER_PROGRAM_H

#include "host-backend/worker/object.h"

/* True while a builder thread has it: only references may be taken, and its build status asked for. */
static inline bool program_busy(const struct program *p) {
    return atomic_load_explicit(&p->jobs, memory_order_acquire) > 0;
}

/* clGetProgramBuildInfo by its rules, answered by the worker where the driver cannot: while a build is under
 * way, where there is no program of the driver's, and for the options (the driver was given others). Leader
 * lock held. */
cl_int program_build_info(struct program *p, const struct driver_device *device, cl_program_build_info param,
                          size_t size, void *value, size_t *size_ret);

/* Replaces the program's own log and build status. `text` is copied; NULL: the driver has the log. Builder's
 * thread, or leader lock held while not busy. */
void program_set_log(struct program *p, cl_int status, const char *text);

/* Gives the program another one of the driver's, whose reference is taken over, and the facts that go with it
 * (referenced; NULL: none). Kernels made before keep the old one alive. */
void program_replace(struct program *p, cl_program cl, struct facts *facts);

#endif
