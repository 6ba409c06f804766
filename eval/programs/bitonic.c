// SPDX-License-Identifier: MIT
/* bitonic: sorts integers in many small kernels, three scalar arguments changed before each: a real program
 * made of launches. */
#include "eval/lib/ocl.h"

#include <stdlib.h>

static const char source[] = "__kernel void exchange(__global uint *v, uint stage, uint pass)\n"
                             "{\n"
                             "    uint i = get_global_id(0), distance = 1u << pass;\n"
                             "    uint left = (i / distance) * 2 * distance + i % distance;\n"
                             "    uint a = v[left], b = v[left + distance];\n"
                             "    bool up = ((i >> stage) & 1u) == 0;\n"
                             "    v[left] = up ? min(a, b) : max(a, b);\n"
                             "    v[left + distance] = up ? max(a, b) : min(a, b);\n"
                             "}\n";

int main(int argc, char **argv) {
    struct ocl o = ocl_open("bitonic", argc, argv, 10, false);
    cl_uint bits = 14;
    size_t n = (size_t)1 << bits, half = n / 2;
    cl_uint *v = ocl_alloc(n * sizeof(*v)), *sorted = ocl_alloc(n * sizeof(*v));
    double t[200];
    bool ok = true;
    uint32_t seed = 11;
    int kernels = 0;

    if (o.repetitions > 200)
        o.repetitions = 200;
    for (size_t i = 0; i < n; i++)
        v[i] = (cl_uint)(ocl_random(&seed) * 16777216);
    cl_kernel k = ocl_kernel(&o, source, "exchange");
    cl_mem m = ocl_buffer(&o, CL_MEM_READ_WRITE, n * sizeof(*v), NULL);
    ocl_must("clSetKernelArg", clSetKernelArg(k, 0, sizeof(m), &m));
    for (int r = -1; r < o.repetitions; r++) {
        double start = ocl_now();

        kernels = 0;
        ocl_must("clEnqueueWriteBuffer",
                 clEnqueueWriteBuffer(o.queue, m, CL_FALSE, 0, n * sizeof(*v), v, 0, NULL, NULL));
        for (cl_uint stage = 0; stage < bits; stage++) {
            for (cl_uint pass = stage + 1; pass-- > 0; kernels++) {
                ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(stage), &stage));
                ocl_must("clSetKernelArg", clSetKernelArg(k, 2, sizeof(pass), &pass));
                ocl_must("enqueue", clEnqueueNDRangeKernel(o.queue, k, 1, NULL, &half, NULL, 0, NULL, NULL));
            }
        }
        ocl_must("clEnqueueReadBuffer",
                 clEnqueueReadBuffer(o.queue, m, CL_TRUE, 0, n * sizeof(*v), sorted, 0, NULL, NULL));
        if (r >= 0)
            t[r] = ocl_now() - start;
        for (size_t i = 1; i < n; i++)
            ok = ok && sorted[i - 1] <= sorted[i];
    }
    ocl_metric(&o, "time per sort", "ms", "lower", ocl_median(t, o.repetitions) * 1e3);
    ocl_metric(&o, "time per kernel", "us", "lower", t[o.repetitions / 2] / kernels * 1e6);
    double sum = 0;
    for (size_t i = 0; i < n; i += 17)
        sum += sorted[i];
    ocl_check(&o, ok, sorted, n * sizeof(*v), sum);
    clReleaseMemObject(m);
    clReleaseKernel(k);
    ocl_close(&o);
    free(v);
    free(sorted);
    return 0;
}
