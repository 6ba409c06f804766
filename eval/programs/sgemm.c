// SPDX-License-Identifier: MIT
/* sgemm: C = A B with 16 x 16 tiles in local memory and barriers. Bound by computation. */
#include "eval/lib/ocl.h"

#include <stdlib.h>

#define TILE 16

static const char source[] =
    "#define TILE 16\n"
    "__kernel __attribute__((reqd_work_group_size(TILE, TILE, 1)))\n"
    "void sgemm(int n, __global const float *a, __global const float *b, __global float *c)\n"
    "{\n"
    "    __local float ta[TILE][TILE], tb[TILE][TILE];\n"
    "    int x = get_local_id(0), y = get_local_id(1);\n"
    "    int col = get_global_id(0), row = get_global_id(1);\n"
    "    float sum = 0.0f;\n"
    "    for (int t = 0; t < n; t += TILE) {\n"
    "        ta[y][x] = a[row * n + t + x];\n"
    "        tb[y][x] = b[(t + y) * n + col];\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "        for (int i = 0; i < TILE; i++)\n"
    "            sum += ta[y][i] * tb[i][x];\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    }\n"
    "    c[row * n + col] = sum;\n"
    "}\n";

int main(int argc, char **argv) {
    struct ocl o = ocl_open("sgemm", argc, argv, 5, true);
    int n = 512 * o.scale / 100 / TILE * TILE;
    size_t bytes = (size_t)n * (size_t)n * sizeof(float);
    float *a = ocl_alloc(bytes), *b = ocl_alloc(bytes), *c = ocl_alloc(bytes);
    size_t global[2] = {(size_t)n, (size_t)n}, local[2] = {TILE, TILE};
    double device[100];
    uint32_t seed = 1;

    if (o.repetitions > 100)
        o.repetitions = 100;
    for (int i = 0; i < n * n; i++) {
        /* small integers: every sum is exact, so results are equal bit by bit whatever the order of additions
         */
        a[i] = (float)(int)(ocl_random(&seed) * 16);
        b[i] = (float)(int)(ocl_random(&seed) * 16);
    }
    cl_kernel k = ocl_kernel(&o, source, "sgemm");
    cl_mem ma = ocl_buffer(&o, CL_MEM_READ_ONLY, bytes, a), mb = ocl_buffer(&o, CL_MEM_READ_ONLY, bytes, b);
    cl_mem mc = ocl_buffer(&o, CL_MEM_WRITE_ONLY, bytes, NULL);
    ocl_must("clSetKernelArg", clSetKernelArg(k, 0, sizeof(n), &n));
    ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(ma), &ma));
    ocl_must("clSetKernelArg", clSetKernelArg(k, 2, sizeof(mb), &mb));
    ocl_must("clSetKernelArg", clSetKernelArg(k, 3, sizeof(mc), &mc));

    ocl_must("enqueue", clEnqueueNDRangeKernel(o.queue, k, 2, NULL, global, local, 0, NULL, NULL));
    ocl_finish(&o);
    double wall = ocl_now();
    for (int r = 0; r < o.repetitions; r++) {
        cl_event e;

        ocl_must("enqueue", clEnqueueNDRangeKernel(o.queue, k, 2, NULL, global, local, 0, NULL, &e));
        ocl_must("clWaitForEvents", clWaitForEvents(1, &e));
        device[r] = ocl_event_seconds(e);
        ocl_must("clReleaseEvent", clReleaseEvent(e));
    }
    wall = (ocl_now() - wall) / o.repetitions;
    ocl_metric(&o, "device rate", "GFLOP/s", "higher",
               2.0 * n * (double)n * n / ocl_median(device, o.repetitions) * 1e-9);
    ocl_metric(&o, "time per call", "ms", "lower", wall * 1e3);

    ocl_must("clEnqueueReadBuffer", clEnqueueReadBuffer(o.queue, mc, CL_TRUE, 0, bytes, c, 0, NULL, NULL));
    bool ok = true;
    double total = 0;
    for (int s = 0; s < 64; s++) {
        int row = (s * 37) % n, col = (s * 101) % n;
        double sum = 0;

        for (int i = 0; i < n; i++)
            sum += (double)a[row * n + i] * b[i * n + col];
        ok = ok && ocl_close_to(c[row * n + col], sum, 1e-6);
        total += c[row * n + col];
    }
    ocl_check(&o, ok, c, bytes < 65536 ? bytes : 65536, total);
    clReleaseMemObject(ma);
    clReleaseMemObject(mb);
    clReleaseMemObject(mc);
    clReleaseKernel(k);
    ocl_close(&o);
    free(a);
    free(b);
    free(c);
    return 0;
}
