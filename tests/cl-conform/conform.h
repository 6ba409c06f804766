// SPDX-License-Identifier: MIT
/*
 * The framework of cl-conform: an ordinary OpenCL program that observes an OpenCL implementation and writes
 * down what it saw, so that a transcript of the host's own driver and one taken in a guest can be compared
 * line by line.
 *
 * A case is a function without arguments. It uses the functions below; each writes one line:
 *
 *     ? what: ok | BAD ...    a rule of the specification, which must hold on any implementation
 *     = what: value           depends on the device; a guest must see what the host sees
 *     @ what: value           like "=", but the words of a compiler: comparable only if the same compiler
 * spoke ~ what: value           the implementation's free choice (or varies from run to run); never compared
 *
 * `what` must be the same in every run, and the order of lines too: a case never prints an address, a time or
 * the like in a "=" line, and prints from one thread. Cases of a group run one after the other in a process
 * of their own; a case that crashes or hangs costs only itself.
 *
 * A case ends with PASS (no BAD line), FAIL, or SKIP (the device lacks what the case is about).
 */
#ifndef TESTS_E2E_CONFORM_H
#define TESTS_E2E_CONFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 300
#endif
#define CL_USE_DEPRECATED_OPENCL_1_0_APIS
#define CL_USE_DEPRECATED_OPENCL_2_2_APIS
#include <CL/cl.h>
#include <CL/cl_ext.h>

struct test_case {
    const char *name;
    void (*run)(void);
    bool big;         /* runs only with --big: wants much memory or time */
    unsigned limit_s; /* seconds until it counts as hung; 0: the default */
};

#define CASE(function)                                                                                       \
    { .name = #function, .run = function }
#define BIG_CASE(function, seconds)                                                                          \
    { .name = #function, .run = function, .big = true, .limit_s = seconds }
#define LONG_CASE(function, seconds)                                                                         \
    { .name = #function, .run = function, .limit_s = seconds }
#define END_OF_CASES                                                                                         \
    { .name = NULL }

struct test_group {
    const char *name;
    const struct test_case *cases; /* ends with a NULL name */
};

/* ---- writing down what was seen
 * -------------------------------------------------------------------------------- */

void see(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));
void see_words(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));
void loose(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A rule of the specification. Returns ok. */
bool check(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The call must return one of the listed codes. EXPECT(clFinish(NULL), CL_INVALID_COMMAND_QUEUE); calls that
 * return their error through a pointer are written EXPECT((clCreateBuffer(..., &e), e), CL_INVALID_VALUE). */
#define EXPECT(call, ...)                                                                                    \
    expect_code(#call, (call), (const cl_int[]){__VA_ARGS__},                                                \
                sizeof((const cl_int[]){__VA_ARGS__}) / sizeof(cl_int))
bool expect_code(const char *what, cl_int got, const cl_int *allowed, size_t count);

/* The call must succeed; if it does not, the case ends here as FAIL. Only on the thread that runs the case.
 */
#define OK(call) must_succeed(#call, (call), __FILE__, __LINE__)
void must_succeed(const char *what, cl_int got, const char *file, int line);

/* Ends the case at once. */
void skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* One check for a whole array; a BAD line names the first difference. */
bool check_ints(const char *what, const cl_int *got, const cl_int *want, size_t count);
bool check_bytes(const char *what, const void *got, const void *want, size_t size);

/* ---- names and numbers
 * ------------------------------------------------------------------------------------------ */

const char *error_name(cl_int code);
uint64_t hash_bytes(const void *data, size_t size); /* FNV-1a: shows equality of results in a "=" line */
uint32_t prng(uint32_t *state);                     /* xorshift32, the same everywhere */
double now_s(void);                                 /* CLOCK_MONOTONIC */

/* ---- what most cases start from
 * ---------------------------------------------------------------------------------- */

/* The device under test: chosen by --platform and --device, else the first of the first platform. */
cl_platform_id the_platform(void);
cl_device_id the_device(void);

struct cl {
    cl_platform_id platform;
    cl_device_id device;
    cl_context ctx;
    cl_command_queue q; /* in-order, with profiling */
};

/* A fresh context and queue on the device under test. */
extern bool tell_driver; /* the next cl_open says which version of the driver this is, as a loose line */
struct cl cl_open(void);
struct cl cl_open_out_of_order(void); /* the same; skips the case if the device has no out-of-order queues */
void cl_close(struct cl *c);          /* finishes and releases both */

cl_command_queue queue_new(struct cl *c, cl_command_queue_properties properties);
/* Builds from source; ends the case as FAIL with the build log if that fails. */
cl_program program_new(struct cl *c, const char *source, const char *options);
cl_kernel kernel_new(struct cl *c, const char *source,
                     const char *name); /* the program lives as long as the kernel */
cl_mem buffer_new(struct cl *c, cl_mem_flags flags, size_t size, void *host_ptr);

bool device_has_extension(cl_device_id device, const char *name);
cl_uint device_uint(cl_device_id device, cl_device_info info);
cl_ulong device_ulong(cl_device_id device, cl_device_info info);
size_t device_size(cl_device_id device, cl_device_info info);
bool device_bool(cl_device_id device, cl_device_info info);
unsigned device_version(cl_device_id device); /* 300 for "OpenCL 3.0 ..." */
void need_images(struct cl *c);               /* skips the case if the device has none */
void need_out_of_order(struct cl *c);         /* the same for out-of-order queues */
cl_int event_status(cl_event event);
cl_uint refcount_of_mem(cl_mem mem);

/* Whether --big was given, and the arguments for programs that a case runs itself. */
bool run_big(void);

/* The argument of --platform, or "". */
const char *the_platform_argument(void);
/* By how much limits against hanging are multiplied, from 1 on. */
unsigned the_limit_scale(void);

/* Runs a function that is no case of its own but uses what cases use; 0 if nothing failed. */
int run_as_case(void (*run)(void));

/* What the program does when a case runs it again with "--helper NAME": see process.c. */
int helper_main(const char *name);

#endif
