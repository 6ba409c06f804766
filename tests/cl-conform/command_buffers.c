// SPDX-License-Identifier: MIT
/* cl_khr_command_buffer: what there is, and every error of recording that the extension lists. */
#include "command_buffers.h"

/* ---- what there is ---- */

static void extension(void) {
    struct cl c = open_in_order();
    cl_device_command_buffer_capabilities_khr capabilities = 0;
    cl_command_queue_properties required = 99, host = 0;
    size_t size = 0;
    unsigned found;
    cl_version version;

    if (device_version(c.device) >= 300) {
        found = listed(c.device, &version);
        check(found <= 1, "listed once");
        check(CL_VERSION_MAJOR(version) == 0 && CL_VERSION_MINOR(version) == 9, "version 0.9");
        check(found > 0, "listed with its version");
    }
    OK(clGetDeviceInfo(c.device, CL_DEVICE_COMMAND_BUFFER_CAPABILITIES_KHR, sizeof(capabilities),
                       &capabilities, &size));
    check(size == sizeof(capabilities), "size of the capabilities");
    loose("capabilities", "%#llx", (unsigned long long)capabilities);
    OK(clGetDeviceInfo(c.device, CL_DEVICE_QUEUE_ON_HOST_PROPERTIES, sizeof(host), &host, NULL));
    if (!(host & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE))
        check(!(capabilities & CL_COMMAND_BUFFER_CAPABILITY_OUT_OF_ORDER_KHR),
              "no out-of-order buffers without such queues");
    OK(clGetDeviceInfo(c.device, CL_DEVICE_COMMAND_BUFFER_REQUIRED_QUEUE_PROPERTIES_KHR, sizeof(required),
                       &required, &size));
    check(size == sizeof(required) && (required & ~host) == 0, "queues can have what is required");
    cl_close(&c);
}

static void create_and_query(void) {
    struct cl c = open_in_order();
    cl_command_buffer_properties_khr list[] = {CL_COMMAND_BUFFER_FLAGS_KHR, 0, 0}, back[8];
    cl_command_queue queue = NULL;
    cl_uint number = 0;
    size_t size = 0;
    cl_int e;
    cl_command_buffer_khr b = clCreateCommandBufferKHR(1, &c.q, list, &e);

    OK(e);
    OK(clGetCommandBufferInfoKHR(b, CL_COMMAND_BUFFER_NUM_QUEUES_KHR, sizeof(number), &number, &size));
    check(number == 1 && size == sizeof(number), "one queue");
    OK(clGetCommandBufferInfoKHR(b, CL_COMMAND_BUFFER_QUEUES_KHR, sizeof(queue), &queue, &size));
    check(queue == c.q && size == sizeof(queue), "the queue");
    OK(clGetCommandBufferInfoKHR(b, CL_COMMAND_BUFFER_PROPERTIES_ARRAY_KHR, sizeof(back), back, &size));
    check(size == sizeof(list) && memcmp(back, list, size) == 0, "properties come back");
    OK(clRetainCommandBufferKHR(b));
    OK(clGetCommandBufferInfoKHR(b, CL_COMMAND_BUFFER_REFERENCE_COUNT_KHR, sizeof(number), &number, NULL));
    check(number == 2, "retained");
    OK(clReleaseCommandBufferKHR(b));
    check(state_of(b) == CL_COMMAND_BUFFER_STATE_RECORDING_KHR, "recording");
    OK(clFinalizeCommandBufferKHR(b));
    check(state_of(b) == CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR, "executable");
    EXPECT(clGetCommandBufferInfoKHR(b, 0x7777, sizeof(number), &number, NULL), CL_INVALID_VALUE);
    EXPECT(clGetCommandBufferInfoKHR(b, CL_COMMAND_BUFFER_NUM_QUEUES_KHR, 1, &number, NULL),
           CL_INVALID_VALUE);
    EXPECT(clGetCommandBufferInfoKHR(NULL, CL_COMMAND_BUFFER_STATE_KHR, sizeof(number), &number, NULL),
           CL_INVALID_COMMAND_BUFFER_KHR);
    OK(clReleaseCommandBufferKHR(b));
    EXPECT(clRetainCommandBufferKHR(NULL), CL_INVALID_COMMAND_BUFFER_KHR);
    EXPECT(clReleaseCommandBufferKHR(NULL), CL_INVALID_COMMAND_BUFFER_KHR);
    EXPECT(clFinalizeCommandBufferKHR(NULL), CL_INVALID_COMMAND_BUFFER_KHR);
    b = clCreateCommandBufferKHR(1, &c.q, NULL, NULL);
    check(b != NULL, "a null errcode_ret is allowed");
    OK(clReleaseCommandBufferKHR(b));
    cl_close(&c);
}

/* CL_COMMAND_BUFFER_CONTEXT_KHR, from 0.9.2 on. */
static void query_context(void) {
    struct cl c = open_in_order();
    const cl_command_buffer_info_khr name = 0x1299; /* older headers lack it */
    cl_context context = NULL;
    size_t size = 0;

    if (!has_version(c.device, CL_MAKE_VERSION(0, 9, 2)))
        skip("command buffers of a version before 0.9.2");
    cl_command_buffer_khr b = new_buffer(&c, false);
    OK(clGetCommandBufferInfoKHR(b, name, sizeof(context), &context, &size));
    check(context == c.ctx && size == sizeof(context), "the context");
    OK(clGetCommandBufferInfoKHR(b, name, 0, NULL, &size));
    check(size == sizeof(context), "its size");
    EXPECT(clGetCommandBufferInfoKHR(b, name, sizeof(context) - 1, &context, NULL), CL_INVALID_VALUE);
    OK(clReleaseCommandBufferKHR(b));
    cl_close(&c);
}

static void create_errors(void) {
    struct cl c = open_in_order();
    cl_command_queue two[] = {c.q, c.q};
    cl_command_buffer_properties_khr unknown[] = {0x7777, 1, 0},
                                     bad_flag[] = {CL_COMMAND_BUFFER_FLAGS_KHR, 1 << 20, 0},
                                     twice[] = {CL_COMMAND_BUFFER_FLAGS_KHR, 0, CL_COMMAND_BUFFER_FLAGS_KHR,
                                                0, 0};
    cl_int e;

    EXPECT((clCreateCommandBufferKHR(0, &c.q, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateCommandBufferKHR(2, two, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateCommandBufferKHR(1, NULL, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateCommandBufferKHR(1, &c.q, unknown, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateCommandBufferKHR(1, &c.q, bad_flag, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateCommandBufferKHR(1, &c.q, twice, &e), e), CL_INVALID_VALUE);
    cl_close(&c);
}

static void create_without_queue(void) {
    struct cl c = open_in_order();
    cl_command_queue none = NULL;
    cl_int e;

    EXPECT((clCreateCommandBufferKHR(1, &none, NULL, &e), e), CL_INVALID_COMMAND_QUEUE);
    cl_close(&c);
}

/* ---- errors of recording ---- */

static void record_errors(void) {
    struct cl c = open_in_order();
    cl_context other = clCreateContext(NULL, 1, &c.device, NULL, NULL, NULL);
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_mem foreign = clCreateBuffer(other, CL_MEM_READ_WRITE, BYTES, NULL, NULL);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_mutable_command_khr handle = NULL;
    cl_sync_point_khr point = 0, wrong = 4711;
    cl_int v = 1;

#define FILL(buffer, queue, mem, size, count, waits, handle)                                                 \
    clCommandFillBufferKHR(buffer, queue, mem, &v, sizeof(v), 0, size, count, waits, NULL, handle)
    EXPECT(FILL(NULL, NULL, m, BYTES, 0, NULL, NULL), CL_INVALID_COMMAND_BUFFER_KHR);
    EXPECT(FILL(b, c.q, m, BYTES, 0, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(FILL(b, NULL, NULL, BYTES, 0, NULL, NULL), CL_INVALID_MEM_OBJECT);
    EXPECT(FILL(b, NULL, foreign, BYTES, 0, NULL, NULL), CL_INVALID_CONTEXT);
    EXPECT(FILL(b, NULL, m, BYTES + 4, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(FILL(b, NULL, m, 3, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(FILL(b, NULL, m, BYTES, 0, NULL, &handle), CL_INVALID_VALUE);
    EXPECT(FILL(b, NULL, m, BYTES, 1, NULL, NULL), CL_INVALID_SYNC_POINT_WAIT_LIST_KHR);
    EXPECT(FILL(b, NULL, m, BYTES, 0, &wrong, NULL), CL_INVALID_SYNC_POINT_WAIT_LIST_KHR);
    EXPECT(FILL(b, NULL, m, BYTES, 1, &wrong, NULL), CL_INVALID_SYNC_POINT_WAIT_LIST_KHR);
    EXPECT(clCommandCopyBufferKHR(b, NULL, m, m, 0, 16, 32, 0, NULL, NULL, NULL), CL_MEM_COPY_OVERLAP);
    EXPECT(clCommandCopyBufferKHR(b, NULL, m, o, 8, 0, BYTES, 0, NULL, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clCommandCopyBufferKHR(b, NULL, m, foreign, 0, 0, 8, 0, NULL, NULL, NULL), CL_INVALID_CONTEXT);
    EXPECT(clCommandCopyBufferKHR(b, c.q, m, o, 0, 0, 8, 0, NULL, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(clCommandBarrierWithWaitListKHR(b, c.q, 0, NULL, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(clCommandBarrierWithWaitListKHR(b, NULL, 1, &wrong, NULL, NULL),
           CL_INVALID_SYNC_POINT_WAIT_LIST_KHR);
    EXPECT(clCommandBarrierWithWaitListKHR(NULL, NULL, 0, NULL, NULL, NULL), CL_INVALID_COMMAND_BUFFER_KHR);
    point = fill(b, m, 5);
    EXPECT(FILL(b, NULL, m, 0, 1, &point, NULL), CL_SUCCESS);
    EXPECT(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL), CL_INVALID_OPERATION);
    OK(clFinalizeCommandBufferKHR(b));
    EXPECT(FILL(b, NULL, m, BYTES, 0, NULL, NULL), CL_INVALID_OPERATION);
    EXPECT(clCommandBarrierWithWaitListKHR(b, NULL, 0, NULL, NULL, NULL), CL_INVALID_OPERATION);
    run_and_expect(&c, b, m, 5, "what was wrong is not in it");
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(foreign));
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    OK(clReleaseContext(other));
    cl_close(&c);
}

/* Version 0.9.0 says nothing of it, 0.9.1 that it is an error. */
static void finalize_twice(void) {
    struct cl c = open_in_order();
    cl_command_buffer_khr b = new_buffer(&c, false);

    OK(clFinalizeCommandBufferKHR(b));
    EXPECT(clFinalizeCommandBufferKHR(b), CL_INVALID_OPERATION);
    OK(clReleaseCommandBufferKHR(b));
    cl_close(&c);
}

static void kernel_errors(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_buffer(&c, false);
    size_t seven[] = {7};
    cl_properties none[] = {0};

#define RUN(kernel, dim, local, properties)                                                                  \
    clCommandNDRangeKernelKHR(b, NULL, properties, kernel, dim, NULL, all, local, 0, NULL, NULL, NULL)
    EXPECT(RUN(NULL, 1, NULL, NULL), CL_INVALID_KERNEL);
    EXPECT(RUN(k, 0, NULL, NULL), CL_INVALID_WORK_DIMENSION);
    EXPECT(RUN(k, 4, NULL, NULL), CL_INVALID_WORK_DIMENSION);
    if (!device_bool(c.device, CL_DEVICE_NON_UNIFORM_WORK_GROUP_SUPPORT))
        EXPECT(RUN(k, 1, seven, NULL), CL_INVALID_WORK_GROUP_SIZE);
    EXPECT(RUN(k, 1, NULL, none), CL_SUCCESS);
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void kernel_properties(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_properties unknown[] = {0x7777, 1, 0};

    EXPECT(RUN(k, 1, NULL, unknown), CL_INVALID_VALUE);
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void arguments_not_set(void) {
    struct cl c = open_in_order();
    cl_kernel k = kernel_new(&c, source, "add");
    cl_command_buffer_khr b = new_buffer(&c, false);

    EXPECT(RUN(k, 1, NULL, NULL), CL_INVALID_KERNEL_ARGS);
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseKernel(k));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(extension),
    CASE(create_and_query),
    CASE(query_context),
    CASE(create_errors),
    CASE(create_without_queue),
    CASE(record_errors),
    CASE(finalize_twice),
    CASE(kernel_errors),
    CASE(kernel_properties),
    CASE(arguments_not_set),
    END_OF_CASES,
};

const struct test_group group_command_buffers = {"command_buffers", cases};
