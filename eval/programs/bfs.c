// SPDX-License-Identifier: MIT
/* bfs: breadth-first search, level by level: two kernels and a flag read back for each level. Many small
 * synchronous launches, scattered memory. */
#include "eval/lib/work.h"

#include <stdlib.h>
#include <string.h>

static const char source[] =
    "__kernel void expand(__global const int *first, __global const int *edges, __global char *now,\n"
    "                     __global char *next, __global const char *seen, __global int *depth, int n)\n"
    "{\n"
    "    int v = get_global_id(0);\n"
    "    if (v >= n || !now[v])\n"
    "        return;\n"
    "    now[v] = 0;\n"
    "    for (int e = first[v]; e < first[v + 1]; e++) {\n"
    "        int to = edges[e];\n"
    "        if (!seen[to]) {\n"
    "            depth[to] = depth[v] + 1;\n"
    "            next[to] = 1;\n"
    "        }\n"
    "    }\n"
    "}\n"
    "__kernel void settle(__global char *now, __global char *next, __global char *seen,\n"
    "                     __global int *again, int n)\n"
    "{\n"
    "    int v = get_global_id(0);\n"
    "    if (v < n && next[v]) {\n"
    "        now[v] = 1;\n"
    "        seen[v] = 1;\n"
    "        next[v] = 0;\n"
    "        *again = 1;\n"
    "    }\n"
    "}\n";

#define DEGREE 6

static int n, *first, *edges, *depth, *right;
static char *start;
static cl_mem m_first, m_edges, m_now, m_next, m_seen, m_depth, m_again;
static cl_kernel expand, settle;

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 11;
    n = size;
    size_t count = (size_t)n;
    first = ocl_alloc((count + 1) * sizeof(int));
    edges = ocl_alloc(count * DEGREE * sizeof(int));
    depth = ocl_alloc(count * sizeof(int));
    right = ocl_alloc(count * sizeof(int));
    start = ocl_alloc(count);
    for (int v = 0; v <= n; v++)
        first[v] = v * DEGREE;
    for (int e = 0; e < n * DEGREE; e++)
        edges[e] = (int)(ocl_random(&seed) * (float)n) % n;
    /* the CPU's: a list of who is to be visited */
    int *list = ocl_alloc(count * sizeof(int)), head = 0, tail = 1;
    memset(right, -1, count * sizeof(int));
    right[0] = 0;
    for (; head < tail; head++)
        for (int e = first[list[head]]; e < first[list[head] + 1]; e++)
            if (right[edges[e]] < 0) {
                right[edges[e]] = right[list[head]] + 1;
                list[tail++] = edges[e];
            }
    free(list);
    m_first = ocl_buffer(o, CL_MEM_READ_ONLY, (count + 1) * sizeof(int), first);
    m_edges = ocl_buffer(o, CL_MEM_READ_ONLY, count * DEGREE * sizeof(int), edges);
    m_now = work_buffer(o, count);
    m_next = work_buffer(o, count);
    m_seen = work_buffer(o, count);
    m_depth = work_buffer(o, count * sizeof(int));
    m_again = work_buffer(o, sizeof(int));
}

static void kernels(cl_program p) {
    work_kernel(&expand, p, "expand");
    work_kernel(&settle, p, "settle");
}

static void run(struct ocl *o) {
    size_t count = (size_t)n;
    int again = 1;

    memset(depth, -1, count * sizeof(int));
    depth[0] = 0;
    memset(start, 0, count);
    work_write(o, m_next, start, count);
    ocl_finish(o);
    start[0] = 1;
    work_write(o, m_now, start, count);
    work_write(o, m_seen, start, count);
    work_write(o, m_depth, depth, count * sizeof(int));
    work_args(expand, "mmmmmmi", m_first, m_edges, m_now, m_next, m_seen, m_depth, n);
    work_args(settle, "mmmmi", m_now, m_next, m_seen, m_again, n);
    while (again) {
        again = 0;
        work_write(o, m_again, &again, sizeof(again));
        work_launch(o, expand, n, 64);
        work_launch(o, settle, n, 64);
        work_read(o, m_again, &again, sizeof(again));
    }
    work_read(o, m_depth, depth, count * sizeof(int));
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = depth;
    *bytes = (size_t)n * sizeof(int);
    return work_same_ints(depth, right, n, sum);
}

int main(int argc, char **argv) {
    return work_main(
        argc, argv,
        &(struct work){"bfs", {20000, 200000, 2000000}, 10, source, prepare, kernels, run, check});
}
