// SPDX-License-Identifier: MIT
/*
 * Programs near the limits that are set for their process: all descriptors in use (a server with many connections),
 * little room for addresses or memory, threads with small stacks. Limits are put back at the end of each case.
 */
#include "conform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

/* Buffers of sizes that are new to the driver, each used. */
static void use_buffers(struct cl *c, const char *when) {
    enum { COUNT = 20 };
    cl_mem all[COUNT];
    int good = 0, made = 0;
    for (cl_int i = 0; i < COUNT; i++) {
        cl_int e, got = -1;
        cl_mem m = all[i] = clCreateBuffer(c->ctx, CL_MEM_READ_WRITE, (size_t)(300 + 40 * i) << 10, NULL, &e);
        if (e != CL_SUCCESS)
            break;
        made++;
        good += clEnqueueFillBuffer(c->q, m, &i, 4, 0, 4096, 0, NULL, NULL) == CL_SUCCESS &&
                clEnqueueReadBuffer(c->q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL) == CL_SUCCESS && got == i;
    }
    check(good == COUNT, "%s", when);
    while (made > 0)
        OK(clReleaseMemObject(all[--made]));
}

/* Takes every descriptor below `limit`; false if the limit could not be set. */
static bool use_up(const struct rlimit *limit, int *fds, int room, int *count) {
    *count = 0;
    if (setrlimit(RLIMIT_NOFILE, limit) < 0)
        return false;
    while (*count < room && (fds[*count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        (*count)++;
    return errno == EMFILE;
}

static void no_descriptors_left(void) {
    enum { MOST = 200 };
    struct cl c = cl_open();
    struct rlimit before;
    int fds[MOST], count;

    if (getrlimit(RLIMIT_NOFILE, &before) < 0)
        fail("no limit");
    const struct rlimit soft = {MOST, before.rlim_max};
    check(use_up(&soft, fds, MOST, &count), "all are in use");
    use_buffers(&c, "buffers where the soft limit is reached");
    while (count > 0)
        close(fds[--count]);
    setrlimit(RLIMIT_NOFILE, &before);
    cl_close(&c);
}

static void little_address_space(void) {
    static const size_t sizes[] = {75, 100, 50, 112, 25, 105};
    struct cl c = cl_open();
    struct rlimit before;
    unsigned long pages = 0;
    int good = 0;
    cl_int one = 1;

    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%lu", &pages) != 1 || getrlimit(RLIMIT_AS, &before) < 0)
        fail("no limit");
    fclose(f);
    const struct rlimit limit = {pages * 4096 + ((rlim_t)150 << 20), before.rlim_max};
    if (setrlimit(RLIMIT_AS, &limit) < 0)
        skip("no such limit");
    /* One at a time: each fits. */
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        cl_int e;
        cl_mem m = clCreateBuffer(c.ctx, CL_MEM_READ_WRITE, sizes[i] << 20, NULL, &e);
        if (e != CL_SUCCESS)
            continue;
        good += clEnqueueFillBuffer(c.q, m, &one, 4, 0, 4096, 0, NULL, NULL) == CL_SUCCESS &&
                clFinish(c.q) == CL_SUCCESS;
        OK(clReleaseMemObject(m));
    }
    setrlimit(RLIMIT_AS, &before);
    check(good == sizeof(sizes) / sizeof(sizes[0]), "each of the buffers");
    cl_close(&c);
}

/* ---- small stacks ---- */

/* Under a sanitizer each function's variables take some more. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SMALL_STACK (8 * PTHREAD_STACK_MIN)
#else
#define SMALL_STACK PTHREAD_STACK_MIN
#endif

struct small {
    struct cl *c;
    cl_kernel k;
    cl_mem m;
    cl_int wrong;
};

static void *work(void *opaque) {
    struct small *s = opaque;
    cl_int e, three = 3, got = 0;
    cl_event written, run;
    const size_t one = 1;

    s->wrong += clSetKernelArg(s->k, 0, sizeof(s->m), &s->m) != CL_SUCCESS;
    s->wrong += clEnqueueWriteBuffer(s->c->q, s->m, CL_FALSE, 0, 4, &three, 0, NULL, &written) != CL_SUCCESS;
    s->wrong += clEnqueueNDRangeKernel(s->c->q, s->k, 1, NULL, &one, NULL, 1, &written, &run) != CL_SUCCESS;
    s->wrong += clWaitForEvents(1, &run) != CL_SUCCESS;
    s->wrong +=
        clEnqueueReadBuffer(s->c->q, s->m, CL_TRUE, 0, 4, &got, 0, NULL, NULL) != CL_SUCCESS || got != 4;
    void *p = clEnqueueMapBuffer(s->c->q, s->m, CL_TRUE, CL_MAP_WRITE, 0, 64, 0, NULL, NULL, &e);
    s->wrong += e != CL_SUCCESS || clEnqueueUnmapMemObject(s->c->q, s->m, p, 0, NULL, NULL) != CL_SUCCESS;
    s->wrong += clFinish(s->c->q) != CL_SUCCESS;
    clReleaseEvent(written);
    clReleaseEvent(run);
    return NULL;
}

static void smallest_stack(void) {
    struct cl c = cl_open();
    struct small s = {&c, kernel_new(&c, "kernel void k(global int *x) { x[0]++; }", "k"),
                      buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL), 0};
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    if (pthread_attr_setstacksize(&attributes, SMALL_STACK) != 0 ||
        pthread_create(&thread, &attributes, work, &s) != 0)
        fail("no thread");
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    check(s.wrong == 0, "every call of a thread with %d bytes of stack", (int)SMALL_STACK);
    OK(clReleaseKernel(s.k));
    OK(clReleaseMemObject(s.m));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(no_descriptors_left),
    CASE(little_address_space),
    LONG_CASE(smallest_stack, 60),
    END_OF_CASES,
};

const struct test_group group_limits = {"limits", cases};
