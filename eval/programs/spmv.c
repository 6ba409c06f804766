// SPDX-License-Identifier: MIT
/* spmv: a sparse matrix times a vector, again and again (a power iteration): rows of different lengths, a row for each
 * work-item and a row for each small group, in turns. */
#include "eval/lib/work.h"

#include <stdlib.h>
#include <string.h>

#define STEPS 20

static const char source[] = "#define TEAM 8\n"
                             "__kernel void by_item(__global const int *first, __global const int *column, "
                             "__global const float *value,\n"
                             "                      __global const float *x, __global float *y, int n)\n"
                             "{\n"
                             "    int r = get_global_id(0);\n"
                             "    float s = 0.0f;\n"
                             "    if (r >= n)\n"
                             "        return;\n"
                             "    for (int i = first[r]; i < first[r + 1]; i++)\n"
                             "        s += value[i] * x[column[i]];\n"
                             "    y[r] = s;\n"
                             "}\n"
                             "__kernel void by_team(__global const int *first, __global const int *column, "
                             "__global const float *value,\n"
                             "                      __global const float *x, __global float *y, int n)\n"
                             "{\n"
                             "    __local float s[TEAM];\n"
                             "    int r = get_group_id(0), me = get_local_id(0);\n"
                             "    float mine = 0.0f;\n"
                             "    for (int i = first[r] + me; i < first[r + 1]; i += TEAM)\n"
                             "        mine += value[i] * x[column[i]];\n"
                             "    s[me] = mine;\n"
                             "    barrier(CLK_LOCAL_MEM_FENCE);\n"
                             "    if (me == 0) {\n"
                             "        for (int i = 1; i < TEAM; i++)\n"
                             "            mine += s[i];\n"
                             "        y[r] = mine;\n"
                             "    }\n"
                             "}\n";

#define TEAM 8

static int n, *first, *column;
static float *value, *start, *got, *right;
static cl_mem m_first, m_column, m_value, m_x[2];
static cl_kernel by_item, by_team;

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 83;
    n = size;
    size_t count = (size_t)n;
    first = ocl_alloc((count + 1) * sizeof(int));
    for (int r = 0; r < n; r++)
        first[r + 1] = first[r] + 4 + (int)(ocl_random(&seed) * 24);
    size_t cells = (size_t)first[n];
    column = ocl_alloc(cells * sizeof(int));
    value = ocl_alloc(cells * sizeof(float));
    start = ocl_alloc(count * sizeof(float));
    got = ocl_alloc(count * sizeof(float));
    right = ocl_alloc(count * sizeof(float));
    float *next = ocl_alloc(count * sizeof(float));
    for (int r = 0; r < n; r++) {
        start[r] = right[r] = ocl_random(&seed);
        for (int i = first[r]; i < first[r + 1]; i++) { /* each row sums up to about one */
            column[i] = (int)(ocl_random(&seed) * (float)n) % n;
            value[i] = 2 * ocl_random(&seed) / (float)(first[r + 1] - first[r]);
        }
    }
    for (int s = 0; s < STEPS; s++) {
        for (int r = 0; r < n; r++) {
            next[r] = 0;
            for (int i = first[r]; i < first[r + 1]; i++)
                next[r] += value[i] * right[column[i]];
        }
        float *swap = right;
        right = next;
        next = swap;
    }
    free(next);
    m_first = ocl_buffer(o, CL_MEM_READ_ONLY, (count + 1) * sizeof(int), first);
    m_column = ocl_buffer(o, CL_MEM_READ_ONLY, cells * sizeof(int), column);
    m_value = ocl_buffer(o, CL_MEM_READ_ONLY, cells * sizeof(float), value);
    m_x[0] = work_buffer(o, count * sizeof(float));
    m_x[1] = work_buffer(o, count * sizeof(float));
}

static void kernels(cl_program p) {
    work_kernel(&by_item, p, "by_item");
    work_kernel(&by_team, p, "by_team");
}

static void run(struct ocl *o) {
    work_write(o, m_x[0], start, (size_t)n * sizeof(float));
    for (int s = 0; s < STEPS; s++) {
        cl_kernel k = s % 2 ? by_team : by_item;
        work_args(k, "mmmmmi", m_first, m_column, m_value, m_x[s % 2], m_x[1 - s % 2], n);
        work_launch(o, k, s % 2 ? n * TEAM : n, s % 2 ? TEAM : 64);
    }
    work_read(o, m_x[STEPS % 2], got, (size_t)n * sizeof(float));
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = (size_t)n * sizeof(float);
    return work_same(got, right, n, 1e-4, sum);
}

int main(int argc, char **argv) {
    return work_main(argc, argv,
                     &(struct work){"spmv", {4096, 65536, 524288}, 10, source, prepare, kernels, run, check});
}
