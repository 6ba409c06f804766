// SPDX-License-Identifier: MIT
/* reduction: the sum of integers in local memory, then a second kernel over the groups' sums and a read of 4
 * bytes: many programs have this rhythm of two launches and one tiny read. */
#include "eval/lib/ocl.h"

#include <stdlib.h>

#define GROUP 256

static const char source[] =
    "__kernel void reduce(__global const uint *in, uint n, __global uint *out, __local uint *part)\n"
    "{\n"
    "    uint sum = 0;\n"
    "    for (uint i = get_global_id(0); i < n; i += get_global_size(0))\n"
    "        sum += in[i];\n"
    "    uint l = get_local_id(0);\n"
    "    part[l] = sum;\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    for (uint half_size = get_local_size(0) / 2; half_size > 0; half_size /= 2) {\n"
    "        if (l < half_size)\n"
    "            part[l] += part[l + half_size];\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    }\n"
    "    if (l == 0)\n"
    "        out[get_group_id(0)] = part[0];\n"
    "}\n";

int main(int argc, char **argv) {
    struct ocl o = ocl_open("reduction", argc, argv, 100, false);
    cl_uint n = (cl_uint)((1 << 20) / 100.0 * o.scale), groups = 32, expected = 0, got = 0;
    cl_uint *in = ocl_alloc(n * sizeof(*in));
    size_t local = GROUP, global = (size_t)GROUP * groups, second = GROUP;
    bool ok = true;
    uint32_t seed = 3;

    for (cl_uint i = 0; i < n; i++) {
        in[i] = (cl_uint)(ocl_random(&seed) * 1000);
        expected += in[i];
    }
    cl_kernel k = ocl_kernel(&o, source, "reduce");
    cl_mem min = ocl_buffer(&o, CL_MEM_READ_ONLY, n * sizeof(*in), in);
    cl_mem mpart = ocl_buffer(&o, CL_MEM_READ_WRITE, groups * sizeof(cl_uint), NULL);
    cl_mem mout = ocl_buffer(&o, CL_MEM_READ_WRITE, sizeof(cl_uint), NULL);
    ocl_must("clSetKernelArg", clSetKernelArg(k, 3, GROUP * sizeof(cl_uint), NULL));
    double wall = 0;
    for (int r = 0; r <= o.repetitions; r++) {
        if (r == 1)
            wall = ocl_now();
        ocl_must("clSetKernelArg", clSetKernelArg(k, 0, sizeof(min), &min));
        ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(n), &n));
        ocl_must("clSetKernelArg", clSetKernelArg(k, 2, sizeof(mpart), &mpart));
        ocl_must("enqueue", clEnqueueNDRangeKernel(o.queue, k, 1, NULL, &global, &local, 0, NULL, NULL));
        ocl_must("clSetKernelArg", clSetKernelArg(k, 0, sizeof(mpart), &mpart));
        ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(groups), &groups));
        ocl_must("clSetKernelArg", clSetKernelArg(k, 2, sizeof(mout), &mout));
        ocl_must("enqueue", clEnqueueNDRangeKernel(o.queue, k, 1, NULL, &second, &local, 0, NULL, NULL));
        ocl_must("clEnqueueReadBuffer",
                 clEnqueueReadBuffer(o.queue, mout, CL_TRUE, 0, sizeof(got), &got, 0, NULL, NULL));
        ok = ok && got == expected;
    }
    wall = (ocl_now() - wall) / o.repetitions;
    ocl_metric(&o, "time per sum", "us", "lower", wall * 1e6);
    ocl_check(&o, ok, &got, sizeof(got), got);
    clReleaseMemObject(min);
    clReleaseMemObject(mpart);
    clReleaseMemObject(mout);
    clReleaseKernel(k);
    ocl_close(&o);
    free(in);
    return 0;
}
