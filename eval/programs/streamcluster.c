// SPDX-License-Identifier: MIT
/* streamcluster: is it worth opening one more centre? For each candidate the device says what every point would save, the host
 * decides and moves points: many kernels that are waited for, each with a read. */
#include "eval/lib/work.h"

#include <stdlib.h>
#include <string.h>

#define DIM 8
#define CANDIDATES 24

static const char source[] =
    "#define DIM 8\n"
    "__kernel void gain(__global const float *x, __global const float *cost, __global float *saved, int n,\n"
    "                   int candidate)\n"
    "{\n"
    "    int i = get_global_id(0);\n"
    "    float d = 0.0f;\n"
    "    if (i >= n)\n"
    "        return;\n"
    "    for (int k = 0; k < DIM; k++) {\n"
    "        float e = x[k * n + i] - x[k * n + candidate];\n"
    "        d += e * e;\n"
    "    }\n"
    "    saved[i] = cost[i] > d ? cost[i] - d : 0.0f;\n"
    "}\n";

static int n, got[CANDIDATES + 1], right[CANDIDATES + 1];
static float *x, *cost, *saved;
static cl_mem m_x, m_cost, m_saved;
static cl_kernel gain;

static float distance(int i, int j) {
    float d = 0;

    for (int k = 0; k < DIM; k++)
        d += (x[k * n + i] - x[k * n + j]) * (x[k * n + i] - x[k * n + j]);
    return d;
}

static int candidate(int step) {
    return (int)((long)(step + 1) * 7919 % n);
}

/* Opens the centre if it saves more than it costs. */
static bool decide(void) {
    double all = 0;

    for (int i = 0; i < n; i++)
        all += saved[i];
    if (all < 0.02 * n * DIM)
        return false;
    for (int i = 0; i < n; i++)
        cost[i] -= saved[i];
    return true;
}

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 79;
    n = size;
    size_t count = (size_t)n;
    x = ocl_alloc(count * DIM * sizeof(float));
    cost = ocl_alloc(count * sizeof(float));
    saved = ocl_alloc(count * sizeof(float));
    for (int i = 0; i < n; i++)
        for (int k = 0; k < DIM; k++)
            x[k * n + i] = (float)((i * 5 + k * k) % 7) + ocl_random(&seed);
    for (int i = 0; i < n; i++)
        cost[i] = distance(i, 0);
    for (int s = 0; s < CANDIDATES; s++) {
        for (int i = 0; i < n; i++) {
            float d = distance(i, candidate(s));
            saved[i] = cost[i] > d ? cost[i] - d : 0;
        }
        right[s] = decide();
        right[CANDIDATES] += right[s];
    }
    m_x = work_buffer(o, count * DIM * sizeof(float));
    m_cost = work_buffer(o, count * sizeof(float));
    m_saved = work_buffer(o, count * sizeof(float));
}

static void kernels(cl_program p) {
    work_kernel(&gain, p, "gain");
}

static void run(struct ocl *o) {
    size_t bytes = (size_t)n * sizeof(float);

    memset(got, 0, sizeof(got));
    for (int i = 0; i < n; i++)
        cost[i] = distance(i, 0);
    work_write(o, m_x, x, bytes * DIM);
    work_write(o, m_cost, cost, bytes);
    for (int s = 0; s < CANDIDATES; s++) {
        work_args(gain, "mmmii", m_x, m_cost, m_saved, n, candidate(s));
        work_launch(o, gain, n, 64);
        work_read(o, m_saved, saved, bytes);
        if (decide()) {
            got[s] = 1;
            got[CANDIDATES]++;
            work_write(o, m_cost, cost, bytes);
            ocl_finish(o); /* the host goes on to change it */
        }
    }
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = sizeof(got);
    return work_same_ints(got, right, CANDIDATES + 1, sum) && got[CANDIDATES] > 0;
}

int main(int argc, char **argv) {
    return work_main(
        argc, argv,
        &(struct work){"streamcluster", {8192, 65536, 524288}, 10, source, prepare, kernels, run, check});
}
