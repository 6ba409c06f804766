// SPDX-License-Identifier: MIT
#include "eval/lib/work.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_RUNS 1000

/* Ends the program if the last run's result is not the CPU's. With `say` it says what came out. */
static void compare(struct ocl *o, const struct work *w, bool say) {
    const void *result = NULL;
    size_t bytes = 0;
    double sum = 0;
    bool ok = w->check(&result, &bytes, &sum);

    if (!ok)
        fprintf(stderr, "%s: a run's result is not the CPU's\n", w->name);
    if (!ok || say)
        ocl_check(o, ok, result, bytes, sum);
}

/* Builds and runs once. Seconds. */
static double first_result(struct ocl *o, const struct work *w, const char *source) {
    double start = ocl_now();
    cl_program p = ocl_build(o, source, "");

    w->kernels(p);
    w->run(o);
    double seconds = ocl_now() - start;
    compare(o, w, false);
    ocl_must("clReleaseProgram", clReleaseProgram(p));
    return seconds;
}

/* A kernel more, which nobody calls: new as text, as SPIR-V, and to every cache. */
static char *new_source(const char *source) {
    struct timespec t;
    size_t room = strlen(source) + 128;
    char *text = ocl_alloc(room);

    clock_gettime(CLOCK_REALTIME, &t);
    unsigned salt = (unsigned)t.tv_nsec ^ ((unsigned)t.tv_sec << 10) ^ ((unsigned)getpid() << 20);
    snprintf(text, room, "%s\n__kernel void salt_%u(__global uint *x) { x[0] = %uu; }\n", source, salt, salt);
    return text;
}

/* ---- the driver's stamps of every kernel (-t) ---- */

enum { STAMPED = 256 };

static bool stamping;
static cl_event stamped[STAMPED]; /* the newest, whose stamps have not been asked for */
static unsigned stamped_count;

static void ask_stamps(cl_event e) {
    static const cl_profiling_info what[] = {CL_PROFILING_COMMAND_SUBMIT, CL_PROFILING_COMMAND_START,
                                             CL_PROFILING_COMMAND_END};
    cl_ulong at;

    ocl_must("clWaitForEvents", clWaitForEvents(1, &e));
    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++)
        ocl_must("clGetEventProfilingInfo", clGetEventProfilingInfo(e, what[i], sizeof at, &at, NULL));
    ocl_must("clReleaseEvent", clReleaseEvent(e));
}

static void enqueue(struct ocl *o, cl_kernel k, cl_uint dimensions, const size_t *global,
                    const size_t *local) {
    cl_event e = NULL;

    ocl_must("clEnqueueNDRangeKernel", clEnqueueNDRangeKernel(o->queue, k, dimensions, NULL, global, local, 0,
                                                              NULL, stamping ? &e : NULL));
    if (!stamping)
        return;
    cl_event *place = &stamped[stamped_count++ % STAMPED];
    if (*place)
        ask_stamps(*place);
    *place = e;
}

static void ask_last_stamps(void) {
    for (int i = 0; i < STAMPED && stamped[i]; i++)
        ask_stamps(stamped[i]);
}

/* Takes -z, -n and -t out of the arguments. */
static int take_options(int argc, char **argv, const struct work *w, int *size, bool *fresh) {
    static const char *const names[] = {"small", "medium", "large"};
    int kept = 1;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-n")) {
            *fresh = true;
            continue;
        }
        if (!strcmp(argv[i], "-t")) {
            stamping = true;
            continue;
        }
        if (strcmp(argv[i], "-z") != 0 || i + 1 == argc) {
            argv[kept++] = argv[i];
            continue;
        }
        int z = 0;
        while (z < 3 && strcmp(argv[i + 1], names[z]) != 0)
            z++;
        if (z == 3) {
            fprintf(stderr, "%s: -z takes small, medium or large\n", w->name);
            exit(2);
        }
        *size = w->sizes[z];
        i++;
    }
    argv[kept] = NULL;
    return kept;
}

int work_main(int argc, char **argv, const struct work *w) {
    int size = w->sizes[0];
    bool fresh = false;

    argc = take_options(argc, argv, w, &size, &fresh);
    struct ocl o = ocl_open(w->name, argc, argv, w->repetitions, stamping);
    if (o.repetitions > MAX_RUNS)
        o.repetitions = MAX_RUNS;
    double samples[MAX_RUNS];

    w->prepare(&o, (int)((long)size * o.scale / 100));
    double seen = first_result(&o, w, w->source) * 1e3;
    for (int r = 0; r < o.repetitions; r++) {
        double start = ocl_now();
        w->run(&o);
        samples[r] = (ocl_now() - start) * 1e3;
        compare(&o, w, false);
    }
    ocl_samples(&o, "run", "ms", "warm", samples, o.repetitions);
    ocl_samples(&o, "first result, seen program", "ms", "cold", &seen, 1);
    if (fresh) {
        char *source = new_source(w->source);
        double new_program = first_result(&o, w, source) * 1e3;
        free(source);
        ocl_samples(&o, "first result, new program", "ms", "cold", &new_program, 1);
    }
    compare(&o, w, true);
    ask_last_stamps();
    ocl_close(&o);
    return 0;
}

void work_kernel(cl_kernel *k, cl_program program, const char *name) {
    cl_int e;

    if (*k)
        ocl_must("clReleaseKernel", clReleaseKernel(*k));
    *k = clCreateKernel(program, name, &e);
    ocl_must(name, e);
}

void work_args(cl_kernel k, const char *kinds, ...) {
    va_list list;

    va_start(list, kinds);
    for (cl_uint i = 0; kinds[i]; i++) {
        cl_mem m;
        cl_uint u;
        cl_float f;

        switch (kinds[i]) {
        case 'm':
            m = va_arg(list, cl_mem);
            ocl_must("clSetKernelArg", clSetKernelArg(k, i, sizeof(cl_mem), &m));
            break;
        case 'f':
            f = (cl_float)va_arg(list, double);
            ocl_must("clSetKernelArg", clSetKernelArg(k, i, sizeof(f), &f));
            break;
        case 'l':
            ocl_must("clSetKernelArg", clSetKernelArg(k, i, (size_t)va_arg(list, int), NULL));
            break;
        default: /* i, u */
            u = va_arg(list, cl_uint);
            ocl_must("clSetKernelArg", clSetKernelArg(k, i, sizeof(u), &u));
            break;
        }
    }
    va_end(list);
}

static size_t whole(int n, int of) {
    return of > 0 ? ((size_t)n + (size_t)of - 1) / (size_t)of * (size_t)of : (size_t)n;
}

void work_launch(struct ocl *o, cl_kernel k, int global, int local) {
    size_t g = whole(global, local), l = (size_t)local;

    enqueue(o, k, 1, &g, local ? &l : NULL);
}

void work_launch_2d(struct ocl *o, cl_kernel k, int width, int height, int local_x, int local_y) {
    size_t g[2] = {whole(width, local_x), whole(height, local_y)};
    size_t l[2] = {(size_t)local_x, (size_t)local_y};

    enqueue(o, k, 2, g, local_x ? l : NULL);
}

void work_write(struct ocl *o, cl_mem m, const void *data, size_t bytes) {
    ocl_must("clEnqueueWriteBuffer",
             clEnqueueWriteBuffer(o->queue, m, CL_FALSE, 0, bytes, data, 0, NULL, NULL));
}

void work_read(struct ocl *o, cl_mem m, void *data, size_t bytes) {
    ocl_must("clEnqueueReadBuffer", clEnqueueReadBuffer(o->queue, m, CL_TRUE, 0, bytes, data, 0, NULL, NULL));
}

cl_mem work_buffer(struct ocl *o, size_t bytes) {
    return ocl_buffer(o, CL_MEM_READ_WRITE, bytes, NULL);
}

bool work_same(const float *a, const float *b, int n, double tolerance, double *sum) {
    bool same = true;

    *sum = 0;
    for (int i = 0; i < n; i++) {
        same = same && ocl_close_to(a[i], b[i], tolerance); /* false for what is no number */
        *sum += a[i];
    }
    return same;
}

bool work_same_ints(const int *a, const int *b, int n, double *sum) {
    *sum = 0;
    for (int i = 0; i < n; i++)
        *sum += a[i];
    return !memcmp(a, b, (size_t)n * sizeof(*a));
}
