// SPDX-License-Identifier: MIT
/* Many objects at once, and large ones. The full numbers want --big. */
#include "conform.h"

#include <unistd.h>

static void buffers_at_once(size_t count) {
    struct cl c = cl_open();
    cl_mem *m = calloc(count, sizeof(*m));
    size_t made = 0;
    cl_int e = CL_SUCCESS;
    bool good = true;

    for (; made < count; made++) {
        m[made] = clCreateBuffer(c.ctx, CL_MEM_READ_WRITE, 256, NULL, &e);
        if (e != CL_SUCCESS)
            break;
        if (made % 1000 == 0) {
            cl_int value = (cl_int)made;

            OK(clEnqueueWriteBuffer(c.q, m[made], CL_TRUE, 0, 4, &value, 0, NULL, NULL));
        }
    }
    check(made == count, "%zu buffers at once", count);
    for (size_t i = 0; i < made; i += 1000) {
        cl_int got = -1;

        OK(clEnqueueReadBuffer(c.q, m[i], CL_TRUE, 0, 4, &got, 0, NULL, NULL));
        good = good && got == (cl_int)i;
    }
    check(good, "each with its own contents");
    for (size_t i = 0; i < made; i++)
        OK(clReleaseMemObject(m[i]));
    free(m);
    cl_close(&c);
}

static void kernels_at_once(size_t count) {
    struct cl c = cl_open();
    cl_program p = program_new(&c, "kernel void k(global int *a, int x) { *a = x; }", "");
    cl_kernel *k = calloc(count, sizeof(*k));
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    size_t made = 0, one = 1;
    bool good = true;
    cl_int e;

    for (; made < count; made++) {
        cl_int x = (cl_int)made;

        k[made] = clCreateKernel(p, "k", &e);
        if (e != CL_SUCCESS)
            break;
        OK(clSetKernelArg(k[made], 0, sizeof(m), &m));
        OK(clSetKernelArg(k[made], 1, sizeof(x), &x));
    }
    check(made == count, "%zu kernels at once", count);
    for (size_t i = 0; i < made; i += 97) {
        cl_int got = -1;

        OK(clEnqueueNDRangeKernel(c.q, k[i], 1, NULL, &one, NULL, 0, NULL, NULL));
        OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
        good = good && got == (cl_int)i;
    }
    check(good, "each with its own arguments");
    for (size_t i = 0; i < made; i++)
        OK(clReleaseKernel(k[i]));
    OK(clReleaseMemObject(m));
    OK(clReleaseProgram(p));
    free(k);
    cl_close(&c);
}

static void events_at_once(size_t count) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_event *ev = calloc(count, sizeof(*ev));
    cl_int zero = 0;
    size_t made = 0, complete = 0;

    for (; made < count; made++)
        if (clEnqueueFillBuffer(c.q, m, &zero, 4, 0, 64, 0, NULL, &ev[made]) != CL_SUCCESS)
            break;
    check(made == count, "%zu events at once", count);
    OK(clFinish(c.q));
    for (size_t i = 0; i < made; i++)
        complete += event_status(ev[i]) == CL_COMPLETE;
    check(complete == count, "all complete");
    for (size_t i = 0; i < made; i++)
        OK(clReleaseEvent(ev[i]));
    OK(clReleaseMemObject(m));
    free(ev);
    cl_close(&c);
}

static void buffers(void) {
    buffers_at_once(10000);
}

static void kernels(void) {
    kernels_at_once(500);
}

static void events(void) {
    events_at_once(5000);
}

static void hundred_thousand_buffers(void) {
    buffers_at_once(100000);
}

static void ten_thousand_kernels(void) {
    kernels_at_once(10000);
}

static void hundred_thousand_events(void) {
    events_at_once(100000);
}

/* Objects come and go; nothing runs out. */
static void turnover(void) {
    struct cl c = cl_open();
    bool good = true;

    for (cl_int i = 0; i < 3000; i++) {
        cl_mem m = buffer_new(&c, 0, 4096, NULL);
        cl_event ev;
        cl_int got = 0;

        OK(clEnqueueFillBuffer(c.q, m, &i, 4, 0, 4096, 0, NULL, &ev));
        OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 4092, 4, &got, 1, &ev, NULL));
        good = good && got == i;
        OK(clReleaseEvent(ev));
        OK(clReleaseMemObject(m));
    }
    check(good, "3000 buffers, one after the other");
    cl_close(&c);
}

static void large_buffer(size_t size) {
    struct cl c = cl_open();
    cl_int e;

    if (device_ulong(c.device, CL_DEVICE_MAX_MEM_ALLOC_SIZE) < size)
        skip("the device's largest buffer is smaller");
    cl_mem m = clCreateBuffer(c.ctx, 0, size, NULL, &e);
    OK(e);
    cl_kernel k = kernel_new(&c,
                             "kernel void k(global uint *a, ulong stride) { a[get_global_id(0) * stride] = "
                             "(uint)get_global_id(0) + 1; }",
                             "k");
    cl_ulong stride = size / 4 / 64;
    size_t n = 64;
    bool good = true;
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clSetKernelArg(k, 1, sizeof(stride), &stride));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
    for (cl_uint i = 0; i < 64; i++) {
        cl_uint got = 0;

        OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, i * stride * 4, 4, &got, 0, NULL, NULL));
        good = good && got == i + 1;
    }
    check(good, "a kernel reaches all of it");
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void a_quarter_gigabyte(void) {
    large_buffer((size_t)256 << 20);
}

static void six_gigabytes(void) {
    large_buffer((size_t)6 << 30);
}

/* KiB of memory of this process, that it shares included. */
static long resident(void) {
    long total = 0, pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (!f || fscanf(f, "%ld %ld", &total, &pages) != 2)
        fail("no /proc/self/statm");
    fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Contexts whose buffers are released while commands use them go, with the buffers. */
static void contexts_come_and_go(void) {
    enum { ROUNDS = 100, BYTES = 2 << 20 };
    const cl_uint pattern = 0x5a5a5a5a;
    void *bytes = calloc(1, BYTES);
    long before = 0;

    for (int i = 0; i < ROUNDS; i++) {
        struct cl c = cl_open();
        cl_mem m = buffer_new(&c, 0, BYTES, NULL);

        OK(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, BYTES, bytes, 0, NULL, NULL));
        OK(clEnqueueFillBuffer(c.q, m, &pattern, sizeof(pattern), 0, BYTES, 0, NULL, NULL));
        OK(clReleaseMemObject(m));
        OK(clFinish(c.q));
        cl_close(&c);
        if (i == ROUNDS / 4)
            before = resident();
    }
    free(bytes);
    long grown = resident() - before;
    if (grown >= ROUNDS * (BYTES / 1024L) / 4)
        fail("%ld KiB more after %d contexts", grown, ROUNDS * 3 / 4);
    check(true, "memory is given back");
}

static const struct test_case cases[] = {
    CASE(buffers),
    CASE(kernels),
    CASE(events),
    CASE(turnover),
    CASE(contexts_come_and_go),
    CASE(a_quarter_gigabyte),
    BIG_CASE(hundred_thousand_buffers, 300),
    BIG_CASE(ten_thousand_kernels, 300),
    BIG_CASE(hundred_thousand_events, 300),
    BIG_CASE(six_gigabytes, 300),
    END_OF_CASES,
};

const struct test_group group_many = {"many", cases};
