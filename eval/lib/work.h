// SPDX-License-Identifier: MIT
/*
 * A workload: a whole computation, from inputs in the program's memory to results in its memory, that is run
 * again and again and compared with the same computation on the CPU each time.
 *
 * work_main takes ocl.h's arguments (of which -s is the size in percent of the chosen one) and
 *     -z small|medium|large    the size; small is the default
 *     -n                       also measure a program that nobody has built before
 *     -t                       ask the driver when each kernel ran, as a program does that profiles itself
 * and measures
 *     run                         a warm run: inputs written, kernels launched, results read
 *     first result, seen program  building and the first run; a driver or a cache may know the program
 *     first result, new program   with -n: the same for a program that nobody has built before
 * each with its raw samples. Building and the first run of a process are the cold rows of a comparison.
 */
#ifndef EVAL_LIB_WORK_H
#define EVAL_LIB_WORK_H

#include "eval/lib/ocl.h"

struct work {
    const char *name;
    int sizes[3];       /* small, medium, large: what they count is the workload's own */
    int repetitions;    /* of the warm run, unless -r says otherwise */
    const char *source; /* OpenCL C of all of its kernels */
    /* Makes inputs, buffers, and the result that the CPU comes to. Once, not timed. */
    void (*prepare)(struct ocl *o, int size);
    /* Gets the kernels from the program. Called for each build: it drops those of the one before. */
    void (*kernels)(cl_program program);
    /* One run; returns when the results are in the program's memory. */
    void (*run)(struct ocl *o);
    /* Is the last run's result the CPU's? Says where the result lies, and a sum that tolerates rounding. */
    bool (*check)(const void **result, size_t *bytes, double *sum);
};

int work_main(int argc, char **argv, const struct work *w);

/* *k becomes that kernel of the program; what it was is released. */
void work_kernel(cl_kernel *k, cl_program program, const char *name);
/* Sets all arguments: one letter each. m: cl_mem, i: int, u: unsigned, f: float (passed as double), l: bytes of
 * local memory (int). */
void work_args(cl_kernel k, const char *kinds, ...);
/* Enqueues over `global` items (rounded up to whole groups of `local`; 0: the driver's choice). */
void work_launch(struct ocl *o, cl_kernel k, int global, int local);
void work_launch_2d(struct ocl *o, cl_kernel k, int width, int height, int local_x, int local_y);
/* A write does not wait; a read does. */
void work_write(struct ocl *o, cl_mem m, const void *data, size_t bytes);
void work_read(struct ocl *o, cl_mem m, void *data, size_t bytes);
cl_mem work_buffer(struct ocl *o, size_t bytes);

/* Are n numbers the same within the tolerance (ocl_close_to)? Adds them up. */
bool work_same(const float *a, const float *b, int n, double tolerance, double *sum);
bool work_same_ints(const int *a, const int *b, int n, double *sum);

#endif
