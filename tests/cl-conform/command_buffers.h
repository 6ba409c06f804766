// SPDX-License-Identifier: MIT
/*
 * What the cases of cl_khr_command_buffer share: its functions, which are pointers here, and how a buffer is
 * made, filled and replayed.
 */
#ifndef TESTS_E2E_COMMAND_BUFFERS_H
#define TESTS_E2E_COMMAND_BUFFERS_H

#include "conform.h"

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

static inline void load(cl_device_id device) {
    if (!device_has_extension(device, "cl_khr_command_buffer"))
        skip("the device has no command buffers");
#define LOAD_ONE(name, ...)                                                                                  \
    *(void **)&p_##name = clGetExtensionFunctionAddressForPlatform(the_platform(), #name);                   \
    if (!p_##name)                                                                                           \
        fail("no address of %s", #name);
    UNCHANGED(LOAD_ONE)
    OLDER(LOAD_ONE)
}

static inline struct cl open_in_order(void) {
    struct cl c = cl_open();
    load(c.device);
    return c;
}

static inline struct cl open_out_of_order(void) {
    struct cl c = cl_open_out_of_order();
    load(c.device);
    OK(clReleaseCommandQueue(c.q));
    c.q = queue_new(&c, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE | CL_QUEUE_PROFILING_ENABLE);
    return c;
}

static inline cl_command_buffer_khr new_buffer(struct cl *c, bool simultaneous) {
    cl_command_buffer_properties_khr list[] = {CL_COMMAND_BUFFER_FLAGS_KHR,
                                               CL_COMMAND_BUFFER_SIMULTANEOUS_USE_KHR, 0};
    cl_int e;
    cl_command_buffer_khr b = clCreateCommandBufferKHR(1, &c->q, simultaneous ? list : NULL, &e);
    must_succeed("clCreateCommandBufferKHR", e, __FILE__, __LINE__);
    return b;
}

static inline cl_uint state_of(cl_command_buffer_khr b) {
    cl_command_buffer_state_khr state = 99;
    OK(clGetCommandBufferInfoKHR(b, CL_COMMAND_BUFFER_STATE_KHR, sizeof(state), &state, NULL));
    return state;
}

static inline cl_kernel add_kernel(struct cl *c, cl_mem m, cl_int n) {
    cl_kernel k = kernel_new(c, source, "add");
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clSetKernelArg(k, 1, sizeof(n), &n));
    return k;
}

static inline cl_sync_point_khr fill(cl_command_buffer_khr b, cl_mem m, cl_int value) {
    cl_sync_point_khr point = 0;
    OK(clCommandFillBufferKHR(b, NULL, m, &value, sizeof(value), 0, BYTES, 0, NULL, &point, NULL));
    return point;
}

static inline cl_sync_point_khr run_kernel(cl_command_buffer_khr b, cl_kernel k, cl_uint count,
                                           const cl_sync_point_khr *waits) {
    cl_sync_point_khr point = 0;
    OK(clCommandNDRangeKernelKHR(b, NULL, NULL, k, 1, NULL, all, NULL, count, waits, &point, NULL));
    return point;
}

/* Runs it on its own queue, waits, and checks that every int of m has the value. */
static inline void run_and_expect(struct cl *c, cl_command_buffer_khr b, cl_mem m, cl_int value,
                                  const char *what) {
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

/* How often the device lists the extension with a version, and which; of OpenCL 3.0 and later. */
static inline unsigned listed(cl_device_id device, cl_version *version) {
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

/* Does the device have command buffers of that version, or newer? */
static inline bool has_version(cl_device_id device, cl_version wanted) {
    cl_version version = 0;
    return device_version(device) >= 300 && listed(device, &version) > 0 && version >= wanted;
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

static inline cl_device_svm_capabilities load_svm(struct cl *c) {
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

#endif
