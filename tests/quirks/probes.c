// SPDX-License-Identifier: MIT
#include "tests/quirks/quirks.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char source[] = "kernel void fill(global int *a) { a[get_global_id(0)] = 7; }";

/* A call that must not fail for the probe to say anything. */
static void need(cl_int r, const char *what) {
    if (r == CL_SUCCESS)
        return;
    printf("# %s: OpenCL error %d\n", what, r);
    exit(VERDICT_UNKNOWN);
}

static cl_kernel build(const struct probed *on, const char *text, const char *name, const char *options) {
    cl_int r;
    cl_program program = clCreateProgramWithSource(on->context, 1, &text, NULL, &r);
    need(r, "clCreateProgramWithSource");
    need(clBuildProgram(program, 1, &on->device, options, NULL, NULL), "clBuildProgram");
    cl_kernel kernel = clCreateKernel(program, name, &r);
    need(r, "clCreateKernel");
    return kernel;
}

/* An event of a kernel that waits for `wait`; NULL: for nothing. */
static cl_event enqueue(const struct probed *on, cl_event wait) {
    static cl_kernel kernel;
    size_t one = 1;
    cl_event event;
    cl_int r;

    if (!kernel) {
        kernel = build(on, source, "fill", "");
        cl_mem memory = clCreateBuffer(on->context, CL_MEM_READ_WRITE, 4, NULL, &r);
        need(r, "clCreateBuffer");
        need(clSetKernelArg(kernel, 0, sizeof memory, &memory), "clSetKernelArg");
    }
    need(clEnqueueNDRangeKernel(on->queue, kernel, 1, NULL, &one, NULL, wait ? 1 : 0, wait ? &wait : NULL,
                                &event),
         "clEnqueueNDRangeKernel");
    return event;
}

static cl_event user_event(const struct probed *on) {
    cl_int r;
    cl_event event = clCreateUserEvent(on->context, &r);
    need(r, "clCreateUserEvent");
    return event;
}

static cl_int status_of(cl_event event) {
    cl_int status = CL_QUEUED;
    need(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL),
         "clGetEventInfo");
    return status;
}

static void nap(void) {
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

/* ---- what depends on a failed event ---- */

static _Atomic int told;

static void CL_CALLBACK on_end(cl_event event, cl_int status, void *opaque) {
    (void)event;
    atomic_store((_Atomic int *)opaque, status < 0 ? 1 : 2);
}

/* Callbacks are registered on commands that fail because a user event does: on one that the driver has begun to wait with, and on
 * those that are handed to it when the event has failed already. False if one is told that it has not failed. */
static bool failures_are_told(const struct probed *on) {
    cl_event user = user_event(on), events[4];
    _Atomic int ends[4] = {0};
    bool failed = true;

    for (int i = 0; i < 4; i++) {
        events[i] = enqueue(on, user);
        if (i == 0)
            need(clFlush(on->queue), "clFlush");
    }
    need(clSetUserEventStatus(user, -5), "clSetUserEventStatus");
    need(clFlush(on->queue), "clFlush");
    for (int i = 0; i < 4; i++)
        need(clSetEventCallback(events[i], CL_COMPLETE, on_end, &ends[i]), "clSetEventCallback");
    for (int i = 0; i < 4; i++) {
        while (!atomic_load(&ends[i]))
            nap();
        failed = failed && atomic_load(&ends[i]) == 1;
        clReleaseEvent(events[i]);
    }
    clReleaseEvent(user);
    return failed;
}

/* Time and again: rusticl of Mesa 25 tells it mostly. */
static enum verdict failure_is_not_told(const struct probed *on) {
    for (int round = 0; round < 100; round++)
        if (!failures_are_told(on))
            return VERDICT_HOLDS;
    return VERDICT_GONE;
}

/* A command is enqueued to wait for one that has failed already. */
static enum verdict waits_for_the_failed(const struct probed *on) {
    cl_event user = user_event(on), first = enqueue(on, user), event;
    cl_kernel kernel = build(on, source, "fill", "");
    size_t one = 1;
    cl_int r;

    need(clFlush(on->queue), "clFlush");
    need(clSetUserEventStatus(user, -5), "clSetUserEventStatus");
    while (status_of(first) >= CL_COMPLETE)
        if (status_of(first) == CL_COMPLETE)
            return VERDICT_UNKNOWN;
    cl_mem memory = clCreateBuffer(on->context, CL_MEM_READ_WRITE, 4, NULL, &r);
    need(r, "clCreateBuffer");
    need(clSetKernelArg(kernel, 0, sizeof memory, &memory), "clSetKernelArg");
    r = clEnqueueNDRangeKernel(on->queue, kernel, 1, NULL, &one, NULL, 1, &first, &event);
    if (r != CL_SUCCESS)
        return VERDICT_GONE;
    clFlush(on->queue);
    clWaitForEvents(1, &event);
    return status_of(event) < 0 ? VERDICT_GONE : VERDICT_HOLDS;
}

/* ---- clFinish ---- */

static cl_event held;
static _Atomic bool finished;

static void *let_go(void *opaque) {
    const struct probed *on = opaque;
    for (int i = 0; i < (on->expected ? 3000 : 100) && !atomic_load(&finished); i++)
        nap();
    clSetUserEventStatus(held, CL_COMPLETE);
    return NULL;
}

/* A user event holds a command up for as long as clFinish does not come back: for a second, or, where it should
 * come back, for half a minute. */
static enum verdict finish_ignores_user_events(const struct probed *on) {
    pthread_t thread;
    held = user_event(on);
    cl_event event = enqueue(on, held);

    clFlush(on->queue);
    if (pthread_create(&thread, NULL, let_go, (void *)on) != 0)
        return VERDICT_UNKNOWN;
    clFinish(on->queue);
    cl_int status = status_of(event);
    atomic_store(&finished, true);
    pthread_join(thread, NULL);
    return status == CL_COMPLETE ? VERDICT_GONE : VERDICT_HOLDS;
}

/* The queue was flushed, which lets Oclgrind run the command at once; then somebody wants to be called. */
static enum verdict late_callbacks_are_lost(const struct probed *on) {
    cl_event event = enqueue(on, NULL);

    need(clFlush(on->queue), "clFlush");
    need(clSetEventCallback(event, CL_COMPLETE, on_end, &told), "clSetEventCallback");
    while (!atomic_load(&told))
        nap();
    return VERDICT_GONE;
}

/* ---- compiling ---- */

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A run of a kernel: CPU time until the driver says that it runs, and until it has ended. */
struct run {
    double before, all;
};

static struct run run_for(const struct probed *on, cl_kernel kernel, cl_int rounds) {
    size_t size = 16;
    cl_event event;

    need(clSetKernelArg(kernel, 1, sizeof rounds, &rounds), "clSetKernelArg");
    need(clEnqueueNDRangeKernel(on->queue, kernel, 1, NULL, &size, &size, 0, NULL, &event), "enqueue");
    double start = cpu_s();
    need(clFlush(on->queue), "clFlush");
    while (status_of(event) > CL_RUNNING)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    double runs = cpu_s();
    clFinish(on->queue);
    clReleaseEvent(event);
    return (struct run){runs - start, cpu_s() - start};
}

/* A kernel of many parts between barriers, which take a compiler a while; it may be told to run for long. */
static enum verdict compiles_when_run(const struct probed *on) {
    static const char text[] =
        "#define A barrier(CLK_LOCAL_MEM_FENCE); x = x * 3 + y; if (x > y) a[x & 63] = y;\n"
        "#define B A A A A A A A A A A\n"
        "kernel void many(global int *a, int rounds) { int x = a[get_global_id(0)], y = a[1];\n"
        "B B B B B B B B for (int i = 0; i < rounds; i++) x = x * 1103515245 + a[x & 63]; a[2] = x; }";
    cl_kernel kernel = build(on, text, "many", "");
    cl_int r;

    cl_mem memory = clCreateBuffer(on->context, CL_MEM_READ_WRITE, 4096, NULL, &r);
    need(r, "clCreateBuffer");
    need(clSetKernelArg(kernel, 0, sizeof memory, &memory), "clSetKernelArg");
    struct run first = run_for(on, kernel, 1), again = run_for(on, kernel, 1);
    if (first.before < 0.05 || first.before < 5 * again.before)
        return VERDICT_GONE;
    struct run longer = run_for(on, kernel, 5000000);
    return longer.before < longer.all / 2 ? VERDICT_HOLDS : VERDICT_GONE;
}

/* ---- signals ---- */

static enum verdict answers_sigfpe(const struct probed *on) {
    struct sigaction old;

    clWaitForEvents(1, (cl_event[]){enqueue(on, NULL)});
    sigaction(SIGFPE, NULL, &old);
    return old.sa_handler == SIG_DFL ? VERDICT_GONE : VERDICT_HOLDS;
}

/* ---- programs ---- */

static cl_program program_of(cl_kernel kernel) {
    cl_program program;
    need(clGetKernelInfo(kernel, CL_KERNEL_PROGRAM, sizeof program, &program, NULL), "CL_KERNEL_PROGRAM");
    return program;
}

/* A kernel's name is longer than a file's may be. */
static enum verdict long_names_end_it(const struct probed *on) {
    char name[301] = "", text[400];
    unsigned char *bytes;
    size_t size;

    memset(name, 'k', sizeof name - 1);
    snprintf(text, sizeof text, "kernel void %s(global int *a) { a[0] = 1; }", name);
    cl_program program = program_of(build(on, text, name, ""));
    need(clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL),
         "CL_PROGRAM_BINARY_SIZES");
    bytes = calloc(1, size + 1);
    if (!bytes)
        return VERDICT_UNKNOWN;
    need(clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof bytes, &bytes, NULL), "CL_PROGRAM_BINARIES");
    free(bytes);
    return VERDICT_GONE;
}

static bool tells_of_arguments(cl_kernel kernel) {
    char name[64] = "";
    return clGetKernelArgInfo(kernel, 0, CL_KERNEL_ARG_NAME, sizeof name, name, NULL) == CL_SUCCESS &&
           strcmp(name, "a") == 0;
}

static cl_kernel linked(const struct probed *on, const char *options) {
    const char *text = source;
    cl_int r;
    cl_program compiled = clCreateProgramWithSource(on->context, 1, &text, NULL, &r);
    need(r, "clCreateProgramWithSource");
    need(clCompileProgram(compiled, 1, &on->device, "-cl-kernel-arg-info", 0, NULL, NULL, NULL, NULL),
         "clCompileProgram");
    cl_program program = clLinkProgram(on->context, 1, &on->device, options, 1, &compiled, NULL, NULL, &r);
    need(r, "clLinkProgram");
    cl_kernel kernel = clCreateKernel(program, "fill", &r);
    need(r, "clCreateKernel");
    return kernel;
}

/* A program is linked with no options, and with none at all. */
static enum verdict options_hide_arguments(const struct probed *on) {
    bool with_none = tells_of_arguments(linked(on, NULL)), with_empty = tells_of_arguments(linked(on, ""));
    return with_empty ? VERDICT_GONE : with_none ? VERDICT_HOLDS : VERDICT_UNKNOWN;
}

const struct probe probes[] = {
    {"failure-is-not-told", failure_is_not_told, 0, VERDICT_HOLDS},
    {"waits-for-the-failed", waits_for_the_failed, 0, VERDICT_HOLDS},
    {"finish-ignores-user-events", finish_ignores_user_events, 0, VERDICT_UNKNOWN},
    {"late-callbacks-are-lost", late_callbacks_are_lost, 0, VERDICT_HOLDS},
    {"compiles-when-run", compiles_when_run, 0, 0},
    {"answers-sigfpe", answers_sigfpe, 0, 0},
    {"long-names-end-it", long_names_end_it, VERDICT_HOLDS, 0},
    {"options-hide-arguments", options_hide_arguments, 0, 0},
    {.name = NULL},
};
