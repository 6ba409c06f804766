// SPDX-License-Identifier: MIT
#include "eval/lib/ocl.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_PLATFORMS 32
#define MAX_DEVICES 64

static const char *the_program = "?";

static void fail(const char *sentence) {
    fprintf(stderr, "%s: %s\n", the_program, sentence);
    exit(1);
}

void ocl_must(const char *what, cl_int error) {
    if (error == CL_SUCCESS)
        return;
    fprintf(stderr, "%s: %s: OpenCL error %d\n", the_program, what, error);
    exit(1);
}

void *ocl_alloc(size_t size) {
    void *p = calloc(1, size ? size : 1);

    if (!p)
        fail("out of memory");
    return p;
}

static void choose_device(struct ocl *o, int platform_index, int device_index) {
    cl_platform_id platforms[MAX_PLATFORMS];
    cl_device_id devices[MAX_DEVICES];
    cl_uint platform_count = 0, count = 0;

    if (clGetPlatformIDs(MAX_PLATFORMS, platforms, &platform_count) != CL_SUCCESS || platform_count == 0)
        fail("there is no OpenCL platform");
    if (platform_count > MAX_PLATFORMS)
        platform_count = MAX_PLATFORMS;
    if (platform_index >= 0) {
        if ((cl_uint)platform_index >= platform_count)
            fail("there is no platform with that index");
        o->platform = platforms[platform_index];
    }
    const cl_device_type kinds[] = {CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_ACCELERATOR, CL_DEVICE_TYPE_ALL};
    for (size_t k = 0; k < 2 && !o->platform; k++)
        for (cl_uint i = 0; i < platform_count && !o->platform; i++)
            if (clGetDeviceIDs(platforms[i], kinds[k], 0, NULL, &count) == CL_SUCCESS && count > 0)
                o->platform = platforms[i];
    if (!o->platform)
        fail("no OpenCL platform has a device");

    count = 0;
    ocl_must("clGetDeviceIDs", clGetDeviceIDs(o->platform, CL_DEVICE_TYPE_ALL, MAX_DEVICES, devices, &count));
    if (count > MAX_DEVICES)
        count = MAX_DEVICES;
    if (device_index < 0 || (cl_uint)device_index >= count)
        fail("the platform has no device with that index");
    o->device = devices[device_index];
}

struct ocl ocl_open(const char *program, int argc, char **argv, int repetitions, bool profiling) {
    struct ocl o = {.program = program, .repetitions = repetitions, .scale = 100};
    int platform = -1, device = 0, option;
    cl_int e;

    the_program = program;
    while ((option = getopt(argc, argv, "p:d:r:s:")) != -1) {
        switch (option) {
        case 'p':
            platform = atoi(optarg);
            break;
        case 'd':
            device = atoi(optarg);
            break;
        case 'r':
            o.repetitions = atoi(optarg);
            break;
        case 's':
            o.scale = atoi(optarg);
            break;
        default:
            exit(2);
        }
    }
    if (o.repetitions < 1 || o.scale < 1)
        fail("-r and -s take positive numbers");
    choose_device(&o, platform, device);
    o.context = clCreateContext(NULL, 1, &o.device, NULL, NULL, &e);
    ocl_must("clCreateContext", e);
    o.queue = clCreateCommandQueue(o.context, o.device, profiling ? CL_QUEUE_PROFILING_ENABLE : 0, &e);
    ocl_must("clCreateCommandQueue", e);
    return o;
}

void ocl_close(struct ocl *o) {
    ocl_must("clReleaseCommandQueue", clReleaseCommandQueue(o->queue));
    ocl_must("clReleaseContext", clReleaseContext(o->context));
    fflush(stdout);
}

cl_program ocl_build(struct ocl *o, const char *source, const char *options) {
    cl_int e;
    cl_program p = clCreateProgramWithSource(o->context, 1, &source, NULL, &e);

    ocl_must("clCreateProgramWithSource", e);
    e = clBuildProgram(p, 1, &o->device, options, NULL, NULL);
    if (e != CL_SUCCESS) {
        char log[8192] = "";

        clGetProgramBuildInfo(p, o->device, CL_PROGRAM_BUILD_LOG, sizeof(log), log, NULL);
        fprintf(stderr, "%s\n", log);
        ocl_must("clBuildProgram", e);
    }
    return p;
}

cl_kernel ocl_kernel(struct ocl *o, const char *source, const char *name) {
    cl_int e;
    cl_program p = ocl_build(o, source, "");
    cl_kernel k = clCreateKernel(p, name, &e);

    ocl_must("clCreateKernel", e);
    ocl_must("clReleaseProgram", clReleaseProgram(p));
    return k;
}

cl_mem ocl_buffer(struct ocl *o, cl_mem_flags flags, size_t size, void *host) {
    cl_int e;
    cl_mem m = clCreateBuffer(o->context, flags | (host ? CL_MEM_COPY_HOST_PTR : 0), size, host, &e);

    ocl_must("clCreateBuffer", e);
    return m;
}

void ocl_finish(struct ocl *o) {
    ocl_must("clFinish", clFinish(o->queue));
}

double ocl_event_seconds(cl_event event) {
    cl_ulong start = 0, end = 0;

    ocl_must("clGetEventProfilingInfo",
             clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof(start), &start, NULL));
    ocl_must("clGetEventProfilingInfo",
             clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof(end), &end, NULL));
    return (double)(end - start) * 1e-9;
}

double ocl_now(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double ocl_median(double *v, int n) {
    qsort(v, (size_t)n, sizeof(*v), by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

double ocl_quantile(const double *sorted, int n, double p) {
    int i = (int)(p * (n - 1) + 0.5);

    return sorted[i < 0 ? 0 : i >= n ? n - 1 : i];
}

void ocl_metric(struct ocl *o, const char *metric, const char *unit, const char *better, double value) {
    printf("{\"program\":\"%s\",\"metric\":\"%s\",\"unit\":\"%s\",\"better\":\"%s\",\"value\":%.9g}\n",
           o->program, metric, unit, better, value);
}

void ocl_samples(struct ocl *o, const char *metric, const char *unit, const char *phase,
                 const double *samples, int n) {
    double *sorted = ocl_alloc((size_t)n * sizeof(*sorted));

    memcpy(sorted, samples, (size_t)n * sizeof(*sorted));
    printf("{\"program\":\"%s\",\"metric\":\"%s\",\"unit\":\"%s\",\"better\":\"lower\",\"phase\":\"%s\","
           "\"value\":%.9g,\"samples\":[",
           o->program, metric, unit, phase, ocl_median(sorted, n));
    for (int i = 0; i < n; i++)
        printf("%s%.6g", i ? "," : "", samples[i]);
    printf("]}\n");
    free(sorted);
}

void ocl_check(struct ocl *o, bool ok, const void *result, size_t size, double sum) {
    const unsigned char *bytes = result;
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    printf("{\"program\":\"%s\",\"check\":\"%s\",\"hash\":\"%016llx\",\"sum\":%.9g}\n", o->program,
           ok ? "ok" : "wrong", (unsigned long long)hash, isfinite(sum) ? sum : 0.0);
    fflush(stdout);
    if (!ok) {
        fprintf(stderr, "%s: the results are wrong\n", o->program);
        exit(3);
    }
}

bool ocl_close_to(double a, double b, double tolerance) {
    double scale = fabs(b) > 1 ? fabs(b) : 1;

    return fabs(a - b) <= tolerance * scale;
}

float ocl_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * (1.0f / 16777216.0f);
}
