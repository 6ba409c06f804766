// SPDX-License-Identifier: MIT
/* Images in kernels, samplers, and images made from buffers. */
#include "images.h"

/* ---- kernels
 * ----------------------------------------------------------------------------------------------------------------
 */

static void kernel_reads_and_writes(void) {
    static const char source[] =
        "const sampler_t s = CLK_NORMALIZED_COORDS_FALSE | CLK_ADDRESS_CLAMP_TO_EDGE | CLK_FILTER_NEAREST;\n"
        "kernel void flip(read_only image2d_t in, write_only image2d_t out, int w, int h) { int2 p = "
        "(int2)(get_global_id(0), "
        "get_global_id(1));\n write_imageui(out, p, read_imageui(in, s, (int2)(w - 1 - p.x, h - 1 - "
        "p.y)).wzyx); }";
    static cl_uchar data[37 * 19 * 4], got[37 * 19 * 4], want[37 * 19 * 4];
    struct cl c = cl_open();
    size_t region[3], global[2] = {37, 19};
    cl_int w = 37, h = 19;

    need_images(&c);
    region_of(&kinds[2], region);
    fill_pixels(data, sizeof(data), 12);
    cl_kernel k = kernel_new(&c, source, "flip");
    cl_mem in = image_new(&c, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, &rgba8, &kinds[2], data);
    cl_mem out = image_new(&c, CL_MEM_WRITE_ONLY, &rgba8, &kinds[2], NULL);
    OK(clSetKernelArg(k, 0, sizeof(in), &in));
    OK(clSetKernelArg(k, 1, sizeof(out), &out));
    OK(clSetKernelArg(k, 2, sizeof(w), &w));
    OK(clSetKernelArg(k, 3, sizeof(h), &h));
    OK(clEnqueueNDRangeKernel(c.q, k, 2, NULL, global, NULL, 0, NULL, NULL));
    OK(clEnqueueReadImage(c.q, out, CL_TRUE, zero, region, 0, 0, got, 0, NULL, NULL));
    for (int i = 0; i < 37 * 19; i++)
        for (int j = 0; j < 4; j++)
            want[i * 4 + j] = data[(37 * 19 - 1 - i) * 4 + 3 - j];
    check_bytes("flipped", got, want, sizeof(want));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(in));
    OK(clReleaseMemObject(out));
    cl_close(&c);
}

static void kernel_asks_for_sizes(void) {
    static const char source[] = "kernel void k(global int *o, read_only image2d_t a, read_only image3d_t b, "
                                 "read_only image1d_t c, read_only "
                                 "image2d_array_t d) { o[0] = get_image_width(a); o[1] = "
                                 "get_image_height(a); o[2] = get_image_width(b); o[3] = "
                                 "get_image_height(b); o[4] = get_image_depth(b); o[5] = get_image_width(c); "
                                 "o[6] = (int)get_image_array_size(d); o[7] = "
                                 "get_image_channel_data_type(a) == CLK_UNSIGNED_INT8; o[8] = "
                                 "get_image_channel_order(a) == CLK_RGBA; }";
    static const cl_int want[9] = {37, 19, 17, 9, 7, 37, 4, 1, 1};
    struct cl c = cl_open();
    cl_int got[9];
    size_t one = 1;

    need_images(&c);
    cl_kernel k = kernel_new(&c, source, "k");
    cl_mem o = buffer_new(&c, 0, 64, NULL), images[4];
    static const int which[4] = {2, 4, 0, 3};
    OK(clSetKernelArg(k, 0, sizeof(o), &o));
    for (cl_uint i = 0; i < 4; i++) {
        images[i] = image_new(&c, 0, &rgba8, &kinds[which[i]], NULL);
        OK(clSetKernelArg(k, i + 1, sizeof(cl_mem), &images[i]));
    }
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, NULL, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, o, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check_ints("sizes and format in the kernel", got, want, 9);
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(o));
    for (int i = 0; i < 4; i++)
        OK(clReleaseMemObject(images[i]));
    cl_close(&c);
}

static void sampled(void) {
    static const char source[] =
        "kernel void k(read_only image2d_t in, sampler_t s, global float4 *out, float2 from, float2 step) "
        "{ size_t i = get_global_id(0); out[i] = read_imagef(in, s, from + step * (float)i); }";
    struct cl c = cl_open();
    cl_float data[8 * 8 * 4], got[16 * 4];
    struct kind square = {"square", CL_MEM_OBJECT_IMAGE2D, 8, 8, 0, 0, 2};
    size_t n = 16;

    need_images(&c);
    for (int i = 0; i < 8 * 8 * 4; i++)
        data[i] = (cl_float)(i % 32) * 0.25f;
    cl_kernel k = kernel_new(&c, source, "k");
    cl_mem in = image_new(&c, CL_MEM_COPY_HOST_PTR, &rgbaf, &square, data),
           out = buffer_new(&c, 0, sizeof(got), NULL);
    OK(clSetKernelArg(k, 0, sizeof(in), &in));
    OK(clSetKernelArg(k, 2, sizeof(out), &out));
    for (int normalized = 0; normalized < 2; normalized++)
        for (int linear = 0; linear < 2; linear++)
            for (cl_addressing_mode mode = CL_ADDRESS_NONE; mode <= CL_ADDRESS_MIRRORED_REPEAT; mode++) {
                cl_float scale = normalized ? 1.0f : 8.0f;
                cl_float2 from = {{0.03f * scale, 0.1f * scale}}, step = {{0.06f * scale, 0.05f * scale}};
                cl_int e;
                char what[64];

                if (mode == CL_ADDRESS_NONE)
                    continue; /* outside of the image anything may come */
                if (!normalized && mode > CL_ADDRESS_CLAMP)
                    continue; /* repeating is for normalized coordinates */
                if (mode >= CL_ADDRESS_REPEAT)
                    step.s[0] *= 3;
                cl_sampler s = clCreateSampler(c.ctx, (cl_bool)normalized, mode,
                                               linear ? CL_FILTER_LINEAR : CL_FILTER_NEAREST, &e);
                OK(e);
                OK(clSetKernelArg(k, 1, sizeof(s), &s));
                OK(clSetKernelArg(k, 3, sizeof(from), &from));
                OK(clSetKernelArg(k, 4, sizeof(step), &step));
                OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
                OK(clEnqueueReadBuffer(c.q, out, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
                snprintf(what, sizeof(what), "normalized %d, linear %d, mode %#x", normalized, linear, mode);
                see_words(what, "%016llx", (unsigned long long)hash_bytes(got, sizeof(got)));
                OK(clReleaseSampler(s));
            }
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(in));
    OK(clReleaseMemObject(out));
    cl_close(&c);
}

static void samplers(void) {
    struct cl c = cl_open();
    cl_sampler_properties list[] = {CL_SAMPLER_NORMALIZED_COORDS,
                                    CL_FALSE,
                                    CL_SAMPLER_ADDRESSING_MODE,
                                    CL_ADDRESS_CLAMP_TO_EDGE,
                                    CL_SAMPLER_FILTER_MODE,
                                    CL_FILTER_NEAREST,
                                    0};
    cl_sampler_properties back[16],
        bad_name[] = {0x7777, 1, 0}, bad_value[] = {CL_SAMPLER_FILTER_MODE, 0x7777, 0},
        twice[] = {CL_SAMPLER_FILTER_MODE, CL_FILTER_NEAREST, CL_SAMPLER_FILTER_MODE, CL_FILTER_LINEAR, 0};
    cl_bool normalized = 9;
    cl_filter_mode filter = 0;
    cl_addressing_mode mode = 0;
    cl_uint count = 0;
    size_t size = 0;
    cl_int e;

    need_images(&c);
    cl_sampler s = clCreateSamplerWithProperties(c.ctx, list, &e);
    OK(e);
    OK(clGetSamplerInfo(s, CL_SAMPLER_NORMALIZED_COORDS, sizeof(normalized), &normalized, NULL));
    OK(clGetSamplerInfo(s, CL_SAMPLER_ADDRESSING_MODE, sizeof(mode), &mode, NULL));
    OK(clGetSamplerInfo(s, CL_SAMPLER_FILTER_MODE, sizeof(filter), &filter, NULL));
    check(normalized == CL_FALSE && mode == CL_ADDRESS_CLAMP_TO_EDGE && filter == CL_FILTER_NEAREST,
          "what was asked for");
    if (clGetSamplerInfo(s, CL_SAMPLER_PROPERTIES, sizeof(back), back, &size) == CL_SUCCESS)
        check(size == sizeof(list) && memcmp(back, list, size) == 0, "CL_SAMPLER_PROPERTIES");
    OK(clRetainSampler(s));
    OK(clGetSamplerInfo(s, CL_SAMPLER_REFERENCE_COUNT, sizeof(count), &count, NULL));
    check(count == 2, "retained");
    OK(clReleaseSampler(s));
    OK(clReleaseSampler(s));
    EXPECT((clCreateSamplerWithProperties(NULL, list, &e), e), CL_INVALID_CONTEXT);
    EXPECT((clCreateSamplerWithProperties(c.ctx, bad_name, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateSamplerWithProperties(c.ctx, bad_value, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateSamplerWithProperties(c.ctx, twice, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateSampler(c.ctx, CL_TRUE, 0x7777, CL_FILTER_LINEAR, &e), e), CL_INVALID_VALUE);
    EXPECT(clRetainSampler(NULL), CL_INVALID_SAMPLER);
    EXPECT(clReleaseSampler(NULL), CL_INVALID_SAMPLER);
    cl_close(&c);
}

static void default_sampler(void) {
    struct cl c = cl_open();
    cl_bool normalized = 9;
    cl_filter_mode filter = 0;
    cl_addressing_mode mode = 0;
    cl_int e;

    need_images(&c);
    cl_sampler s = clCreateSamplerWithProperties(c.ctx, NULL, &e);
    OK(e);
    OK(clGetSamplerInfo(s, CL_SAMPLER_NORMALIZED_COORDS, sizeof(normalized), &normalized, NULL));
    OK(clGetSamplerInfo(s, CL_SAMPLER_ADDRESSING_MODE, sizeof(mode), &mode, NULL));
    OK(clGetSamplerInfo(s, CL_SAMPLER_FILTER_MODE, sizeof(filter), &filter, NULL));
    check(normalized == CL_TRUE && mode == CL_ADDRESS_CLAMP && filter == CL_FILTER_NEAREST, "the defaults");
    OK(clReleaseSampler(s));
    cl_close(&c);
}

/* ---- made from buffers and other images
 * --------------------------------------------------------------------------------------- */

static void one_dimensional_from_a_buffer(void) {
    static const char source[] =
        "kernel void k(read_only image1d_buffer_t in, global uint4 *out) { int i = get_global_id(0); "
        "out[i] = read_imageui(in, i); }";
    struct cl c = cl_open();
    cl_image_format f = {CL_RGBA, CL_UNSIGNED_INT32};
    cl_uint data[64 * 4], got[64 * 4];
    cl_int e;
    size_t n = 64;

    need_images(&c);
    for (int i = 0; i < 256; i++)
        data[i] = (cl_uint)i * 3;
    cl_mem buffer = buffer_new(&c, CL_MEM_COPY_HOST_PTR, sizeof(data), data),
           out = buffer_new(&c, 0, sizeof(got), NULL), of = NULL;
    cl_image_desc desc = {
        .image_type = CL_MEM_OBJECT_IMAGE1D_BUFFER, .image_width = 64, .mem_object = buffer};
    cl_mem m = clCreateImage(c.ctx, CL_MEM_READ_ONLY, &f, &desc, NULL, &e);
    see("clCreateImage", "%s", error_name(e));
    if (e == CL_SUCCESS) {
        cl_kernel k = kernel_new(&c, source, "k");

        OK(clGetImageInfo(m, CL_IMAGE_BUFFER, sizeof(of), &of, NULL));
        check(of == buffer, "CL_IMAGE_BUFFER");
        OK(clGetMemObjectInfo(m, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof(of), &of, NULL));
        check(of == buffer, "CL_MEM_ASSOCIATED_MEMOBJECT");
        OK(clSetKernelArg(k, 0, sizeof(m), &m));
        OK(clSetKernelArg(k, 1, sizeof(out), &out));
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
        OK(clEnqueueReadBuffer(c.q, out, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
        check(memcmp(got, data, sizeof(data)) == 0, "the kernel sees the buffer's contents");
        OK(clReleaseKernel(k));
        OK(clReleaseMemObject(m));
    }
    OK(clReleaseMemObject(buffer));
    OK(clReleaseMemObject(out));
    cl_close(&c);
}

static void two_dimensional_from_a_buffer(void) {
    struct cl c = cl_open();
    cl_uint align = 0;
    cl_int e, value = 0x05050505, got[16];

    need_images(&c);
    if (!device_has_extension(c.device, "cl_khr_image2d_from_buffer"))
        skip("no cl_khr_image2d_from_buffer");
    align = device_uint(c.device, CL_DEVICE_IMAGE_PITCH_ALIGNMENT);
    size_t row = (align ? align : 1) * 4 < 64 ? 64 : (size_t)align * 4, region[3] = {16, 4, 1};
    cl_mem buffer = buffer_new(&c, 0, row * 4, NULL);
    cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D,
                          .image_width = 16,
                          .image_height = 4,
                          .image_row_pitch = row,
                          .mem_object = buffer};
    cl_mem m = clCreateImage(c.ctx, CL_MEM_READ_WRITE, &rgba8, &desc, NULL, &e);
    see("clCreateImage", "%s", error_name(e));
    if (e == CL_SUCCESS) {
        OK(clEnqueueFillImage(c.q, m, (cl_uint[4]){5, 5, 5, 5}, zero, region, 0, NULL, NULL));
        OK(clEnqueueReadBuffer(c.q, buffer, CL_TRUE, row, 64, got, 0, NULL, NULL));
        check(got[0] == value && got[15] == value, "what the image holds lies in the buffer");
        OK(clReleaseMemObject(m));
    }
    OK(clReleaseMemObject(buffer));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(kernel_reads_and_writes),
    CASE(kernel_asks_for_sizes),
    CASE(sampled),
    CASE(samplers),
    CASE(default_sampler),
    CASE(one_dimensional_from_a_buffer),
    CASE(two_dimensional_from_a_buffer),
    END_OF_CASES,
};

const struct test_group group_image_kernels = {"image_kernels", cases};
