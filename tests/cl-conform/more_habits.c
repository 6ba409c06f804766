// SPDX-License-Identifier: MIT
/*
 * What programs do that other people's bug trackers tell of: each case names where its kind was met. Objects released
 * in callbacks, waits for what a callback sets off, maps upon maps, lists with an event in them twice, empty
 * transfers, many threads.
 */
#include "conform.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_int calls;

static bool come_to(int count) {
    for (double end = now_s() + 30; now_s() < end && atomic_load(&calls) < count;)
        usleep(1000);
    return atomic_load(&calls) >= count;
}

static void CL_CALLBACK release_it(cl_event event, cl_int status, void *data) {
    (void)status, (void)data;
    clReleaseEvent(event);
    atomic_fetch_add(&calls, 1);
}

/* The callback of an event that has ended drops the last reference to it (ROCm rocm-systems 1345, pocl 1431). */
static void event_released_in_its_callback(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL);
    cl_int e, one = 1;

    atomic_store(&calls, 0);
    for (int i = 0; i < 50; i++) {
        cl_event done, user = clCreateUserEvent(c.ctx, &e), late = clCreateUserEvent(c.ctx, &e);
        OK(e);
        OK(clEnqueueFillBuffer(c.q, m, &one, 4, 0, 64, 0, NULL, &done));
        if (i % 2 == 0)
            OK(clFinish(c.q));
        OK(clSetEventCallback(done, CL_COMPLETE, release_it, NULL));
        OK(clSetUserEventStatus(user, CL_COMPLETE));
        OK(clSetEventCallback(user, CL_COMPLETE, release_it, NULL));
        OK(clSetEventCallback(late, CL_COMPLETE, release_it, NULL));
        OK(clSetUserEventStatus(late, CL_COMPLETE));
        OK(clFlush(c.q));
    }
    OK(clFinish(c.q));
    check(come_to(150), "all have been called");
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void CL_CALLBACK set_it(cl_event event, cl_int status, void *data) {
    (void)event, (void)status;
    clSetUserEventStatus(data, CL_COMPLETE);
    atomic_fetch_add(&calls, 1);
}

/* A callback opens what the next command waits for, over and over (pocl 506, chipStar 1090). */
static void callback_sets_off_the_next(void) {
    enum { STEPS = 40 };
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, 4 * STEPS, NULL);
    cl_int e, got[STEPS] = {0};
    cl_event gate[STEPS], done[STEPS];
    cl_command_queue second = queue_new(&c, 0);
    bool right = true;

    atomic_store(&calls, 0);
    for (cl_int i = 0; i < STEPS; i++) {
        gate[i] = clCreateUserEvent(c.ctx, &e);
        OK(e);
    }
    for (cl_int i = 0; i < STEPS; i++) {
        cl_command_queue q = i % 2 == 0 ? c.q : second;
        OK(clEnqueueFillBuffer(q, m, &i, 4, 4 * (size_t)i, 4, 1, &gate[i], &done[i]));
        if (i + 1 < STEPS)
            OK(clSetEventCallback(done[i], CL_COMPLETE, set_it, gate[i + 1]));
        OK(clFlush(q));
    }
    OK(clSetUserEventStatus(gate[0], CL_COMPLETE));
    OK(clWaitForEvents(1, &done[STEPS - 1]));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    for (cl_int i = 0; i < STEPS; i++)
        right = right && got[i] == i;
    check(right, "one after the other");
    check(come_to(STEPS - 1), "by callbacks");
    OK(clReleaseCommandQueue(second));
    for (cl_int i = 0; i < STEPS; i++) {
        OK(clReleaseEvent(gate[i]));
        OK(clReleaseEvent(done[i]));
    }
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* A marker behind a command that has ended, and its callback opens what is waited for (OpenCL-Docs 1067). */
static void marker_behind_what_has_ended(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL);
    cl_int e, one = 1;
    cl_event first, marker, finish = clCreateUserEvent(c.ctx, &e);

    OK(e);
    atomic_store(&calls, 0);
    OK(clEnqueueFillBuffer(c.q, m, &one, 4, 0, 64, 0, NULL, &first));
    OK(clWaitForEvents(1, &first));
    OK(clEnqueueMarkerWithWaitList(c.q, 1, &first, &marker));
    OK(clSetEventCallback(marker, CL_COMPLETE, set_it, finish));
    OK(clFlush(c.q));
    OK(clWaitForEvents(1, &finish));
    check(event_status(marker) == CL_COMPLETE, "the marker has ended");
    OK(clReleaseEvent(first));
    OK(clReleaseEvent(marker));
    OK(clReleaseEvent(finish));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* One event several times in a list, and lists of very many. */
static void long_and_repeating_lists(void) {
    enum { MANY = 2000 };
    static cl_event events[MANY];
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL);
    cl_int one = 1;
    cl_event last;

    OK(clEnqueueFillBuffer(c.q, m, &one, 4, 0, 64, 0, NULL, &events[0]));
    for (int i = 1; i < MANY; i++)
        events[i] = events[0];
    OK(clEnqueueFillBuffer(c.q, m, &one, 4, 0, 64, MANY, events, &last));
    OK(clWaitForEvents(MANY, events));
    OK(clWaitForEvents(1, &last));
    OK(clReleaseEvent(events[0]));
    OK(clReleaseEvent(last));
    for (int i = 0; i < MANY; i++)
        OK(clEnqueueFillBuffer(c.q, m, &i, 4, 0, 64, 0, NULL, &events[i]));
    OK(clEnqueueFillBuffer(c.q, m, &one, 4, 0, 64, MANY, events, &last));
    OK(clWaitForEvents(1, &last));
    OK(clWaitForEvents(MANY, events));
    check(event_status(last) == CL_COMPLETE, "all have ended");
    for (int i = 0; i < MANY; i++)
        OK(clReleaseEvent(events[i]));
    OK(clReleaseEvent(last));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Two maps of one place, of different sizes, and many that are never unmapped (OpenCL-Docs 165, openpilot 1397). */
static void maps_upon_maps(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, 1 << 16, NULL);
    cl_int e;
    cl_uint count = 99;
    bool all_same = true;

    char *first = clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_READ, 1024, 1024, 0, NULL, NULL, &e);
    OK(e);
    char *second = clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_READ, 1024, 2048, 0, NULL, NULL, &e);
    OK(e);
    OK(clGetMemObjectInfo(m, CL_MEM_MAP_COUNT, sizeof(count), &count, NULL));
    check(count == 2, "two maps");
    OK(clEnqueueUnmapMemObject(c.q, m, second, 0, NULL, NULL));
    OK(clEnqueueUnmapMemObject(c.q, m, first, 0, NULL, NULL));
    OK(clFinish(c.q));
    OK(clGetMemObjectInfo(m, CL_MEM_MAP_COUNT, sizeof(count), &count, NULL));
    check(count == 0, "none");
    for (int i = 0; i < 3000; i++) {
        char *p = clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_WRITE, 0, 1 << 16, 0, NULL, NULL, &e);
        OK(e);
        if (i == 0)
            first = p;
        all_same = all_same && p == first;
        p[i] = 1;
    }
    see("always the same pointer", "%d", all_same);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Nothing to transfer is nothing to complain about, since OpenCL 2.1 (OpenCL-Docs 1072). */
static void empty_transfers(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL), o = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL);
    char memory[64] = {0};
    cl_event e = NULL;

    see("read", "%s", error_name(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 0, memory, 0, NULL, NULL)));
    see("write", "%s", error_name(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, 0, memory, 0, NULL, NULL)));
    see("write at the end", "%s",
        error_name(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 64, 0, memory, 0, NULL, NULL)));
    loose("copy", "%s", error_name(clEnqueueCopyBuffer(c.q, m, o, 0, 0, 0, 0, NULL, NULL)));
    see("fill", "%s", error_name(clEnqueueFillBuffer(c.q, m, memory, 4, 0, 0, 0, NULL, &e)));
    if (e) {
        OK(clWaitForEvents(1, &e));
        OK(clReleaseEvent(e));
    }
    OK(clFinish(c.q));
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

/* The context goes first, everything else in any order (BabelStream 81, clvk 531). */
static void context_released_first(void) {
    struct cl c = cl_open();
    cl_int e, got[16] = {0};
    cl_program p = program_new(&c, "kernel void k(global int *x) { x[get_global_id(0)] = 7; }", "");
    cl_kernel k = clCreateKernel(p, "k", &e);
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL);
    const size_t n = 16;

    OK(e);
    OK(clReleaseContext(c.ctx));
    OK(clReleaseProgram(p));
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
    OK(clReleaseKernel(k));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 64, got, 0, NULL, NULL));
    check(got[15] == 7, "it ran");
    OK(clReleaseCommandQueue(c.q));
    OK(clReleaseMemObject(m));
}

static void *make_and_drop(void *opaque) {
    const struct cl *c = opaque;
    intptr_t wrong = 0;
    cl_int e, got = 0;
    const char *text = "kernel void k(global int *x, int v) { x[0] = v; }";
    cl_program p = clCreateProgramWithSource(c->ctx, 1, &text, NULL, &e);
    wrong += clBuildProgram(p, 1, &c->device, NULL, NULL, NULL) != CL_SUCCESS;
    for (cl_int i = 1; i <= 60; i++) {
        const size_t one = 1;
        cl_command_queue q = clCreateCommandQueueWithProperties(c->ctx, c->device, NULL, &e);
        cl_mem m = clCreateBuffer(c->ctx, CL_MEM_READ_WRITE, 4096 * (size_t)i, NULL, &e);
        cl_kernel k = clCreateKernel(p, "k", &e);
        wrong += clSetKernelArg(k, 0, sizeof(m), &m) != CL_SUCCESS ||
                 clSetKernelArg(k, 1, sizeof(i), &i) != CL_SUCCESS;
        wrong += clEnqueueNDRangeKernel(q, k, 1, NULL, &one, NULL, 0, NULL, NULL) != CL_SUCCESS;
        wrong += clEnqueueReadBuffer(q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL) != CL_SUCCESS || got != i;
        clReleaseKernel(k);
        clReleaseMemObject(m);
        clReleaseCommandQueue(q);
    }
    clReleaseProgram(p);
    return (void *)wrong;
}

/* Eight threads that make and drop everything in one context (Oclgrind 28 and 202). */
static void everything_on_many_threads(void) {
    struct cl c = cl_open();
    pthread_t threads[8];
    intptr_t wrong = 0;

    for (int i = 0; i < 8; i++)
        if (pthread_create(&threads[i], NULL, make_and_drop, &c) != 0)
            fail("no thread");
    for (int i = 0; i < 8; i++) {
        void *result;
        pthread_join(threads[i], &result);
        wrong += (intptr_t)result;
    }
    check(wrong == 0, "every call and every result");
    cl_close(&c);
}

/* Pieces of source, some of them empty or with lengths of their own, and what comes back of it. */
static void source_in_pieces(void) {
    struct cl c = cl_open();
    const char *pieces[] = {"kernel void k(global int *x) ", "", "{ x[0] = 3; }XXXX", "\n/* end */"};
    const size_t lengths[] = {0, 0, 13, 0};
    char back[256] = "";
    size_t size = 0;
    cl_int e;
    cl_program p = clCreateProgramWithSource(c.ctx, 4, pieces, lengths, &e);

    OK(e);
    OK(clBuildProgram(p, 0, NULL, NULL, NULL, NULL));
    OK(clGetProgramInfo(p, CL_PROGRAM_SOURCE, sizeof(back), back, &size));
    see("source", "%s", back);
    see("its size", "%zu", size);
    OK(clGetProgramBuildInfo(p, c.device, CL_PROGRAM_BUILD_LOG, 0, NULL, &size));
    check(size >= 1, "a log has its NUL at least");
    OK(clGetProgramBuildInfo(p, c.device, CL_PROGRAM_BUILD_OPTIONS, sizeof(back), back, &size));
    check(size == 1 && back[0] == 0, "options that are NULL are empty text");
    OK(clReleaseProgram(p));
    cl_close(&c);
}

/* The same memory for two buffers, and a part of one that is mapped alone (clvk 64). */
static void host_pointers(void) {
    struct cl c = cl_open();
    size_t align = device_uint(c.device, CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8;
    char *memory = aligned_alloc(4096, 8192);
    cl_int e = CL_SUCCESS, seven = 7;

    memset(memory, 1, 8192);
    cl_mem m = buffer_new(&c, CL_MEM_USE_HOST_PTR, 8192, memory);
    cl_mem sub = clCreateSubBuffer(m, 0, CL_BUFFER_CREATE_TYPE_REGION, &(cl_buffer_region){align, 256}, &e);
    OK(e);
    char *p = clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_READ, 100, 50, 0, NULL, NULL, &e);
    OK(e);
    check(p == memory + 100, "a map lies in the application's memory");
    OK(clEnqueueUnmapMemObject(c.q, m, p, 0, NULL, NULL));
    OK(clEnqueueFillBuffer(c.q, sub, &seven, 4, 0, 256, 0, NULL, NULL));
    p = clEnqueueMapBuffer(c.q, sub, CL_TRUE, CL_MAP_READ, 4, 8, 0, NULL, NULL, &e);
    OK(e);
    check(p == memory + align + 4, "a part's, too");
    check(memcmp(p, &seven, 4) == 0, "with what was written");
    OK(clEnqueueUnmapMemObject(c.q, sub, p, 0, NULL, NULL));
    /* mapped again for writing, changed, and read through the whole */
    p = clEnqueueMapBuffer(c.q, sub, CL_TRUE, CL_MAP_WRITE, 0, 4, 0, NULL, NULL, &e);
    OK(e);
    memset(p, 9, 4);
    OK(clEnqueueUnmapMemObject(c.q, sub, p, 0, NULL, NULL));
    char got[4] = {0};
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, align, 4, got, 0, NULL, NULL));
    check(got[0] == 9 && got[3] == 9, "the whole has it");
    OK(clReleaseMemObject(sub));
    OK(clReleaseMemObject(m));
    free(memory);
    cl_close(&c);
}

/* A kernel whose argument is set anew between enqueues that wait for a gate: each has the value of its time. */
static void arguments_between_enqueues(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, "kernel void k(global int *x, int i, int v) { x[i] = v; }", "k");
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, 400, NULL);
    cl_int e, got[100] = {0};
    cl_event gate = clCreateUserEvent(c.ctx, &e);
    const size_t one = 1;
    bool right = true;

    OK(e);
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    for (cl_int i = 0; i < 100; i++) {
        cl_int v = 3 * i;
        OK(clSetKernelArg(k, 1, sizeof(i), &i));
        OK(clSetKernelArg(k, 2, sizeof(v), &v));
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, &one, i == 0, i == 0 ? &gate : NULL, NULL));
    }
    OK(clReleaseKernel(k));
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 400, got, 0, NULL, NULL));
    for (cl_int i = 0; i < 100; i++)
        right = right && got[i] == 3 * i;
    check(right, "each had its own");
    OK(clReleaseEvent(gate));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* An event whose times and status are asked for in its own callback, after the program has released it, as tracers
 * do. */
static atomic_int answered;
static void CL_CALLBACK look_at_it(cl_event event, cl_int status, void *data) {
    cl_ulong time = 0;
    cl_int now = 99;
    (void)status, (void)data;
    bool well = clRetainEvent(event) == CL_SUCCESS;
    for (cl_uint i = 0; i < 4; i++)
        well = clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_QUEUED + i, sizeof(time), &time, NULL) ==
                   CL_SUCCESS &&
               well;
    well = clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(now), &now, NULL) == CL_SUCCESS &&
           now == CL_COMPLETE && well;
    well = clReleaseEvent(event) == CL_SUCCESS && well;
    atomic_fetch_add(&answered, well);
    atomic_fetch_add(&calls, 1);
}

static void event_asked_in_its_callback(void) {
    struct cl c = cl_open();
    char platform[256] = "", version[256] = "";
    OK(clGetPlatformInfo(c.platform, CL_PLATFORM_NAME, sizeof(platform), platform, NULL));
    OK(clGetPlatformInfo(c.platform, CL_PLATFORM_VERSION, sizeof(version), version, NULL));
    if (strcmp(platform, "rusticl") == 0 && !strstr(version, "Trillium"))
        skip("rusticl locks an event while its callback runs");
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL);
    cl_int one = 1;

    atomic_store(&calls, 0);
    atomic_store(&answered, 0);
    for (int i = 0; i < 50; i++) {
        cl_event e;
        OK(clEnqueueFillBuffer(c.q, m, &one, 4, 0, 64, 0, NULL, &e));
        OK(clSetEventCallback(e, CL_COMPLETE, look_at_it, NULL));
        OK(clReleaseEvent(e));
    }
    OK(clFinish(c.q));
    check(come_to(50), "all have been called");
    check(atomic_load(&answered) == 50, "and had their answers");
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Wrappers drop all that a command needed in the callback of its event: the last references there are. */
struct bundle {
    cl_context ctx;
    cl_command_queue q;
    cl_mem m;
    cl_program p;
    cl_kernel k;
    cl_event e;
};

static void CL_CALLBACK drop_bundle(cl_event event, cl_int status, void *data) {
    struct bundle *b = data;
    (void)event, (void)status;
    bool well = clReleaseKernel(b->k) == CL_SUCCESS && clReleaseProgram(b->p) == CL_SUCCESS &&
                clReleaseMemObject(b->m) == CL_SUCCESS && clReleaseCommandQueue(b->q) == CL_SUCCESS &&
                clReleaseEvent(b->e) == CL_SUCCESS && clReleaseContext(b->ctx) == CL_SUCCESS;
    free(b);
    atomic_fetch_add(&answered, well);
    atomic_fetch_add(&calls, 1);
}

static void everything_released_in_a_callback(void) {
    struct cl outer = cl_open();
    const char *text = "kernel void k(global int *x) { x[get_global_id(0)] = 7; }";
    const size_t n = 16;

    atomic_store(&calls, 0);
    atomic_store(&answered, 0);
    for (int i = 0; i < 10; i++) {
        struct bundle *b = calloc(1, sizeof(*b));
        cl_int e;
        b->ctx = clCreateContext(NULL, 1, &outer.device, NULL, NULL, &e);
        OK(e);
        b->q = clCreateCommandQueueWithProperties(b->ctx, outer.device, NULL, &e);
        OK(e);
        b->m = clCreateBuffer(b->ctx, CL_MEM_READ_WRITE, 64, NULL, &e);
        OK(e);
        b->p = clCreateProgramWithSource(b->ctx, 1, &text, NULL, &e);
        OK(e);
        OK(clBuildProgram(b->p, 0, NULL, NULL, NULL, NULL));
        b->k = clCreateKernel(b->p, "k", &e);
        OK(e);
        OK(clSetKernelArg(b->k, 0, sizeof(b->m), &b->m));
        OK(clEnqueueNDRangeKernel(b->q, b->k, 1, NULL, &n, NULL, 0, NULL, &b->e));
        cl_command_queue q = b->q;
        OK(clRetainCommandQueue(q));
        OK(clSetEventCallback(b->e, CL_COMPLETE, drop_bundle, b));
        OK(clFlush(q));
        OK(clReleaseCommandQueue(q));
    }
    check(come_to(10), "all have been called");
    check(atomic_load(&answered) == 10, "and released everything");
    cl_close(&outer);
}

/* The memory of a buffer is used again by its destructor callback, as pools of buffers do. */
static cl_context pool_context;
static cl_mem pooled;
static void CL_CALLBACK use_again(cl_mem mem, void *memory) {
    cl_int e;
    (void)mem;
    memset(memory, 5, 4096);
    pooled = clCreateBuffer(pool_context, CL_MEM_USE_HOST_PTR, 4096, memory, &e);
    atomic_fetch_add(&answered, e == CL_SUCCESS);
    atomic_fetch_add(&calls, 1);
}

static void memory_used_again(void) {
    struct cl c = cl_open();
    char *memory = aligned_alloc(4096, 4096), got[64] = {0};
    cl_int one = 1;

    atomic_store(&calls, 0);
    atomic_store(&answered, 0);
    pool_context = c.ctx;
    memset(memory, 1, 4096);
    cl_mem m = buffer_new(&c, CL_MEM_USE_HOST_PTR, 4096, memory);
    OK(clSetMemObjectDestructorCallback(m, use_again, memory));
    for (int i = 0; i < 100; i++)
        OK(clEnqueueFillBuffer(c.q, m, &one, 4, 0, 4096, 0, NULL, NULL));
    OK(clFlush(c.q));
    OK(clReleaseMemObject(m));
    check(come_to(1), "called");
    check(atomic_load(&answered) == 1, "and made a new one");
    OK(clEnqueueReadBuffer(c.q, pooled, CL_TRUE, 0, 64, got, 0, NULL, NULL));
    check(got[0] == 5 && got[63] == 5, "with its own contents, not with what was under way");
    OK(clReleaseMemObject(pooled));
    OK(clFinish(c.q));
    free(memory);
    cl_close(&c);
}

static const struct test_case cases[] = {
    LONG_CASE(event_released_in_its_callback, 60),
    LONG_CASE(callback_sets_off_the_next, 60),
    LONG_CASE(marker_behind_what_has_ended, 60),
    LONG_CASE(long_and_repeating_lists, 60),
    LONG_CASE(maps_upon_maps, 60),
    CASE(empty_transfers),
    CASE(context_released_first),
    LONG_CASE(everything_on_many_threads, 90),
    CASE(source_in_pieces),
    CASE(host_pointers),
    CASE(arguments_between_enqueues),
    LONG_CASE(event_asked_in_its_callback, 60),
    LONG_CASE(everything_released_in_a_callback, 60),
    LONG_CASE(memory_used_again, 60),
    END_OF_CASES,
};

const struct test_group group_more_habits = {"more_habits", cases};
