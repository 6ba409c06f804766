// SPDX-License-Identifier: MIT
/* saxpy: y = a x + y over large vectors. Bound by memory: shows whether the device runs at its full speed. */
#include "eval/lib/ocl.h"

#include <stdlib.h>

static const char source[] = "__kernel void saxpy(float a, __global const float *x, __global float *y)\n"
                             "{\n"
                             "    size_t i = get_global_id(0);\n"
                             "    y[i] = a * x[i] + y[i];\n"
                             "}\n";

int main(int argc, char **argv) {
    struct ocl o = ocl_open("saxpy", argc, argv, 20, true);
    size_t n = (size_t)(1 << 20) * (size_t)o.scale / 100 / 256 * 256;
    const float a = 0.5f;
    float *x = ocl_alloc(n * sizeof(*x)), *y = ocl_alloc(n * sizeof(*y));
    double device[1000], wall;

    if (o.repetitions > 1000)
        o.repetitions = 1000;
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)(i % 1024);
        y[i] = 1.0f;
    }
    cl_kernel k = ocl_kernel(&o, source, "saxpy");
    cl_mem mx = ocl_buffer(&o, CL_MEM_READ_ONLY, n * sizeof(*x), x);
    cl_mem my = ocl_buffer(&o, CL_MEM_READ_WRITE, n * sizeof(*y), y);
    ocl_must("clSetKernelArg", clSetKernelArg(k, 0, sizeof(a), &a));
    ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(mx), &mx));
    ocl_must("clSetKernelArg", clSetKernelArg(k, 2, sizeof(my), &my));

    ocl_must("enqueue", clEnqueueNDRangeKernel(o.queue, k, 1, NULL, &n, NULL, 0, NULL, NULL));
    ocl_finish(&o);
    wall = ocl_now();
    for (int r = 0; r < o.repetitions; r++) {
        cl_event e;

        ocl_must("enqueue", clEnqueueNDRangeKernel(o.queue, k, 1, NULL, &n, NULL, 0, NULL, &e));
        ocl_must("clWaitForEvents", clWaitForEvents(1, &e));
        device[r] = ocl_event_seconds(e);
        ocl_must("clReleaseEvent", clReleaseEvent(e));
    }
    wall = (ocl_now() - wall) / o.repetitions;
    ocl_metric(&o, "device bandwidth", "GB/s", "higher",
               3.0 * (double)n * sizeof(float) / ocl_median(device, o.repetitions) * 1e-9);
    ocl_metric(&o, "time per call", "us", "lower", wall * 1e6);

    ocl_must("clEnqueueReadBuffer",
             clEnqueueReadBuffer(o.queue, my, CL_TRUE, 0, n * sizeof(*y), y, 0, NULL, NULL));
    bool ok = true;
    double sum = 0;
    for (size_t i = 0; i < n; i += 97) {
        sum += y[i];
        ok = ok && ocl_close_to(y[i], 1.0 + a * (double)(i % 1024) * (o.repetitions + 1), 1e-5);
    }
    ocl_check(&o, ok, y, n * sizeof(*y) < 65536 ? n * sizeof(*y) : 65536, sum);
    clReleaseMemObject(mx);
    clReleaseMemObject(my);
    clReleaseKernel(k);
    ocl_close(&o);
    free(x);
    free(y);
    return 0;
}
