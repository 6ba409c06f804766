// SPDX-License-Identifier: MIT
/* nn: the ten places nearest to a point: distances by the device, the choice by the host: one short kernel, one read that is
 * nearly as large as the input. */
#include "eval/lib/work.h"

#include <math.h>
#include <string.h>

#define NEAREST 10

static const char source[] =
    "__kernel void distances(__global const float2 *places, __global float *d, int n, float x, float y)\n"
    "{\n"
    "    int i = get_global_id(0);\n"
    "    if (i < n) {\n"
    "        float2 e = places[i] - (float2)(x, y);\n"
    "        d[i] = sqrt(e.x * e.x + e.y * e.y);\n"
    "    }\n"
    "}\n";

static int n, got[NEAREST], right[NEAREST];
static float *places, *d;
static cl_mem m_places, m_d;
static cl_kernel distances;

static void choose(const float *from, int list[NEAREST]) {
    int used = 0;

    for (int i = 0; i < n; i++) {
        if (used == NEAREST && from[i] >= from[list[NEAREST - 1]])
            continue;
        int k = used < NEAREST ? used++ : NEAREST - 1;
        for (; k > 0 && from[list[k - 1]] > from[i]; k--)
            list[k] = list[k - 1];
        list[k] = i;
    }
}

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 59;
    n = size;
    size_t count = (size_t)n;
    places = ocl_alloc(count * 2 * sizeof(float));
    d = ocl_alloc(count * sizeof(float));
    for (int i = 0; i < 2 * n; i++)
        places[i] = ocl_random(&seed);
    for (int i = 0; i < n; i++) {
        float x = places[2 * i] - 0.3f, y = places[2 * i + 1] - 0.6f;
        d[i] = sqrtf(x * x + y * y);
    }
    choose(d, right);
    m_places = work_buffer(o, count * 2 * sizeof(float));
    m_d = work_buffer(o, count * sizeof(float));
}

static void kernels(cl_program p) {
    work_kernel(&distances, p, "distances");
}

static void run(struct ocl *o) {
    work_write(o, m_places, places, (size_t)n * 2 * sizeof(float));
    work_args(distances, "mmiff", m_places, m_d, n, 0.3, 0.6);
    work_launch(o, distances, n, 64);
    work_read(o, m_d, d, (size_t)n * sizeof(float));
    choose(d, got);
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = sizeof(got);
    return work_same_ints(got, right, NEAREST, sum);
}

int main(int argc, char **argv) {
    return work_main(
        argc, argv,
        &(struct work){"nn", {65536, 1048576, 16777216}, 10, source, prepare, kernels, run, check});
}
