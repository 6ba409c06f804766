// SPDX-License-Identifier: MIT
/* nbody: steps of an all-pairs simulation, two buffers swapped between kernels, one read at the end: builtins
 * and vector types. */
#include "eval/lib/ocl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char source[] =
    "__kernel void advance(int n, float dt, __global const float4 *in, __global const float4 *vin,\n"
    "                   __global float4 *out, __global float4 *vout)\n"
    "{\n"
    "    int i = get_global_id(0);\n"
    "    float4 p = in[i], a = (float4)(0.0f);\n"
    "    for (int j = 0; j < n; j++) {\n"
    "        float4 d = in[j] - p;\n"
    "        d.w = 0.0f;\n"
    "        float r2 = dot(d, d) + 0.01f;\n"
    "        float r = rsqrt(r2);\n"
    "        a += d * (in[j].w * r * r * r);\n"
    "    }\n"
    "    float4 v = vin[i] + a * dt;\n"
    "    vout[i] = v;\n"
    "    out[i] = (float4)((p + v * dt).xyz, p.w);\n"
    "}\n";

static void acceleration(const float *p, int n, int i, double a[3]) {
    a[0] = a[1] = a[2] = 0;
    for (int j = 0; j < n; j++) {
        double d[3], r2 = 0.01, r3;

        for (int c = 0; c < 3; c++) {
            d[c] = (double)p[4 * j + c] - p[4 * i + c];
            r2 += d[c] * d[c];
        }
        r3 = 1 / (r2 * sqrt(r2));
        for (int c = 0; c < 3; c++)
            a[c] += d[c] * p[4 * j + 3] * r3;
    }
}

int main(int argc, char **argv) {
    struct ocl o = ocl_open("nbody", argc, argv, 40, false);
    int n = 1024 * o.scale / 100 / 64 * 64;
    size_t count = (size_t)n, bytes = count * 4 * sizeof(float);
    float *start = ocl_alloc(bytes), *now = ocl_alloc(bytes), *zero = ocl_alloc(bytes), dt = 0.001f;
    cl_mem p[2], v[2];
    uint32_t seed = 7;

    for (int i = 0; i < 4 * n; i++)
        start[i] = i % 4 == 3 ? 0.001f : ocl_random(&seed);
    cl_kernel k = ocl_kernel(&o, source, "advance");
    for (int b = 0; b < 2; b++) {
        p[b] = ocl_buffer(&o, CL_MEM_READ_WRITE, bytes, start);
        v[b] = ocl_buffer(&o, CL_MEM_READ_WRITE, bytes, zero);
    }
    ocl_must("clSetKernelArg", clSetKernelArg(k, 0, sizeof(n), &n));
    ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(dt), &dt));
    double wall = 0;
    bool ok = true;
    for (int s = 0; s <= o.repetitions; s++) {
        for (int b = 0; b < 2; b++) {
            ocl_must("clSetKernelArg",
                     clSetKernelArg(k, (cl_uint)(2 + 2 * b), sizeof(cl_mem), &p[(s + b) & 1]));
            ocl_must("clSetKernelArg",
                     clSetKernelArg(k, (cl_uint)(3 + 2 * b), sizeof(cl_mem), &v[(s + b) & 1]));
        }
        ocl_must("enqueue", clEnqueueNDRangeKernel(o.queue, k, 1, NULL, &count, NULL, 0, NULL, NULL));
        if (s == 0) { /* the first step is checked, and not timed: drivers compile in it */
            ocl_must("clEnqueueReadBuffer",
                     clEnqueueReadBuffer(o.queue, p[1], CL_TRUE, 0, bytes, now, 0, NULL, NULL));
            for (int i = 0; i < n; i += 61) {
                double a[3];

                acceleration(start, n, i, a);
                for (int c = 0; c < 3; c++)
                    ok = ok && ocl_close_to(now[4 * i + c], start[4 * i + c] + a[c] * dt * dt, 1e-5);
            }
            wall = ocl_now();
        }
    }
    ocl_finish(&o);
    wall = (ocl_now() - wall) / o.repetitions;
    ocl_metric(&o, "rate", "Ginteraction/s", "higher", (double)n * n / wall * 1e-9);

    ocl_must("clEnqueueReadBuffer",
             clEnqueueReadBuffer(o.queue, p[(o.repetitions + 1) & 1], CL_TRUE, 0, bytes, now, 0, NULL, NULL));
    double sum = 0;
    for (int i = 0; i < 4 * n; i++)
        sum += now[i];
    ocl_check(&o, ok, now, bytes, sum);
    for (int b = 0; b < 2; b++) {
        clReleaseMemObject(p[b]);
        clReleaseMemObject(v[b]);
    }
    clReleaseKernel(k);
    ocl_close(&o);
    free(start);
    free(now);
    free(zero);
    return 0;
}
