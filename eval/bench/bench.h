// SPDX-License-Identifier: MIT
/*
 * bench: measures single OpenCL calls. A plain OpenCL program; who compares it with what is eval/runner's
 * business. Before all but `burn`: [-p PLATFORM] [-d DEVICE] [-r PERCENT] [-l LOOPS].
 *
 *     bench ROW...        measures the named rows, see rows.c; "list" names them
 *     bench follow        measures the row that each line of standard input names, as it comes (an
 *                         empty line: nothing), and prints {"done":ROW} after it: for taking turns with
 *                         another one
 *     bench small SALT    a small program from start to exit: builds one kernel, runs it, reads 4 KiB
 *     bench rate SECONDS  null kernels for so long, from the moment that standard input ends
 *     bench share US SECONDS PERIOD_US [MIB]   kernels of so many microseconds on all cores, each PERIOD_US one, or as
 *                         many as it gets (0), from the moment that standard input ends; prints how many. With so much
 *                         memory beside
 *     bench outlive US SIGNAL   such kernels, as many as it gets; sends the signal to each process that a line of
 *                         standard input names while that has the device, and prints how long until a kernel of its own has
 *                         ended: {"us":N}, or {"missed":PID} where nobody had the device for 30 ms
 *     bench loops         how many loops of the busy kernel take one millisecond
 *     bench count CALLS   so many kernels with an argument each, and nothing that depends on time
 *     bench burn          uses one core until killed
 *
 * Each row prints one JSON line:
 * {"row":"null","unit":"us","better":"lower","median":7.5,"p99":9.1,"min":6.9,"samples":2000}
 */
#ifndef EVAL_BENCH_BENCH_H
#define EVAL_BENCH_BENCH_H

#include "eval/lib/ocl.h"

struct bench {
    struct ocl o;
    int percent;  /* of each row's default number of samples */
    double loops; /* of the busy kernel, for one millisecond; 0: not given */
};

struct bench_row {
    const char *name;
    void (*measure)(struct bench *b);
};
extern const struct bench_row bench_rows[]; /* ends with a NULL name */

/* programs.c: carries out what stands behind `bench program`, and prints nothing. */
void bench_program(struct bench *b, char *const *arguments, int count);

/* share.c: carry out `bench share` and `bench outlive`. */
void bench_share(struct bench *b, double us, double seconds, double period_us, int mib);
void bench_outlive(struct bench *b, double us, int number);

/* Samples of one row. */
struct samples {
    double *v; /* seconds */
    int count, room;
};
struct samples samples_new(const struct bench *b, int count);
void samples_add(struct samples *s, double seconds);
/* Prints the row and frees the samples. `unit` is one of s, ms, us, ns, or GB/s with `bytes` moved per
 * sample. */
void samples_print(struct samples *s, const char *row, const char *unit, double bytes);

/* A kernel with the given text, whose first argument is a buffer of `size` bytes that `mem` receives. */
cl_kernel bench_kernel(struct bench *b, const char *source, size_t size, cl_mem *mem);
void bench_enqueue(struct bench *b, cl_kernel k, size_t global);

/* Text of a kernel `salted` that no cache has seen; `lines` says roughly how long. Freed by the caller. */
char *bench_source(unsigned salt, int lines);
unsigned bench_salt(void);

#endif
