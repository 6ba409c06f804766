// SPDX-License-Identifier: MIT
/* A program that shares a device with others: kernels that fill all cores, as many as it can get or one now and then. */
#include "eval/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { AHEAD = 4, GROUPS = 64, MOST = 100000 };

static const char source[] = "__kernel void busy(__global uint *out, uint n)\n"
                             "{\n"
                             "    uint x = out[get_global_id(0)] | 1u;\n"
                             "    for (uint i = 0; i < n; i++)\n"
                             "        x = x * 1664525u + 1013904223u ^ (x >> 7);\n"
                             "    out[get_global_id(0)] = x;\n"
                             "}\n";

static cl_event enqueue(struct bench *b, cl_kernel k) {
    const size_t global = GROUPS, local = 1;
    cl_event event;

    ocl_must("clEnqueueNDRangeKernel",
             clEnqueueNDRangeKernel(b->o.queue, k, 1, NULL, &global, &local, 0, NULL, &event));
    ocl_must("clFlush", clFlush(b->o.queue));
    return event;
}

static void wait_for(cl_event event) {
    ocl_must("clWaitForEvents", clWaitForEvents(1, &event));
    ocl_must("clReleaseEvent", clReleaseEvent(event));
}

/* As many as it can get, a few ahead; how many have ended in time. */
static long flood(struct bench *b, cl_kernel k, double end) {
    cl_event events[AHEAD];
    long count = 0;

    for (int i = 0; i < AHEAD; i++)
        events[i] = enqueue(b, k);
    for (int i = 0;; i = (i + 1) % AHEAD) {
        wait_for(events[i]);
        if (ocl_now() >= end) {
            ocl_finish(&b->o);
            return count;
        }
        count++;
        events[i] = enqueue(b, k);
    }
}

/* One each `period`, if the last one has ended by then. */
static long now_and_then(struct bench *b, cl_kernel k, double period, double end, struct samples *s) {
    long count = 0;

    double next = ocl_now() + period;

    while (next < end) {
        double left = next - ocl_now();
        if (left > 0) {
            const struct timespec t = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
            nanosleep(&t, NULL);
        } else {
            next = ocl_now();
        }
        double start = ocl_now();
        wait_for(enqueue(b, k));
        samples_add(s, ocl_now() - start);
        count++;
        next += period;
    }
    return count;
}

void bench_share(struct bench *b, double us, double seconds, double period_us) {
    const double cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
    cl_uint loops = (cl_uint)(b->loops * us / 1000 * cores / GROUPS);
    struct samples s = {.v = ocl_alloc(MOST * sizeof(double)), .room = MOST};
    cl_mem out;
    cl_kernel k = bench_kernel(b, source, 4096, &out);
    char c;

    ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(loops), &loops));
    for (int i = 0; i < 3; i++)
        wait_for(enqueue(b, k));
    puts("ready");
    fflush(stdout);
    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
    double start = ocl_now(), end = start + seconds;
    long count = period_us > 0 ? now_and_then(b, k, period_us * 1e-6, end, &s) : flood(b, k, end);
    printf("{\"kernels\":%ld,\"seconds\":%.6g", count, ocl_now() - start);
    if (s.count > 0) {
        double median = ocl_median(s.v, s.count);
        printf(",\"median_us\":%.6g,\"p99_us\":%.6g,\"max_us\":%.6g", median * 1e6,
               ocl_quantile(s.v, s.count, 0.99) * 1e6, s.v[s.count - 1] * 1e6);
    }
    puts("}");
    free(s.v);
    clReleaseMemObject(out);
    clReleaseKernel(k);
}
