// SPDX-License-Identifier: MIT
/* lud: LU decomposition by blocks: a diagonal block, its row and column, and what is right below, three kernels for each block,
 * in local memory. Launches that shrink from many groups to one. */
#include "eval/lib/work.h"

#define BLOCK 16

static const char source[] =
    "#define B 16\n"
    "__kernel void diagonal(__global float *a, int n, int at)\n"
    "{\n"
    "    __local float s[B][B];\n"
    "    int t = get_local_id(0);\n"
    "    for (int r = 0; r < B; r++)\n"
    "        s[r][t] = a[(at + r) * n + at + t];\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    for (int k = 0; k < B - 1; k++) {\n"
    "        if (t > k)\n"
    "            s[t][k] /= s[k][k];\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "        if (t > k)\n"
    "            for (int c = k + 1; c < B; c++)\n"
    "                s[t][c] -= s[t][k] * s[k][c];\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    }\n"
    "    for (int r = 0; r < B; r++)\n"
    "        a[(at + r) * n + at + t] = s[r][t];\n"
    "}\n"
    "/* even groups: a block of the row; odd ones: of the column */\n"
    "__kernel void edges(__global float *a, int n, int at)\n"
    "{\n"
    "    int t = get_local_id(0), to = at + B * (get_group_id(0) / 2 + 1);\n"
    "    if (get_group_id(0) % 2 == 0) {\n"
    "        for (int r = 1; r < B; r++)\n"
    "            for (int k = 0; k < r; k++)\n"
    "                a[(at + r) * n + to + t] -= a[(at + r) * n + at + k] * a[(at + k) * n + to + t];\n"
    "    } else {\n"
    "        for (int c = 0; c < B; c++) {\n"
    "            float x = a[(to + t) * n + at + c];\n"
    "            for (int k = 0; k < c; k++)\n"
    "                x -= a[(to + t) * n + at + k] * a[(at + k) * n + at + c];\n"
    "            a[(to + t) * n + at + c] = x / a[(at + c) * n + at + c];\n"
    "        }\n"
    "    }\n"
    "}\n"
    "__kernel void inside(__global float *a, int n, int at)\n"
    "{\n"
    "    __local float l[B][B], u[B][B];\n"
    "    int x = get_local_id(0), y = get_local_id(1);\n"
    "    int c = at + B + get_group_id(0) * B + x, r = at + B + get_group_id(1) * B + y;\n"
    "    l[y][x] = a[r * n + at + x];\n"
    "    u[y][x] = a[(at + y) * n + c];\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    float s = 0.0f;\n"
    "    for (int k = 0; k < B; k++)\n"
    "        s += l[y][k] * u[k][x];\n"
    "    a[r * n + c] -= s;\n"
    "}\n";

static int n;
static float *a, *got, *right;
static cl_mem m_a;
static cl_kernel diagonal, edges, inside;

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 53;
    n = size / BLOCK * BLOCK;
    size_t bytes = (size_t)n * (size_t)n * sizeof(float);
    a = ocl_alloc(bytes);
    got = ocl_alloc(bytes);
    right = ocl_alloc(bytes);
    for (int i = 0; i < n * n; i++)
        a[i] = right[i] = ocl_random(&seed) / (float)n + (i / n == i % n ? 2.0f : 0.0f);
    for (int k = 0; k < n; k++)
        for (int r = k + 1; r < n; r++) {
            float f = right[r * n + k] /= right[k * n + k];
            for (int c = k + 1; c < n; c++)
                right[r * n + c] -= f * right[k * n + c];
        }
    m_a = work_buffer(o, bytes);
}

static void kernels(cl_program p) {
    work_kernel(&diagonal, p, "diagonal");
    work_kernel(&edges, p, "edges");
    work_kernel(&inside, p, "inside");
}

static void run(struct ocl *o) {
    work_write(o, m_a, a, (size_t)n * (size_t)n * sizeof(float));
    for (int at = 0; at < n; at += BLOCK) {
        int rest = n - at - BLOCK;
        work_args(diagonal, "mii", m_a, n, at);
        work_launch(o, diagonal, BLOCK, BLOCK);
        if (rest == 0)
            break;
        work_args(edges, "mii", m_a, n, at);
        work_launch(o, edges, 2 * rest, BLOCK);
        work_args(inside, "mii", m_a, n, at);
        work_launch_2d(o, inside, rest, rest, BLOCK, BLOCK);
    }
    work_read(o, m_a, got, (size_t)n * (size_t)n * sizeof(float));
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = (size_t)n * (size_t)n * sizeof(float);
    return work_same(got, right, n * n, 1e-5, sum);
}

int main(int argc, char **argv) {
    return work_main(argc, argv,
                     &(struct work){"lud", {128, 512, 1536}, 10, source, prepare, kernels, run, check});
}
