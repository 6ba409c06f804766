// SPDX-License-Identifier: MIT
/* hotspot: temperatures of a chip from its power, step by step: a stencil with borders, two buffers swapped, many launches and
 * one read. */
#include "eval/lib/work.h"

#include <stdlib.h>
#include <string.h>

static const char source[] =
    "__kernel void heat(__global const float *t, __global const float *power, __global float *out,\n"
    "                   int w, int h)\n"
    "{\n"
    "    int x = get_global_id(0), y = get_global_id(1);\n"
    "    if (x >= w || y >= h)\n"
    "        return;\n"
    "    float c = t[y * w + x];\n"
    "    float n = y > 0 ? t[(y - 1) * w + x] : c, s = y < h - 1 ? t[(y + 1) * w + x] : c;\n"
    "    float l = x > 0 ? t[y * w + x - 1] : c, r = x < w - 1 ? t[y * w + x + 1] : c;\n"
    "    out[y * w + x] = c + 0.1f * (power[y * w + x] + (n + s - 2.0f * c) + (l + r - 2.0f * c)\n"
    "                                 + 0.05f * (80.0f - c));\n"
    "}\n";

#define STEPS 40

static int n;
static float *start, *power, *got, *right;
static cl_mem m_t[2], m_power;
static cl_kernel heat;

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 29;
    n = size;
    size_t bytes = (size_t)n * (size_t)n * sizeof(float);
    start = ocl_alloc(bytes);
    power = ocl_alloc(bytes);
    got = ocl_alloc(bytes);
    right = ocl_alloc(bytes);
    float *next = ocl_alloc(bytes), *now = right;
    for (int i = 0; i < n * n; i++) {
        start[i] = 60 + 20 * ocl_random(&seed);
        power[i] = ocl_random(&seed) < 0.05f ? 8.0f : 0.1f;
    }
    memcpy(now, start, bytes);
    for (int step = 0; step < STEPS; step++) {
        for (int y = 0; y < n; y++)
            for (int x = 0; x < n; x++) {
                float c = now[y * n + x];
                float u = y > 0 ? now[(y - 1) * n + x] : c, d = y < n - 1 ? now[(y + 1) * n + x] : c;
                float l = x > 0 ? now[y * n + x - 1] : c, r = x < n - 1 ? now[y * n + x + 1] : c;
                next[y * n + x] =
                    c + 0.1f * (power[y * n + x] + (u + d - 2 * c) + (l + r - 2 * c) + 0.05f * (80 - c));
            }
        float *swap = now;
        now = next;
        next = swap;
    }
    right = now;
    free(next);
    m_t[0] = work_buffer(o, bytes);
    m_t[1] = work_buffer(o, bytes);
    m_power = work_buffer(o, bytes);
}

static void kernels(cl_program p) {
    work_kernel(&heat, p, "heat");
}

static void run(struct ocl *o) {
    size_t bytes = (size_t)n * (size_t)n * sizeof(float);

    work_write(o, m_t[0], start, bytes);
    work_write(o, m_power, power, bytes);
    for (int step = 0; step < STEPS; step++) {
        work_args(heat, "mmmii", m_t[step % 2], m_power, m_t[1 - step % 2], n, n);
        work_launch_2d(o, heat, n, n, 16, 4);
    }
    work_read(o, m_t[STEPS % 2], got, bytes);
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = (size_t)n * (size_t)n * sizeof(float);
    return work_same(got, right, n * n, 1e-5, sum);
}

int main(int argc, char **argv) {
    return work_main(argc, argv,
                     &(struct work){"hotspot", {128, 512, 2048}, 10, source, prepare, kernels, run, check});
}
