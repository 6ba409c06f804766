// SPDX-License-Identifier: MIT
/*
 * Handles that last longer than the program's own references: what a kernel, a queue, an event or a part of a buffer
 * needs exists as long as it does, and programs take it from there (wrappers that keep the kernel alone, OpenCL's C++
 * bindings, which retain what clGet*Info tells).
 */
#include "conform.h"

static const char source[] =
    "kernel void one(global int *x) { x[0] = 1; } kernel void two(global int *x) { x[0] = 2; }";

static void program_of_a_kernel(void) {
    struct cl c = cl_open();
    cl_program program = program_new(&c, source, ""), told = NULL;
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL);
    const size_t n = 1;
    char text[256] = "";
    cl_build_status status = CL_BUILD_NONE;
    cl_int e, got = 0;
    cl_kernel one = clCreateKernel(program, "one", &e);

    OK(e);
    OK(clReleaseProgram(program));
    OK(clGetKernelInfo(one, CL_KERNEL_PROGRAM, sizeof(told), &told, NULL));
    check(told == program, "the kernel tells its program");
    EXPECT(clRetainProgram(told), CL_SUCCESS);
    EXPECT(clGetProgramInfo(told, CL_PROGRAM_SOURCE, sizeof(text), text, NULL), CL_SUCCESS);
    check(strcmp(text, source) == 0, "with its source");
    EXPECT(clGetProgramBuildInfo(told, c.device, CL_PROGRAM_BUILD_STATUS, sizeof(status), &status, NULL),
           CL_SUCCESS);
    check(status == CL_BUILD_SUCCESS, "and its build");
    cl_kernel two = clCreateKernel(told, "two", &e);
    OK(e);
    OK(clReleaseKernel(one));
    OK(clReleaseProgram(told));
    OK(clSetKernelArg(two, 0, sizeof(m), &m));
    OK(clEnqueueNDRangeKernel(c.q, two, 1, NULL, &n, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    check(got == 2, "another kernel of it runs");
    OK(clReleaseKernel(two));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void whole_of_a_part(void) {
    struct cl c = cl_open();
    size_t align = device_uint(c.device, CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8;
    cl_mem whole = buffer_new(&c, CL_MEM_READ_WRITE, 2 * align, NULL), told = NULL;
    cl_kernel k = kernel_new(&c, source, "two");
    cl_int e = CL_SUCCESS, five = 5, got = 0;
    const size_t n = 1;
    cl_mem part = clCreateSubBuffer(whole, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION,
                                    &(cl_buffer_region){align, align}, &e);

    OK(e);
    OK(clSetKernelArg(k, 0, sizeof(whole), &whole));
    OK(clReleaseMemObject(whole));
    OK(clGetMemObjectInfo(part, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof(told), &told, NULL));
    check(told == whole, "the part tells its whole");
    EXPECT(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL), CL_SUCCESS);
    EXPECT(clRetainMemObject(told), CL_SUCCESS);
    EXPECT(clEnqueueWriteBuffer(c.q, told, CL_TRUE, align, 4, &five, 0, NULL, NULL), CL_SUCCESS);
    EXPECT(clEnqueueReadBuffer(c.q, told, CL_TRUE, 0, 4, &got, 0, NULL, NULL), CL_SUCCESS);
    check(got == 2, "a kernel wrote to the whole");
    OK(clEnqueueReadBuffer(c.q, part, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    check(got == 5, "and a write came through it to the part");
    OK(clReleaseMemObject(part));
    EXPECT(clReleaseMemObject(told), CL_SUCCESS);
    OK(clReleaseKernel(k));
    cl_close(&c);
}

static void queue_of_an_event(void) {
    struct cl c = cl_open();
    cl_command_queue q = queue_new(&c, 0), told = NULL;
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, 64, NULL);
    cl_int five = 5, got = 0;
    cl_event event;

    OK(clEnqueueFillBuffer(q, m, &five, 4, 0, 64, 0, NULL, &event));
    OK(clFinish(q));
    OK(clReleaseCommandQueue(q));
    OK(clGetEventInfo(event, CL_EVENT_COMMAND_QUEUE, sizeof(told), &told, NULL));
    check(told == q, "the event tells its queue");
    EXPECT(clRetainCommandQueue(told), CL_SUCCESS);
    OK(clReleaseEvent(event));
    EXPECT(clEnqueueReadBuffer(told, m, CL_TRUE, 4, 4, &got, 0, NULL, NULL), CL_SUCCESS);
    check(got == 5, "it still works");
    EXPECT(clReleaseCommandQueue(told), CL_SUCCESS);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void context_of_what_is_left(void) {
    struct cl c = cl_open();
    cl_context told = NULL;
    cl_int e, got = 0;
    const size_t n = 1;

    OK(clReleaseContext(c.ctx));
    OK(clGetCommandQueueInfo(c.q, CL_QUEUE_CONTEXT, sizeof(told), &told, NULL));
    check(told == c.ctx, "the queue tells its context");
    cl_mem m = clCreateBuffer(told, CL_MEM_READ_WRITE, 64, NULL, &e);
    OK(e);
    EXPECT(clRetainContext(told), CL_SUCCESS);
    cl_kernel k = kernel_new(&c, source, "two");
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    check(got == 2, "programs, kernels and buffers are made of it");
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(program_of_a_kernel),     CASE(whole_of_a_part), CASE(queue_of_an_event),
    CASE(context_of_what_is_left), END_OF_CASES,
};

const struct test_group group_lasting = {"lasting", cases};
