// SPDX-License-Identifier: MIT
/* kmeans: clustering: the device gives each point its nearest centre, the host moves the centres, until nobody moves or 12
 * rounds are over. Transfers in both directions in every round. */
#include "eval/lib/work.h"

#include <float.h>
#include <string.h>

#define FEATURES 8
#define CENTRES 8
#define ROUNDS 12

static const char source[] =
    "#define FEATURES 8\n"
    "#define CENTRES 8\n"
    "/* from point by point to feature by feature */\n"
    "__kernel void swap(__global const float *in, __global float *out, int n)\n"
    "{\n"
    "    int i = get_global_id(0);\n"
    "    if (i < n)\n"
    "        for (int f = 0; f < FEATURES; f++)\n"
    "            out[f * n + i] = in[i * FEATURES + f];\n"
    "}\n"
    "__kernel void nearest(__global const float *x, __constant float *centres, __global int *member, int n)\n"
    "{\n"
    "    int i = get_global_id(0), best = 0;\n"
    "    float least = FLT_MAX;\n"
    "    if (i >= n)\n"
    "        return;\n"
    "    for (int c = 0; c < CENTRES; c++) {\n"
    "        float d = 0.0f;\n"
    "        for (int f = 0; f < FEATURES; f++) {\n"
    "            float e = x[f * n + i] - centres[c * FEATURES + f];\n"
    "            d += e * e;\n"
    "        }\n"
    "        if (d < least) {\n"
    "            least = d;\n"
    "            best = c;\n"
    "        }\n"
    "    }\n"
    "    member[i] = best;\n"
    "}\n";

static int n, *member, *right;
static float *points, centres[CENTRES * FEATURES];
static cl_mem m_in, m_x, m_centres, m_member;
static cl_kernel swap, nearest;

/* Centres from who belongs to them. */
static void move(const int *who) {
    double sums[CENTRES * FEATURES] = {0};
    int counts[CENTRES] = {0};

    for (int i = 0; i < n; i++) {
        counts[who[i]]++;
        for (int f = 0; f < FEATURES; f++)
            sums[who[i] * FEATURES + f] += points[i * FEATURES + f];
    }
    for (int c = 0; c < CENTRES; c++)
        for (int f = 0; counts[c] && f < FEATURES; f++)
            centres[c * FEATURES + f] = (float)(sums[c * FEATURES + f] / counts[c]);
}

static void on_cpu(int *who) {
    for (int i = 0; i < n; i++) {
        float least = FLT_MAX;
        for (int c = 0; c < CENTRES; c++) {
            float d = 0;
            for (int f = 0; f < FEATURES; f++) {
                float e = points[i * FEATURES + f] - centres[c * FEATURES + f];
                d += e * e;
            }
            if (d < least) {
                least = d;
                who[i] = c;
            }
        }
    }
}

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 43;
    n = size;
    size_t bytes = (size_t)n * FEATURES * sizeof(float);
    points = ocl_alloc(bytes);
    member = ocl_alloc((size_t)n * sizeof(int));
    right = ocl_alloc((size_t)n * sizeof(int));
    /* clouds that lie apart, so that rounding moves no point from one to another */
    for (int i = 0; i < n; i++)
        for (int f = 0; f < FEATURES; f++)
            points[i * FEATURES + f] =
                4.0f * (float)((i >> f % 3) & 1) + (float)(f == i % CENTRES) + ocl_random(&seed);
    memcpy(centres, points, sizeof(centres));
    for (int r = 0; r < ROUNDS; r++) {
        on_cpu(right);
        move(right);
    }
    m_in = work_buffer(o, bytes);
    m_x = work_buffer(o, bytes);
    m_centres = work_buffer(o, sizeof(centres));
    m_member = work_buffer(o, (size_t)n * sizeof(int));
}

static void kernels(cl_program p) {
    work_kernel(&swap, p, "swap");
    work_kernel(&nearest, p, "nearest");
}

static void run(struct ocl *o) {
    memcpy(centres, points, sizeof(centres));
    work_write(o, m_in, points, (size_t)n * FEATURES * sizeof(float));
    work_args(swap, "mmi", m_in, m_x, n);
    work_launch(o, swap, n, 64);
    work_args(nearest, "mmmi", m_x, m_centres, m_member, n);
    for (int r = 0; r < ROUNDS; r++) {
        work_write(o, m_centres, centres, sizeof(centres));
        work_launch(o, nearest, n, 64);
        work_read(o, m_member, member, (size_t)n * sizeof(int));
        move(member);
    }
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = member;
    *bytes = (size_t)n * sizeof(int);
    return work_same_ints(member, right, n, sum);
}

int main(int argc, char **argv) {
    return work_main(
        argc, argv,
        &(struct work){"kmeans", {8192, 65536, 524288}, 10, source, prepare, kernels, run, check});
}
