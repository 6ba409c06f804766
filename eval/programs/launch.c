// SPDX-License-Identifier: MIT
/* launch: what a kernel launch costs when the kernel does nothing: waited for one by one, and in a stream. */
#include "eval/lib/ocl.h"

#include <stdlib.h>

static const char source[] = "__kernel void one(__global uint *out) { atomic_inc(out); }\n";

int main(int argc, char **argv) {
    struct ocl o = ocl_open("launch", argc, argv, 500, false);
    int n = o.repetitions, stream = n * 10;
    double *t = ocl_alloc((size_t)n * sizeof(*t)), start, enqueued;
    size_t global = 1;
    cl_uint zero = 0, count = 0;

    cl_kernel k = ocl_kernel(&o, source, "one");
    cl_mem out = ocl_buffer(&o, CL_MEM_READ_WRITE, sizeof(zero), &zero);
    ocl_must("clSetKernelArg", clSetKernelArg(k, 0, sizeof(out), &out));
    for (int i = -10; i < n; i++) {
        start = ocl_now();
        ocl_must("enqueue", clEnqueueNDRangeKernel(o.queue, k, 1, NULL, &global, NULL, 0, NULL, NULL));
        ocl_finish(&o);
        if (i >= 0)
            t[i] = ocl_now() - start;
    }
    ocl_metric(&o, "kernel and finish", "us", "lower", ocl_median(t, n) * 1e6);
    ocl_metric(&o, "kernel and finish, p99", "us", "lower", ocl_quantile(t, n, 0.99) * 1e6);

    start = ocl_now();
    for (int i = 0; i < stream; i++)
        ocl_must("enqueue", clEnqueueNDRangeKernel(o.queue, k, 1, NULL, &global, NULL, 0, NULL, NULL));
    enqueued = ocl_now();
    ocl_finish(&o);
    ocl_metric(&o, "stream, per kernel", "us", "lower", (ocl_now() - start) / stream * 1e6);
    ocl_metric(&o, "enqueue call", "us", "lower", (enqueued - start) / stream * 1e6);

    ocl_must("clEnqueueReadBuffer",
             clEnqueueReadBuffer(o.queue, out, CL_TRUE, 0, sizeof(count), &count, 0, NULL, NULL));
    ocl_check(&o, count == (cl_uint)(n + 10 + stream), &count, sizeof(count), count);
    clReleaseMemObject(out);
    clReleaseKernel(k);
    ocl_close(&o);
    free(t);
    return 0;
}
