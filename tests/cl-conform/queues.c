// SPDX-License-Identifier: MIT
/* Command queues: creation with every way of giving properties, info, reference counts. */
#include "conform.h"

static void create_default(void) {
    struct cl c = cl_open();
    cl_int e;
    cl_command_queue q = clCreateCommandQueueWithProperties(c.ctx, c.device, NULL, &e);
    cl_command_queue_properties p = 99;

    OK(e);
    OK(clGetCommandQueueInfo(q, CL_QUEUE_PROPERTIES, sizeof(p), &p, NULL));
    check(p == 0, "no properties: in-order, no profiling");
    OK(clFinish(q));
    OK(clFlush(q));
    OK(clReleaseCommandQueue(q));
    cl_close(&c);
}

static void create_legacy(void) {
    struct cl c = cl_open();
    cl_int e;
    cl_command_queue q = clCreateCommandQueue(c.ctx, c.device, CL_QUEUE_PROFILING_ENABLE, &e);
    cl_command_queue_properties p = 0;
    size_t size = 99;

    OK(e);
    OK(clGetCommandQueueInfo(q, CL_QUEUE_PROPERTIES, sizeof(p), &p, NULL));
    check(p == CL_QUEUE_PROFILING_ENABLE, "properties come back");
    if (device_version(c.device) >= 300) {
        OK(clGetCommandQueueInfo(q, CL_QUEUE_PROPERTIES_ARRAY, 0, NULL, &size));
        check(size == 0, "a queue of clCreateCommandQueue has no properties array");
    }
    OK(clReleaseCommandQueue(q));
    EXPECT((clCreateCommandQueue(c.ctx, c.device, (cl_command_queue_properties)1 << 40, &e), e),
           CL_INVALID_VALUE);
    EXPECT((clCreateCommandQueue(c.ctx, NULL, 0, &e), e), CL_INVALID_DEVICE);
    EXPECT((clCreateCommandQueue(NULL, c.device, 0, &e), e), CL_INVALID_CONTEXT);
    cl_close(&c);
}

static void create_every_combination(void) {
    struct cl c = cl_open();
    cl_command_queue_properties host = 0;

    OK(clGetDeviceInfo(c.device, CL_DEVICE_QUEUE_ON_HOST_PROPERTIES, sizeof(host), &host, NULL));
    see("CL_DEVICE_QUEUE_ON_HOST_PROPERTIES", "%#llx", (unsigned long long)host);
    check(host & CL_QUEUE_PROFILING_ENABLE, "every device can profile");
    for (cl_command_queue_properties p = 0; p < 4; p++) {
        cl_queue_properties list[] = {CL_QUEUE_PROPERTIES, p, 0}, back[8] = {1, 1, 1, 1};
        cl_command_queue_properties got = 99;
        size_t size = 0;
        cl_int e;
        cl_command_queue q = clCreateCommandQueueWithProperties(c.ctx, c.device, list, &e);

        if (p & ~host) {
            EXPECT(e, CL_INVALID_QUEUE_PROPERTIES);
            continue;
        }
        OK(e);
        OK(clGetCommandQueueInfo(q, CL_QUEUE_PROPERTIES, sizeof(got), &got, NULL));
        check(got == p, "properties %d come back", (int)p);
        if (device_version(c.device) >= 300) {
            OK(clGetCommandQueueInfo(q, CL_QUEUE_PROPERTIES_ARRAY, sizeof(back), back, &size));
            check(size == sizeof(list) && memcmp(back, list, sizeof(list)) == 0,
                  "properties array of %d comes back", (int)p);
        }
        OK(clReleaseCommandQueue(q));
    }
    cl_close(&c);
}

static void empty_properties_array(void) {
    struct cl c = cl_open();
    cl_queue_properties list[] = {0}, back[4] = {7, 7, 7, 7};
    size_t size = 77;
    cl_int e;
    cl_command_queue q = clCreateCommandQueueWithProperties(c.ctx, c.device, list, &e);

    OK(e);
    if (device_version(c.device) >= 300) {
        OK(clGetCommandQueueInfo(q, CL_QUEUE_PROPERTIES_ARRAY, sizeof(back), back, &size));
        check(size == sizeof(list) && back[0] == 0, "an empty list comes back as {0}");
    }
    OK(clReleaseCommandQueue(q));
    cl_close(&c);
}

static void create_errors(void) {
    struct cl c = cl_open();
    cl_queue_properties unknown[] = {0x7777, 1, 0};
    cl_queue_properties bad_bits[] = {CL_QUEUE_PROPERTIES, (cl_queue_properties)1 << 40, 0};
    cl_queue_properties size_without_device[] = {CL_QUEUE_PROPERTIES, 0, CL_QUEUE_SIZE, 1024, 0};
    cl_int e;

    EXPECT((clCreateCommandQueueWithProperties(NULL, c.device, NULL, &e), e), CL_INVALID_CONTEXT);
    EXPECT((clCreateCommandQueueWithProperties(c.ctx, NULL, NULL, &e), e), CL_INVALID_DEVICE);
    EXPECT((clCreateCommandQueueWithProperties(c.ctx, c.device, unknown, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateCommandQueueWithProperties(c.ctx, c.device, bad_bits, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateCommandQueueWithProperties(c.ctx, c.device, size_without_device, &e), e),
           CL_INVALID_VALUE, CL_INVALID_QUEUE_PROPERTIES);
    check(clCreateCommandQueueWithProperties(c.ctx, NULL, NULL, NULL) == NULL,
          "a null errcode_ret is allowed");
    cl_close(&c);
}

static void device_queue(void) {
    struct cl c = cl_open();
    cl_queue_properties list[] = {CL_QUEUE_PROPERTIES,
                                  CL_QUEUE_ON_DEVICE | CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, 0};
    cl_queue_properties not_out_of_order[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_ON_DEVICE, 0};
    cl_uint max = device_uint(c.device, CL_DEVICE_MAX_ON_DEVICE_QUEUES), size = 0;
    cl_int e;
    cl_command_queue q;

    if (max == 0) {
        EXPECT((clCreateCommandQueueWithProperties(c.ctx, c.device, list, &e), e),
               CL_INVALID_QUEUE_PROPERTIES);
        cl_close(&c);
        return;
    }
    EXPECT((clCreateCommandQueueWithProperties(c.ctx, c.device, not_out_of_order, &e), e), CL_INVALID_VALUE);
    q = clCreateCommandQueueWithProperties(c.ctx, c.device, list, &e);
    OK(e);
    OK(clGetCommandQueueInfo(q, CL_QUEUE_SIZE, sizeof(size), &size, NULL));
    check(size > 0, "an on-device queue has a size");
    OK(clReleaseCommandQueue(q));
    cl_close(&c);
}

static void info(void) {
    struct cl c = cl_open();
    cl_context ctx = NULL;
    cl_device_id device = NULL;
    cl_uint count = 0, value = 0;
    cl_command_queue device_default = c.q;
    size_t size = 0;

    OK(clGetCommandQueueInfo(c.q, CL_QUEUE_CONTEXT, sizeof(ctx), &ctx, &size));
    check(ctx == c.ctx && size == sizeof(ctx), "CL_QUEUE_CONTEXT");
    OK(clGetCommandQueueInfo(c.q, CL_QUEUE_DEVICE, sizeof(device), &device, &size));
    check(device == c.device && size == sizeof(device), "CL_QUEUE_DEVICE");
    OK(clGetCommandQueueInfo(c.q, CL_QUEUE_REFERENCE_COUNT, sizeof(count), &count, &size));
    check(count == 1 && size == sizeof(count), "CL_QUEUE_REFERENCE_COUNT");
    OK(clRetainCommandQueue(c.q));
    OK(clGetCommandQueueInfo(c.q, CL_QUEUE_REFERENCE_COUNT, sizeof(count), &count, NULL));
    check(count == 2, "retain counts up");
    OK(clReleaseCommandQueue(c.q));
    OK(clGetCommandQueueInfo(c.q, CL_QUEUE_REFERENCE_COUNT, sizeof(count), &count, NULL));
    check(count == 1, "release counts down");
    EXPECT(clGetCommandQueueInfo(c.q, CL_QUEUE_SIZE, sizeof(value), &value, NULL), CL_INVALID_COMMAND_QUEUE);
    OK(clGetCommandQueueInfo(c.q, CL_QUEUE_DEVICE_DEFAULT, sizeof(device_default), &device_default, NULL));
    check(device_default == NULL, "no default device queue");
    EXPECT(clGetCommandQueueInfo(c.q, CL_QUEUE_CONTEXT, sizeof(ctx) - 1, &ctx, NULL), CL_INVALID_VALUE);
    EXPECT(clGetCommandQueueInfo(c.q, 0x7777, sizeof(ctx), &ctx, NULL), CL_INVALID_VALUE);
    EXPECT(clGetCommandQueueInfo(NULL, CL_QUEUE_CONTEXT, sizeof(ctx), &ctx, NULL), CL_INVALID_COMMAND_QUEUE);
    OK(clGetCommandQueueInfo(c.q, CL_QUEUE_CONTEXT, 0, NULL, &size));
    check(size == sizeof(ctx), "size alone can be asked");
    cl_close(&c);
}

static void null_handles(void) {
    EXPECT(clRetainCommandQueue(NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(clReleaseCommandQueue(NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(clFlush(NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(clFinish(NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(clEnqueueMarkerWithWaitList(NULL, 0, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
}

/* Releasing a queue performs an implicit flush; commands that it holds still finish. */
static void release_with_work(void) {
    struct cl c = cl_open();
    cl_command_queue q = queue_new(&c, 0);
    cl_mem m = buffer_new(&c, 0, 4096, NULL);
    cl_int pattern = 0x5a5a, got[1024];
    cl_event event;

    OK(clEnqueueFillBuffer(q, m, &pattern, sizeof(pattern), 0, 4096, 0, NULL, &event));
    OK(clReleaseCommandQueue(q));
    OK(clWaitForEvents(1, &event));
    check(event_status(event) == CL_COMPLETE, "the command of a released queue completes");
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4096, got, 0, NULL, NULL));
    check(got[0] == pattern && got[1023] == pattern, "and has its effect");
    OK(clReleaseEvent(event));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* An in-order queue runs commands in order: each kernel depends on the one before. */
static void in_order_chain(void) {
    static const char source[] =
        "kernel void step_up(global int *a, int k) { size_t i = get_global_id(0); a[i] = a[i] * 3 + k; }";
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, source, "step_up");
    cl_mem m = buffer_new(&c, 0, 256 * 4, NULL);
    cl_int got[256], want[256], zero = 0;
    size_t n = 256;

    OK(clEnqueueFillBuffer(c.q, m, &zero, 4, 0, sizeof(got), 0, NULL, NULL));
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    memset(want, 0, sizeof(want));
    for (cl_int i = 0; i < 200; i++) {
        OK(clSetKernelArg(k, 1, sizeof(i), &i));
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
        for (int j = 0; j < 256; j++)
            want[j] = (cl_int)((cl_uint)want[j] * 3u + (cl_uint)i);
    }
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check_ints("200 dependent kernels", got, want, 256);
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void many_queues(void) {
    struct cl c = cl_open();
    enum { N = 64 };
    cl_command_queue q[N];
    cl_mem m = buffer_new(&c, 0, N * 4, NULL);
    cl_int got[N], want[N];

    for (cl_int i = 0; i < N; i++) {
        q[i] = queue_new(&c, 0);
        want[i] = i * 7;
        OK(clEnqueueWriteBuffer(q[i], m, CL_FALSE, (size_t)i * 4, 4, &want[i], 0, NULL, NULL));
    }
    for (int i = 0; i < N; i++) {
        OK(clFinish(q[i]));
        OK(clReleaseCommandQueue(q[i]));
    }
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check_ints("64 queues write one buffer", got, want, N);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void set_property(void) {
    struct cl c = cl_open();
    cl_int e = clSetCommandQueueProperty(c.q, CL_QUEUE_PROFILING_ENABLE, CL_TRUE, NULL);

    EXPECT(e, CL_INVALID_OPERATION, CL_INVALID_QUEUE_PROPERTIES, CL_SUCCESS);
    cl_close(&c);
}

static void default_device_queue_errors(void) {
    struct cl c = cl_open();

    if (device_version(c.device) < 210)
        skip("wants OpenCL 2.1");
    if (device_uint(c.device, CL_DEVICE_MAX_ON_DEVICE_QUEUES) == 0)
        EXPECT(clSetDefaultDeviceCommandQueue(c.ctx, c.device, c.q), CL_INVALID_OPERATION,
               CL_INVALID_COMMAND_QUEUE);
    else
        EXPECT(clSetDefaultDeviceCommandQueue(c.ctx, c.device, c.q), CL_INVALID_COMMAND_QUEUE);
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(create_default),
    CASE(create_legacy),
    CASE(create_every_combination),
    CASE(empty_properties_array),
    CASE(create_errors),
    CASE(device_queue),
    CASE(info),
    CASE(null_handles),
    CASE(release_with_work),
    CASE(in_order_chain),
    CASE(many_queues),
    CASE(set_property),
    CASE(default_device_queue_errors),
    END_OF_CASES,
};

const struct test_group group_queues = {"queues", cases};
