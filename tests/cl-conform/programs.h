// SPDX-License-Identifier: MIT
/* What cases of programs share. */
#ifndef TESTS_E2E_PROGRAMS_H
#define TESTS_E2E_PROGRAMS_H

#include "conform.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

__attribute__((unused)) static const char two_kernels[] =
    "kernel void first(global int *a) { a[get_global_id(0)] = 1; }\n"
    "kernel void second(global int *a, int x) { a[get_global_id(0)] = x; }\n";

/* Runs a kernel with one int buffer on one work-item and returns what it wrote. */
static inline cl_int run_one(struct cl *c, cl_program p, const char *name) {
    cl_mem m = buffer_new(c, 0, 64, NULL);
    cl_int e, got = -1, before = -7;
    cl_kernel k = clCreateKernel(p, name, &e);
    size_t one = 1;

    must_succeed("clCreateKernel", e, __FILE__, __LINE__);
    OK(clEnqueueWriteBuffer(c->q, m, CL_TRUE, 0, 4, &before, 0, NULL, NULL));
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clEnqueueNDRangeKernel(c->q, k, 1, NULL, &one, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c->q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    return got;
}

#endif
