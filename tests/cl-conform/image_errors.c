// SPDX-License-Identifier: MIT
/* Images: every error of making and enqueueing them, and the older ways to make them. */
#include "images.h"

/* ---- errors
 * ----------------------------------------------------------------------------------------------------------------------
 */

static void create_errors(void) {
    struct cl c = cl_open();
    cl_image_format bad_order = {0x7777, CL_UNSIGNED_INT8}, bad_type = {CL_RGBA, 0x7777},
                    mismatch = {CL_RGB, CL_FLOAT};
    cl_image_desc good = desc_of(&kinds[2]), d;
    char data[65536] = {0};
    cl_int e;

    need_images(&c);
    EXPECT((clCreateImage(NULL, 0, &rgba8, &good, NULL, &e), e), CL_INVALID_CONTEXT);
    EXPECT((clCreateImage(c.ctx, (cl_mem_flags)1 << 50, &rgba8, &good, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateImage(c.ctx, CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, &rgba8, &good, NULL, &e), e),
           CL_INVALID_VALUE);
    EXPECT((clCreateImage(c.ctx, 0, NULL, &good, NULL, &e), e), CL_INVALID_IMAGE_FORMAT_DESCRIPTOR);
    EXPECT((clCreateImage(c.ctx, 0, &bad_order, &good, NULL, &e), e), CL_INVALID_IMAGE_FORMAT_DESCRIPTOR);
    EXPECT((clCreateImage(c.ctx, 0, &bad_type, &good, NULL, &e), e), CL_INVALID_IMAGE_FORMAT_DESCRIPTOR);
    EXPECT((clCreateImage(c.ctx, 0, &mismatch, &good, NULL, &e), e), CL_INVALID_IMAGE_FORMAT_DESCRIPTOR,
           CL_IMAGE_FORMAT_NOT_SUPPORTED);
    EXPECT((clCreateImage(c.ctx, 0, &rgba8, NULL, NULL, &e), e), CL_INVALID_IMAGE_DESCRIPTOR);
    d = good;
    d.image_width = 0;
    EXPECT((clCreateImage(c.ctx, 0, &rgba8, &d, NULL, &e), e), CL_INVALID_IMAGE_SIZE,
           CL_INVALID_IMAGE_DESCRIPTOR);
    d = good;
    d.image_height = 0;
    EXPECT((clCreateImage(c.ctx, 0, &rgba8, &d, NULL, &e), e), CL_INVALID_IMAGE_SIZE,
           CL_INVALID_IMAGE_DESCRIPTOR);
    d = good;
    d.image_width = device_size(c.device, CL_DEVICE_IMAGE2D_MAX_WIDTH) + 1;
    EXPECT((clCreateImage(c.ctx, 0, &rgba8, &d, NULL, &e), e), CL_INVALID_IMAGE_SIZE);
    d = good;
    d.image_type = CL_MEM_OBJECT_BUFFER;
    EXPECT((clCreateImage(c.ctx, 0, &rgba8, &d, NULL, &e), e), CL_INVALID_IMAGE_DESCRIPTOR);
    d = good;
    d.image_row_pitch = 400; /* without host_ptr */
    EXPECT((clCreateImage(c.ctx, 0, &rgba8, &d, NULL, &e), e), CL_INVALID_IMAGE_DESCRIPTOR);
    d.image_row_pitch = 100; /* less than a row */
    EXPECT((clCreateImage(c.ctx, CL_MEM_COPY_HOST_PTR, &rgba8, &d, data, &e), e),
           CL_INVALID_IMAGE_DESCRIPTOR);
    EXPECT((clCreateImage(c.ctx, CL_MEM_COPY_HOST_PTR, &rgba8, &good, NULL, &e), e), CL_INVALID_HOST_PTR);
    EXPECT((clCreateImage(c.ctx, 0, &rgba8, &good, data, &e), e), CL_INVALID_HOST_PTR);
    cl_close(&c);
}

static void mip_levels(void) {
    struct cl c = cl_open();
    cl_image_desc d = desc_of(&kinds[2]);
    cl_int e;

    need_images(&c);
    d.num_mip_levels = 2;
    EXPECT((clCreateImage(c.ctx, 0, &rgba8, &d, NULL, &e), e), CL_INVALID_IMAGE_DESCRIPTOR, CL_INVALID_VALUE);
    cl_close(&c);
}

static void enqueue_errors(void) {
    struct cl c = cl_open();
    static char data[65536];
    size_t region[3] = {37, 19, 1}, large[3] = {38, 19, 1}, empty[3] = {0, 19, 1}, origin[3] = {1, 0, 0},
           deep[3] = {37, 19, 2};
    size_t third[3] = {0, 0, 1}, row = 0;
    cl_uint color[4] = {0};
    cl_int e;

    need_images(&c);
    cl_mem m = image_new(&c, 0, &rgba8, &kinds[2], NULL), f = image_new(&c, 0, &rgbaf, &kinds[2], NULL),
           b = buffer_new(&c, 0, 65536, NULL);
    EXPECT(clEnqueueReadImage(NULL, m, CL_TRUE, zero, region, 0, 0, data, 0, NULL, NULL),
           CL_INVALID_COMMAND_QUEUE);
    EXPECT(clEnqueueReadImage(c.q, NULL, CL_TRUE, zero, region, 0, 0, data, 0, NULL, NULL),
           CL_INVALID_MEM_OBJECT);
    EXPECT(clEnqueueReadImage(c.q, m, CL_TRUE, zero, large, 0, 0, data, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueReadImage(c.q, m, CL_TRUE, origin, region, 0, 0, data, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueReadImage(c.q, m, CL_TRUE, zero, deep, 0, 0, data, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueReadImage(c.q, m, CL_TRUE, third, region, 0, 0, data, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueReadImage(c.q, m, CL_TRUE, zero, region, 0, 0, NULL, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueReadImage(c.q, m, CL_TRUE, zero, region, 100, 0, data, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueWriteImage(c.q, m, CL_TRUE, zero, large, 0, 0, data, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueWriteImage(c.q, m, CL_TRUE, zero, region, 0, 0, NULL, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueCopyImage(c.q, m, f, zero, zero, region, 0, NULL, NULL), CL_IMAGE_FORMAT_MISMATCH);
    EXPECT(clEnqueueCopyImage(c.q, m, m, zero, origin, (size_t[3]){20, 19, 1}, 0, NULL, NULL),
           CL_MEM_COPY_OVERLAP);
    EXPECT(clEnqueueCopyImage(c.q, m, m, zero, (size_t[3]){20, 0, 0}, (size_t[3]){17, 19, 1}, 0, NULL, NULL),
           CL_SUCCESS);
    EXPECT(clEnqueueCopyBufferToImage(c.q, b, m, 65536 - 8, zero, region, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueCopyImageToBuffer(c.q, m, b, zero, large, 0, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueFillImage(c.q, m, NULL, zero, region, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueFillImage(c.q, m, color, zero, large, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT((clEnqueueMapImage(c.q, m, CL_TRUE, CL_MAP_READ, zero, region, NULL, NULL, 0, NULL, NULL, &e), e),
           CL_INVALID_VALUE);
    EXPECT((clEnqueueMapImage(c.q, m, CL_TRUE, CL_MAP_READ, zero, large, &row, NULL, 0, NULL, NULL, &e), e),
           CL_INVALID_VALUE);
    cl_int codes[] = {clEnqueueReadImage(c.q, m, CL_TRUE, zero, empty, 0, 0, data, 0, NULL, NULL)};
    loose("an empty region", "%s", error_name(codes[0]));
    OK(clFinish(c.q));
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(f));
    OK(clReleaseMemObject(b));
    cl_close(&c);
}

static void old_ways_to_create(void) {
    struct cl c = cl_open();
    size_t w = 0, h = 0, d = 0;
    cl_int e;

    need_images(&c);
    cl_mem m = clCreateImage2D(c.ctx, CL_MEM_READ_WRITE, &rgba8, 30, 20, 0, NULL, &e);
    OK(e);
    OK(clGetImageInfo(m, CL_IMAGE_WIDTH, sizeof(w), &w, NULL));
    OK(clGetImageInfo(m, CL_IMAGE_HEIGHT, sizeof(h), &h, NULL));
    check(w == 30 && h == 20, "clCreateImage2D");
    OK(clReleaseMemObject(m));
    m = clCreateImage3D(c.ctx, CL_MEM_READ_WRITE, &rgba8, 10, 9, 8, 0, 0, NULL, &e);
    OK(e);
    OK(clGetImageInfo(m, CL_IMAGE_DEPTH, sizeof(d), &d, NULL));
    check(d == 8, "clCreateImage3D");
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void with_properties(void) {
    struct cl c = cl_open();
    cl_mem_properties none[] = {0}, unknown[] = {0x7777, 1, 0}, back[4] = {1, 1, 1, 1};
    cl_image_desc desc = desc_of(&kinds[2]);
    size_t size = 0;
    cl_int e;

    need_images(&c);
    if (device_version(c.device) < 300)
        skip("wants OpenCL 3.0");
    cl_mem m = clCreateImageWithProperties(c.ctx, none, 0, &rgba8, &desc, NULL, &e);
    OK(e);
    OK(clGetMemObjectInfo(m, CL_MEM_PROPERTIES, sizeof(back), back, &size));
    check(size == sizeof(none) && back[0] == 0, "an empty list comes back");
    OK(clReleaseMemObject(m));
    EXPECT((clCreateImageWithProperties(c.ctx, unknown, 0, &rgba8, &desc, NULL, &e), e), CL_INVALID_PROPERTY);
    cl_close(&c);
}

static void as_arguments(void) {
    struct cl c = cl_open();
    cl_int e;

    need_images(&c);
    cl_kernel k =
        kernel_new(&c, "kernel void k(read_only image2d_t i, sampler_t s, global int *o) { *o = 1; }", "k");
    cl_mem image = image_new(&c, 0, &rgba8, &kinds[2], NULL), b = buffer_new(&c, 0, 64, NULL);
    cl_sampler s = clCreateSampler(c.ctx, CL_FALSE, CL_ADDRESS_CLAMP, CL_FILTER_NEAREST, &e);
    OK(e);
    EXPECT(clSetKernelArg(k, 0, sizeof(image), &image), CL_SUCCESS);
    EXPECT(clSetKernelArg(k, 0, 4, &image), CL_INVALID_ARG_SIZE);
    EXPECT(clSetKernelArg(k, 1, sizeof(s), &s), CL_SUCCESS);
    EXPECT(clSetKernelArg(k, 1, 4, &s), CL_INVALID_ARG_SIZE);
    EXPECT(clSetKernelArg(k, 2, sizeof(b), &b), CL_SUCCESS);
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(image));
    OK(clReleaseMemObject(b));
    OK(clReleaseSampler(s));
    cl_close(&c);
}

/* Objects that are of the wrong kind, of another context, or both: which of the two is said. */
static void wrong_kind_and_context(void) {
    struct cl c = cl_open(), other = cl_open();
    const cl_image_format format = {CL_RGBA, CL_UNORM_INT8};
    const cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 16, .image_height = 16};
    const size_t o[3] = {0}, r[3] = {4, 4, 1};
    cl_uint color[4] = {0};
    char bytes[1024];
    cl_mem b[2], i[2];
    cl_int e;

    need_images(&c);
    for (int n = 0; n < 2; n++) {
        b[n] = buffer_new(n ? &other : &c, 0, 4096, NULL);
        i[n] = clCreateImage(n ? other.ctx : c.ctx, 0, &format, &desc, NULL, &e);
        OK(e);
    }
#define SEE(call) see(#call, "%s", error_name(call))
    SEE(clEnqueueReadImage(c.q, b[1], CL_TRUE, o, r, 0, 0, bytes, 0, NULL, NULL));
    SEE(clEnqueueWriteImage(c.q, b[1], CL_TRUE, o, r, 0, 0, bytes, 0, NULL, NULL));
    SEE(clEnqueueFillImage(c.q, b[1], color, o, r, 0, NULL, NULL));
    SEE(clEnqueueReadBuffer(c.q, i[1], CL_TRUE, 0, 16, bytes, 0, NULL, NULL));
    SEE(clEnqueueWriteBuffer(c.q, i[1], CL_TRUE, 0, 16, bytes, 0, NULL, NULL));
    SEE((clEnqueueMapImage(c.q, b[1], CL_TRUE, CL_MAP_READ, o, r, (size_t[1]){0}, NULL, 0, NULL, NULL, &e),
         e));
    SEE((clEnqueueMapBuffer(c.q, i[1], CL_TRUE, CL_MAP_READ, 0, 16, 0, NULL, NULL, &e), e));
    SEE(clEnqueueFillBuffer(c.q, i[1], color, 4, 0, 16, 0, NULL, NULL));
    for (int n = 0; n < 2; n++)
        for (int m = 0; m < 2; m++) {
            loose("objects", "%d, %d", n, m);
            SEE(clEnqueueCopyBuffer(c.q, i[n], b[m], 0, 0, 16, 0, NULL, NULL));
            SEE(clEnqueueCopyBuffer(c.q, b[n], i[m], 0, 0, 16, 0, NULL, NULL));
            SEE(clEnqueueCopyBufferRect(c.q, i[n], b[m], o, o, r, 0, 0, 0, 0, 0, NULL, NULL));
            SEE(clEnqueueCopyBufferRect(c.q, b[n], i[m], o, o, r, 0, 0, 0, 0, 0, NULL, NULL));
            SEE(clEnqueueCopyImage(c.q, b[n], i[m], o, o, r, 0, NULL, NULL));
            SEE(clEnqueueCopyImage(c.q, i[n], b[m], o, o, r, 0, NULL, NULL));
            SEE(clEnqueueCopyImageToBuffer(c.q, b[n], b[m], o, r, 0, 0, NULL, NULL));
            SEE(clEnqueueCopyImageToBuffer(c.q, i[n], i[m], o, r, 0, 0, NULL, NULL));
            SEE(clEnqueueCopyBufferToImage(c.q, i[n], i[m], 0, o, r, 0, NULL, NULL));
            SEE(clEnqueueCopyBufferToImage(c.q, b[n], b[m], 0, o, r, 0, NULL, NULL));
        }
    for (int n = 0; n < 2; n++) {
        OK(clReleaseMemObject(b[n]));
        OK(clReleaseMemObject(i[n]));
    }
    cl_close(&other);
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(create_errors),   CASE(mip_levels),   CASE(enqueue_errors),         CASE(old_ways_to_create),
    CASE(with_properties), CASE(as_arguments), CASE(wrong_kind_and_context), END_OF_CASES,
};

const struct test_group group_image_errors = {"image_errors", cases};
