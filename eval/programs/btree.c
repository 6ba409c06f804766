// SPDX-License-Identifier: MIT
/* btree: searches in a B+ tree: many keys at once, one work-item each, and ranges. Two short kernels over a read-only tree that
 * fits no cache line's order. */
#include "eval/lib/work.h"

#define ORDER 16 /* keys of a node */

static const char source[] =
    "#define ORDER 16\n"
    "int leaf_of(__global const int *keys, __global const int *children, int height, int wanted)\n"
    "{\n"
    "    int node = 0;\n"
    "    for (int level = 0; level < height; level++) {\n"
    "        int k = 0;\n"
    "        while (k < ORDER - 1 && keys[node * ORDER + k + 1] <= wanted)\n"
    "            k++;\n"
    "        node = children[node * ORDER + k];\n"
    "    }\n"
    "    return node;\n"
    "}\n"
    "__kernel void find(__global const int *keys, __global const int *children, int height,\n"
    "                   __global const int *wanted, __global int *found, int n)\n"
    "{\n"
    "    int i = get_global_id(0);\n"
    "    if (i >= n)\n"
    "        return;\n"
    "    int leaf = leaf_of(keys, children, height, wanted[i]), value = -1;\n"
    "    for (int k = 0; k < ORDER; k++)\n"
    "        if (keys[leaf * ORDER + k] == wanted[i])\n"
    "            value = children[leaf * ORDER + k];\n"
    "    found[i] = value;\n"
    "}\n"
    "/* How many keys are in [wanted, wanted + span)? Leaves lie one behind the other. */\n"
    "__kernel void range(__global const int *keys, __global const int *children, int height, int last,\n"
    "                    __global const int *wanted, int span, __global int *counts, int n)\n"
    "{\n"
    "    int i = get_global_id(0);\n"
    "    if (i >= n)\n"
    "        return;\n"
    "    int leaf = leaf_of(keys, children, height, wanted[i]), count = 0;\n"
    "    for (; leaf <= last && keys[leaf * ORDER] < wanted[i] + span; leaf++)\n"
    "        for (int k = 0; k < ORDER; k++) {\n"
    "            int key = keys[leaf * ORDER + k];\n"
    "            count += key >= wanted[i] && key < wanted[i] + span;\n"
    "        }\n"
    "    counts[i] = count;\n"
    "}\n";

#define SPAN 100

static int n, height, last, nodes, *keys, *children, *wanted, *got, *right;
static cl_mem m_keys, m_children, m_wanted, m_found, m_counts;
static cl_kernel find, range;

/* A full tree over the keys 0, 3, 6 ...: level by level from the root; a node's children stand in order. */
static void grow(void) {
    int width = 1, base = 0, leaves = 1;

    for (int l = 0; l < height; l++)
        leaves *= ORDER;
    for (int l = 0; l <= height; l++) {
        int below = leaves / width; /* leaves below each node of this level */
        for (int i = 0; i < width; i++)
            for (int k = 0; k < ORDER; k++) {
                int at = (base + i) * ORDER + k;
                keys[at] = 3 * (i * below * ORDER + k * below);
                children[at] = l < height ? base + width + i * ORDER + k : 7 * (i * ORDER + k) + 1;
            }
        base += width;
        width *= ORDER;
    }
    last = base - 1;
}

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 3;
    n = size;
    height = size < 100000 ? 3 : size < 1000000 ? 4 : 5;
    int width = 1, leaves = 1;
    for (int l = 0; l <= height; l++, width *= ORDER) {
        nodes += width;
        leaves = width;
    }
    size_t count = (size_t)n * sizeof(int), tree = (size_t)nodes * ORDER * sizeof(int);
    keys = ocl_alloc(tree);
    children = ocl_alloc(tree);
    wanted = ocl_alloc(count);
    got = ocl_alloc(2 * count);
    right = ocl_alloc(2 * count);
    grow();
    /* what stands in the tree follows from the key alone */
    int limit = 3 * leaves * ORDER;
    for (int i = 0; i < n; i++) {
        wanted[i] = (int)(ocl_random(&seed) * (float)limit) % limit;
        right[i] = wanted[i] % 3 == 0 ? 7 * (wanted[i] / 3) + 1 : -1;
        int end = wanted[i] + SPAN < limit ? wanted[i] + SPAN : limit;
        right[n + i] = (end + 2) / 3 - (wanted[i] + 2) / 3;
    }
    m_keys = ocl_buffer(o, CL_MEM_READ_ONLY, tree, keys);
    m_children = ocl_buffer(o, CL_MEM_READ_ONLY, tree, children);
    m_wanted = work_buffer(o, count);
    m_found = work_buffer(o, count);
    m_counts = work_buffer(o, count);
}

static void kernels(cl_program p) {
    work_kernel(&find, p, "find");
    work_kernel(&range, p, "range");
}

static void run(struct ocl *o) {
    size_t count = (size_t)n * sizeof(int);

    work_write(o, m_wanted, wanted, count);
    work_args(find, "mmimmi", m_keys, m_children, height, m_wanted, m_found, n);
    work_args(range, "mmiimimi", m_keys, m_children, height, last, m_wanted, SPAN, m_counts, n);
    work_launch(o, find, n, 64);
    work_launch(o, range, n, 64);
    work_read(o, m_found, got, count);
    work_read(o, m_counts, got + n, count);
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = 2 * (size_t)n * sizeof(int);
    return work_same_ints(got, right, 2 * n, sum);
}

int main(int argc, char **argv) {
    return work_main(
        argc, argv,
        &(struct work){"btree", {10000, 100000, 1000000}, 10, source, prepare, kernels, run, check});
}
