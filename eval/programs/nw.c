// SPDX-License-Identifier: MIT
/* nw: Needleman-Wunsch, the alignment of two sequences: blocks of a table along its diagonals, a launch for each diagonal: a wave
 * that grows and shrinks, of many dependent launches. */
#include "eval/lib/work.h"

#define BLOCK 16

static const char source[] =
    "#define B 16\n"
    "__kernel void diagonal(__global const int *match, __global int *t, int pitch, int first, int sum,\n"
    "                       int penalty)\n"
    "{\n"
    "    __local int s[B + 1][B + 1];\n"
    "    int me = get_local_id(0), bx = first + get_group_id(0), by = sum - bx;\n"
    "    int x = bx * B + me + 1, y = by * B + 1;\n"
    "    for (int r = 0; r < B; r++)\n"
    "        s[r + 1][me + 1] = match[(y + r) * pitch + x];\n"
    "    s[me + 1][0] = t[(y + me) * pitch + bx * B];\n"
    "    s[0][me + 1] = t[by * B * pitch + x];\n"
    "    if (me == 0)\n"
    "        s[0][0] = t[by * B * pitch + bx * B];\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    for (int d = 0; d < 2 * B - 1; d++) {\n"
    "        int r = d - me;\n"
    "        if (r >= 0 && r < B)\n"
    "            s[r + 1][me + 1] = max(s[r][me] + s[r + 1][me + 1],\n"
    "                                   max(s[r + 1][me], s[r][me + 1]) - penalty);\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    }\n"
    "    for (int r = 0; r < B; r++)\n"
    "        t[(y + r) * pitch + x] = s[r + 1][me + 1];\n"
    "}\n";

#define PENALTY 10

static int n, pitch, *match, *start, *got, *right;
static cl_mem m_match, m_table;
static cl_kernel diagonal;

static int most(int a, int b) {
    return a > b ? a : b;
}

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 61;
    n = size / BLOCK * BLOCK;
    pitch = n + 1;
    size_t bytes = (size_t)pitch * (size_t)pitch * sizeof(int);
    match = ocl_alloc(bytes);
    start = ocl_alloc(bytes);
    got = ocl_alloc(bytes);
    right = ocl_alloc(bytes);
    for (int i = 0; i <= n; i++)
        start[i] = right[i] = start[i * pitch] = right[i * pitch] = -PENALTY * i;
    for (int y = 1; y <= n; y++)
        for (int x = 1; x <= n; x++) {
            int at = y * pitch + x;
            match[at] = (int)(ocl_random(&seed) * 15) - 4;
            right[at] =
                most(right[at - pitch - 1] + match[at], most(right[at - 1], right[at - pitch]) - PENALTY);
        }
    m_match = work_buffer(o, bytes);
    m_table = work_buffer(o, bytes);
}

static void kernels(cl_program p) {
    work_kernel(&diagonal, p, "diagonal");
}

static void run(struct ocl *o) {
    size_t bytes = (size_t)pitch * (size_t)pitch * sizeof(int);
    int blocks = n / BLOCK;

    work_write(o, m_match, match, bytes);
    work_write(o, m_table, start, bytes);
    for (int sum = 0; sum < 2 * blocks - 1; sum++) {
        int first = most(0, sum - blocks + 1), last = sum < blocks ? sum : blocks - 1;
        work_args(diagonal, "mmiiii", m_match, m_table, pitch, first, sum, PENALTY);
        work_launch(o, diagonal, (last - first + 1) * BLOCK, BLOCK);
    }
    work_read(o, m_table, got, bytes);
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = (size_t)pitch * (size_t)pitch * sizeof(int);
    return work_same_ints(got, right, pitch * pitch, sum);
}

int main(int argc, char **argv) {
    return work_main(argc, argv,
                     &(struct work){"nw", {256, 1024, 4096}, 10, source, prepare, kernels, run, check});
}
