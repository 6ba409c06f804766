// SPDX-License-Identifier: MIT
/* The rows: one function measures one thing that an application does. */
#include "eval/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char null_source[] = "__kernel void null(__global uint *out) {}\n";
const char bench_busy_source[] = "__kernel void busy(__global uint *out, uint n)\n"
                                 "{\n"
                                 "    uint x = out[0] | 1u;\n"
                                 "    for (uint i = 0; i < n; i++)\n"
                                 "        x = x * 1664525u + 1013904223u ^ (x >> 7);\n"
                                 "    out[0] = x;\n"
                                 "}\n";

static void release(cl_kernel k, cl_mem m) {
    if (k)
        ocl_must("clReleaseKernel", clReleaseKernel(k));
    ocl_must("clReleaseMemObject", clReleaseMemObject(m));
}

static void row_null(struct bench *b) {
    cl_mem out;
    cl_kernel k = bench_kernel(b, null_source, 64, &out);
    struct samples s = samples_new(b, 2000);

    for (int i = -20; i < s.room; i++) {
        double start = ocl_now();

        bench_enqueue(b, k, 1);
        ocl_finish(&b->o);
        if (i >= 0)
            samples_add(&s, ocl_now() - start);
    }
    samples_print(&s, "null", "us", 0);
    release(k, out);
}

/* 20000 kernels without waiting, three times. One sample is one stream, divided by its kernels. */
static void row_stream(struct bench *b) {
    const int kernels = 20000;
    cl_mem out;
    cl_kernel k = bench_kernel(b, null_source, 64, &out);
    struct samples all = samples_new(b, 5), call = samples_new(b, 5);

    bench_enqueue(b, k, 1);
    ocl_finish(&b->o);
    for (int r = 0; r < all.room; r++) {
        double start = ocl_now();

        for (int i = 0; i < kernels; i++)
            bench_enqueue(b, k, 1);
        samples_add(&call, (ocl_now() - start) / kernels);
        ocl_finish(&b->o);
        samples_add(&all, (ocl_now() - start) / kernels);
    }
    samples_print(&all, "stream", "us", 0);
    samples_print(&call, "stream-call", "us", 0);
    release(k, out);
}

static void row_small_copies(struct bench *b) {
    cl_mem m = ocl_buffer(&b->o, CL_MEM_READ_WRITE, 4096, NULL);
    struct samples w = samples_new(b, 2000), r = samples_new(b, 2000);
    cl_uint value = 7;

    for (int i = -20; i < w.room; i++) {
        double start = ocl_now(), middle;

        ocl_must("clEnqueueWriteBuffer",
                 clEnqueueWriteBuffer(b->o.queue, m, CL_TRUE, 0, sizeof(value), &value, 0, NULL, NULL));
        middle = ocl_now();
        ocl_must("clEnqueueReadBuffer",
                 clEnqueueReadBuffer(b->o.queue, m, CL_TRUE, 0, sizeof(value), &value, 0, NULL, NULL));
        if (i >= 0) {
            samples_add(&w, middle - start);
            samples_add(&r, ocl_now() - middle);
        }
    }
    samples_print(&w, "write-4B", "us", 0);
    samples_print(&r, "read-4B", "us", 0);
    release(NULL, m);
}

static void row_argument(struct bench *b) {
    static char page[4096];
    cl_mem out;
    cl_kernel k =
        bench_kernel(b, "__kernel void set(__global uint *out, uint v) { out[get_global_id(0)] = v; }\n",
                     sizeof(page), &out);
    struct samples s = samples_new(b, 1000);

    for (int i = -20; i < s.room; i++) {
        cl_uint v = (cl_uint)i;
        double start = ocl_now();

        ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(v), &v));
        bench_enqueue(b, k, 1);
        ocl_must("clEnqueueReadBuffer",
                 clEnqueueReadBuffer(b->o.queue, out, CL_TRUE, 0, sizeof(page), page, 0, NULL, NULL));
        if (i >= 0)
            samples_add(&s, ocl_now() - start);
        if (memcmp(page, &v, sizeof(v)) != 0) {
            fprintf(stderr, "bench: a kernel's result did not arrive\n");
            exit(3);
        }
    }
    samples_print(&s, "arg-kernel-read", "us", 0);
    release(k, out);
}

static void copies(struct bench *b, size_t size, const char *name, int count) {
    char *host = malloc(size);
    cl_mem m = ocl_buffer(&b->o, CL_MEM_READ_WRITE, size, NULL);
    struct samples w = samples_new(b, count), r = samples_new(b, count);
    char row[64];

    if (!host)
        exit(1);
    memset(host, 1, size);
    for (int i = -1; i < w.room; i++) {
        double start = ocl_now(), middle;

        ocl_must("clEnqueueWriteBuffer",
                 clEnqueueWriteBuffer(b->o.queue, m, CL_TRUE, 0, size, host, 0, NULL, NULL));
        middle = ocl_now();
        ocl_must("clEnqueueReadBuffer",
                 clEnqueueReadBuffer(b->o.queue, m, CL_TRUE, 0, size, host, 0, NULL, NULL));
        if (i >= 0) {
            samples_add(&w, middle - start);
            samples_add(&r, ocl_now() - middle);
        }
    }
    snprintf(row, sizeof(row), "write-%s", name);
    samples_print(&w, row, "GB/s", (double)size);
    snprintf(row, sizeof(row), "read-%s", name);
    samples_print(&r, row, "GB/s", (double)size);
    release(NULL, m);
    free(host);
}

static void row_copies(struct bench *b) {
    copies(b, 64 << 10, "64KiB", 500);
    copies(b, 1 << 20, "1MiB", 100);
    copies(b, 64 << 20, "64MiB", 6);
    copies(b, 256 << 20, "256MiB", 3);
}

static void row_map(struct bench *b) {
    size_t size = 64 << 20;
    cl_mem m = ocl_buffer(&b->o, CL_MEM_READ_WRITE, size, NULL);
    struct samples s = samples_new(b, 300);
    cl_int e;

    for (int i = -3; i < s.room; i++) {
        double start = ocl_now();
        void *p = clEnqueueMapBuffer(b->o.queue, m, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, size, 0, NULL,
                                     NULL, &e);

        ocl_must("clEnqueueMapBuffer", e);
        ocl_must("clEnqueueUnmapMemObject", clEnqueueUnmapMemObject(b->o.queue, m, p, 0, NULL, NULL));
        ocl_finish(&b->o);
        if (i >= 0)
            samples_add(&s, ocl_now() - start);
    }
    samples_print(&s, "map-64MiB", "us", 0);
    release(NULL, m);
}

/* Calls too short for the clock: one sample is the mean of 1000. */
#define BATCH 1000

static void row_calls(struct bench *b) {
    struct samples create = samples_new(b, 30), argument = samples_new(b, 30), info = samples_new(b, 30);
    cl_mem out;
    cl_kernel k =
        bench_kernel(b, "__kernel void set(__global uint *out, uint v) { out[0] = v; }\n", 64, &out);
    cl_uint units;

    for (int r = 0; r < create.room; r++) {
        double start = ocl_now();

        for (int i = 0; i < BATCH; i++)
            release(NULL, ocl_buffer(&b->o, CL_MEM_READ_WRITE, 4096, NULL));
        samples_add(&create, (ocl_now() - start) / BATCH);
        start = ocl_now();
        for (cl_uint i = 0; i < BATCH; i++)
            ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(i), &i));
        samples_add(&argument, (ocl_now() - start) / BATCH);
        start = ocl_now();
        for (int i = 0; i < BATCH; i++)
            ocl_must("clGetDeviceInfo",
                     clGetDeviceInfo(b->o.device, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(units), &units, NULL));
        samples_add(&info, (ocl_now() - start) / BATCH);
    }
    samples_print(&create, "create-release", "ns", 0);
    samples_print(&argument, "set-argument", "ns", 0);
    samples_print(&info, "device-info", "ns", 0);
    release(k, out);
}

static void busy_kernels(struct bench *b, double ms, const char *name, int count) {
    cl_uint loops = (cl_uint)(b->loops * ms);
    cl_mem out;
    cl_kernel k = bench_kernel(b, bench_busy_source, 64, &out);
    struct samples each = samples_new(b, count), stream = samples_new(b, 3);
    char row[64];

    ocl_must("clSetKernelArg", clSetKernelArg(k, 1, sizeof(loops), &loops));
    for (int i = -2; i < each.room; i++) {
        double start = ocl_now();

        bench_enqueue(b, k, 1);
        ocl_finish(&b->o);
        if (i >= 0)
            samples_add(&each, ocl_now() - start);
    }
    for (int r = 0; r < stream.room; r++) {
        double start = ocl_now();

        for (int i = 0; i < count; i++)
            bench_enqueue(b, k, 1);
        ocl_finish(&b->o);
        samples_add(&stream, (ocl_now() - start) / count);
    }
    snprintf(row, sizeof(row), "kernel-%s-each", name);
    samples_print(&each, row, "us", 0);
    snprintf(row, sizeof(row), "kernel-%s-stream", name);
    samples_print(&stream, row, "us", 0);
    release(k, out);
}

static void row_kernels(struct bench *b) {
    if (b->loops <= 0) {
        fprintf(stderr, "bench: the row 'kernels' needs -l LOOPS, see bench loops\n");
        exit(2);
    }
    busy_kernels(b, 0.1, "0.1ms", 200);
    busy_kernels(b, 1, "1ms", 40);
    busy_kernels(b, 5, "5ms", 12);
}

/* Builds of a source of `lines` lines: never seen, and again. */
static void builds(struct bench *b, int lines, int count, const char *name) {
    struct samples first = samples_new(b, count), again = samples_new(b, count);
    unsigned salt = bench_salt();
    char row[64];

    for (int i = -1; i < first.room; i++) {
        char *source = bench_source(salt + (unsigned)i, lines);

        for (int seen = 0; seen < 2; seen++) {
            double start = ocl_now();

            clReleaseProgram(ocl_build(&b->o, source, ""));
            /* what a process pays for its first compilation is no part of these rows */
            if (i >= 0)
                samples_add(seen ? &again : &first, ocl_now() - start);
        }
        free(source);
    }
    snprintf(row, sizeof(row), "%s-new", name);
    samples_print(&first, row, "ms", 0);
    snprintf(row, sizeof(row), "%s-seen", name);
    samples_print(&again, row, "ms", 0);
}

static void row_build(struct bench *b) {
    builds(b, 5, 5, "build");
}

static void row_build300(struct bench *b) {
    builds(b, 300, 3, "build300");
}

const struct bench_row bench_rows[] = {
    {"null", row_null},
    {"stream", row_stream},
    {"small-copies", row_small_copies},
    {"argument", row_argument},
    {"copies", row_copies},
    {"map", row_map},
    {"calls", row_calls},
    {"kernels", row_kernels},
    {"build", row_build},
    {"build300", row_build300},
    {NULL, NULL},
};
