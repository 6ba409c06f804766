// SPDX-License-Identifier: MIT
/* lavamd: forces between particles of neighbouring boxes, a group for each box, its neighbours' particles in local memory. One
 * heavy kernel with barriers, exp(), and much reuse. */
#include "eval/lib/work.h"

#include <math.h>

#define PER_BOX 32

static const char source[] =
    "#define PER_BOX 32\n"
    "__kernel void forces(__global const float4 *at, __global float4 *out, int side)\n"
    "{\n"
    "    __local float4 near[PER_BOX];\n"
    "    int box = get_group_id(0), me = get_local_id(0);\n"
    "    int bx = box % side, by = box / side % side, bz = box / side / side;\n"
    "    float4 p = at[box * PER_BOX + me], sum = (float4)(0.0f);\n"
    "    for (int k = 0; k < 27; k++) {\n"
    "        int x = bx + k % 3 - 1, y = by + k / 3 % 3 - 1, z = bz + k / 9 - 1;\n"
    "        if (x < 0 || y < 0 || z < 0 || x >= side || y >= side || z >= side)\n"
    "            continue;\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "        near[me] = at[((z * side + y) * side + x) * PER_BOX + me];\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "        for (int j = 0; j < PER_BOX; j++) {\n"
    "            float4 d = near[j] - p;\n"
    "            float r2 = d.x * d.x + d.y * d.y + d.z * d.z;\n"
    "            float v = near[j].w * exp(-0.5f * r2);\n"
    "            sum += (float4)(v * d.x, v * d.y, v * d.z, v);\n"
    "        }\n"
    "    }\n"
    "    out[box * PER_BOX + me] = sum;\n"
    "}\n";

static int side, n;
static float *at, *got, *right;
static cl_mem m_at, m_out;
static cl_kernel forces;

static void on_cpu(int i) {
    int box = i / PER_BOX, bx = box % side, by = box / side % side, bz = box / side / side;
    double sum[4] = {0};

    for (int k = 0; k < 27; k++) {
        int x = bx + k % 3 - 1, y = by + k / 3 % 3 - 1, z = bz + k / 9 - 1;
        if (x < 0 || y < 0 || z < 0 || x >= side || y >= side || z >= side)
            continue;
        for (int j = 0; j < PER_BOX; j++) {
            const float *q = at + 4 * (((z * side + y) * side + x) * PER_BOX + j), *p = at + 4 * i;
            float d[3] = {q[0] - p[0], q[1] - p[1], q[2] - p[2]};
            float v = q[3] * expf(-0.5f * (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]));
            for (int c = 0; c < 3; c++)
                sum[c] += v * d[c];
            sum[3] += v;
        }
    }
    for (int c = 0; c < 4; c++)
        right[4 * i + c] = (float)sum[c];
}

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 47;
    side = size;
    n = side * side * side * PER_BOX;
    size_t bytes = (size_t)n * 4 * sizeof(float);
    at = ocl_alloc(bytes);
    got = ocl_alloc(bytes);
    right = ocl_alloc(bytes);
    for (int i = 0; i < n; i++) {
        int box = i / PER_BOX, x = box % side, y = box / side % side, z = box / side / side;
        at[4 * i] = (float)x + ocl_random(&seed);
        at[4 * i + 1] = (float)y + ocl_random(&seed);
        at[4 * i + 2] = (float)z + ocl_random(&seed);
        at[4 * i + 3] = ocl_random(&seed) * 0.01f;
    }
    for (int i = 0; i < n; i++)
        on_cpu(i);
    m_at = work_buffer(o, bytes);
    m_out = work_buffer(o, bytes);
}

static void kernels(cl_program p) {
    work_kernel(&forces, p, "forces");
}

static void run(struct ocl *o) {
    work_write(o, m_at, at, (size_t)n * 4 * sizeof(float));
    work_args(forces, "mmi", m_at, m_out, side);
    work_launch(o, forces, n, PER_BOX);
    work_read(o, m_out, got, (size_t)n * 4 * sizeof(float));
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = (size_t)n * 4 * sizeof(float);
    return work_same(got, right, 4 * n, 1e-4, sum);
}

int main(int argc, char **argv) {
    return work_main(argc, argv,
                     &(struct work){"lavamd", {4, 8, 16}, 10, source, prepare, kernels, run, check});
}
