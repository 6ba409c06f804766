// SPDX-License-Identifier: MIT
/*
 * What the OpenCL programs of eval share: choosing a device, building, timing, and saying what came out.
 *
 * They are plain OpenCL programs: they know the standard loader and nothing of what lies behind it. Each
 * takes -p N   index of the platform (default: see ocl_open)      -d N   index of the device on it -r N
 * repetitions (default: the program's own)           -s N   percent of the default problem size and prints
 * one JSON object per line on standard output:
 *     {"program":"sgemm","metric":"gflops","unit":"GFLOP/s","better":"higher","value":12.3}
 *     {"program":"bfs","metric":"run","unit":"ms","better":"lower","phase":"warm","value":1.5,"samples":[...]}
 *     {"program":"sgemm","check":"ok","hash":"90a1...","sum":1.25}
 * Any OpenCL error ends the program with a sentence on standard error and exit status 1; wrong results with
 * status 3.
 */
#ifndef EVAL_LIB_OCL_H
#define EVAL_LIB_OCL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CL/cl.h>

struct ocl {
    const char *program; /* name in the JSON lines */
    int repetitions;
    int scale; /* percent */
    cl_platform_id platform;
    cl_device_id device;
    cl_context context;
    cl_command_queue queue; /* in order, profiling enabled if asked for */
};

/* Reads the arguments and opens context and queue. Without -p the first platform that has a device of the
 * kinds GPU or accelerator is taken, else the first that has any device. */
struct ocl ocl_open(const char *program, int argc, char **argv, int repetitions, bool profiling);
void ocl_close(struct ocl *o);

/* Builds; on failure prints the build log and exits. */
cl_program ocl_build(struct ocl *o, const char *source, const char *options);
cl_kernel ocl_kernel(struct ocl *o, const char *source, const char *name);
cl_mem ocl_buffer(struct ocl *o, cl_mem_flags flags, size_t size, void *host);
/* Waits until the queue is empty. */
void ocl_finish(struct ocl *o);
/* Run time of a finished event on the device, seconds. */
double ocl_event_seconds(cl_event event);

/* Zeroed memory of `size` bytes (at least 1); ends the program if there is none. */
void *ocl_alloc(size_t size);

/* Ends the program if `error` is one; `what` is the call. */
void ocl_must(const char *what, cl_int error);

/* Seconds of CLOCK_MONOTONIC. */
double ocl_now(void);

/* Sorts `v` and returns its median; `p` of ocl_quantile is in 0..1 over sorted values. */
double ocl_median(double *v, int n);
double ocl_quantile(const double *sorted, int n, double p);

/* Prints a metric. `better` is "higher" or "lower". */
void ocl_metric(struct ocl *o, const char *metric, const char *unit, const char *better, double value);

/* The same of several samples, of which the value is the median: the lower the better. `phase` is "warm" or
 * "cold". */
void ocl_samples(struct ocl *o, const char *metric, const char *unit, const char *phase,
                 const double *samples, int n);

/* Prints the check line: FNV-1a of the result's bytes, and its sum as a number that tolerates other rounding.
 * Ends the program with status 3 if !ok. */
void ocl_check(struct ocl *o, bool ok, const void *result, size_t size, double sum);

/* |a - b| <= tolerance * max(1, |b|) */
bool ocl_close_to(double a, double b, double tolerance);

/* A small deterministic generator: the same numbers on every machine. Returns values in [0, 1). */
float ocl_random(uint32_t *state);

#endif
