// SPDX-License-Identifier: MIT
/* Command buffers: the recording functions as they are since 0.9.5, and queues since 0.9.7. */
#include "command_buffers.h"

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

static const struct test_case cases[] = {
    CASE(newer_signatures), CASE(newer_barriers), CASE(newer_svm), CASE(other_queues), END_OF_CASES,
};

const struct test_group group_command_buffer_signatures = {"command_buffer_signatures", cases};
