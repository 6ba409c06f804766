// SPDX-License-Identifier: MIT
/* length: kernels of chosen lengths, each waited for: from what length on does nobody notice where they run? The same number of
 * steps is the same work on every side. */
#include "eval/lib/ocl.h"

#include <stdio.h>

static const char source[] = "__kernel void steps(__global uint *x, uint n)\n"
                             "{\n"
                             "    uint v = x[0];\n"
                             "    for (uint i = 0; i < n; i++)\n"
                             "        v = (v ^ (v >> 13)) * 2654435761u + i;\n"
                             "    x[0] = v;\n"
                             "}\n";

#define SHORTEST 8 /* powers of two, of steps */
#define LONGEST 22

static cl_uint on_cpu(cl_uint v, cl_uint n) {
    for (cl_uint i = 0; i < n; i++)
        v = (v ^ (v >> 13)) * 2654435761u + i;
    return v;
}

int main(int argc, char **argv) {
    struct ocl o = ocl_open("length", argc, argv, 30, false);
    double samples[1000];
    size_t one = 1;
    cl_uint x = 1, right = 1;
    int n = o.repetitions < 1000 ? o.repetitions : 1000;

    cl_kernel k = ocl_kernel(&o, source, "steps");
    cl_mem m = ocl_buffer(&o, CL_MEM_READ_WRITE, sizeof(x), &x);
    ocl_must("clSetKernelArg", clSetKernelArg(k, 0, sizeof(m), &m));
    for (int power = SHORTEST; power <= LONGEST; power += 2) {
        cl_uint steps = 1u << power;
        char metric[64];

        ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(steps), &steps));
        for (int i = -2; i < n; i++) { /* the first two warm up */
            double start = ocl_now();
            ocl_must("enqueue", clEnqueueNDRangeKernel(o.queue, k, 1, NULL, &one, NULL, 0, NULL, NULL));
            ocl_finish(&o);
            if (i >= 0)
                samples[i] = (ocl_now() - start) * 1e6;
            right = on_cpu(right, power <= 16 ? steps : 0);
        }
        snprintf(metric, sizeof(metric), "kernel of %u steps and finish", steps);
        ocl_samples(&o, metric, "us", "warm", samples, n);
        if (power == 16) { /* what is longer is not computed again by a CPU that may be emulated */
            ocl_must("clEnqueueReadBuffer",
                     clEnqueueReadBuffer(o.queue, m, CL_TRUE, 0, sizeof(x), &x, 0, NULL, NULL));
            if (x != right)
                ocl_check(&o, false, &x, sizeof(x), x);
        }
    }
    ocl_must("clEnqueueReadBuffer",
             clEnqueueReadBuffer(o.queue, m, CL_TRUE, 0, sizeof(x), &x, 0, NULL, NULL));
    ocl_check(&o, true, &x, sizeof(x), x);
    clReleaseMemObject(m);
    clReleaseKernel(k);
    ocl_close(&o);
    return 0;
}
