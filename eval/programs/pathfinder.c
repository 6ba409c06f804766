// SPDX-License-Identifier: MIT
/* pathfinder: the cheapest way down a grid, some rows in each launch: a group computes more than it keeps, so that groups need not
 * talk (a pyramid in local memory). */
#include "eval/lib/work.h"

#include <stdlib.h>
#include <string.h>

#define ROWS 100

static const char source[] =
    "#define GROUP 128\n"
    "__kernel void rows(__global const int *wall, __global const int *before, __global int *after, int "
    "width,\n"
    "                   int row, int count)\n"
    "{\n"
    "    __local int a[GROUP], b[GROUP];\n"
    "    int me = get_local_id(0), x = get_group_id(0) * (GROUP - 2 * count) + me - count;\n"
    "    bool inside = x >= 0 && x < width;\n"
    "    a[me] = inside ? before[x] : 0x3fffffff;\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    for (int r = 0; r < count; r++) {\n"
    "        int best = a[me];\n"
    "        if (me > 0)\n"
    "            best = min(best, a[me - 1]);\n"
    "        if (me < GROUP - 1)\n"
    "            best = min(best, a[me + 1]);\n"
    "        b[me] = inside ? best + wall[(row + r) * width + x] : 0x3fffffff;\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "        a[me] = b[me];\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    }\n"
    "    if (inside && me >= count && me < GROUP - count)\n"
    "        after[x] = a[me];\n"
    "}\n";

#define GROUP 128
#define AT_ONCE 10 /* rows of a launch */

static int n, *wall, *got, *right;
static cl_mem m_wall, m_t[2];
static cl_kernel rows;

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 71;
    n = size;
    size_t row = (size_t)n * sizeof(int);
    wall = ocl_alloc(row * ROWS);
    got = ocl_alloc(row);
    right = ocl_alloc(row);
    int *next = ocl_alloc(row);
    for (int i = 0; i < n * ROWS; i++)
        wall[i] = (int)(ocl_random(&seed) * 10);
    memcpy(right, wall, row);
    for (int r = 1; r < ROWS; r++) {
        for (int x = 0; x < n; x++) {
            int best = right[x];
            best = x > 0 && right[x - 1] < best ? right[x - 1] : best;
            best = x < n - 1 && right[x + 1] < best ? right[x + 1] : best;
            next[x] = best + wall[r * n + x];
        }
        int *swap = right;
        right = next;
        next = swap;
    }
    free(next);
    m_wall = work_buffer(o, row * ROWS);
    m_t[0] = work_buffer(o, row);
    m_t[1] = work_buffer(o, row);
}

static void kernels(cl_program p) {
    work_kernel(&rows, p, "rows");
}

static void run(struct ocl *o) {
    size_t row = (size_t)n * sizeof(int);
    int now = 0;

    work_write(o, m_wall, wall, row * ROWS);
    work_write(o, m_t[0], wall, row);
    for (int r = 1; r < ROWS; r += AT_ONCE, now = 1 - now) {
        int count = r + AT_ONCE <= ROWS ? AT_ONCE : ROWS - r, kept = GROUP - 2 * count;
        work_args(rows, "mmmiii", m_wall, m_t[now], m_t[1 - now], n, r, count);
        work_launch(o, rows, (n + kept - 1) / kept * GROUP, GROUP);
    }
    work_read(o, m_t[now], got, row);
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = (size_t)n * sizeof(int);
    return work_same_ints(got, right, n, sum);
}

int main(int argc, char **argv) {
    return work_main(
        argc, argv,
        &(struct work){"pathfinder", {4096, 65536, 524288}, 10, source, prepare, kernels, run, check});
}
