// SPDX-License-Identifier: MIT
/* backprop: a step of training a layered network: the forward layer as sums over groups, the rest of the sums
 * and the output layer by the host, then the weights adjusted. A round trip in the middle of each run. */
#include "eval/lib/work.h"

#include <math.h>
#include <string.h>

#define HIDDEN 16

static const char source[] =
    "#define HIDDEN 16\n"
    "__kernel void forward(__global const float *in, __global const float *weights, __global float *sums,\n"
    "                      __local float *part)\n"
    "{\n"
    "    int h = get_local_id(0), r = get_local_id(1), row = get_global_id(1);\n"
    "    part[r * HIDDEN + h] = in[row] * weights[row * HIDDEN + h];\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    for (int step = get_local_size(1) / 2; step > 0; step /= 2) {\n"
    "        if (r < step)\n"
    "            part[r * HIDDEN + h] += part[(r + step) * HIDDEN + h];\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    }\n"
    "    if (r == 0)\n"
    "        sums[get_group_id(1) * HIDDEN + h] = part[h];\n"
    "}\n"
    "__kernel void adjust(__global const float *in, __global const float *delta, __global float *weights,\n"
    "                     __global float *before)\n"
    "{\n"
    "    int h = get_global_id(0), i = get_global_id(1) * HIDDEN + h;\n"
    "    float change = 0.3f * delta[h] * in[get_global_id(1)] + 0.3f * before[i];\n"
    "    weights[i] += change;\n"
    "    before[i] = change;\n"
    "}\n";

static int n;
static float *in, *weights, *zero, *got, *right, *sums;
static cl_mem m_in, m_weights, m_before, m_sums, m_delta;
static cl_kernel forward, adjust;

static float squash(float x) {
    return 1.0f / (1.0f + expf(-x));
}

/* What the host does between the two: the errors of the hidden units for a target of 0.1. */
static void errors(const float hidden[HIDDEN], float delta[HIDDEN]) {
    float out = 0;

    for (int h = 0; h < HIDDEN; h++)
        out += hidden[h] * 0.25f;
    out = squash(out);
    float d = out * (1 - out) * (0.1f - out);
    for (int h = 0; h < HIDDEN; h++)
        delta[h] = hidden[h] * (1 - hidden[h]) * d * 0.25f;
}

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 5;
    n = size / 16 * 16;
    size_t count = (size_t)n, all = count * HIDDEN * sizeof(float);
    in = ocl_alloc(count * sizeof(float));
    weights = ocl_alloc(all);
    zero = ocl_alloc(all);
    got = ocl_alloc(all);
    right = ocl_alloc(all);
    sums = ocl_alloc(all / 16);
    for (int i = 0; i < n; i++)
        in[i] = ocl_random(&seed);
    for (int i = 0; i < n * HIDDEN; i++)
        weights[i] = (ocl_random(&seed) - 0.5f) / (float)n * 8;
    float hidden[HIDDEN], delta[HIDDEN];
    for (int h = 0; h < HIDDEN; h++) {
        double s = 0;
        for (int i = 0; i < n; i++)
            s += (double)in[i] * weights[i * HIDDEN + h];
        hidden[h] = squash((float)s);
    }
    errors(hidden, delta);
    for (int i = 0; i < n * HIDDEN; i++)
        right[i] = weights[i] + 0.3f * delta[i % HIDDEN] * in[i / HIDDEN];
    m_in = work_buffer(o, count * sizeof(float));
    m_weights = work_buffer(o, all);
    m_before = work_buffer(o, all);
    m_sums = work_buffer(o, all / 16);
    m_delta = work_buffer(o, sizeof(delta));
}

static void kernels(cl_program p) {
    work_kernel(&forward, p, "forward");
    work_kernel(&adjust, p, "adjust");
}

static void run(struct ocl *o) {
    size_t count = (size_t)n, all = count * HIDDEN * sizeof(float);
    float hidden[HIDDEN] = {0}, delta[HIDDEN];

    work_write(o, m_in, in, count * sizeof(float));
    work_write(o, m_weights, weights, all);
    work_write(o, m_before, zero, all);
    work_args(forward, "mmml", m_in, m_weights, m_sums, 16 * HIDDEN * (int)sizeof(float));
    work_launch_2d(o, forward, HIDDEN, n, HIDDEN, 16);
    work_read(o, m_sums, sums, all / 16);
    for (int i = 0; i < n / 16 * HIDDEN; i++)
        hidden[i % HIDDEN] += sums[i];
    for (int h = 0; h < HIDDEN; h++)
        hidden[h] = squash(hidden[h]);
    errors(hidden, delta);
    work_write(o, m_delta, delta, sizeof(delta));
    work_args(adjust, "mmmm", m_in, m_delta, m_weights, m_before);
    work_launch_2d(o, adjust, HIDDEN, n, HIDDEN, 16);
    work_read(o, m_weights, got, all);
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = (size_t)n * HIDDEN * sizeof(float);
    /* a weight is about 1/n, and is changed by about as much: compared at that scale */
    bool same = true;
    *sum = 0;
    for (int i = 0; i < n * HIDDEN; i++) {
        same = same && fabsf(got[i] - right[i]) < 1e-5f;
        *sum += got[i];
    }
    return same && memcmp(got, weights, *bytes) != 0;
}

int main(int argc, char **argv) {
    return work_main(
        argc, argv,
        &(struct work){"backprop", {8192, 65536, 524288}, 10, source, prepare, kernels, run, check});
}
