// SPDX-License-Identifier: MIT
/* cl_khr_command_buffer: recording, replaying, states, and every error that the extension lists. */
#include "conform.h"

#include <stdatomic.h>
#include <time.h>

#define UNCHANGED(X)                                                                                         \
    X(clCreateCommandBufferKHR)                                                                              \
    X(clFinalizeCommandBufferKHR)                                                                            \
    X(clRetainCommandBufferKHR)                                                                              \
    X(clReleaseCommandBufferKHR)                                                                             \
    X(clEnqueueCommandBufferKHR)                                                                             \
    X(clCommandNDRangeKernelKHR)                                                                             \
    X(clGetCommandBufferInfoKHR)

/* As they were before 0.9.5, whatever the headers say: newer ones declare properties that older drivers do not take. */
#define POINTS cl_uint, const cl_sync_point_khr *, cl_sync_point_khr *, cl_mutable_command_khr *
#define OLDER(X)                                                                                             \
    X(clCommandBarrierWithWaitListKHR, POINTS)                                                               \
    X(clCommandCopyBufferKHR, cl_mem, cl_mem, size_t, size_t, size_t, POINTS)                                \
    X(clCommandCopyBufferRectKHR, cl_mem, cl_mem, const size_t *, const size_t *, const size_t *, size_t,    \
      size_t, size_t, size_t, POINTS)                                                                        \
    X(clCommandCopyBufferToImageKHR, cl_mem, cl_mem, size_t, const size_t *, const size_t *, POINTS)         \
    X(clCommandCopyImageKHR, cl_mem, cl_mem, const size_t *, const size_t *, const size_t *, POINTS)         \
    X(clCommandCopyImageToBufferKHR, cl_mem, cl_mem, const size_t *, const size_t *, size_t, POINTS)         \
    X(clCommandFillBufferKHR, cl_mem, const void *, size_t, size_t, size_t, POINTS)                          \
    X(clCommandFillImageKHR, cl_mem, const void *, const size_t *, const size_t *, POINTS)

/* Called by the names of the specification: they are pointers here. */
#define POINTER(name) static name##_fn p_##name;
UNCHANGED(POINTER)
#define OLDER_POINTER(name, ...)                                                                             \
    static cl_int(CL_API_CALL *p_##name)(cl_command_buffer_khr, cl_command_queue, __VA_ARGS__);
OLDER(OLDER_POINTER)
#define clCreateCommandBufferKHR p_clCreateCommandBufferKHR
#define clFinalizeCommandBufferKHR p_clFinalizeCommandBufferKHR
#define clRetainCommandBufferKHR p_clRetainCommandBufferKHR
#define clReleaseCommandBufferKHR p_clReleaseCommandBufferKHR
#define clEnqueueCommandBufferKHR p_clEnqueueCommandBufferKHR
#define clCommandBarrierWithWaitListKHR p_clCommandBarrierWithWaitListKHR
#define clCommandCopyBufferKHR p_clCommandCopyBufferKHR
#define clCommandCopyBufferRectKHR p_clCommandCopyBufferRectKHR
#define clCommandCopyBufferToImageKHR p_clCommandCopyBufferToImageKHR
#define clCommandCopyImageKHR p_clCommandCopyImageKHR
#define clCommandCopyImageToBufferKHR p_clCommandCopyImageToBufferKHR
#define clCommandFillBufferKHR p_clCommandFillBufferKHR
#define clCommandFillImageKHR p_clCommandFillImageKHR
#define clCommandNDRangeKernelKHR p_clCommandNDRangeKernelKHR
#define clGetCommandBufferInfoKHR p_clGetCommandBufferInfoKHR

static const char source[] =
    "kernel void add(global int *x, int n) { x[get_global_id(0)] += n; }\n"
    "kernel void twice(global int *x) { x[get_global_id(0)] *= 2; }\n"
    "kernel void reverse(global int *x, local int *t) {\n"
    "    size_t l = get_local_id(0), n = get_local_size(0);\n"
    "    t[l] = x[get_global_id(0)]; barrier(CLK_LOCAL_MEM_FENCE); x[get_global_id(0)] = t[n - 1 - l]; }\n"
    "kernel __attribute__((reqd_work_group_size(4, 1, 1))) void fours(global int *x) {\n"
    "    x[get_global_id(0)] = (int)get_local_size(0); }\n"
    "kernel void look(read_only image2d_t i, sampler_t s, global uint *x) {\n"
    "    x[get_global_id(0)] = read_imageui(i, s, (int2)((int)get_global_id(0), 0)).x; }\n";

enum { INTS = 1024, BYTES = INTS * sizeof(cl_int) };
static const size_t all[1] = {INTS};

static void load(cl_device_id device) {
    if (!device_has_extension(device, "cl_khr_command_buffer"))
        skip("the device has no command buffers");
#define LOAD_ONE(name, ...)                                                                                  \
    *(void **)&p_##name = clGetExtensionFunctionAddressForPlatform(the_platform(), #name);                   \
    if (!p_##name)                                                                                           \
        fail("no address of %s", #name);
    UNCHANGED(LOAD_ONE)
    OLDER(LOAD_ONE)
}

static struct cl open_in_order(void) {
    struct cl c = cl_open();
    load(c.device);
    return c;
}

static struct cl open_out_of_order(void) {
    struct cl c = cl_open_out_of_order();
    load(c.device);
    OK(clReleaseCommandQueue(c.q));
    c.q = queue_new(&c, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE | CL_QUEUE_PROFILING_ENABLE);
    return c;
}

static cl_command_buffer_khr new_buffer(struct cl *c, bool simultaneous) {
    cl_command_buffer_properties_khr list[] = {CL_COMMAND_BUFFER_FLAGS_KHR,
                                               CL_COMMAND_BUFFER_SIMULTANEOUS_USE_KHR, 0};
    cl_int e;
    cl_command_buffer_khr b = clCreateCommandBufferKHR(1, &c->q, simultaneous ? list : NULL, &e);
    must_succeed("clCreateCommandBufferKHR", e, __FILE__, __LINE__);
    return b;
}

static cl_uint state_of(cl_command_buffer_khr b) {
    cl_command_buffer_state_khr state = 99;
    OK(clGetCommandBufferInfoKHR(b, CL_COMMAND_BUFFER_STATE_KHR, sizeof(state), &state, NULL));
    return state;
}

static cl_kernel add_kernel(struct cl *c, cl_mem m, cl_int n) {
    cl_kernel k = kernel_new(c, source, "add");
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clSetKernelArg(k, 1, sizeof(n), &n));
    return k;
}

static cl_sync_point_khr fill(cl_command_buffer_khr b, cl_mem m, cl_int value) {
    cl_sync_point_khr point = 0;
    OK(clCommandFillBufferKHR(b, NULL, m, &value, sizeof(value), 0, BYTES, 0, NULL, &point, NULL));
    return point;
}

static cl_sync_point_khr run_kernel(cl_command_buffer_khr b, cl_kernel k, cl_uint count,
                                    const cl_sync_point_khr *waits) {
    cl_sync_point_khr point = 0;
    OK(clCommandNDRangeKernelKHR(b, NULL, NULL, k, 1, NULL, all, NULL, count, waits, &point, NULL));
    return point;
}

/* Runs it on its own queue, waits, and checks that every int of m has the value. */
static void run_and_expect(struct cl *c, cl_command_buffer_khr b, cl_mem m, cl_int value, const char *what) {
    static cl_int got[INTS], want[INTS];
    cl_event e;

    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, &e));
    OK(clWaitForEvents(1, &e));
    OK(clReleaseEvent(e));
    OK(clEnqueueReadBuffer(c->q, m, CL_TRUE, 0, BYTES, got, 0, NULL, NULL));
    for (int i = 0; i < INTS; i++)
        want[i] = value;
    check_ints(what, got, want, INTS);
}

/* ---- what there is ---- */

/* How often the device lists the extension with a version, and which; of OpenCL 3.0 and later. */
static unsigned listed(cl_device_id device, cl_version *version) {
    static cl_name_version list[256];
    size_t size = 0;
    unsigned found = 0;

    *version = 0;
    OK(clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS_WITH_VERSION, sizeof(list), list, &size));
    for (size_t i = 0; i < size / sizeof(list[0]); i++)
        if (strcmp(list[i].name, "cl_khr_command_buffer") == 0) {
            *version = list[i].version;
            found++;
        }
    return found;
}

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

/* Does the device have command buffers of that version, or newer? */
static bool has_version(cl_device_id device, cl_version wanted) {
    cl_version version = 0;
    return device_version(device) >= 300 && listed(device, &version) > 0 && version >= wanted;
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
                                     mutable[] = {CL_COMMAND_BUFFER_FLAGS_KHR, CL_COMMAND_BUFFER_MUTABLE_KHR,
                                                  0},
                                     twice[] = {CL_COMMAND_BUFFER_FLAGS_KHR, 0, CL_COMMAND_BUFFER_FLAGS_KHR,
                                                0, 0};
    cl_int e;

    EXPECT((clCreateCommandBufferKHR(0, &c.q, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateCommandBufferKHR(2, two, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateCommandBufferKHR(1, NULL, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateCommandBufferKHR(1, &c.q, unknown, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateCommandBufferKHR(1, &c.q, bad_flag, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateCommandBufferKHR(1, &c.q, mutable, &e), e), CL_INVALID_PROPERTY, CL_INVALID_VALUE);
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

/* ---- replaying ---- */

static void replay(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 5);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_int zero = 0;

    run_kernel(b, k, 0, NULL);
    OK(clCommandCopyBufferKHR(b, NULL, m, o, 0, 0, BYTES, 0, NULL, NULL, NULL));
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueFillBuffer(c.q, m, &zero, sizeof(zero), 0, BYTES, 0, NULL, NULL));
    for (cl_int i = 1; i <= 10; i++)
        run_and_expect(&c, b, o, 5 * i, "one more run, one more addition");
    OK(clEnqueueFillBuffer(c.q, m, &zero, sizeof(zero), 0, BYTES, 0, NULL, NULL));
    run_and_expect(&c, b, o, 5, "between other commands");
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

/* Arguments count as they were at recording, each time the same kernel is recorded. */
static void arguments_are_kept(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_int n = 10, zero = 0;

    fill(b, m, 0);
    run_kernel(b, k, 0, NULL);
    OK(clSetKernelArg(k, 1, sizeof(n), &n));
    run_kernel(b, k, 0, NULL);
    n = 100;
    OK(clSetKernelArg(k, 1, sizeof(n), &n));
    OK(clSetKernelArg(k, 0, sizeof(o), &o));
    OK(clFinalizeCommandBufferKHR(b));
    run_and_expect(&c, b, m, 11, "the arguments of recording");
    OK(clEnqueueFillBuffer(c.q, o, &zero, sizeof(zero), 0, BYTES, 0, NULL, NULL));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, all, NULL, 0, NULL, NULL));
    run_and_expect(&c, b, o, 100, "the kernel itself has its newest");
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

static void local_memory_and_required_sizes(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel reverse = kernel_new(&c, source, "reverse"), fours = kernel_new(&c, source, "fours");
    cl_command_buffer_khr b = new_buffer(&c, false);
    size_t eight[] = {8}, four[] = {4}, offset[] = {8}, sixteen[] = {16};
    cl_int got[INTS], want[INTS];
    cl_event e;

    OK(clSetKernelArg(reverse, 0, sizeof(m), &m));
    OK(clSetKernelArg(reverse, 1, 8 * sizeof(cl_int), NULL));
    OK(clSetKernelArg(fours, 0, sizeof(m), &m));
    OK(clCommandNDRangeKernelKHR(b, NULL, NULL, reverse, 1, NULL, all, eight, 0, NULL, NULL, NULL));
    OK(clCommandNDRangeKernelKHR(b, NULL, NULL, fours, 1, offset, sixteen, four, 0, NULL, NULL, NULL));
    OK(clFinalizeCommandBufferKHR(b));
    for (int i = 0; i < INTS; i++)
        got[i] = i;
    OK(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, BYTES, got, 0, NULL, NULL));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, &e));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, BYTES, got, 1, &e, NULL));
    for (int i = 0; i < INTS; i++)
        want[i] = i >= 8 && i < 24 ? 4 : (i & ~7) + 7 - (i & 7);
    check_ints("both kernels", got, want, INTS);
    OK(clReleaseEvent(e));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseKernel(reverse));
    OK(clReleaseKernel(fours));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Of 0.9.4; older headers lack them. */
typedef cl_int(CL_API_CALL *svm_memcpy_fn)(cl_command_buffer_khr, cl_command_queue, void *, const void *,
                                           size_t, cl_uint, const cl_sync_point_khr *, cl_sync_point_khr *,
                                           cl_mutable_command_khr *);
typedef cl_int(CL_API_CALL *svm_fill_fn)(cl_command_buffer_khr, cl_command_queue, void *, const void *,
                                         size_t, size_t, cl_uint, const cl_sync_point_khr *,
                                         cl_sync_point_khr *, cl_mutable_command_khr *);
static svm_memcpy_fn svm_memcpy;
static svm_fill_fn svm_fill;

static cl_device_svm_capabilities load_svm(struct cl *c) {
    cl_device_svm_capabilities has = 0;

    if (!has_version(c->device, CL_MAKE_VERSION(0, 9, 4)))
        skip("command buffers of a version before 0.9.4");
    *(void **)&svm_memcpy = clGetExtensionFunctionAddressForPlatform(the_platform(), "clCommandSVMMemcpyKHR");
    *(void **)&svm_fill = clGetExtensionFunctionAddressForPlatform(the_platform(), "clCommandSVMMemFillKHR");
    if (!svm_memcpy || !svm_fill)
        fail("no addresses of the functions for shared virtual memory");
    OK(clGetDeviceInfo(c->device, CL_DEVICE_SVM_CAPABILITIES, sizeof(has), &has, NULL));
    return has;
}

/* Waits for it, and checks one int of shared memory at each end. */
static void run_and_expect_svm(struct cl *c, cl_command_buffer_khr b, cl_int *p, cl_int value,
                               const char *what) {
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clEnqueueSVMMap(c->q, CL_TRUE, CL_MAP_READ, p, BYTES, 0, NULL, NULL));
    check(p[0] == value && p[INTS - 1] == value, "%s", what);
    OK(clEnqueueSVMUnmap(c->q, p, 0, NULL, NULL));
    OK(clFinish(c->q));
}

static void shared_memory(struct cl c) {
    const cl_int seven = 7, eight = 8;
    cl_sync_point_khr points[2];

    if (!load_svm(&c))
        skip("the device has no shared virtual memory");
    cl_int *p = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, BYTES, 0);
    cl_int *o = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, BYTES, 0);
    if (!check(p && o, "clSVMAlloc"))
        return;
    cl_command_buffer_khr b = new_buffer(&c, false);
    OK(svm_fill(b, NULL, p, &seven, sizeof(seven), BYTES, 0, NULL, &points[0], NULL));
    OK(svm_fill(b, NULL, p + 1, &eight, sizeof(eight), 4, 1, &points[0], &points[1], NULL));
    OK(svm_memcpy(b, NULL, o, p, BYTES, 1, &points[1], &points[0], NULL));
    check(points[0] != points[1], "sync points differ");
    OK(svm_memcpy(b, NULL, o, p, 0, 1, &points[0], NULL, NULL)); /* nothing, but in its place */
    OK(clFinalizeCommandBufferKHR(b));
    run_and_expect_svm(&c, b, o, 7, "filled and copied");
    check(o[1] == 8 && o[2] == 7, "the offset of a fill");
    OK(clEnqueueSVMMemFill(c.q, p, &eight, sizeof(eight), BYTES, 0, NULL, NULL));
    OK(clEnqueueSVMMemFill(c.q, o, &eight, sizeof(eight), BYTES, 0, NULL, NULL));
    OK(clFinish(c.q));
    run_and_expect_svm(&c, b, o, 7, "and once more");
    clSVMFree(c.ctx, p);
    clSVMFree(c.ctx, o);
    OK(clReleaseCommandBufferKHR(b)); /* of memory that is no more */
    OK(clFinish(c.q));
    cl_close(&c);
}
static void shared_memory_in_order(void) {
    shared_memory(open_in_order());
}
static void shared_memory_out_of_order(void) {
    shared_memory(open_out_of_order());
}

static void shared_memory_errors(void) {
    struct cl c = open_in_order();
    cl_device_svm_capabilities has = load_svm(&c);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_mutable_command_khr handle = NULL;
    cl_sync_point_khr wrong = 4711;
    cl_int ordinary[4] = {0};
    cl_int *p = has ? clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, BYTES, 0) : ordinary;

#define COPY(buffer, queue, to, from, size, count, waits, handle)                                            \
    svm_memcpy(buffer, queue, to, from, size, count, waits, NULL, handle)
#define SET(buffer, queue, to, pattern, pattern_size, size, count, waits, handle)                            \
    svm_fill(buffer, queue, to, pattern, pattern_size, size, count, waits, NULL, handle)
    EXPECT(COPY(NULL, NULL, p, p + 2, 4, 0, NULL, NULL), CL_INVALID_COMMAND_BUFFER_KHR);
    EXPECT(SET(NULL, NULL, p, p, 4, 4, 0, NULL, NULL), CL_INVALID_COMMAND_BUFFER_KHR);
    EXPECT(COPY(b, c.q, p, p + 2, 4, 0, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(SET(b, c.q, p, p, 4, 4, 0, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(COPY(b, NULL, p, p + 2, 4, 1, &wrong, NULL), CL_INVALID_SYNC_POINT_WAIT_LIST_KHR);
    EXPECT(SET(b, NULL, p, p, 4, 4, 1, NULL, NULL), CL_INVALID_SYNC_POINT_WAIT_LIST_KHR);
    EXPECT(COPY(b, NULL, p, p + 2, 4, 0, NULL, &handle), CL_INVALID_VALUE);
    EXPECT(SET(b, NULL, p, p, 4, 4, 0, NULL, &handle), CL_INVALID_VALUE);
    if (has) {
        EXPECT(COPY(b, NULL, NULL, p, 4, 0, NULL, NULL), CL_INVALID_VALUE);
        EXPECT(COPY(b, NULL, p, NULL, 4, 0, NULL, NULL), CL_INVALID_VALUE);
        EXPECT(COPY(b, NULL, p, p + 1, 8, 0, NULL, NULL), CL_MEM_COPY_OVERLAP);
        EXPECT(SET(b, NULL, NULL, ordinary, 4, 4, 0, NULL, NULL), CL_INVALID_VALUE);
        EXPECT(SET(b, NULL, p, NULL, 4, 4, 0, NULL, NULL), CL_INVALID_VALUE);
        EXPECT(SET(b, NULL, p, ordinary, 3, 9, 0, NULL, NULL), CL_INVALID_VALUE);
        EXPECT(SET(b, NULL, p, ordinary, 4, 6, 0, NULL, NULL), CL_INVALID_VALUE);
        EXPECT(SET(b, NULL, p + 1, ordinary, 8, 8, 0, NULL, NULL), CL_INVALID_VALUE);
    } else {
        EXPECT(COPY(b, NULL, p, p + 2, 4, 0, NULL, NULL), CL_INVALID_OPERATION);
        EXPECT(SET(b, NULL, p, p, 4, 4, 0, NULL, NULL), CL_INVALID_OPERATION);
    }
    if (has && !(has & CL_DEVICE_SVM_FINE_GRAIN_SYSTEM)) {
        cl_int e = COPY(b, NULL, p, ordinary, 4, 0, NULL, NULL);
        loose("a copy of ordinary memory", "%s", error_name(e));
    }
    OK(clFinalizeCommandBufferKHR(b));
    EXPECT(COPY(b, NULL, p, p + 2, 4, 0, NULL, NULL), CL_INVALID_OPERATION);
    EXPECT(SET(b, NULL, p, ordinary, 4, 4, 0, NULL, NULL), CL_INVALID_OPERATION);
    if (has)
        clSVMFree(c.ctx, p);
    OK(clReleaseCommandBufferKHR(b));
    cl_close(&c);
}

static void rectangles(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_command_buffer_khr b = new_buffer(&c, false);
    size_t from[3] = {8, 2, 0}, to[3] = {0, 1, 0}, region[3] = {16, 3, 1}, outside[3] = {0, 100, 0};
    cl_int in[INTS], got[INTS], want[INTS] = {0};

    for (int i = 0; i < INTS; i++)
        in[i] = i;
    OK(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, BYTES, in, 0, NULL, NULL));
    fill(b, o, 0);
    OK(clCommandCopyBufferRectKHR(b, NULL, m, o, from, to, region, 64, 0, 32, 0, 0, NULL, NULL, NULL));
    EXPECT(clCommandCopyBufferRectKHR(b, NULL, m, o, outside, to, region, 64, 0, 32, 0, 0, NULL, NULL, NULL),
           CL_INVALID_VALUE);
    EXPECT(clCommandCopyBufferRectKHR(b, NULL, m, m, from, from, region, 64, 0, 64, 0, 0, NULL, NULL, NULL),
           CL_MEM_COPY_OVERLAP);
    EXPECT(clCommandCopyBufferRectKHR(b, c.q, m, o, from, to, region, 64, 0, 32, 0, 0, NULL, NULL, NULL),
           CL_INVALID_COMMAND_QUEUE);
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, o, CL_TRUE, 0, BYTES, got, 0, NULL, NULL));
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 4; x++)
            want[(1 + y) * 8 + x] = in[(2 + y) * 16 + 2 + x];
    check_ints("the rectangle", got, want, INTS);
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

static cl_mem image_new(struct cl *c, size_t side) {
    cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT32};
    cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = side, .image_height = side};
    cl_int e;
    cl_mem m = clCreateImage(c->ctx, CL_MEM_READ_WRITE, &format, &desc, NULL, &e);
    must_succeed("clCreateImage", e, __FILE__, __LINE__);
    return m;
}

static void images(void) {
    struct cl c = open_in_order();
    need_images(&c);
    cl_mem a = image_new(&c, 8), d = image_new(&c, 8), m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel look = kernel_new(&c, source, "look");
    cl_int e;
    cl_sampler s = clCreateSampler(c.ctx, CL_FALSE, CL_ADDRESS_CLAMP, CL_FILTER_NEAREST, &e);
    OK(e);
    cl_command_buffer_khr b = new_buffer(&c, false);
    size_t zero[3] = {0}, two[3] = {2, 2, 0}, whole[3] = {8, 8, 1}, part[3] = {4, 4, 1}, nine[3] = {9, 8, 1},
           eight[1] = {8};
    cl_uint color[4] = {7, 8, 9, 10}, in[64][4], got[64][4], seen[8];
    bool good = true;

    for (cl_uint i = 0; i < 64; i++)
        for (cl_uint k = 0; k < 4; k++)
            in[i][k] = 100 * i + k;
    OK(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, sizeof(in), in, 0, NULL, NULL));
    OK(clCommandCopyBufferToImageKHR(b, NULL, m, a, 0, zero, whole, 0, NULL, NULL, NULL));
    OK(clCommandFillImageKHR(b, NULL, d, color, zero, whole, 0, NULL, NULL, NULL));
    OK(clCommandCopyImageKHR(b, NULL, a, d, zero, two, part, 0, NULL, NULL, NULL));
    OK(clCommandCopyImageToBufferKHR(b, NULL, d, o, zero, whole, 0, 0, NULL, NULL, NULL));
    EXPECT(clCommandFillImageKHR(b, NULL, d, color, zero, nine, 0, NULL, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clCommandFillImageKHR(b, NULL, m, color, zero, whole, 0, NULL, NULL, NULL), CL_INVALID_MEM_OBJECT);
    EXPECT(clCommandCopyImageKHR(b, NULL, a, d, zero, two, whole, 0, NULL, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clCommandCopyImageToBufferKHR(b, NULL, d, o, zero, whole, BYTES, 0, NULL, NULL, NULL),
           CL_INVALID_VALUE);
    EXPECT(clCommandCopyImageToBufferKHR(b, c.q, d, o, zero, whole, 0, 0, NULL, NULL, NULL),
           CL_INVALID_COMMAND_QUEUE);
    OK(clSetKernelArg(look, 0, sizeof(a), &a));
    OK(clSetKernelArg(look, 1, sizeof(s), &s));
    OK(clSetKernelArg(look, 2, sizeof(m), &m));
    OK(clCommandNDRangeKernelKHR(b, NULL, NULL, look, 1, NULL, eight, NULL, 0, NULL, NULL, NULL));
    OK(clFinalizeCommandBufferKHR(b));
    OK(clReleaseSampler(s));
    OK(clReleaseMemObject(a));
    OK(clReleaseMemObject(d));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, o, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(seen), seen, 0, NULL, NULL));
    for (cl_uint y = 0; y < 8; y++)
        for (cl_uint x = 0; x < 8; x++)
            for (cl_uint k = 0; k < 4; k++) {
                bool inside = x >= 2 && x < 6 && y >= 2 && y < 6;
                good = good && got[8 * y + x][k] == (inside ? in[8 * (y - 2) + x - 2][k] : color[k]);
            }
    check(good, "filled, copied and copied out");
    good = true;
    for (cl_uint x = 0; x < 8; x++)
        good = good && seen[x] == in[x][0];
    check(good, "a kernel with a sampler");
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseKernel(look));
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

/* ---- order ---- */

/* fill -> (add 5, other fill) -> twice -> copy, by sync points in an out-of-order queue. */
static void sync_points(void) {
    struct cl c = open_out_of_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel add = add_kernel(&c, m, 5), twice = kernel_new(&c, source, "twice");
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_sync_point_khr points[3];

    OK(clSetKernelArg(twice, 0, sizeof(m), &m));
    points[0] = fill(b, m, 3);
    points[1] = run_kernel(b, add, 1, points);
    points[2] = fill(b, o, 77);
    check(points[0] != points[1] && points[1] != points[2] && points[0] != points[2], "they differ");
    points[0] = run_kernel(b, twice, 1, &points[1]);
    OK(clCommandCopyBufferKHR(b, NULL, m, o, 0, 0, BYTES, 3, points, &points[1], NULL));
    OK(clCommandFillBufferKHR(b, NULL, m, &(cl_int){9}, sizeof(cl_int), 0, BYTES, 1, &points[1], NULL, NULL));
    OK(clFinalizeCommandBufferKHR(b));
    for (int i = 0; i < 10; i++) {
        run_and_expect(&c, b, o, 16, "in the order of the sync points");
        run_and_expect(&c, b, m, 9, "the last one");
    }
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseKernel(add));
    OK(clReleaseKernel(twice));
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

static void barriers(void) {
    struct cl c = open_out_of_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel add = add_kernel(&c, m, 5), twice = kernel_new(&c, source, "twice");
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_sync_point_khr point;

    OK(clSetKernelArg(twice, 0, sizeof(m), &m));
    OK(clCommandBarrierWithWaitListKHR(b, NULL, 0, NULL, NULL, NULL));
    fill(b, m, 3);
    OK(clCommandBarrierWithWaitListKHR(b, NULL, 0, NULL, NULL, NULL));
    point = run_kernel(b, add, 0, NULL);
    OK(clCommandBarrierWithWaitListKHR(b, NULL, 1, &point, &point, NULL));
    run_kernel(b, twice, 0, NULL);
    OK(clCommandBarrierWithWaitListKHR(b, NULL, 0, NULL, NULL, NULL));
    OK(clCommandBarrierWithWaitListKHR(b, NULL, 1, &point, NULL, NULL));
    OK(clCommandCopyBufferKHR(b, NULL, m, o, 0, 0, BYTES, 0, NULL, NULL, NULL));
    OK(clFinalizeCommandBufferKHR(b));
    for (int i = 0; i < 10; i++)
        run_and_expect(&c, b, o, 16, "in the order of the barriers");
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseKernel(add));
    OK(clReleaseKernel(twice));
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

/* 2000 commands on parts of a buffer, and one that waits for all of them. */
static void many_sync_points(void) {
    struct cl c = open_out_of_order();
    enum { MANY = 2000 };
    static cl_sync_point_khr points[MANY];
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_int v = 12;

    for (int i = 0; i < MANY; i++)
        OK(clCommandFillBufferKHR(b, NULL, m, &v, sizeof(v), (size_t)(i % INTS) * sizeof(v), sizeof(v), 0,
                                  NULL, &points[i], NULL));
    OK(clCommandCopyBufferKHR(b, NULL, m, o, 0, 0, BYTES, MANY, points, NULL, NULL));
    OK(clFinalizeCommandBufferKHR(b));
    run_and_expect(&c, b, o, 12, "all of them");
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

/* ---- enqueueing ---- */

static void enqueue_errors(void) {
    struct cl c = open_in_order();
    cl_context other = clCreateContext(NULL, 1, &c.device, NULL, NULL, NULL);
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_command_queue plain = queue_new(&c, 0), same = queue_new(&c, CL_QUEUE_PROFILING_ENABLE),
                     two[] = {c.q, c.q};
    cl_queue_properties list[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE, 0};
    cl_command_queue foreign = clCreateCommandQueueWithProperties(other, c.device, list, NULL);
    cl_event foreign_event = clCreateUserEvent(other, NULL), event = NULL, none = NULL;

    fill(b, m, 4);
    OK(clFinalizeCommandBufferKHR(b));
    EXPECT(clEnqueueCommandBufferKHR(0, NULL, NULL, 0, NULL, NULL), CL_INVALID_COMMAND_BUFFER_KHR);
    EXPECT(clEnqueueCommandBufferKHR(1, NULL, b, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueCommandBufferKHR(0, &c.q, b, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueCommandBufferKHR(2, two, b, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueCommandBufferKHR(1, (cl_command_queue[]){NULL}, b, 0, NULL, NULL),
           CL_INVALID_COMMAND_QUEUE);
    EXPECT(clEnqueueCommandBufferKHR(1, &plain, b, 0, NULL, NULL),
           has_version(c.device, CL_MAKE_VERSION(0, 9, 7)) ? CL_SUCCESS : CL_INCOMPATIBLE_COMMAND_QUEUE_KHR);
    OK(clFinish(plain));
    EXPECT(clEnqueueCommandBufferKHR(1, &foreign, b, 0, NULL, NULL), CL_INVALID_CONTEXT);
    EXPECT(clEnqueueCommandBufferKHR(0, NULL, b, 1, &foreign_event, NULL), CL_INVALID_CONTEXT);
    EXPECT(clEnqueueCommandBufferKHR(0, NULL, b, 1, NULL, NULL), CL_INVALID_EVENT_WAIT_LIST);
    EXPECT(clEnqueueCommandBufferKHR(0, NULL, b, 0, &foreign_event, NULL), CL_INVALID_EVENT_WAIT_LIST);
    EXPECT(clEnqueueCommandBufferKHR(0, NULL, b, 1, &none, NULL), CL_INVALID_EVENT_WAIT_LIST);
    check(state_of(b) == CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR, "still executable");
    OK(clEnqueueCommandBufferKHR(1, &same, b, 0, NULL, &event));
    cl_command_queue queue = NULL;
    OK(clGetEventInfo(event, CL_EVENT_COMMAND_QUEUE, sizeof(queue), &queue, NULL));
    check(queue == same, "a compatible queue");
    OK(clWaitForEvents(1, &event));
    OK(clReleaseEvent(event));
    run_and_expect(&c, b, m, 4, "and its own");
    OK(clSetUserEventStatus(foreign_event, CL_COMPLETE));
    OK(clReleaseEvent(foreign_event));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    OK(clReleaseCommandQueue(plain));
    OK(clReleaseCommandQueue(same));
    OK(clReleaseCommandQueue(foreign));
    OK(clReleaseContext(other));
    cl_close(&c);
}

static void CL_CALLBACK note_status(cl_event event, cl_int status, void *seen) {
    (void)event;
    atomic_store((_Atomic cl_int *)seen, status);
}

/* Since 0.9.8 it may be enqueued again at any time, and there is no state for that it runs. */
static cl_command_buffer_state_khr running_state(cl_device_id device) {
    return has_version(device, CL_MAKE_VERSION(0, 9, 8)) ? CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR
                                                         : CL_COMMAND_BUFFER_STATE_PENDING_KHR;
}

static void states_and_events(struct cl c) {
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_event gate = clCreateUserEvent(c.ctx, NULL), event;
    cl_command_buffer_state_khr running = running_state(c.device);
    _Atomic cl_int seen = 99;
    cl_command_type type = 0;
    cl_sync_point_khr point = fill(b, m, 4);
    cl_kernel k = add_kernel(&c, m, 3);
    cl_int zero = 0, got[INTS];

    run_kernel(b, k, 1, &point);
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueFillBuffer(c.q, m, &zero, sizeof(zero), 0, BYTES, 0, NULL, NULL));
    OK(clFinish(c.q));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 1, &gate, &event));
    OK(clSetEventCallback(event, CL_COMPLETE, note_status, &seen));
    OK(clFlush(c.q));
    OK(clGetEventInfo(event, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL));
    check(type == CL_COMMAND_COMMAND_BUFFER_KHR, "the event's type");
    check(event_status(event) > CL_COMPLETE, "the gate holds");
    check(state_of(b) == running, "the state while it runs");
    EXPECT(clEnqueueCommandBufferKHR(0, NULL, b, 1, &event, NULL),
           running == CL_COMMAND_BUFFER_STATE_PENDING_KHR ? CL_INVALID_OPERATION : CL_SUCCESS);
    EXPECT(clFinalizeCommandBufferKHR(b), CL_INVALID_OPERATION);
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clWaitForEvents(1, &event));
    check(event_status(event) == CL_COMPLETE, "complete");
    check(state_of(b) == CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR, "executable again");
    OK(clFinish(c.q));
    for (int i = 0; i < 5000 && atomic_load(&seen) == 99; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    check(atomic_load(&seen) == CL_COMPLETE, "the callback came");
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, BYTES, got, 0, NULL, NULL));
    check(got[0] == 7 && got[INTS - 1] == 7, "it ran");
    OK(clReleaseEvent(gate));
    OK(clReleaseEvent(event));
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}
static void states_in_order(void) {
    states_and_events(open_in_order());
}
static void states_out_of_order(void) {
    states_and_events(open_out_of_order());
}

/* Without events: finishing the queue, or reading in it, is enough to enqueue the next run. */
static void runs_without_events(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_command_queue same = queue_new(&c, CL_QUEUE_PROFILING_ENABLE);
    cl_int zero = 0, got[2];
    cl_event event;

    OK(clEnqueueFillBuffer(c.q, m, &zero, sizeof(zero), 0, BYTES, 0, NULL, NULL));
    run_kernel(b, k, 0, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clFinish(c.q));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clEnqueueMarkerWithWaitList(c.q, 0, NULL, &event));
    OK(clFlush(c.q));
    OK(clWaitForEvents(1, &event));
    OK(clReleaseEvent(event));
    OK(clEnqueueCommandBufferKHR(1, &same, b, 0, NULL, NULL));
    OK(clFinish(same));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check(got[0] == 5 && got[1] == 5, "five runs");
    OK(clReleaseCommandQueue(same));
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Many runs at once, in an in-order queue. */
static void simultaneous_use(void) {
    struct cl c = open_in_order();
    cl_device_command_buffer_capabilities_khr capabilities = 0;
    OK(clGetDeviceInfo(c.device, CL_DEVICE_COMMAND_BUFFER_CAPABILITIES_KHR, sizeof(capabilities),
                       &capabilities, NULL));
    if (!(capabilities & CL_COMMAND_BUFFER_CAPABILITY_SIMULTANEOUS_USE_KHR))
        skip("no simultaneous use");
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_buffer(&c, true);
    cl_event gate = clCreateUserEvent(c.ctx, NULL), last;
    cl_int zero = 0, got[2];

    OK(clEnqueueFillBuffer(c.q, m, &zero, sizeof(zero), 0, BYTES, 0, NULL, NULL));
    run_kernel(b, k, 0, NULL);
    run_kernel(b, k, 0, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 1, &gate, NULL));
    for (int i = 0; i < 98; i++)
        OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, &last));
    OK(clFlush(c.q));
    check(state_of(b) == running_state(c.device), "the state while it runs");
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clWaitForEvents(1, &last));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check(got[0] == 200 && got[1] == 200, "a hundred runs");
    check(state_of(b) == CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR, "executable");
    OK(clReleaseEvent(gate));
    OK(clReleaseEvent(last));
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* ---- the functions as they are since 0.9.5, with properties behind the queue ---- */

#define NEWER(name, ...)                                                                                     \
    ((cl_int(CL_API_CALL *)(cl_command_buffer_khr, cl_command_queue, const cl_properties *, __VA_ARGS__,     \
                            cl_uint, const cl_sync_point_khr *, cl_sync_point_khr *,                         \
                            cl_mutable_command_khr *))newer_address(#name))

static void *newer_address(const char *name) {
    void *address = clGetExtensionFunctionAddressForPlatform(the_platform(), name);
    if (!address)
        fail("no address of %s", name);
    return address;
}

static struct cl open_newer(bool in_order) {
    struct cl c = in_order ? open_in_order() : open_out_of_order();
    if (!has_version(c.device, CL_MAKE_VERSION(0, 9, 5)))
        skip("command buffers of a version before 0.9.5");
    return c;
}

static const cl_properties no_properties[] = {0}, odd_properties[] = {0x7777, 1, 0};

static void newer_signatures(void) {
    struct cl c = open_newer(true);
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_command_buffer_khr b = new_buffer(&c, false);
    const size_t zero[3] = {0}, region[3] = {BYTES / 2, 1, 1}, half[3] = {BYTES / 2, 0, 0};
    cl_sync_point_khr point = 77;
    cl_mutable_command_khr handle;
    cl_int v = 6;

    EXPECT(NEWER(clCommandFillBufferKHR, cl_mem, const void *, size_t, size_t,
                 size_t)(b, NULL, NULL, m, &v, sizeof(v), 0, BYTES, 0, NULL, &point, NULL),
           CL_SUCCESS);
    check(point != 77, "a sync point");
    EXPECT(NEWER(clCommandCopyBufferKHR, cl_mem, cl_mem, size_t, size_t,
                 size_t)(b, NULL, no_properties, m, o, 0, 0, BYTES / 2, 1, &point, NULL, NULL),
           CL_SUCCESS);
    EXPECT(NEWER(clCommandCopyBufferRectKHR, cl_mem, cl_mem, const size_t *, const size_t *, const size_t *,
                 size_t, size_t, size_t,
                 size_t)(b, NULL, NULL, m, o, zero, half, region, 0, 0, 0, 0, 0, NULL, NULL, NULL),
           CL_SUCCESS);
    EXPECT(NEWER(clCommandCopyBufferKHR, cl_mem, cl_mem, size_t, size_t,
                 size_t)(b, NULL, odd_properties, m, o, 0, 0, BYTES, 0, NULL, NULL, NULL),
           CL_INVALID_VALUE);
    EXPECT(NEWER(clCommandCopyBufferKHR, cl_mem, cl_mem, size_t, size_t,
                 size_t)(b, NULL, NULL, m, o, 0, 0, BYTES, 0, NULL, NULL, &handle),
           CL_INVALID_VALUE);
    OK(clFinalizeCommandBufferKHR(b));
    run_and_expect(&c, b, o, 6, "filled and copied");
    OK(clReleaseCommandBufferKHR(b));
    if (device_bool(c.device, CL_DEVICE_IMAGE_SUPPORT)) {
        const cl_image_format format = {CL_R, CL_SIGNED_INT32};
        const cl_image_desc desc = {
            .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = INTS / 8, .image_height = 8};
        const size_t whole[3] = {INTS / 8, 8, 1};
        const cl_int color[4] = {9, 9, 9, 9};
        cl_int e;
        cl_mem i[2];
        for (int n = 0; n < 2; n++) {
            i[n] = clCreateImage(c.ctx, 0, &format, &desc, NULL, &e);
            OK(e);
        }
        b = new_buffer(&c, false);
        OK(NEWER(clCommandFillImageKHR, cl_mem, const void *, const size_t *,
                 const size_t *)(b, NULL, NULL, i[0], color, zero, whole, 0, NULL, NULL, NULL));
        OK(NEWER(clCommandCopyImageKHR, cl_mem, cl_mem, const size_t *, const size_t *,
                 const size_t *)(b, NULL, NULL, i[0], i[1], zero, zero, whole, 0, NULL, NULL, NULL));
        OK(NEWER(clCommandCopyImageToBufferKHR, cl_mem, cl_mem, const size_t *, const size_t *,
                 size_t)(b, NULL, NULL, i[1], m, zero, whole, 0, 0, NULL, NULL, NULL));
        OK(NEWER(clCommandCopyBufferToImageKHR, cl_mem, cl_mem, size_t, const size_t *,
                 const size_t *)(b, NULL, NULL, m, i[0], 0, zero, whole, 0, NULL, NULL, NULL));
        OK(NEWER(clCommandCopyImageToBufferKHR, cl_mem, cl_mem, const size_t *, const size_t *,
                 size_t)(b, NULL, NULL, i[0], o, zero, whole, 0, 0, NULL, NULL, NULL));
        OK(clFinalizeCommandBufferKHR(b));
        run_and_expect(&c, b, o, 9, "through images");
        OK(clReleaseCommandBufferKHR(b));
        OK(clReleaseMemObject(i[0]));
        OK(clReleaseMemObject(i[1]));
    }
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

typedef cl_int(CL_API_CALL *newer_barrier_fn)(cl_command_buffer_khr, cl_command_queue, const cl_properties *,
                                              cl_uint, const cl_sync_point_khr *, cl_sync_point_khr *,
                                              cl_mutable_command_khr *);

static void newer_barriers(void) {
    struct cl c = open_newer(false);
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    newer_barrier_fn barrier = (newer_barrier_fn)newer_address("clCommandBarrierWithWaitListKHR");
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_sync_point_khr points[3] = {77, 77, 77}, wrong = 1000;
    cl_kernel k = add_kernel(&c, m, 3);

    points[0] = fill(b, m, 4);
    EXPECT(barrier(b, NULL, NULL, 1, points, &points[1], NULL), CL_SUCCESS);
    check(points[1] != 77 && points[1] != points[0], "a sync point");
    run_kernel(b, k, 1, &points[1]);
    EXPECT(barrier(b, NULL, NULL, 0, NULL, &points[2], NULL), CL_SUCCESS);
    check(points[2] != 77 && points[2] != points[1], "a sync point of a barrier for all");
    run_kernel(b, k, 1, &points[2]);
    EXPECT(barrier(b, NULL, no_properties, 0, NULL, NULL, NULL), CL_SUCCESS);
    EXPECT(barrier(b, NULL, NULL, 0, NULL, NULL, NULL), CL_SUCCESS);
    EXPECT(barrier(b, NULL, odd_properties, 0, NULL, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(barrier(b, NULL, NULL, 1, &wrong, NULL, NULL), CL_INVALID_SYNC_POINT_WAIT_LIST_KHR);
    EXPECT(barrier(b, NULL, NULL, 1, NULL, NULL, NULL), CL_INVALID_SYNC_POINT_WAIT_LIST_KHR);
    run_kernel(b, k, 0, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    run_and_expect(&c, b, m, 13, "all in their order");
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void newer_svm(void) {
    struct cl c = open_newer(true);
    if (!(load_svm(&c) & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER))
        skip("no shared virtual memory");
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_int *p = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, BYTES, 0), v = 5;

    if (!p)
        fail("no shared virtual memory");
    OK(NEWER(clCommandSVMMemFillKHR, void *, const void *, size_t, size_t)(b, NULL, NULL, p, &v, sizeof(v),
                                                                           16, 0, NULL, NULL, NULL));
    OK(NEWER(clCommandSVMMemcpyKHR, void *, const void *, size_t)(b, NULL, no_properties, p + 4, p, 16, 0,
                                                                  NULL, NULL, NULL));
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clEnqueueSVMMap(c.q, CL_TRUE, CL_MAP_READ, p, BYTES, 0, NULL, NULL));
    check(p[0] == 5 && p[7] == 5, "filled and copied");
    OK(clEnqueueSVMUnmap(c.q, p, 0, NULL, NULL));
    OK(clFinish(c.q));
    OK(clReleaseCommandBufferKHR(b));
    clSVMFree(c.ctx, p);
    cl_close(&c);
}

/* From 0.9.7 on any queue of the device will do; what was recorded in order stays so. */
static void other_queues(void) {
    struct cl c = open_newer(true);
    cl_command_queue_properties supported = 0;
    const cl_device_info name = 0x129A; /* CL_DEVICE_COMMAND_BUFFER_SUPPORTED_QUEUE_PROPERTIES_KHR */

    if (!has_version(c.device, CL_MAKE_VERSION(0, 9, 7)))
        skip("command buffers of a version before 0.9.7");
    OK(clGetDeviceInfo(c.device, name, sizeof(supported), &supported, NULL));
    check((supported & CL_QUEUE_PROFILING_ENABLE) != 0, "profiling is supported at least");
    if (!(supported & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE))
        skip("no out-of-order queues");
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel add = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_command_queue other = queue_new(&c, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    cl_int got[INTS];
    bool right = true;

    for (int i = 0; i < 100; i++) {
        if (i % 10 == 0)
            fill(b, m, i);
        run_kernel(b, add, 0, NULL);
    }
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueCommandBufferKHR(1, &other, b, 0, NULL, NULL));
    OK(clFinish(other));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, BYTES, got, 0, NULL, NULL));
    for (int i = 0; i < INTS; i++)
        right = right && got[i] == 100;
    check(right, "in the order in which it was recorded");
    OK(clReleaseCommandQueue(other));
    OK(clReleaseKernel(add));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* From the start of the first to the end of the last. */
static void profiling(struct cl c) {
    static const char slow[] =
        "kernel void slow(global int *x) {\n"
        "    for (int i = 0; i < 2000; i++) x[get_global_id(0)] = x[get_global_id(0)] * 3 + i; }";
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = kernel_new(&c, slow, "slow");
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_ulong alone = CL_ULONG_MAX, t[4];
    cl_event event;
    cl_sync_point_khr point;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    point = run_kernel(b, k, 0, NULL);
    for (int i = 0; i < 19; i++)
        point = run_kernel(b, k, 1, &point);
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, all, NULL, 0, NULL,
                              &event)); /* the first one may be compiled */
    OK(clWaitForEvents(1, &event));
    OK(clReleaseEvent(event));
    for (int i = 0; i < 5; i++) { /* the shortest of some */
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, all, NULL, 0, NULL, &event));
        OK(clWaitForEvents(1, &event));
        for (cl_uint p = 0; p < 4; p++)
            OK(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_QUEUED + p, sizeof(t[p]), &t[p], NULL));
        OK(clReleaseEvent(event));
        if (t[3] - t[2] < alone)
            alone = t[3] - t[2];
    }
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, &event));
    OK(clWaitForEvents(1, &event));
    for (cl_uint p = 0; p < 4; p++)
        OK(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_QUEUED + p, sizeof(t[p]), &t[p], NULL));
    check(t[0] <= t[1] && t[1] <= t[2] && t[2] < t[3], "times are in order");
    loose("times longer than one command", "%.1f", (double)(t[3] - t[2]) / (double)alone);
    if (alone > 1000) /* some drivers' times mean nothing */
        check(t[3] - t[2] > 4 * alone, "twenty commands take longer than four of them");
    OK(clReleaseEvent(event));
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}
static void profiling_in_order(void) {
    profiling(open_in_order());
}
static void profiling_out_of_order(void) {
    profiling(open_out_of_order());
}

/* A gate that fails fails the run. */
static void failed_wait(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_event gate = clCreateUserEvent(c.ctx, NULL), event;

    fill(b, m, 4);
    OK(clFinalizeCommandBufferKHR(b));
    OK(clSetUserEventStatus(gate, -77));
    cl_int e = clEnqueueCommandBufferKHR(0, NULL, b, 1, &gate, &event);
    loose("enqueue", "%s", error_name(e));
    if (e == CL_SUCCESS) {
        EXPECT(clWaitForEvents(1, &event), CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
        check(event_status(event) < 0, "the run has failed");
        check(state_of(b) == CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR, "executable");
        OK(clReleaseEvent(event));
        run_and_expect(&c, b, m, 4, "the next run is well");
    }
    OK(clReleaseEvent(gate));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void empty(void) {
    struct cl c = open_in_order();
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_event event;

    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, &event));
    OK(clWaitForEvents(1, &event));
    check(event_status(event) == CL_COMPLETE, "complete");
    OK(clReleaseEvent(event));
    OK(clReleaseCommandBufferKHR(b));
    cl_close(&c);
}

/* ---- life ---- */

static cl_uint refcount_of_kernel(cl_kernel k) {
    cl_uint count = 0;
    OK(clGetKernelInfo(k, CL_KERNEL_REFERENCE_COUNT, sizeof(count), &count, NULL));
    return count;
}

/* What commands need they retain: the application may release it all. */
static void objects_are_retained(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 5);
    cl_command_buffer_khr b = new_buffer(&c, false);

    fill(b, m, 3);
    run_kernel(b, k, 0, NULL);
    OK(clCommandCopyBufferKHR(b, NULL, m, o, 0, 0, BYTES, 0, NULL, NULL, NULL));
    OK(clFinalizeCommandBufferKHR(b));
    check(refcount_of_kernel(k) > 1, "the kernel");
    check(refcount_of_mem(m) > 1, "the buffer");
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    for (int i = 0; i < 3; i++)
        run_and_expect(&c, b, o, 8, "it has all that it needs");
    OK(clReleaseCommandBufferKHR(b));
    check(refcount_of_mem(o) == 1, "released with the command buffer");
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

/* The command buffer may go while it runs. */
static void release_while_pending(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 5);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_event gate = clCreateUserEvent(c.ctx, NULL), event;
    cl_int got[INTS];

    fill(b, m, 3);
    run_kernel(b, k, 0, NULL);
    OK(clCommandCopyBufferKHR(b, NULL, m, o, 0, 0, BYTES, 0, NULL, NULL, NULL));
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 1, &gate, &event));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    OK(clReleaseCommandBufferKHR(b));
    for (int i = 0; i < 8; i++) /* memory that is given back too early would be found here */
        OK(clReleaseMemObject(buffer_new(&c, CL_MEM_COPY_HOST_PTR, BYTES, got)));
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clEnqueueReadBuffer(c.q, o, CL_TRUE, 0, BYTES, got, 1, &event, NULL));
    check(got[0] == 8 && got[INTS - 1] == 8, "it ran");
    OK(clReleaseEvent(gate));
    OK(clReleaseEvent(event));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

/* More commands than one page of anything, and many buffers. */
static void long_ones(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_buffer(&c, false);

    fill(b, m, 0);
    for (int i = 0; i < 1000; i++)
        run_kernel(b, k, 0, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    run_and_expect(&c, b, m, 1000, "a thousand additions");
    run_and_expect(&c, b, m, 1000, "once more");
    OK(clReleaseCommandBufferKHR(b));
    for (int i = 0; i < 100; i++) {
        b = new_buffer(&c, false);
        fill(b, m, i);
        OK(clFinalizeCommandBufferKHR(b));
        OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
        OK(clReleaseCommandBufferKHR(b));
    }
    b = new_buffer(&c, false);
    run_kernel(b, k, 0, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    run_and_expect(&c, b, m, 100, "the last of a hundred, and one more");
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
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
    CASE(replay),
    CASE(arguments_are_kept),
    CASE(local_memory_and_required_sizes),
    CASE(shared_memory_in_order),
    CASE(shared_memory_out_of_order),
    CASE(shared_memory_errors),
    CASE(rectangles),
    CASE(images),
    CASE(sync_points),
    CASE(barriers),
    CASE(many_sync_points),
    CASE(enqueue_errors),
    CASE(states_in_order),
    CASE(states_out_of_order),
    CASE(runs_without_events),
    CASE(simultaneous_use),
    CASE(newer_signatures),
    CASE(newer_barriers),
    CASE(newer_svm),
    CASE(other_queues),
    CASE(profiling_in_order),
    CASE(profiling_out_of_order),
    LONG_CASE(failed_wait, 10), /* PoCL waits for ever */
    CASE(empty),
    CASE(objects_are_retained),
    CASE(release_while_pending),
    CASE(long_ones),
    END_OF_CASES,
};

const struct test_group group_command_buffers = {"command_buffers", cases};
