// SPDX-License-Identifier: MIT
/* stencil: sweeps of a 5-point Jacobi iteration, two arguments changed before each launch, waited for once at
 * the end. */
#include "eval/lib/ocl.h"

#include <stdlib.h>

static const char source[] =
    "__kernel void jacobi(__global const float *in, __global float *out)\n"
    "{\n"
    "    size_t x = get_global_id(0) + 1, y = get_global_id(1) + 1, w = get_global_size(0) + 2;\n"
    "    size_t i = y * w + x;\n"
    "    out[i] = 0.25f * (in[i - 1] + in[i + 1] + in[i - w] + in[i + w]);\n"
    "}\n";

int main(int argc, char **argv) {
    struct ocl o = ocl_open("stencil", argc, argv, 400, false);
    size_t n = (size_t)(256 * o.scale / 100), w = n + 2, bytes = w * w * sizeof(float);
    size_t global[2] = {n, n};
    float *grid = ocl_alloc(bytes), *result = ocl_alloc(bytes);
    cl_mem m[2];

    for (size_t x = 0; x < w; x++)
        grid[x] = 1024.0f;
    cl_kernel k = ocl_kernel(&o, source, "jacobi");
    m[0] = ocl_buffer(&o, CL_MEM_READ_WRITE, bytes, grid);
    m[1] = ocl_buffer(&o, CL_MEM_READ_WRITE, bytes, grid);
    bool ok = true;
    double wall = 0;
    for (int s = 0; s <= o.repetitions; s++) {
        ocl_must("clSetKernelArg", clSetKernelArg(k, 0, sizeof(cl_mem), &m[s & 1]));
        ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(cl_mem), &m[(s + 1) & 1]));
        ocl_must("enqueue", clEnqueueNDRangeKernel(o.queue, k, 2, NULL, global, NULL, 0, NULL, NULL));
        if (s == 0) {
            /* after one sweep the row below the hot edge is a quarter of it, and nothing else is warm */
            ocl_must("clEnqueueReadBuffer",
                     clEnqueueReadBuffer(o.queue, m[1], CL_TRUE, 0, bytes, result, 0, NULL, NULL));
            for (size_t x = 1; x <= n; x++)
                ok = ok && result[w + x] == 256.0f && result[2 * w + x] == 0.0f;
            wall = ocl_now();
        }
    }
    ocl_finish(&o);
    wall = (ocl_now() - wall) / o.repetitions;
    ocl_metric(&o, "time per sweep", "us", "lower", wall * 1e6);

    ocl_must("clEnqueueReadBuffer", clEnqueueReadBuffer(o.queue, m[(o.repetitions + 1) & 1], CL_TRUE, 0,
                                                        bytes, result, 0, NULL, NULL));
    double sum = 0;
    for (size_t i = 0; i < w * w; i += 31)
        sum += result[i];
    ocl_check(&o, ok && result[w + n / 2] > 256.0f, result, bytes, sum);
    clReleaseMemObject(m[0]);
    clReleaseMemObject(m[1]);
    clReleaseKernel(k);
    ocl_close(&o);
    free(grid);
    free(result);
    return 0;
}
