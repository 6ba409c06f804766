// SPDX-License-Identifier: MIT
/* cfd: inviscid flow over an unstructured mesh: fluxes through the faces of each cell, explicit time steps. Heavy kernels with
 * scattered reads, three launches a step. */
#include "eval/lib/work.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The physics, in the part of C that OpenCL C and C share: the kernels and the CPU compute by the same text. */
#define PHYSICS(SPACE, SQRT)                                                                                 \
    float pressure_of(SPACE const float *q, int n, int i) {                                                  \
        float r = q[i], u = q[n + i], v = q[2 * n + i];                                                      \
        return 0.4f * (q[3 * n + i] - 0.5f * (u * u + v * v) / r);                                           \
    }                                                                                                        \
    float step_of(SPACE const float *q, int n, int i) {                                                      \
        float r = q[i], u = q[n + i] / r, v = q[2 * n + i] / r;                                              \
        return 0.1f / (SQRT(u * u + v * v) + SQRT(1.4f * pressure_of(q, n, i) / r));                         \
    }                                                                                                        \
    void flux_of(SPACE const float *q, SPACE const int *near, SPACE const float *normal, int n, int i,       \
                 float f[4]) {                                                                               \
        float r = q[i], u = q[n + i] / r, v = q[2 * n + i] / r, e = q[3 * n + i], p = pressure_of(q, n, i);  \
        f[0] = f[1] = f[2] = f[3] = 0.0f;                                                                    \
        for (int k = 0; k < 4; k++) {                                                                        \
            int j = near[k * n + i];                                                                         \
            float nx = normal[2 * (k * n + i)], ny = normal[2 * (k * n + i) + 1];                            \
            float R = q[j], U = q[n + j] / R, V = q[2 * n + j] / R, E = q[3 * n + j];                        \
            float P = pressure_of(q, n, j), a = u * nx + v * ny, b = U * nx + V * ny;                        \
            float c = 0.5f * (SQRT(1.4f * p / r) + SQRT(1.4f * P / R)) + 0.5f * SQRT((a + b) * (a + b));     \
            f[0] += 0.5f * (r * a + R * b - c * (R - r));                                                    \
            f[1] += 0.5f * (r * u * a + R * U * b + (p + P) * nx - c * (R * U - r * u));                     \
            f[2] += 0.5f * (r * v * a + R * V * b + (p + P) * ny - c * (R * V - r * v));                     \
            f[3] += 0.5f * ((e + p) * a + (E + P) * b - c * (E - e));                                        \
        }                                                                                                    \
    }

#define TEXT_(...) #__VA_ARGS__
#define TEXT(...) TEXT_(__VA_ARGS__)

static const char source[] =
    TEXT(PHYSICS(__global, sqrt)) "\n"
                                  "__kernel void factor(__global const float *q, __global float *dt, int n)\n"
                                  "{\n"
                                  "    int i = get_global_id(0);\n"
                                  "    if (i < n)\n"
                                  "        dt[i] = step_of(q, n, i);\n"
                                  "}\n"
                                  "__kernel void flux(__global const float *q, __global const int *near, "
                                  "__global const float *normal,\n"
                                  "                   __global float *f, int n)\n"
                                  "{\n"
                                  "    int i = get_global_id(0);\n"
                                  "    float sum[4];\n"
                                  "    if (i >= n)\n"
                                  "        return;\n"
                                  "    flux_of(q, near, normal, n, i, sum);\n"
                                  "    for (int c = 0; c < 4; c++)\n"
                                  "        f[c * n + i] = sum[c];\n"
                                  "}\n"
                                  "__kernel void advance(__global float *q, __global const float *f, "
                                  "__global const float *dt, int n)\n"
                                  "{\n"
                                  "    int i = get_global_id(0);\n"
                                  "    if (i < n)\n"
                                  "        for (int c = 0; c < 4; c++)\n"
                                  "            q[c * n + i] -= dt[i] * f[c * n + i];\n"
                                  "}\n";

#define STEPS 10

PHYSICS(, sqrtf)

static int n, *near;
static float *start, *normal, *got, *right;
static cl_mem m_q, m_near, m_normal, m_f, m_dt;
static cl_kernel factor, flux, advance;

/* A torus of cells whose numbers are shuffled: neighbours lie anywhere, as in a real mesh. */
static void mesh(int side) {
    uint32_t seed = 31;
    int *name = ocl_alloc((size_t)n * sizeof(int));
    static const int dx[4] = {1, -1, 0, 0}, dy[4] = {0, 0, 1, -1};

    for (int i = 0; i < n; i++)
        name[i] = i;
    for (int i = n - 1; i > 0; i--) {
        int j = (int)(ocl_random(&seed) * (float)(i + 1)) % (i + 1), swap = name[i];
        name[i] = name[j];
        name[j] = swap;
    }
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 4; k++) {
            int x = (i % side + dx[k] + side) % side, y = (i / side + dy[k] + side) % side,
                at = k * n + name[i];
            near[at] = name[y * side + x];
            normal[2 * at] = (float)dx[k];
            normal[2 * at + 1] = (float)dy[k];
        }
    free(name);
}

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 37;
    n = size * size;
    size_t cells = (size_t)n * 4 * sizeof(float);
    near = ocl_alloc(cells);
    normal = ocl_alloc(2 * cells);
    start = ocl_alloc(cells);
    got = ocl_alloc(cells);
    right = ocl_alloc(cells);
    mesh(size);
    for (int i = 0; i < n; i++) {
        start[i] = 1.0f + 0.2f * ocl_random(&seed);
        start[n + i] = 0.3f * start[i];
        start[2 * n + i] = 0.1f * start[i] * ocl_random(&seed);
        start[3 * n + i] = 2.5f + 0.1f * start[i];
    }
    float *dt = ocl_alloc((size_t)n * sizeof(float)), *f = ocl_alloc(cells), sum[4];
    memcpy(right, start, cells);
    for (int s = 0; s < STEPS; s++) {
        for (int i = 0; i < n; i++) {
            dt[i] = step_of(right, n, i);
            flux_of(right, near, normal, n, i, sum);
            for (int c = 0; c < 4; c++)
                f[c * n + i] = sum[c];
        }
        for (int i = 0; i < 4 * n; i++)
            right[i] -= dt[i % n] * f[i];
    }
    free(dt);
    free(f);
    m_q = work_buffer(o, cells);
    m_f = work_buffer(o, cells);
    m_near = ocl_buffer(o, CL_MEM_READ_ONLY, cells, near);
    m_normal = ocl_buffer(o, CL_MEM_READ_ONLY, 2 * cells, normal);
    m_dt = work_buffer(o, (size_t)n * sizeof(float));
}

static void kernels(cl_program p) {
    work_kernel(&factor, p, "factor");
    work_kernel(&flux, p, "flux");
    work_kernel(&advance, p, "advance");
}

static void run(struct ocl *o) {
    work_write(o, m_q, start, (size_t)n * 4 * sizeof(float));
    work_args(factor, "mmi", m_q, m_dt, n);
    work_args(flux, "mmmmi", m_q, m_near, m_normal, m_f, n);
    work_args(advance, "mmmi", m_q, m_f, m_dt, n);
    for (int s = 0; s < STEPS; s++) {
        work_launch(o, factor, n, 64);
        work_launch(o, flux, n, 64);
        work_launch(o, advance, n, 64);
    }
    work_read(o, m_q, got, (size_t)n * 4 * sizeof(float));
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = (size_t)n * 4 * sizeof(float);
    return work_same(got, right, 4 * n, 1e-4, sum);
}

int main(int argc, char **argv) {
    return work_main(argc, argv,
                     &(struct work){"cfd", {64, 256, 1024}, 10, source, prepare, kernels, run, check});
}
