// SPDX-License-Identifier: MIT
/* particlefilter: an object followed through frames: particles move, are weighted by what is seen, and are drawn again by their
 * weights: three kernels a frame, random numbers on the device, sums made by the host. In fixed point (sixteenths of a pixel), so
 * that no rounding draws another particle. */
#include "eval/lib/work.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES 8

static const char source[] =
    "__kernel void move(__global int2 *at, __global uint *seeds, int n)\n"
    "{\n"
    "    int i = get_global_id(0);\n"
    "    if (i >= n)\n"
    "        return;\n"
    "    uint a = seeds[i] * 1664525u + 1013904223u, b = a * 1664525u + 1013904223u;\n"
    "    seeds[i] = b;\n"
    "    at[i] += (int2)((int)(a >> 26) - 16, (int)(b >> 26) - 64);\n"
    "}\n"
    "__kernel void weigh(__global const int2 *at, __global int *weights, int n, int x, int y)\n"
    "{\n"
    "    int i = get_global_id(0);\n"
    "    if (i < n) {\n"
    "        int2 d = at[i] - (int2)(x, y);\n"
    "        weights[i] = 1048576 / (256 + d.x * d.x + d.y * d.y);\n"
    "    }\n"
    "}\n"
    "__kernel void draw(__global const int2 *at, __global const int *sums, __global int2 *out, int n)\n"
    "{\n"
    "    int i = get_global_id(0), low = 0, high = n - 1;\n"
    "    if (i >= n)\n"
    "        return;\n"
    "    int wanted = (int)((ulong)sums[n - 1] * (ulong)(2 * i + 1) / (ulong)(2 * n));\n"
    "    while (low < high) {\n"
    "        int middle = (low + high) / 2;\n"
    "        if (sums[middle] > wanted)\n"
    "            high = middle;\n"
    "        else\n"
    "            low = middle + 1;\n"
    "    }\n"
    "    out[i] = at[low];\n"
    "}\n";

static int n, track[FRAMES * 2], right[FRAMES * 2];
static int *start, *weights, *sums, *at;
static cl_uint *seeds;
static cl_mem m_at[2], m_weights, m_sums, m_seeds;
static cl_kernel move, weigh, draw;

/* Where the object is seen in a frame. */
static void seen(int frame, int *x, int *y) {
    *x = 16 * (10 + frame);
    *y = 16 * (60 - 2 * frame);
}

/* Sums of the weights, and where the object is thought to be. */
static void estimate(const int *places, const int *w, int *to, int out[2]) {
    long long x = 0, y = 0;
    int all = 0;

    for (int i = 0; i < n; i++) {
        x += (long long)w[i] * places[2 * i];
        y += (long long)w[i] * places[2 * i + 1];
        to[i] = all += w[i];
    }
    if (all == 0)
        all = 1;
    out[0] = (int)(x / all);
    out[1] = (int)(y / all);
}

static void on_cpu(void) {
    size_t count = (size_t)n;
    int *a = ocl_alloc(count * 2 * sizeof(int)), *b = ocl_alloc(count * 2 * sizeof(int));
    cl_uint *s = ocl_alloc(count * sizeof(*s));

    memcpy(a, start, count * 2 * sizeof(int));
    memcpy(s, seeds, count * sizeof(*s));
    for (int f = 0; f < FRAMES; f++) {
        int x, y;
        seen(f, &x, &y);
        for (int i = 0; i < n; i++) {
            cl_uint p = s[i] * 1664525u + 1013904223u;
            s[i] = p * 1664525u + 1013904223u;
            a[2 * i] += (int)(p >> 26) - 16;
            a[2 * i + 1] += (int)(s[i] >> 26) - 64;
            int dx = a[2 * i] - x, dy = a[2 * i + 1] - y;
            weights[i] = 1048576 / (256 + dx * dx + dy * dy);
        }
        estimate(a, weights, sums, right + 2 * f);
        for (int i = 0, j = 0; i < n; i++) {
            int wanted = (int)((cl_ulong)sums[n - 1] * (cl_ulong)(2 * i + 1) / (cl_ulong)(2 * n));
            while (j < n - 1 && sums[j] <= wanted)
                j++;
            memcpy(b + 2 * i, a + 2 * j, 2 * sizeof(int));
        }
        int *swap = a;
        a = b;
        b = swap;
    }
    free(a);
    free(b);
    free(s);
}

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 67;
    n = size;
    size_t count = (size_t)n;
    start = ocl_alloc(count * 2 * sizeof(int));
    at = ocl_alloc(count * 2 * sizeof(int));
    weights = ocl_alloc(count * sizeof(int));
    sums = ocl_alloc(count * sizeof(int));
    seeds = ocl_alloc(count * sizeof(*seeds));
    for (int i = 0; i < n; i++) {
        start[2 * i] = 16 * 9;
        start[2 * i + 1] = 16 * 62;
        seeds[i] = (cl_uint)(ocl_random(&seed) * 16777216.0f) * 40503u;
    }
    on_cpu();
    for (int b = 0; b < 2; b++)
        m_at[b] = work_buffer(o, count * 2 * sizeof(int));
    m_weights = work_buffer(o, count * sizeof(int));
    m_sums = work_buffer(o, count * sizeof(int));
    m_seeds = work_buffer(o, count * sizeof(*seeds));
}

static void kernels(cl_program p) {
    work_kernel(&move, p, "move");
    work_kernel(&weigh, p, "weigh");
    work_kernel(&draw, p, "draw");
}

static void run(struct ocl *o) {
    size_t count = (size_t)n;

    work_write(o, m_at[0], start, count * 2 * sizeof(int));
    work_write(o, m_seeds, seeds, count * sizeof(*seeds));
    for (int f = 0; f < FRAMES; f++) {
        int x, y;
        seen(f, &x, &y);
        work_args(move, "mmi", m_at[f % 2], m_seeds, n);
        work_launch(o, move, n, 64);
        work_args(weigh, "mmiii", m_at[f % 2], m_weights, n, x, y);
        work_launch(o, weigh, n, 64);
        work_read(o, m_weights, weights, count * sizeof(int));
        work_read(o, m_at[f % 2], at, count * 2 * sizeof(int));
        estimate(at, weights, sums, track + 2 * f);
        work_write(o, m_sums, sums, count * sizeof(int));
        work_args(draw, "mmmi", m_at[f % 2], m_sums, m_at[1 - f % 2], n);
        work_launch(o, draw, n, 64);
    }
    ocl_finish(o);
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = track;
    *bytes = sizeof(track);
    return work_same_ints(track, right, FRAMES * 2, sum);
}

int main(int argc, char **argv) {
    return work_main(
        argc, argv,
        &(struct work){"particlefilter", {4096, 32768, 262144}, 10, source, prepare, kernels, run, check});
}
