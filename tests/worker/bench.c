// SPDX-License-Identifier: MIT
/*
 * Round trips through a worker, beside the same calls natively in this process, in turns. Medians and 99th
 * percentiles in microseconds. Options: --cpu N (everything on that CPU), --rounds N; what follows goes to
 * the worker (--spin-us N, --decoders N).
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "svga-model/futex.h"
#include "tests/worker/guest.h"
#include "tests/worker/tests.h"

#define CHECK(call)                                                                                          \
    do {                                                                                                     \
        cl_int r_ = (call);                                                                                  \
        if (r_ != CL_SUCCESS) {                                                                              \
            fprintf(stderr, "%s: %d\n", #call, r_);                                                          \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

static const char source[] =
    "kernel void null(global int *x) { }\n"
    "kernel void spin(global int *x) { int s = 0; for (int i = 0; i < x[1]; i++) s += i ^ s; x[2] = s; }\n";

/* ---- native ---- */

struct native {
    cl_context context;
    cl_command_queue queue;
    cl_kernel kernel;
    cl_mem mem;
};

static void native_open(struct native *n) {
    cl_platform_id platforms[16];
    cl_device_id device = NULL;
    cl_uint count = 0;
    cl_int r;

    clGetPlatformIDs(16, platforms, &count);
    for (cl_uint i = 0; i < count && !device; i++) {
        char name[128] = "";
        clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof name, name, NULL);
        if (strstr(name, "Portable"))
            clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 1, &device, NULL);
    }
    if (!device) {
        fprintf(stderr, "the benchmark needs PoCL\n");
        exit(77);
    }
    const char *text = source;
    n->context = clCreateContext(NULL, 1, &device, NULL, NULL, &r);
    n->queue = clCreateCommandQueueWithProperties(n->context, device, NULL, &r);
    cl_program program = clCreateProgramWithSource(n->context, 1, &text, NULL, &r);
    CHECK(clBuildProgram(program, 1, &device, "", NULL, NULL));
    n->kernel = clCreateKernel(program, "null", &r);
    n->mem = clCreateBuffer(n->context, CL_MEM_READ_WRITE, 4096, NULL, &r);
    CHECK(clSetKernelArg(n->kernel, 0, sizeof n->mem, &n->mem));
}

static void native_enqueue(struct native *n, cl_event *event) {
    size_t global = 1;
    CHECK(clEnqueueNDRangeKernel(n->queue, n->kernel, 1, NULL, &global, NULL, 0, NULL, event));
}

/* ---- through the worker ---- */

struct forwarded {
    struct test_guest t;
    struct test_setup s;
    uint32_t mem;
};

static void forwarded_open(struct forwarded *f, char *const *extra) {
    guest_open(&f->t, extra);
    guest_setup(&f->t, &f->s, source, "null", 0);
    f->mem = guest_placed_buffer(&f->t, f->s.context, 0, 4096);
    guest_set_mem(&f->t, f->s.kernel, 0, f->mem);
}

static void forwarded_enqueue(struct forwarded *f, uint32_t event, uint32_t slot) {
    TR_SEND(f->t.g, ENQUEUE_KERNEL, enqueue_kernel, ((struct tr_array[]){{NULL, 0}}), .queue = f->s.queue,
            .kernel = f->s.kernel, .event = event, .event_slot = slot, .work_dim = 1, .global = {1, 1, 1});
}

/* ---- what is measured ---- */

struct bench {
    struct native n;
    struct forwarded f;
};

static void native_finish(struct bench *b) {
    native_enqueue(&b->n, NULL);
    CHECK(clFinish(b->n.queue));
}
static void forwarded_finish(struct bench *b) {
    forwarded_enqueue(&b->f, 0, TR_NO_SLOT);
    CHECK(guest_finish(&b->f.t, b->f.s.queue));
}
static void native_wait(struct bench *b) {
    cl_event event;
    native_enqueue(&b->n, &event);
    CHECK(clWaitForEvents(1, &event));
    clReleaseEvent(event);
}
static void forwarded_wait(struct bench *b) {
    uint32_t event = 1000, slot = guest_slot(&b->f.t);
    forwarded_enqueue(&b->f, event, slot);
    TR_SEND(b->f.t.g, WAIT_EVENTS, wait_events, ((struct tr_array[]){{&event, 1}}));
    guest_wait(&b->f.t, slot);
    TR_SEND(b->f.t.g, RELEASE, release, NULL, .object = event);
}
static void native_many(struct bench *b) {
    for (int i = 0; i < 1000; i++)
        native_enqueue(&b->n, NULL);
    CHECK(clFinish(b->n.queue));
}
static void forwarded_many(struct bench *b) {
    for (int i = 0; i < 1000; i++)
        forwarded_enqueue(&b->f, 0, TR_NO_SLOT);
    CHECK(guest_finish(&b->f.t, b->f.s.queue));
}
static void native_read(struct bench *b) {
    char data[4096];
    CHECK(clSetKernelArg(b->n.kernel, 0, sizeof b->n.mem, &b->n.mem));
    native_enqueue(&b->n, NULL);
    CHECK(clEnqueueReadBuffer(b->n.queue, b->n.mem, CL_TRUE, 0, sizeof data, data, 0, NULL, NULL));
}
static void forwarded_read(struct bench *b) {
    char data[4096];
    guest_set_mem(&b->f.t, b->f.s.kernel, 0, b->f.mem);
    forwarded_enqueue(&b->f, 0, TR_NO_SLOT);
    CHECK(guest_finish(&b->f.t, b->f.s.queue));
    memcpy(data, b->f.t.memory.ptr, sizeof data);
}

static const struct {
    const char *name;
    void (*native)(struct bench *);
    void (*forwarded)(struct bench *);
    unsigned per_call, divide;
} rows[] = {
    {"null kernel + finish", native_finish, forwarded_finish, 1, 1},
    {"null kernel + wait for event", native_wait, forwarded_wait, 1, 1},
    {"argument + kernel + read 4 KiB", native_read, forwarded_read, 1, 1},
    {"1000 kernels + finish, each", native_many, forwarded_many, 1000, 100},
};

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double measure(struct bench *b, void (*call)(struct bench *), unsigned per_call) {
    uint64_t start = svga_now_ns();
    call(b);
    return (double)(svga_now_ns() - start) / 1e3 / per_call;
}

int bench(int argc, char **argv) {
    static struct bench b;
    char *extra[16] = {NULL};
    unsigned rounds = 20000, extra_count = 0;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--cpu") == 0 && i + 1 < argc) {
            cpu_set_t set;
            CPU_ZERO(&set);
            CPU_SET((size_t)atoi(argv[++i]), &set);
            sched_setaffinity(0, sizeof set, &set);
        } else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            rounds = (unsigned)atoi(argv[++i]);
        } else if (extra_count < 15) {
            extra[extra_count++] = argv[i];
        }
    }
    double *values[2] = {malloc(rounds * sizeof(double)), malloc(rounds * sizeof(double))};
    native_open(&b.n);
    forwarded_open(&b.f, extra);
    printf("%-32s %20s %20s %8s\n", "us: median / p99", "native", "forwarded", "ratio");
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        unsigned n = rounds / rows[r].divide;
        /* In blocks, so that both see the same machine but neither disturbs the other's caches at each call.
         */
        for (unsigned i = 0; i < n;) {
            unsigned end = i + (n + 19) / 20 < n ? i + (n + 19) / 20 : n, first = i;
            for (i = first; i < end; i++)
                values[0][i] = measure(&b, rows[r].native, rows[r].per_call);
            for (i = first; i < end; i++)
                values[1][i] = measure(&b, rows[r].forwarded, rows[r].per_call);
        }
        for (int k = 0; k < 2; k++)
            qsort(values[k], n, sizeof(double), by_value);
        printf("%-32s %10.2f / %7.2f %10.2f / %7.2f %8.2f\n", rows[r].name, values[0][n / 2],
               values[0][n - 1 - n / 100], values[1][n / 2], values[1][n - 1 - n / 100],
               values[1][n / 2] / values[0][n / 2]);
    }
    free(values[0]);
    free(values[1]);
    guest_close(&b.f.t);
    return 0;
}
