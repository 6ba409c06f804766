// SPDX-License-Identifier: MIT
/* hybridsort: numbers into buckets, then each bucket sorted in local memory by one group: atomics, a scan by the host in the
 * middle, barriers. */
#include "eval/lib/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM 512 /* of a bucket: twice what it holds on average, and more than chance fills */

static const char source[] =
    "#define ROOM 512\n"
    "__kernel void count(__global const uint *in, __global uint *sizes, uint n, uint shift)\n"
    "{\n"
    "    uint i = get_global_id(0);\n"
    "    if (i < n)\n"
    "        atomic_inc(&sizes[in[i] >> shift]);\n"
    "}\n"
    "__kernel void spread(__global const uint *in, __global uint *next, __global uint *out, uint n, uint "
    "shift)\n"
    "{\n"
    "    uint i = get_global_id(0);\n"
    "    if (i < n)\n"
    "        out[atomic_inc(&next[in[i] >> shift])] = in[i];\n"
    "}\n"
    "__kernel void sort(__global uint *x, __global const uint *starts)\n"
    "{\n"
    "    __local uint v[ROOM];\n"
    "    uint b = get_group_id(0), me = get_local_id(0), step = get_local_size(0);\n"
    "    uint first = starts[b], n = starts[b + 1] - first;\n"
    "    for (uint i = me; i < ROOM; i += step)\n"
    "        v[i] = i < n ? x[first + i] : 0xffffffffu;\n"
    "    for (uint size = 2; size <= ROOM; size *= 2)\n"
    "        for (uint gap = size / 2; gap > 0; gap /= 2) {\n"
    "            barrier(CLK_LOCAL_MEM_FENCE);\n"
    "            for (uint t = me; t < ROOM / 2; t += step) {\n"
    "                uint i = 2 * gap * (t / gap) + t % gap, j = i + gap, a = v[i], c = v[j];\n"
    "                if ((a > c) == ((i & size) == 0)) {\n"
    "                    v[i] = c;\n"
    "                    v[j] = a;\n"
    "                }\n"
    "            }\n"
    "        }\n"
    "    barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    for (uint i = me; i < n; i += step)\n"
    "        x[first + i] = v[i];\n"
    "}\n";

static int n, buckets, shift;
static cl_uint *in, *got, *right, *sizes, *starts;
static cl_mem m_in, m_out, m_sizes, m_starts;
static cl_kernel count, spread, sort;

static int by_value(const void *a, const void *b) {
    cl_uint x = *(const cl_uint *)a, y = *(const cl_uint *)b;

    return (x > y) - (x < y);
}

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 41;
    n = size;
    for (buckets = 1, shift = 24; buckets * (ROOM / 2) < n; buckets *= 2)
        shift--;
    size_t bytes = (size_t)n * sizeof(cl_uint), table = ((size_t)buckets + 1) * sizeof(cl_uint);
    in = ocl_alloc(bytes);
    got = ocl_alloc(bytes);
    right = ocl_alloc(bytes);
    sizes = ocl_alloc(table);
    starts = ocl_alloc(table);
    for (int i = 0; i < n; i++)
        in[i] = (cl_uint)(ocl_random(&seed) * 16777216.0f);
    memcpy(right, in, bytes);
    qsort(right, (size_t)n, sizeof(*right), by_value);
    m_in = work_buffer(o, bytes);
    m_out = work_buffer(o, bytes);
    m_sizes = work_buffer(o, table);
    m_starts = work_buffer(o, table);
}

static void kernels(cl_program p) {
    work_kernel(&count, p, "count");
    work_kernel(&spread, p, "spread");
    work_kernel(&sort, p, "sort");
}

static void run(struct ocl *o) {
    size_t bytes = (size_t)n * sizeof(cl_uint), table = ((size_t)buckets + 1) * sizeof(cl_uint);

    memset(sizes, 0, table);
    work_write(o, m_in, in, bytes);
    work_write(o, m_sizes, sizes, table);
    work_args(count, "mmuu", m_in, m_sizes, n, shift);
    work_launch(o, count, n, 64);
    work_read(o, m_sizes, sizes, table);
    starts[0] = 0;
    for (int b = 0; b < buckets; b++) {
        if (sizes[b] > ROOM) {
            fprintf(stderr, "hybridsort: a bucket holds %u numbers, of at most %d\n", sizes[b], ROOM);
            exit(3);
        }
        starts[b + 1] = starts[b] + sizes[b];
    }
    work_write(o, m_starts, starts, table);
    work_write(o, m_sizes, starts, table);
    work_args(spread, "mmmuu", m_in, m_sizes, m_out, n, shift);
    work_launch(o, spread, n, 64);
    work_args(sort, "mm", m_out, m_starts);
    work_launch(o, sort, buckets * 64, 64);
    work_read(o, m_out, got, bytes);
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = (size_t)n * sizeof(cl_uint);
    return work_same_ints((const int *)got, (const int *)right, n, sum);
}

int main(int argc, char **argv) {
    return work_main(
        argc, argv,
        &(struct work){"hybridsort", {32768, 262144, 2097152}, 10, source, prepare, kernels, run, check});
}
