// SPDX-License-Identifier: MIT
/* gaussian: elimination without pivoting: two kernels for each column, never waited for: hundreds of dependent small launches in
 * a stream. The host solves the triangle that is left. */
#include "eval/lib/work.h"

#include <string.h>

static const char source[] =
    "__kernel void factors(__global const float *a, __global float *m, int n, int t)\n"
    "{\n"
    "    int i = get_global_id(0) + t + 1;\n"
    "    if (i < n)\n"
    "        m[i] = a[i * n + t] / a[t * n + t];\n"
    "}\n"
    "__kernel void eliminate(__global float *a, __global float *b, __global const float *m, int n, int t)\n"
    "{\n"
    "    int j = get_global_id(0) + t, i = get_global_id(1) + t + 1;\n"
    "    if (j >= n || i >= n)\n"
    "        return;\n"
    "    a[i * n + j] -= m[i] * a[t * n + j];\n"
    "    if (j == t)\n"
    "        b[i] -= m[i] * b[t];\n"
    "}\n";

static int n;
static float *a, *b, *x, *wanted, *work_a, *work_b;
static cl_mem m_a, m_b, m_m;
static cl_kernel factors, eliminate;

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 23;
    n = size;
    size_t row = (size_t)n * sizeof(float);
    a = ocl_alloc(row * (size_t)n);
    work_a = ocl_alloc(row * (size_t)n);
    b = ocl_alloc(row);
    work_b = ocl_alloc(row);
    x = ocl_alloc(row);
    wanted = ocl_alloc(row);
    /* the solution is chosen, the right side follows: the CPU multiplies, and need not eliminate */
    for (int i = 0; i < n; i++)
        wanted[i] = ocl_random(&seed) - 0.5f;
    for (int i = 0; i < n; i++) {
        double s = 0;
        for (int j = 0; j < n; j++) {
            a[i * n + j] = ocl_random(&seed) / (float)n + (i == j ? 2.0f : 0.0f);
            s += (double)a[i * n + j] * wanted[j];
        }
        b[i] = (float)s;
    }
    m_a = work_buffer(o, row * (size_t)n);
    m_b = work_buffer(o, row);
    m_m = work_buffer(o, row);
}

static void kernels(cl_program p) {
    work_kernel(&factors, p, "factors");
    work_kernel(&eliminate, p, "eliminate");
}

static void run(struct ocl *o) {
    size_t row = (size_t)n * sizeof(float);

    work_write(o, m_a, a, row * (size_t)n);
    work_write(o, m_b, b, row);
    for (int t = 0; t < n - 1; t++) {
        work_args(factors, "mmii", m_a, m_m, n, t);
        work_launch(o, factors, n - 1 - t, 16);
        work_args(eliminate, "mmmii", m_a, m_b, m_m, n, t);
        work_launch_2d(o, eliminate, n - t, n - 1 - t, 16, 4);
    }
    work_read(o, m_a, work_a, row * (size_t)n);
    work_read(o, m_b, work_b, row);
    for (int i = n - 1; i >= 0; i--) {
        float s = work_b[i];
        for (int j = i + 1; j < n; j++)
            s -= work_a[i * n + j] * x[j];
        x[i] = s / work_a[i * n + i];
    }
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = x;
    *bytes = (size_t)n * sizeof(float);
    return work_same(x, wanted, n, 1e-4, sum);
}

int main(int argc, char **argv) {
    return work_main(argc, argv,
                     &(struct work){"gaussian", {128, 512, 1536}, 10, source, prepare, kernels, run, check});
}
