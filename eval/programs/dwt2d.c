// SPDX-License-Identifier: MIT
/* dwt2d: a two-dimensional wavelet transform (reversible 5/3, integers) in several levels: two kernels for each level,
 * each level a quarter of the one before. Launches that become smaller and smaller. */
#include "eval/lib/work.h"

#include <stdlib.h>

static const char source[] =
    "int at(__global const int *x, int i, int stride, int n)\n"
    "{\n"
    "    i = i < 0 ? -i : i;\n"
    "    return x[(i >= n ? 2 * (n - 1) - i : i) * stride];\n"
    "}\n"
    "int high(__global const int *x, int i, int stride, int n)\n"
    "{\n"
    "    return at(x, 2 * i + 1, stride, n) - ((at(x, 2 * i, stride, n) + at(x, 2 * i + 2, stride, n)) >> "
    "1);\n"
    "}\n"
    "void lift(__global const int *x, __global int *y, int i, int stride, int n)\n"
    "{\n"
    "    int here = high(x, i, stride, n), before = i > 0 ? high(x, i - 1, stride, n) : here;\n"
    "    y[i * stride] = at(x, 2 * i, stride, n) + ((before + here + 2) >> 2);\n"
    "    y[(i + n / 2) * stride] = here;\n"
    "}\n"
    "__kernel void rows(__global const int *x, __global int *y, int pitch, int n)\n"
    "{\n"
    "    int r = get_global_id(1) * pitch;\n"
    "    lift(x + r, y + r, get_global_id(0), 1, n);\n"
    "}\n"
    "__kernel void columns(__global const int *x, __global int *y, int pitch, int n)\n"
    "{\n"
    "    lift(x + get_global_id(0), y + get_global_id(0), get_global_id(1), pitch, n);\n"
    "}\n";

#define LEVELS 4

static int n, *image, *got, *right;
static cl_mem m_a, m_b;
static cl_kernel rows, columns;

static int at(const int *x, int i, int stride, int count) {
    i = i < 0 ? -i : i;
    return x[(i >= count ? 2 * (count - 1) - i : i) * stride];
}

/* In place, through a line of its own. */
static void lift_line(int *x, int stride, int count, int *line) {
    for (int i = 0; i < count / 2; i++)
        line[count / 2 + i] = at(x, 2 * i + 1, stride, count) -
                              ((at(x, 2 * i, stride, count) + at(x, 2 * i + 2, stride, count)) >> 1);
    for (int i = 0; i < count / 2; i++) {
        int here = line[count / 2 + i], before = i > 0 ? line[count / 2 + i - 1] : here;
        line[i] = x[2 * i * stride] + ((before + here + 2) >> 2);
    }
    for (int i = 0; i < count; i++)
        x[i * stride] = line[i];
}

static void prepare(struct ocl *o, int size) {
    uint32_t seed = 17;
    n = size / 32 * 32;
    size_t bytes = (size_t)n * (size_t)n * sizeof(int);
    image = ocl_alloc(bytes);
    got = ocl_alloc(bytes);
    right = ocl_alloc(bytes);
    for (int i = 0; i < n * n; i++)
        right[i] = image[i] = (i / n * 3 + i % n) % 256 + (int)(ocl_random(&seed) * 32) - 128;
    int *line = ocl_alloc((size_t)n * sizeof(int));
    for (int l = 0, m = n; l < LEVELS; l++, m /= 2) {
        for (int r = 0; r < m; r++)
            lift_line(right + r * n, 1, m, line);
        for (int c = 0; c < m; c++)
            lift_line(right + c, n, m, line);
    }
    free(line);
    m_a = work_buffer(o, bytes);
    m_b = work_buffer(o, bytes);
}

static void kernels(cl_program p) {
    work_kernel(&rows, p, "rows");
    work_kernel(&columns, p, "columns");
}

static void run(struct ocl *o) {
    size_t bytes = (size_t)n * (size_t)n * sizeof(int);

    work_write(o, m_a, image, bytes);
    for (int l = 0, m = n; l < LEVELS; l++, m /= 2) {
        work_args(rows, "mmii", m_a, m_b, n, m);
        work_launch_2d(o, rows, m / 2, m, 0, 0);
        work_args(columns, "mmii", m_b, m_a, n, m);
        work_launch_2d(o, columns, m, m / 2, 0, 0);
    }
    work_read(o, m_a, got, bytes);
}

static bool check(const void **result, size_t *bytes, double *sum) {
    *result = got;
    *bytes = (size_t)n * (size_t)n * sizeof(int);
    return work_same_ints(got, right, n * n, sum);
}

int main(int argc, char **argv) {
    return work_main(argc, argv,
                     &(struct work){"dwt2d", {256, 1024, 4096}, 10, source, prepare, kernels, run, check});
}
