// SPDX-License-Identifier: MIT
/* clEnqueueNDRangeKernel: shapes, offsets, local sizes, errors; and kernels of several kinds with known
 * results. */
#include "conform.h"

#include <math.h>

static const char shape_source[] = "kernel void k(global uint *out) { size_t x = get_global_id(0) - "
                                   "get_global_offset(0), y = get_global_id(1) - "
                                   "get_global_offset(1), z = get_global_id(2) - get_global_offset(2);\n"
                                   " size_t at = (z * get_global_size(1) + y) * get_global_size(0) + x;\n"
                                   " out[at] = (uint)(get_global_id(0) + 1000 * get_global_id(1) + 1000000 * "
                                   "get_global_id(2)) + get_work_dim() * "
                                   "100000000u; }";

static void shapes(void) {
    static const struct {
        cl_uint dim;
        size_t offset[3], global[3], local[3];
        bool has_offset, has_local;
    } tries[] = {
        {1, {0, 0, 0}, {100, 1, 1}, {0, 0, 0}, false, false},
        {1, {7, 0, 0}, {64, 1, 1}, {16, 0, 0}, true, true},
        {1, {0, 0, 0}, {1, 1, 1}, {1, 0, 0}, false, true},
        {2, {0, 0, 0}, {20, 7, 1}, {0, 0, 0}, false, false},
        {2, {3, 5, 0}, {32, 8, 1}, {8, 4, 0}, true, true},
        {3, {0, 0, 0}, {8, 4, 6}, {4, 2, 3}, false, true},
        {3, {1, 2, 3}, {5, 7, 3}, {5, 1, 1}, true, true},
        {3, {0, 0, 0}, {13, 11, 2}, {0, 0, 0}, false, false},
    };
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, shape_source, "k");
    cl_mem m = buffer_new(&c, 0, 4096 * 4, NULL);
    static cl_int got[4096], want[4096];

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    for (size_t t = 0; t < sizeof(tries) / sizeof(tries[0]); t++) {
        const size_t *o = tries[t].offset, *g = tries[t].global;
        size_t n = 0;
        char what[48];

        OK(clEnqueueNDRangeKernel(c.q, k, tries[t].dim, tries[t].has_offset ? o : NULL, g,
                                  tries[t].has_local ? tries[t].local : NULL, 0, NULL, NULL));
        OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, g[0] * g[1] * g[2] * 4, got, 0, NULL, NULL));
        for (size_t z = 0; z < g[2]; z++)
            for (size_t y = 0; y < g[1]; y++)
                for (size_t x = 0; x < g[0]; x++)
                    want[n++] = (cl_int)((cl_uint)(x + o[0] + 1000 * (y + o[1]) + 1000000 * (z + o[2])) +
                                         tries[t].dim * 100000000u);
        snprintf(what, sizeof(what), "shape %zu", t);
        check_ints(what, got, want, n);
    }
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void work_item_functions(void) {
    static const char source[] = "kernel void k(global uint *out) { size_t i = get_global_id(0); out[i] = "
                                 "(uint)(get_group_id(0) * 1000 + "
                                 "get_local_id(0) * 10 + get_num_groups(0)) + (uint)(get_local_size(0) * "
                                 "100000) + (uint)get_local_size(1); }";
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, source, "k");
    cl_mem m = buffer_new(&c, 0, 256, NULL);
    cl_int got[32], want[32];
    size_t global = 32, local = 8;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &global, &local, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    for (int i = 0; i < 32; i++)
        want[i] = i / 8 * 1000 + i % 8 * 10 + 4 + 8 * 100000 + 1;
    check_ints("ids and sizes", got, want, 32);
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void errors(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, "kernel void k(global int *a) { a[get_global_id(0)] = 1; }", "k");
    cl_mem m = buffer_new(&c, 0, 65536, NULL);
    size_t n = 64, three = 3, max = device_size(c.device, CL_DEVICE_MAX_WORK_GROUP_SIZE), items[3];
    size_t big_local[3] = {1, 1, 1}, big_global[3] = {1, 1, 1};

    OK(clGetDeviceInfo(c.device, CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof(items), items, NULL));
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    EXPECT(clEnqueueNDRangeKernel(NULL, k, 1, NULL, &n, NULL, 0, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(clEnqueueNDRangeKernel(c.q, k, 0, NULL, &n, NULL, 0, NULL, NULL), CL_INVALID_WORK_DIMENSION);
    EXPECT(clEnqueueNDRangeKernel(c.q, k, 4, NULL, &n, NULL, 0, NULL, NULL), CL_INVALID_WORK_DIMENSION);
    big_global[0] = max * 2 + 2;
    big_local[0] = max + 1;
    EXPECT(clEnqueueNDRangeKernel(c.q, k, 1, NULL, big_global, big_local, 0, NULL, NULL),
           CL_INVALID_WORK_GROUP_SIZE, CL_INVALID_WORK_ITEM_SIZE);
    big_global[0] = big_local[0] = items[0] * 2;
    EXPECT(clEnqueueNDRangeKernel(c.q, k, 1, NULL, big_global, big_local, 0, NULL, NULL),
           CL_INVALID_WORK_GROUP_SIZE, CL_INVALID_WORK_ITEM_SIZE);
    EXPECT(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 1, NULL, NULL), CL_INVALID_EVENT_WAIT_LIST);
    EXPECT(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, &(cl_event){NULL}, NULL),
           CL_INVALID_EVENT_WAIT_LIST);
    EXPECT(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 1, &(cl_event){NULL}, NULL),
           CL_INVALID_EVENT_WAIT_LIST);
    cl_int e = clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, &three, 0, NULL, NULL);
    see("a local size that does not divide the global one", "%s", error_name(e));
    OK(clFinish(c.q));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void null_kernel(void) {
    struct cl c = cl_open();
    size_t n = 64;

    EXPECT(clEnqueueNDRangeKernel(c.q, NULL, 1, NULL, &n, NULL, 0, NULL, NULL), CL_INVALID_KERNEL);
    cl_close(&c);
}

static void local_size_zero(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, "kernel void k(global int *a) { a[get_global_id(0)] = 1; }", "k");
    cl_mem m = buffer_new(&c, 0, 256, NULL);
    size_t n = 64, zero_local = 0;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    EXPECT(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, &zero_local, 0, NULL, NULL),
           CL_INVALID_WORK_GROUP_SIZE, CL_INVALID_WORK_ITEM_SIZE);
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Programs take the device's word for it, though a kernel may say less (CL_KERNEL_WORK_GROUP_SIZE). */
static void largest_local_size(void) {
    struct cl c = cl_open();
    cl_kernel k =
        kernel_new(&c, "kernel void k(global int *a) { a[get_global_id(0)] = (int)get_local_size(0); }", "k");
    size_t max = device_size(c.device, CL_DEVICE_MAX_WORK_GROUP_SIZE);
    cl_mem m = buffer_new(&c, 0, max * 4, NULL);
    cl_int got = 0;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    cl_int e = clEnqueueNDRangeKernel(c.q, k, 1, NULL, &max, &max, 0, NULL, NULL);
    see("the device's largest local size", "%zu: %s", max, error_name(e));
    if (e == CL_SUCCESS) {
        OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
        see("local size in the kernel", "%d", got);
    }
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void fixed_local_size(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c,
                             "kernel __attribute__((reqd_work_group_size(8, 1, 1))) void k(global int *a)"
                             "{ a[get_global_id(0)] = (int)get_local_size(0); }",
                             "k");
    cl_mem m = buffer_new(&c, 0, 256, NULL);
    size_t n = 64, eight = 8, four = 4;
    cl_int got[64];

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    EXPECT(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, &four, 0, NULL, NULL), CL_INVALID_WORK_GROUP_SIZE);
    EXPECT(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, &eight, 0, NULL, NULL), CL_SUCCESS);
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check(got[0] == 8 && got[63] == 8, "the size that the kernel asks for");
    cl_int e = clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL);
    see("no local size with a required one", "%s", error_name(e));
    OK(clFinish(c.q));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void zero_global(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, "kernel void k(global int *a) { a[get_global_id(0)] = 1; }", "k");
    cl_mem m = buffer_new(&c, 0, 256, NULL);
    size_t zero = 0;
    cl_event event = NULL;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    cl_int e = clEnqueueNDRangeKernel(c.q, k, 1, NULL, &zero, NULL, 0, NULL, &event);
    see("a global size of 0", "%s", error_name(e));
    if (e == CL_SUCCESS) {
        OK(clWaitForEvents(1, &event));
        OK(clReleaseEvent(event));
    }
    e = clEnqueueNDRangeKernel(c.q, k, 1, NULL, NULL, NULL, 0, NULL, NULL);
    see("no global size", "%s", error_name(e));
    OK(clFinish(c.q));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void task(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, "kernel void k(global int *a) { *a = (int)get_global_size(0) * 10; }", "k");
    cl_mem m = buffer_new(&c, 0, 256, NULL);
    cl_event event;
    cl_command_type type = 0;
    cl_int got = 0;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clEnqueueTask(c.q, k, 0, NULL, &event));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    check(got == 10, "one work-item");
    OK(clGetEventInfo(event, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL));
    check(type == CL_COMMAND_TASK, "command type");
    OK(clReleaseEvent(event));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void native_kernel(void) {
    struct cl c = cl_open();
    cl_device_exec_capabilities caps = 0;

    OK(clGetDeviceInfo(c.device, CL_DEVICE_EXECUTION_CAPABILITIES, sizeof(caps), &caps, NULL));
    check(caps & CL_EXEC_KERNEL, "kernels run");
    cl_close(&c);
}

/* ---- kernels with known results
 * ---------------------------------------------------------------------------------------- */

static void reduction(void) {
    static const char source[] =
        "kernel void sum(global const int *in, global int *out, local int *l) {\n"
        " size_t i = get_local_id(0); l[i] = in[get_global_id(0)]; barrier(CLK_LOCAL_MEM_FENCE);\n"
        " for (size_t s = get_local_size(0) / 2; s > 0; s /= 2) { if (i < s) l[i] += l[i + s]; "
        "barrier(CLK_LOCAL_MEM_FENCE); }\n"
        " if (i == 0) out[get_group_id(0)] = l[0]; }";
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, source, "sum");
    static cl_int data[4096], want[128], got[128];
    size_t n = 4096, local = 32;

    for (int i = 0; i < 4096; i++) {
        data[i] = i * 17 % 1001 - 500;
        want[i / 32] += data[i];
    }
    cl_mem in = buffer_new(&c, CL_MEM_COPY_HOST_PTR, sizeof(data), data),
           out = buffer_new(&c, 0, sizeof(got), NULL);
    OK(clSetKernelArg(k, 0, sizeof(in), &in));
    OK(clSetKernelArg(k, 1, sizeof(out), &out));
    OK(clSetKernelArg(k, 2, local * 4, NULL));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, &local, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, out, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check_ints("128 groups of 32", got, want, 128);
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(in));
    OK(clReleaseMemObject(out));
    cl_close(&c);
}

static void atomics(void) {
    static const char source[] =
        "kernel void k(global int *a, global uint *h) { atomic_add(&a[0], 3); atomic_inc(&a[1]);\n"
        " atomic_max(&a[2], (int)get_global_id(0)); atomic_inc((volatile global int *)&h[get_global_id(0) % "
        "16]);\n"
        " atomic_or(&a[3], 1 << (get_global_id(0) % 30)); atomic_sub(&a[4], 1); }";
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, source, "k");
    cl_int zero = 0, a[5];
    cl_uint h[16];
    size_t n = 10000;
    cl_mem ma = buffer_new(&c, 0, 64, NULL), mh = buffer_new(&c, 0, 64, NULL);

    OK(clEnqueueFillBuffer(c.q, ma, &zero, 4, 0, 64, 0, NULL, NULL));
    OK(clEnqueueFillBuffer(c.q, mh, &zero, 4, 0, 64, 0, NULL, NULL));
    OK(clSetKernelArg(k, 0, sizeof(ma), &ma));
    OK(clSetKernelArg(k, 1, sizeof(mh), &mh));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, ma, CL_TRUE, 0, sizeof(a), a, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, mh, CL_TRUE, 0, sizeof(h), h, 0, NULL, NULL));
    check(a[0] == 30000 && a[1] == 10000 && a[2] == 9999 && a[3] == (1 << 30) - 1 && a[4] == -10000,
          "global atomics");
    bool good = true;
    for (int i = 0; i < 16; i++)
        good = good && h[i] == 625;
    check(good, "a histogram");
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(ma));
    OK(clReleaseMemObject(mh));
    cl_close(&c);
}

static void matrix_product(void) {
    static const char source[] =
        "kernel void mul(global const float *a, global const float *b, global float *c, int n) {\n"
        " local float ta[4][4], tb[4][4]; int x = get_local_id(0), y = get_local_id(1), gx = "
        "get_global_id(0), gy = "
        "get_global_id(1);\n float s = 0;\n for (int t = 0; t < n; t += 4) { ta[y][x] = a[gy * n + t + x]; "
        "tb[y][x] = b[(t + y) "
        "* n + gx];\n  barrier(CLK_LOCAL_MEM_FENCE); for (int i = 0; i < 4; i++) s += ta[y][i] * tb[i][x]; "
        "barrier(CLK_LOCAL_MEM_FENCE); }\n c[gy * n + gx] = s; }";
    enum { N = 64 };
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, source, "mul");
    static cl_float a[N * N], b[N * N], got[N * N];
    cl_int n = N;
    size_t global[2] = {N, N}, local[2] = {4, 4};
    bool good = true;

    for (int i = 0; i < N * N; i++) { /* small integers: every sum is exact */
        a[i] = (cl_float)(i * 7 % 13 - 6);
        b[i] = (cl_float)(i * 5 % 11 - 5);
    }
    cl_mem ma = buffer_new(&c, CL_MEM_COPY_HOST_PTR, sizeof(a), a),
           mb = buffer_new(&c, CL_MEM_COPY_HOST_PTR, sizeof(b), b), mc = buffer_new(&c, 0, sizeof(got), NULL);
    OK(clSetKernelArg(k, 0, sizeof(ma), &ma));
    OK(clSetKernelArg(k, 1, sizeof(mb), &mb));
    OK(clSetKernelArg(k, 2, sizeof(mc), &mc));
    OK(clSetKernelArg(k, 3, sizeof(n), &n));
    OK(clEnqueueNDRangeKernel(c.q, k, 2, NULL, global, local, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, mc, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    for (int y = 0; y < N; y++)
        for (int x = 0; x < N; x++) {
            cl_float s = 0;

            for (int i = 0; i < N; i++)
                s += a[y * N + i] * b[i * N + x];
            good = good && s == got[y * N + x];
        }
    check(good, "tiles in local memory");
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(ma));
    OK(clReleaseMemObject(mb));
    OK(clReleaseMemObject(mc));
    cl_close(&c);
}

/* Results of the device's own mathematics, bit by bit: what arrives in a guest is what the host's driver
 * computes. */
static void mathematics(void) {
    static const char source[] = "kernel void k(global const float *in, global float *out) { size_t i = "
                                 "get_global_id(0); float x = in[i];\n"
                                 " out[i * 8] = sin(x); out[i * 8 + 1] = exp(x * 0.1f); out[i * 8 + 2] = "
                                 "sqrt(fabs(x)); out[i * 8 + 3] = x / 3.0f;\n"
                                 " out[i * 8 + 4] = pow(fabs(x), 0.3f); out[i * 8 + 5] = fma(x, x, 1.0f); "
                                 "out[i * 8 + 6] = log(fabs(x) + 1.0f);"
                                 " out[i * 8 + 7] = atan2(x, 2.0f); }";
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, source, "k");
    cl_float in[64], got[512];
    size_t n = 64;

    for (int i = 0; i < 64; i++)
        in[i] = (cl_float)(i - 32) * 0.37f;
    cl_mem mi = buffer_new(&c, CL_MEM_COPY_HOST_PTR, sizeof(in), in),
           mo = buffer_new(&c, 0, sizeof(got), NULL);
    OK(clSetKernelArg(k, 0, sizeof(mi), &mi));
    OK(clSetKernelArg(k, 1, sizeof(mo), &mo));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, mo, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    see_words("bits of the results", "%016llx", (unsigned long long)hash_bytes(got, sizeof(got)));
    bool close_enough = true;
    for (int i = 0; i < 64; i++) {
        close_enough = close_enough && fabsf(got[i * 8] - sinf(in[i])) < 1e-5f;
        close_enough = close_enough && fabsf(got[i * 8 + 2] - sqrtf(fabsf(in[i]))) < 1e-5f;
        close_enough = close_enough && fabsf(got[i * 8 + 5] - fmaf(in[i], in[i], 1.0f)) < 1e-3f;
        close_enough = close_enough && fabsf(got[i * 8 + 6] - logf(fabsf(in[i]) + 1)) < 1e-5f;
    }
    check(close_enough, "close to the C library's");
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(mi));
    OK(clReleaseMemObject(mo));
    cl_close(&c);
}

static void doubles(void) {
    struct cl c = cl_open();
    double in[16], got[16];
    size_t n = 16;
    bool good = true;

    if (!device_has_extension(c.device, "cl_khr_fp64"))
        skip("the device has no double precision");
    cl_kernel k = kernel_new(
        &c,
        "#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n"
        "kernel void k(global double *a) { size_t i = get_global_id(0); a[i] = a[i] * 1.5 + 1e-10; }",
        "k");
    for (int i = 0; i < 16; i++)
        in[i] = i * 1e5;
    cl_mem m = buffer_new(&c, CL_MEM_COPY_HOST_PTR, sizeof(in), in);
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    for (int i = 0; i < 16; i++)
        good = good && fabs(got[i] - (in[i] * 1.5 + 1e-10)) <= 1e-9 * fabs(got[i]) + 1e-20;
    check(good, "double precision");
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void vectors(void) {
    static const char source[] = "kernel void k(global const float4 *a, global const int8 *b, global float4 "
                                 "*c, global int8 *d) { size_t i = "
                                 "get_global_id(0);\n c[i] = a[i].wzyx * 2.0f + (float4)(1, 2, 3, 4); d[i] = "
                                 "b[i].s76543210 + (int8)(i);"
                                 " if (any(a[i] < 0)) c[i].x = -1; }";
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, source, "k");
    cl_float a[64], gc[64];
    cl_int b[128], gd[128], want[128];
    size_t n = 16;
    bool good = true;

    for (int i = 0; i < 64; i++)
        a[i] = (cl_float)(i - 10);
    for (int i = 0; i < 128; i++)
        b[i] = i * 3;
    cl_mem ma = buffer_new(&c, CL_MEM_COPY_HOST_PTR, sizeof(a), a),
           mb = buffer_new(&c, CL_MEM_COPY_HOST_PTR, sizeof(b), b), mc = buffer_new(&c, 0, sizeof(gc), NULL),
           md = buffer_new(&c, 0, sizeof(gd), NULL);
    OK(clSetKernelArg(k, 0, sizeof(ma), &ma));
    OK(clSetKernelArg(k, 1, sizeof(mb), &mb));
    OK(clSetKernelArg(k, 2, sizeof(mc), &mc));
    OK(clSetKernelArg(k, 3, sizeof(md), &md));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, mc, CL_TRUE, 0, sizeof(gc), gc, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, md, CL_TRUE, 0, sizeof(gd), gd, 0, NULL, NULL));
    for (int i = 0; i < 16; i++) {
        bool negative = false;

        for (int j = 0; j < 4; j++)
            negative = negative || a[i * 4 + j] < 0;
        for (int j = 0; j < 4; j++)
            good = good && gc[i * 4 + j] == (j == 0 && negative ? -1 : a[i * 4 + 3 - j] * 2 + (float)(j + 1));
        for (int j = 0; j < 8; j++)
            want[i * 8 + j] = b[i * 8 + 7 - j] + i;
    }
    check(good, "float4");
    check_ints("int8", gd, want, 128);
    OK(clReleaseKernel(k));
    cl_mem all[] = {ma, mb, mc, md};
    for (int i = 0; i < 4; i++)
        OK(clReleaseMemObject(all[i]));
    cl_close(&c);
}

static void large_range(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(
        &c, "kernel void k(global uint *a) { size_t i = get_global_id(0); a[i] = (uint)i * 2654435761u; }",
        "k");
    size_t n = 4 << 20;
    cl_mem m = buffer_new(&c, 0, n * 4, NULL);
    cl_uint *got = malloc(n * 4);
    bool good = true;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, n * 4, got, 0, NULL, NULL));
    for (size_t i = 0; i < n; i++)
        good = good && got[i] == (cl_uint)i * 2654435761u;
    check(good, "four million work-items");
    free(got);
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void many_launches(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, "kernel void k(global int *a) { a[0]++; }", "k");
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_int zero = 0, got = 0;
    size_t one = 1;

    OK(clEnqueueFillBuffer(c.q, m, &zero, 4, 0, 4, 0, NULL, NULL));
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    for (int i = 0; i < 5000; i++)
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, &one, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    check(got == 5000, "5000 launches in order");
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void suggested_local_size(void) {
    struct cl c = cl_open();
    typedef cl_int(CL_API_CALL * suggest)(cl_command_queue, cl_kernel, cl_uint, const size_t *,
                                          const size_t *, size_t *);
    suggest f =
        (suggest)clGetExtensionFunctionAddressForPlatform(c.platform, "clGetKernelSuggestedLocalWorkSizeKHR");
    size_t global[3] = {64, 4, 1}, local[3] = {0};

    if (!device_has_extension(c.device, "cl_khr_suggested_local_work_size"))
        skip("no cl_khr_suggested_local_work_size");
    if (!check(f != NULL, "the function is there"))
        return;
    cl_kernel k = kernel_new(&c, "kernel void k(global int *a) { *a = 1; }", "k");
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    EXPECT(f(c.q, k, 2, NULL, global, local), CL_SUCCESS);
    check(local[0] > 0 && global[0] % local[0] == 0, "it divides the global size");
    EXPECT(f(NULL, k, 2, NULL, global, local), CL_INVALID_COMMAND_QUEUE);
    EXPECT(f(c.q, NULL, 2, NULL, global, local), CL_INVALID_KERNEL);
    EXPECT(f(c.q, k, 0, NULL, global, local), CL_INVALID_WORK_DIMENSION);
    EXPECT(f(c.q, k, 2, NULL, global, NULL), CL_INVALID_VALUE);
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(shapes),
    CASE(work_item_functions),
    CASE(errors),
    CASE(null_kernel),
    CASE(local_size_zero),
    CASE(largest_local_size),
    CASE(fixed_local_size),
    CASE(zero_global),
    CASE(task),
    CASE(native_kernel),
    CASE(reduction),
    CASE(atomics),
    CASE(matrix_product),
    CASE(mathematics),
    CASE(doubles),
    CASE(vectors),
    CASE(large_range),
    CASE(many_launches),
    CASE(suggested_local_size),
    END_OF_CASES,
};

const struct test_group group_ndrange = {"ndrange", cases};
