// SPDX-License-Identifier: MIT
/* Whole programs, which are measured from start to exit: what real ones are made of, and rows of single calls are
 * not. Their kernels fill all cores. */
#include "eval/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KERNELS = 20, GROUPS = 64 };

/* A program of many kernels, each used a few times. */
static void twenty(struct bench *b) {
    static char source[KERNELS * 160];
    static cl_uint result[4096];
    const size_t global = sizeof(result) / sizeof(result[0]);
    size_t used = 0;

    for (int i = 0; i < KERNELS; i++)
        used += (size_t)snprintf(source + used, sizeof(source) - used,
                                 "__kernel void k%d(__global uint *v) { size_t i = get_global_id(0); "
                                 "v[i] = rotate(v[i], %du) * %du + (uint)i; }\n",
                                 i, i + 1, 2 * i + 3);
    cl_program p = ocl_build(&b->o, source, "");
    cl_mem m = ocl_buffer(&b->o, CL_MEM_READ_WRITE, sizeof(result), NULL);
    memset(result, 0, sizeof(result));
    ocl_must("clEnqueueWriteBuffer",
             clEnqueueWriteBuffer(b->o.queue, m, CL_FALSE, 0, sizeof(result), result, 0, NULL, NULL));
    for (int i = 0; i < KERNELS; i++) {
        char name[16];
        cl_int e;
        snprintf(name, sizeof(name), "k%d", i);
        cl_kernel k = clCreateKernel(p, name, &e);
        ocl_must("clCreateKernel", e);
        ocl_must("clSetKernelArg", clSetKernelArg(k, 0, sizeof(m), &m));
        for (int n = 0; n < 3; n++)
            bench_enqueue(b, k, global);
        ocl_must("clReleaseKernel", clReleaseKernel(k));
    }
    ocl_must("clEnqueueReadBuffer",
             clEnqueueReadBuffer(b->o.queue, m, CL_TRUE, 0, sizeof(result), result, 0, NULL, NULL));
    clReleaseMemObject(m);
    clReleaseProgram(p);
}

static const char groups_source[] = "__kernel void busy(__global uint *out, uint n)\n"
                                    "{\n"
                                    "    uint x = out[get_global_id(0)] | 1u;\n"
                                    "    for (uint i = 0; i < n; i++)\n"
                                    "        x = x * 1664525u + 1013904223u ^ (x >> 7);\n"
                                    "    out[get_global_id(0)] = x;\n"
                                    "}\n";

/* `count` kernels of `us` microseconds, one by one with a blocking read of `bytes` between them; 0: as a stream. */
static void full(struct bench *b, double us, int count, size_t bytes) {
    const size_t size = bytes > 4096 ? bytes : 4096, global = GROUPS, local = 1;
    const double cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
    cl_uint loops = (cl_uint)(b->loops * us / 1000 * cores / GROUPS);
    char *host = ocl_alloc(size);
    cl_mem m;
    cl_kernel k = bench_kernel(b, groups_source, size, &m);

    ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(loops), &loops));
    for (int i = 0; i < count; i++) {
        ocl_must("clEnqueueNDRangeKernel",
                 clEnqueueNDRangeKernel(b->o.queue, k, 1, NULL, &global, &local, 0, NULL, NULL));
        if (bytes > 0)
            ocl_must("clEnqueueReadBuffer",
                     clEnqueueReadBuffer(b->o.queue, m, CL_TRUE, 0, bytes, host, 0, NULL, NULL));
    }
    ocl_finish(&b->o);
    clReleaseKernel(k);
    clReleaseMemObject(m);
    free(host);
}

void bench_program(struct bench *b, char *const *arguments, int count) {
    if (count == 1 && strcmp(arguments[0], "twenty") == 0) {
        twenty(b);
    } else if (count == 4 && strcmp(arguments[0], "full") == 0 && b->loops > 0) {
        full(b, atof(arguments[1]), atoi(arguments[2]), strtoul(arguments[3], NULL, 10));
    } else {
        fprintf(stderr, "bench: program takes 'twenty', or with -l LOOPS 'full US COUNT BYTES'\n");
        exit(2);
    }
}
