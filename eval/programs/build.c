// SPDX-License-Identifier: MIT
/* build: how long a program takes to become a kernel that has run once: source never seen before, and the
 * same source again. */
#include "eval/lib/ocl.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* `salt` makes the text new to every cache; the result does not depend on it beyond what it stores. */
static const char format[] = "__kernel void salted(__global uint *out, uint n)\n"
                             "{\n"
                             "    uint i = get_global_id(0), x = i * 2654435761u;\n"
                             "    for (uint k = 0; k < n; k++)\n"
                             "        x = (x ^ (x >> 15)) * 2246822519u + %uu;\n"
                             "    out[i] = x - x %% 1u;\n"
                             "}\n";

static double build_and_run(struct ocl *o, cl_mem out, unsigned salt, double *build) {
    char source[1024];
    cl_uint n = 3;
    size_t global = 64;
    double start;

    snprintf(source, sizeof(source), format, salt);
    start = ocl_now();
    cl_kernel k = ocl_kernel(o, source, "salted");
    *build = ocl_now() - start;
    ocl_must("clSetKernelArg", clSetKernelArg(k, 0, sizeof(out), &out));
    ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(n), &n));
    ocl_must("enqueue", clEnqueueNDRangeKernel(o->queue, k, 1, NULL, &global, NULL, 0, NULL, NULL));
    ocl_finish(o);
    double end = ocl_now();
    clReleaseKernel(k);
    return end - start;
}

int main(int argc, char **argv) {
    struct ocl o = ocl_open("build", argc, argv, 3, false);
    struct timespec t;
    double new_build[50], new_all[50], seen_build[50], seen_all[50];
    cl_uint result[64];

    if (o.repetitions > 50)
        o.repetitions = 50;
    clock_gettime(CLOCK_REALTIME, &t);
    unsigned salt = (unsigned)t.tv_nsec ^ ((unsigned)t.tv_sec << 10);
    cl_mem out = ocl_buffer(&o, CL_MEM_READ_WRITE, sizeof(result), NULL);
    double first = build_and_run(&o, out, salt++ | 1, &new_build[0]);
    for (int r = 0; r < o.repetitions; r++)
        new_all[r] = build_and_run(&o, out, salt + 2 * (unsigned)r, &new_build[r]);
    for (int r = 0; r < o.repetitions; r++)
        seen_all[r] = build_and_run(&o, out, salt + 2 * (unsigned)r, &seen_build[r]);
    ocl_metric(&o, "first of the process", "ms", "lower", first * 1e3);
    ocl_metric(&o, "new: build", "ms", "lower", ocl_median(new_build, o.repetitions) * 1e3);
    ocl_metric(&o, "new: build and run", "ms", "lower", ocl_median(new_all, o.repetitions) * 1e3);
    ocl_metric(&o, "seen: build", "ms", "lower", ocl_median(seen_build, o.repetitions) * 1e3);
    ocl_metric(&o, "seen: build and run", "ms", "lower", ocl_median(seen_all, o.repetitions) * 1e3);

    /* what is checked must not depend on the salt: one more program, with a fixed one */
    double unused;
    build_and_run(&o, out, 12345, &unused);
    ocl_must("clEnqueueReadBuffer",
             clEnqueueReadBuffer(o.queue, out, CL_TRUE, 0, sizeof(result), result, 0, NULL, NULL));
    bool ok = true;
    double sum = 0;
    for (cl_uint i = 0; i < 64; i++) {
        cl_uint x = i * 2654435761u;

        for (int k = 0; k < 3; k++)
            x = (x ^ (x >> 15)) * 2246822519u + 12345u;
        ok = ok && result[i] == x;
        sum += result[i];
    }
    ocl_check(&o, ok, result, sizeof(result), sum);
    clReleaseMemObject(out);
    ocl_close(&o);
    return 0;
}
