// SPDX-License-Identifier: MIT
/* Command buffers: what is replayed, with which arguments, in which order. */
#include "command_buffers.h"

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

static const struct test_case cases[] = {
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
    END_OF_CASES,
};

const struct test_group group_command_buffer_replays = {"command_buffer_replays", cases};
