// SPDX-License-Identifier: MIT
/* srad: speckle-reducing anisotropic diffusion: each step needs the image's mean and variance (a reduction, read back), then two
 * kernels over the image. Reductions and stencils in turns. */
#include "eval/lib/work.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 10
#define GROUP 64

static const char source[] =
    "#define GROUP 64\n"
    "__kernel void sums(__global const float *x, __global float2 *out, int n)\n"
    "{\n"
    "    __local float2 s[GROUP];\n"
    "    int me = get_local_id(0);\n"
    "    float2 mine = (float2)(0.0f);\n"
    "    for (int i = get_global_id(0); i < n; i += get_global_size(0))\n"
    "        mine += (float2)(x[i], x[i] * x[i]);\n"
    "    s[me] = mine;\n"
    "    for (int step = GROUP / 2; step > 0; step /= 2) {\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "        if (me < step)\n"
    "            s[me] += s[me + step];\n"
    "    }\n"
    "    if (me == 0)\n"
    "        out[get_group_id(0)] = s[0];\n"
    "}\n"
    "__kernel void coefficients(__global const float *x, __global float *c, int w, int h, float q0)\n"
    "{\n"
    "    int i = get_global_id(0), j = get_global_id(1), at = j * w + i;\n"
    "    if (i >= w || j >= h)\n"
    "        return;\n"
    "    float v = x[at];\n"
    "    float u = x[max(j - 1, 0) * w + i] - v, d = x[min(j + 1, h - 1) * w + i] - v;\n"
    "    float l = x[j * w + max(i - 1, 0)] - v, r = x[j * w + min(i + 1, w - 1)] - v;\n"
    "    float g = (u * u + d * d + l * l + r * r) / (v * v), p = (u + d + l + r) / v;\n"
    "    float e = 1.0f + 0.25f * p, q = (0.5f * g - 0.0625f * p * p) / (e * e);\n"
    "    c[at] = clamp(1.0f / (1.0f + (q - q0) / (q0 * (1.0f + q0))), 0.0f, 1.0f);\n"
    "}\n"
    "__kernel void diffuse(__global const float *x, __global const float *c, __global float *out, int w,\n"
    "                      int h)\n"
    "{\n"
    "    int i = get_global_id(0), j = get_global_id(1), at = j * w + i;\n"
    "    if (i >= w || j >= h)\n"
    "        return;\n"
    "    float v = x[at], below = c[min(j + 1, h - 1) * w + i], right = c[j * w + min(i + 1, w - 1)];\n"
    "    float sum = c[at] * (x[max(j - 1, 0) * w + i] - v) + below * (x[min(j + 1, h - 1) * w + i] - v)\n"
    "              + c[at] * (x[j * w + max(i - 1, 0)] - v) + right * (x[j * w + min(i + 1, w - 1)] - v);\n"
    "    out[at] = v + 0.125f * sum;\n"
    "}\n";

#define GROUPS 16

static int n;
static float *image, *got, *right;
static cl_mem m_x[2], m_c, m_sums;
static cl_kernel sums, coefficients, diffuse;

static float q0_of(double sum, double squares) {
    double count = (double)n * n, mean = sum / count, variance = squares / count - mean * mean;

    return (float)(variance / (mean * mean));
}

static int inside(int i) {
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

static void on_cpu(float **now, float **next, float *c) {
    float *x = *now;
    double sum = 0, squares = 0;

    for (int i = 0; i < n * n; i++) {
        sum += x[i];
        squares += (double)x[i] * x[i];
    }
    float q0 = q0_of(sum, squares);
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++) {
            float v = x[j * n + i], u = x[inside(j - 1) * n + i] - v, d = x[inside(j + 1) * n + i] - v;
            float l = x[j * n + inside(i - 1)] - v, r = x[j * n + inside(i + 1)] - v;
            float g = (u * u + d * d + l * l + r * r) / (v * v), p = (u + d + l + r) / v;
            float e = 1 + 0.25f * p, q = (0.5f * g - 0.0625f * p * p) / (e * e);
            c[j * n + i] = fminf(fmaxf(1 / (1 + (q - q0) / (q0 * (1 + q0))), 0), 1);
        }
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++) {
            float v = x[j * n + i], here = c[j * n + i];
            (*next)[j * n + i] = v + 0.125f * (here * (x[inside(j - 1) * n + i] - v) +
                                               c[inside(j + 1) * n + i] * (x[inside(j + 1) * n + i] - v) +
                                               here * (x[j * n + inside(i - 1)] - v) +
                                               c[j * n + inside(i + 1)] * (x[j * n + inside(i + 1)] - v));
        }
    *now = *next;
    *next = x;
}

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 73;
    n = size;
    size_t bytes = (size_t)n * (size_t)n * sizeof(float);
    image = ocl_alloc(bytes);
    got = ocl_alloc(bytes);
    right = ocl_alloc(bytes);
    float *next = ocl_alloc(bytes), *c = ocl_alloc(bytes);
    for (int i = 0; i < n * n; i++)
        image[i] = right[i] = expf(ocl_random(&seed) * 0.5f) * (i % n < n / 2 ? 1.0f : 2.0f);
    for (int s = 0; s < STEPS; s++)
        on_cpu(&right, &next, c);
    free(next);
    free(c);
    m_x[0] = work_buffer(o, bytes);
    m_x[1] = work_buffer(o, bytes);
    m_c = work_buffer(o, bytes);
    m_sums = work_buffer(o, GROUPS * 2 * sizeof(float));
}

static void kernels(cl_program p) {
    work_kernel(&sums, p, "sums");
    work_kernel(&coefficients, p, "coefficients");
    work_kernel(&diffuse, p, "diffuse");
}

static void run(struct ocl *o) {
    size_t bytes = (size_t)n * (size_t)n * sizeof(float);
    float part[GROUPS * 2];

    work_write(o, m_x[0], image, bytes);
    for (int s = 0; s < STEPS; s++) {
        double sum = 0, squares = 0;

        work_args(sums, "mmi", m_x[s % 2], m_sums, n * n);
        work_launch(o, sums, GROUPS * GROUP, GROUP);
        work_read(o, m_sums, part, sizeof(part));
        for (int g = 0; g < GROUPS; g++) {
            sum += part[2 * g];
            squares += part[2 * g + 1];
        }
        work_args(coefficients, "mmiif", m_x[s % 2], m_c, n, n, (double)q0_of(sum, squares));
        work_launch_2d(o, coefficients, n, n, 16, 4);
        work_args(diffuse, "mmmii", m_x[s % 2], m_c, m_x[1 - s % 2], n, n);
        work_launch_2d(o, diffuse, n, n, 16, 4);
    }
    work_read(o, m_x[STEPS % 2], got, bytes);
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = (size_t)n * (size_t)n * sizeof(float);
    return work_same(got, right, n * n, 1e-3, sum);
}

int main(int argc, char **argv) {
    return work_main(argc, argv,
                     &(struct work){"srad", {128, 512, 2048}, 10, source, prepare, kernels, run, check});
}
