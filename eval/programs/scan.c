// SPDX-License-Identifier: MIT
/* scan: running sums: within groups, over the groups' sums, and those added: three kernels on two sizes, barriers in local
 * memory, bound by memory. */
#include "eval/lib/work.h"

static const char source[] =
    "#define GROUP 256\n"
    "/* Running sums within a group; the group's own sum goes to sums. */\n"
    "__kernel void inside(__global const int *in, __global int *out, __global int *sums, int n)\n"
    "{\n"
    "    __local int s[GROUP];\n"
    "    int me = get_local_id(0), i = get_global_id(0);\n"
    "    s[me] = i < n ? in[i] : 0;\n"
    "    for (int gap = 1; gap < GROUP; gap *= 2) {\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "        int more = me >= gap ? s[me - gap] : 0;\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "        s[me] += more;\n"
    "    }\n"
    "    if (i < n)\n"
    "        out[i] = s[me];\n"
    "    if (me == GROUP - 1)\n"
    "        sums[get_group_id(0)] = s[me];\n"
    "}\n"
    "__kernel void add(__global int *out, __global const int *sums, int n)\n"
    "{\n"
    "    int i = get_global_id(0);\n"
    "    if (i < n && get_group_id(0) > 0)\n"
    "        out[i] += sums[get_group_id(0) - 1];\n"
    "}\n";

#define GROUP 256
#define LEVELS 3

static int n, *in, *got, *right;
static cl_mem m_in, m_out, m_sums[LEVELS + 1], m_summed[LEVELS];
static cl_kernel inside, add;

static int groups(int count) {
    return (count + GROUP - 1) / GROUP;
}

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 97;
    n = size;
    size_t bytes = (size_t)n * sizeof(int);
    in = ocl_alloc(bytes);
    got = ocl_alloc(bytes);
    right = ocl_alloc(bytes);
    for (int i = 0, sum = 0; i < n; i++) {
        in[i] = (int)(ocl_random(&seed) * 100) - 50;
        right[i] = sum += in[i];
    }
    m_in = work_buffer(o, bytes);
    m_out = work_buffer(o, bytes);
    for (int l = 0, count = groups(n); l <= LEVELS; l++, count = groups(count)) {
        m_sums[l] = work_buffer(o, (size_t)count * sizeof(int));
        if (l < LEVELS)
            m_summed[l] = work_buffer(o, (size_t)count * sizeof(int));
    }
}

static void kernels(cl_program p) {
    work_kernel(&inside, p, "inside");
    work_kernel(&add, p, "add");
}

/* in -> out, by the sums of level `l`. */
static void level(struct ocl *o, cl_mem from, cl_mem to, int count, int l) {
    work_args(inside, "mmmi", from, to, m_sums[l], count);
    work_launch(o, inside, count, GROUP);
    if (groups(count) == 1)
        return;
    level(o, m_sums[l], m_summed[l], groups(count), l + 1);
    work_args(add, "mmi", to, m_summed[l], count);
    work_launch(o, add, count, GROUP);
}

static void run(struct ocl *o) {
    work_write(o, m_in, in, (size_t)n * sizeof(int));
    level(o, m_in, m_out, n, 0);
    work_read(o, m_out, got, (size_t)n * sizeof(int));
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = (size_t)n * sizeof(int);
    return work_same_ints(got, right, n, sum);
}

int main(int argc, char **argv) {
    return work_main(
        argc, argv,
        &(struct work){"scan", {131072, 1048576, 16777216}, 10, source, prepare, kernels, run, check});
}
