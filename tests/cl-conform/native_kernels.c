// SPDX-License-Identifier: MIT
/* clEnqueueNativeKernel: a function of the program's own in the order of a queue. */
#include "conform.h"

#include <stdatomic.h>
#include <time.h>

enum { INTS = 1024, BYTES = INTS * sizeof(cl_int) };

static struct cl open_native(bool out_of_order) {
    struct cl c = out_of_order ? cl_open_out_of_order() : cl_open();
    cl_device_exec_capabilities capabilities = 0;

    OK(clGetDeviceInfo(c.device, CL_DEVICE_EXECUTION_CAPABILITIES, sizeof(capabilities), &capabilities,
                       NULL));
    if (!(capabilities & CL_EXEC_NATIVE_KERNEL))
        skip("the device has no native kernels");
    if (out_of_order) {
        OK(clReleaseCommandQueue(c.q));
        c.q = queue_new(&c, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    }
    return c;
}

struct args {
    cl_int n;
    cl_int *to;
    const cl_int *from;
    char text[8];
};

/* to[i] = from[i] + n; without `from`, in place */
static void CL_CALLBACK add(void *opaque) {
    struct args *a = opaque;
    for (int i = 0; i < INTS; i++)
        a->to[i] = (a->from ? a->from : a->to)[i] + a->n;
}

/* from NULL: in place */
static cl_event enqueue_add(cl_command_queue q, cl_mem to, cl_mem from, cl_int n, cl_uint wait_count,
                            const cl_event *waits) {
    struct args a = {.n = n};
    const cl_mem mems[] = {to, from};
    const void *places[] = {&a.to, &a.from};
    cl_event event = NULL;

    OK(clEnqueueNativeKernel(q, add, &a, sizeof(a), from ? 2 : 1, mems, places, wait_count, waits, &event));
    return event;
}

static void expect_all(cl_command_queue q, cl_mem m, cl_int value, const char *what) {
    static cl_int got[INTS], want[INTS];
    OK(clEnqueueReadBuffer(q, m, CL_TRUE, 0, BYTES, got, 0, NULL, NULL));
    for (int i = 0; i < INTS; i++)
        want[i] = value;
    check_ints(what, got, want, INTS);
}

static const char twice_source[] = "kernel void twice(global int *x) { x[get_global_id(0)] *= 2; }";

static void between_kernels(void) {
    struct cl c = open_native(false);
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel twice = kernel_new(&c, twice_source, "twice");
    size_t all[] = {INTS};
    cl_int three = 3;
    cl_command_type type = 0;

    OK(clSetKernelArg(twice, 0, sizeof(o), &o));
    OK(clEnqueueFillBuffer(c.q, m, &three, sizeof(three), 0, BYTES, 0, NULL, NULL));
    cl_event event = enqueue_add(c.q, o, m, 5, 0, NULL);
    OK(clEnqueueNDRangeKernel(c.q, twice, 1, NULL, all, NULL, 0, NULL, NULL));
    OK(clReleaseEvent(enqueue_add(c.q, m, o, 1, 0, NULL)));
    OK(clEnqueueCopyBuffer(c.q, m, o, 0, 0, BYTES, 0, NULL, NULL));
    expect_all(c.q, o, 17, "in the order of the queue");
    check(event_status(event) == CL_COMPLETE, "its event has ended");
    OK(clGetEventInfo(event, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL));
    check(type == CL_COMMAND_NATIVE_KERNEL, "command type");
    OK(clReleaseEvent(event));
    OK(clReleaseKernel(twice));
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

static void arguments_are_copied(void) {
    struct cl c = open_native(false);
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_event gate = clCreateUserEvent(c.ctx, NULL);
    struct args a = {.n = 5};
    cl_mem mems[] = {m, o};
    const void *places[] = {&a.from, &a.to};
    cl_int three = 3;

    OK(clEnqueueFillBuffer(c.q, m, &three, sizeof(three), 0, BYTES, 0, NULL, NULL));
    OK(clEnqueueNativeKernel(c.q, add, &a, sizeof(a), 2, mems, places, 1, &gate, NULL));
    memset(&a, 0, sizeof(a));
    memset(mems, 0, sizeof(mems));
    memset(places, 0, sizeof(places));
    OK(clFlush(c.q));
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    expect_all(c.q, o, 8, "nothing is looked at after the call");
    OK(clReleaseEvent(gate));
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

/* A hundred, each behind the one before. */
static void chain(void) {
    struct cl c = open_native(false);
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_int zero = 0;

    OK(clEnqueueFillBuffer(c.q, m, &zero, sizeof(zero), 0, BYTES, 0, NULL, NULL));
    for (int i = 0; i < 100; i++)
        OK(clReleaseEvent(enqueue_add(c.q, m, NULL, 1, 0, NULL)));
    expect_all(c.q, m, 100, "a hundred in order");
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void the_same_buffer_twice(void) {
    struct cl c = open_native(false);
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_int three = 3;

    OK(clEnqueueFillBuffer(c.q, m, &three, sizeof(three), 0, BYTES, 0, NULL, NULL));
    OK(clReleaseEvent(enqueue_add(c.q, m, m, 5, 0, NULL)));
    expect_all(c.q, m, 8, "in place");
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void out_of_order(void) {
    struct cl c = open_native(true);
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_int three = 3;
    cl_event filled, added, copied;

    for (int i = 0; i < 10; i++) {
        OK(clEnqueueFillBuffer(c.q, m, &three, sizeof(three), 0, BYTES, 0, NULL, &filled));
        added = enqueue_add(c.q, m, NULL, 5, 1, &filled);
        OK(clEnqueueCopyBuffer(c.q, m, o, 0, 0, BYTES, 1, &added, &copied));
        OK(clWaitForEvents(1, &copied));
        expect_all(c.q, o, 8, "in the order of the events");
        OK(clReleaseEvent(filled));
        OK(clReleaseEvent(added));
        OK(clReleaseEvent(copied));
    }
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

static _Atomic int calls;

static void CL_CALLBACK count_call(void *opaque) {
    (void)opaque;
    atomic_fetch_add(&calls, 1);
}

static void gated(struct cl c) {
    cl_event gate = clCreateUserEvent(c.ctx, NULL), event;
    int one = 1;

    atomic_store(&calls, 0);
    OK(clEnqueueNativeKernel(c.q, count_call, &one, sizeof(one), 0, NULL, NULL, 1, &gate, &event));
    OK(clFlush(c.q));
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    check(atomic_load(&calls) == 0 && event_status(event) > CL_COMPLETE, "not before its wait list");
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clWaitForEvents(1, &event));
    check(atomic_load(&calls) == 1, "called once");
    OK(clEnqueueNativeKernel(c.q, count_call, &one, sizeof(one), 0, NULL, NULL, 1, &gate, NULL));
    OK(clFinish(c.q));
    check(atomic_load(&calls) == 2, "a wait list that has ended, and no event");
    OK(clReleaseEvent(event));
    OK(clReleaseEvent(gate));
    cl_close(&c);
}
static void gated_in_order(void) {
    gated(open_native(false));
}
static void gated_out_of_order(void) {
    gated(open_native(true));
}

static void without_arguments(void) {
    struct cl c = open_native(false);

    atomic_store(&calls, 0);
    OK(clEnqueueNativeKernel(c.q, count_call, NULL, 0, 0, NULL, NULL, 0, NULL, NULL));
    OK(clFinish(c.q));
    check(atomic_load(&calls) == 1, "called");
    cl_close(&c);
}

static void CL_CALLBACK note_status(cl_event event, cl_int status, void *seen) {
    (void)event;
    atomic_store((_Atomic cl_int *)seen, status);
}

static void callback_and_map(void) {
    struct cl c = open_native(false);
    cl_int data[INTS], e;
    for (int i = 0; i < INTS; i++)
        data[i] = 7;
    cl_mem m = buffer_new(&c, CL_MEM_USE_HOST_PTR, BYTES, data);
    _Atomic cl_int seen = 99;
    cl_event event = enqueue_add(c.q, m, NULL, 4, 0, NULL);

    OK(clSetEventCallback(event, CL_COMPLETE, note_status, &seen));
    cl_int *mapped = clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_READ, 0, BYTES, 0, NULL, NULL, &e);
    OK(e);
    check(mapped == data && data[0] == 11 && data[INTS - 1] == 11, "mapped behind it");
    OK(clEnqueueUnmapMemObject(c.q, m, mapped, 0, NULL, NULL));
    OK(clFinish(c.q));
    for (int i = 0; i < 5000 && atomic_load(&seen) == 99; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    check(atomic_load(&seen) == CL_COMPLETE, "the callback came");
    OK(clReleaseEvent(event));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void sub_buffers_and_early_release(void) {
    struct cl c = open_native(false);
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, 2 * (size_t)BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_buffer_region upper = {BYTES, BYTES};
    cl_event gate = clCreateUserEvent(c.ctx, NULL);
    cl_int e, two = 2;
    cl_mem s = clCreateSubBuffer(m, 0, CL_BUFFER_CREATE_TYPE_REGION, &upper, &e);

    OK(e);
    OK(clEnqueueFillBuffer(c.q, s, &two, sizeof(two), 0, BYTES, 1, &gate, NULL));
    OK(clReleaseEvent(enqueue_add(c.q, o, s, 40, 0, NULL)));
    OK(clReleaseMemObject(s));
    OK(clReleaseMemObject(m));
    OK(clFlush(c.q));
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    expect_all(c.q, o, 42, "a part of a buffer that is released");
    OK(clReleaseEvent(gate));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

static void errors(void) {
    struct cl c = open_native(false);
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL), none = NULL;
    struct args a = {.n = 1};
    const void *places[] = {&a.to};
    cl_context other = clCreateContext(NULL, 1, &c.device, NULL, NULL, NULL);
    cl_event foreign = clCreateUserEvent(other, NULL);

#define NATIVE(q, function, args, size, count, mems, places, waits, list)                                    \
    clEnqueueNativeKernel(q, function, args, size, count, mems, places, waits, list, NULL)
    EXPECT(NATIVE(NULL, add, &a, sizeof(a), 0, NULL, NULL, 0, NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(NATIVE(c.q, NULL, &a, sizeof(a), 0, NULL, NULL, 0, NULL), CL_INVALID_VALUE);
    EXPECT(NATIVE(c.q, add, NULL, sizeof(a), 0, NULL, NULL, 0, NULL), CL_INVALID_VALUE);
    EXPECT(NATIVE(c.q, add, &a, 0, 0, NULL, NULL, 0, NULL), CL_INVALID_VALUE);
    EXPECT(NATIVE(c.q, add, NULL, 0, 1, &m, places, 0, NULL), CL_INVALID_VALUE);
    EXPECT(NATIVE(c.q, add, &a, sizeof(a), 1, NULL, places, 0, NULL), CL_INVALID_VALUE);
    EXPECT(NATIVE(c.q, add, &a, sizeof(a), 1, &m, NULL, 0, NULL), CL_INVALID_VALUE);
    EXPECT(NATIVE(c.q, add, &a, sizeof(a), 0, &m, NULL, 0, NULL), CL_INVALID_VALUE);
    EXPECT(NATIVE(c.q, add, &a, sizeof(a), 0, NULL, places, 0, NULL), CL_INVALID_VALUE);
    EXPECT(NATIVE(c.q, add, &a, sizeof(a), 1, &none, places, 0, NULL), CL_INVALID_MEM_OBJECT);
    EXPECT(NATIVE(c.q, add, &a, sizeof(a), 0, NULL, NULL, 1, NULL), CL_INVALID_EVENT_WAIT_LIST);
    EXPECT(NATIVE(c.q, add, &a, sizeof(a), 0, NULL, NULL, 1, &foreign), CL_INVALID_CONTEXT);
    OK(clFinish(c.q));
    OK(clSetUserEventStatus(foreign, CL_COMPLETE));
    OK(clReleaseEvent(foreign));
    OK(clReleaseContext(other));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Where the device has none. */
static void not_there(void) {
    struct cl c = cl_open();
    cl_device_exec_capabilities capabilities = 0;
    int one = 1;

    OK(clGetDeviceInfo(c.device, CL_DEVICE_EXECUTION_CAPABILITIES, sizeof(capabilities), &capabilities,
                       NULL));
    if (capabilities & CL_EXEC_NATIVE_KERNEL)
        skip("the device has native kernels");
    EXPECT(clEnqueueNativeKernel(c.q, count_call, &one, sizeof(one), 0, NULL, NULL, 0, NULL, NULL),
           CL_INVALID_OPERATION);
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(between_kernels),
    CASE(arguments_are_copied),
    CASE(chain),
    CASE(the_same_buffer_twice),
    CASE(out_of_order),
    CASE(gated_in_order),
    CASE(gated_out_of_order),
    CASE(without_arguments),
    CASE(callback_and_map),
    CASE(sub_buffers_and_early_release),
    CASE(errors),
    CASE(not_there),
    END_OF_CASES,
};

const struct test_group group_native_kernels = {"native_kernels", cases};
