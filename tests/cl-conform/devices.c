// SPDX-License-Identifier: MIT
/* Sub-devices and pipes. */
#include "conform.h"

static void need_sub_devices(struct cl *c) {
    cl_device_partition_property properties[16] = {0};
    size_t size = 0;

    OK(clGetDeviceInfo(c->device, CL_DEVICE_PARTITION_PROPERTIES, sizeof(properties), properties, &size));
    for (size_t i = 0; i < size / sizeof(properties[0]); i++)
        if (properties[i] == CL_DEVICE_PARTITION_EQUALLY || properties[i] == CL_DEVICE_PARTITION_BY_COUNTS)
            return;
    skip("the device cannot be partitioned");
}

static void equally(void) {
    struct cl c = cl_open();
    cl_device_partition_property how[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0}, back[8] = {0};
    cl_device_id subs[64], parent = NULL;
    cl_uint count = 0, units, again = 0;
    size_t size = 0;
    cl_int e;

    need_sub_devices(&c);
    units = device_uint(c.device, CL_DEVICE_MAX_COMPUTE_UNITS);
    OK(clCreateSubDevices(c.device, how, 0, NULL, &count));
    check(count == units, "one for each compute unit");
    if (count > 64)
        skip("too many compute units for this test");
    OK(clCreateSubDevices(c.device, how, count, subs, &again));
    for (cl_uint i = 0; i < count; i++) {
        cl_uint references = 0;

        check(device_uint(subs[i], CL_DEVICE_MAX_COMPUTE_UNITS) == 1, "with one compute unit");
        OK(clGetDeviceInfo(subs[i], CL_DEVICE_PARENT_DEVICE, sizeof(parent), &parent, NULL));
        check(parent == c.device, "that knows its parent");
        OK(clGetDeviceInfo(subs[i], CL_DEVICE_PARTITION_TYPE, sizeof(back), back, &size));
        check(size >= 2 * sizeof(back[0]) && back[0] == CL_DEVICE_PARTITION_EQUALLY && back[1] == 1,
              "and how it was made");
        OK(clRetainDevice(subs[i]));
        OK(clGetDeviceInfo(subs[i], CL_DEVICE_REFERENCE_COUNT, sizeof(references), &references, NULL));
        check(references == 2, "sub-devices are counted");
        OK(clReleaseDevice(subs[i]));
    }
    /* One of them at work. */
    cl_context ctx = clCreateContext(NULL, 1, &subs[0], NULL, NULL, &e);
    OK(e);
    cl_command_queue q = clCreateCommandQueueWithProperties(ctx, subs[0], NULL, &e);
    OK(e);
    const char *source = "kernel void k(global int *a) { a[get_global_id(0)] = 5; }";
    cl_program p = clCreateProgramWithSource(ctx, 1, &source, NULL, &e);
    OK(e);
    OK(clBuildProgram(p, 1, &subs[0], "", NULL, NULL));
    cl_kernel k = clCreateKernel(p, "k", &e);
    OK(e);
    cl_mem m = clCreateBuffer(ctx, 0, 256, NULL, &e);
    OK(e);
    cl_int got[64];
    size_t n = 64;
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clEnqueueNDRangeKernel(q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check(got[0] == 5 && got[63] == 5, "it runs kernels");
    OK(clReleaseMemObject(m));
    OK(clReleaseKernel(k));
    OK(clReleaseProgram(p));
    OK(clReleaseCommandQueue(q));
    OK(clReleaseContext(ctx));
    for (cl_uint i = 0; i < count; i++)
        OK(clReleaseDevice(subs[i]));
    cl_close(&c);
}

static void by_counts(void) {
    struct cl c = cl_open();
    cl_device_partition_property how[] = {CL_DEVICE_PARTITION_BY_COUNTS, 1, 1,
                                          CL_DEVICE_PARTITION_BY_COUNTS_LIST_END, 0};
    cl_device_id subs[8];
    cl_uint count = 0;

    need_sub_devices(&c);
    if (device_uint(c.device, CL_DEVICE_MAX_COMPUTE_UNITS) < 2)
        skip("the device has one compute unit");
    cl_int e = clCreateSubDevices(c.device, how, 8, subs, &count);
    see("by counts 1, 1", "%s, %u", error_name(e), count);
    for (cl_uint i = 0; e == CL_SUCCESS && i < count; i++)
        OK(clReleaseDevice(subs[i]));
    cl_close(&c);
}

static void partition_errors(void) {
    struct cl c = cl_open();
    cl_device_partition_property equally[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0}, unknown[] = {0x7777, 1, 0};
    cl_device_partition_property too_large[] = {CL_DEVICE_PARTITION_EQUALLY, 100000, 0};
    cl_device_id subs[1];
    cl_uint count = 0;

    need_sub_devices(&c);
    EXPECT(clCreateSubDevices(NULL, equally, 0, NULL, &count), CL_INVALID_DEVICE);
    EXPECT(clCreateSubDevices(c.device, NULL, 0, NULL, &count), CL_INVALID_VALUE);
    EXPECT(clCreateSubDevices(c.device, unknown, 0, NULL, &count), CL_INVALID_VALUE);
    EXPECT(clCreateSubDevices(c.device, too_large, 0, NULL, &count), CL_DEVICE_PARTITION_FAILED,
           CL_INVALID_VALUE, CL_INVALID_DEVICE_PARTITION_COUNT);
    if (device_uint(c.device, CL_DEVICE_MAX_COMPUTE_UNITS) > 1)
        EXPECT(clCreateSubDevices(c.device, equally, 1, subs, &count), CL_INVALID_VALUE);
    cl_close(&c);
}

static void pipes(void) {
    struct cl c = cl_open();
    cl_bool has = CL_FALSE;
    cl_uint value = 0;
    cl_int e;

    if (device_version(c.device) < 200)
        skip("wants OpenCL 2.0");
    if (clGetDeviceInfo(c.device, CL_DEVICE_PIPE_SUPPORT, sizeof(has), &has, NULL) != CL_SUCCESS)
        has = device_uint(c.device, CL_DEVICE_MAX_PIPE_ARGS) > 0;
    cl_mem pipe = clCreatePipe(c.ctx, CL_MEM_READ_WRITE, 16, 100, NULL, &e);
    if (!has) {
        EXPECT(e, CL_INVALID_OPERATION);
        cl_close(&c);
        return;
    }
    OK(e);
    OK(clGetPipeInfo(pipe, CL_PIPE_PACKET_SIZE, sizeof(value), &value, NULL));
    check(value == 16, "CL_PIPE_PACKET_SIZE");
    OK(clGetPipeInfo(pipe, CL_PIPE_MAX_PACKETS, sizeof(value), &value, NULL));
    check(value == 100, "CL_PIPE_MAX_PACKETS");
    OK(clReleaseMemObject(pipe));
    EXPECT((clCreatePipe(NULL, 0, 16, 100, NULL, &e), e), CL_INVALID_CONTEXT);
    EXPECT((clCreatePipe(c.ctx, 0, 0, 100, NULL, &e), e), CL_INVALID_PIPE_SIZE);
    EXPECT((clCreatePipe(c.ctx, 0, 16, 0, NULL, &e), e), CL_INVALID_PIPE_SIZE);
    EXPECT((clCreatePipe(c.ctx, CL_MEM_USE_HOST_PTR, 16, 100, NULL, &e), e), CL_INVALID_VALUE);
    cl_close(&c);
}

static const struct test_case cases[] = {CASE(equally), CASE(by_counts), CASE(partition_errors), CASE(pipes),
                                         END_OF_CASES};

const struct test_group group_devices = {"devices", cases};
