// SPDX-License-Identifier: MIT
/* Images of every kind and format that the device lists; samplers. */
#include "conform.h"

static const struct kind {
    const char *name;
    cl_mem_object_type type;
    size_t width, height, depth, layers; /* 0: the kind has none */
    unsigned dims;                       /* coordinates, the array index among them */
} kinds[] = {
    {"1D", CL_MEM_OBJECT_IMAGE1D, 37, 0, 0, 0, 1},
    {"1D array", CL_MEM_OBJECT_IMAGE1D_ARRAY, 37, 0, 0, 5, 2},
    {"2D", CL_MEM_OBJECT_IMAGE2D, 37, 19, 0, 0, 2},
    {"2D array", CL_MEM_OBJECT_IMAGE2D_ARRAY, 37, 19, 0, 4, 3},
    {"3D", CL_MEM_OBJECT_IMAGE3D, 17, 9, 7, 0, 3},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static cl_image_desc desc_of(const struct kind *k) {
    return (cl_image_desc){.image_type = k->type,
                           .image_width = k->width,
                           .image_height = k->height,
                           .image_depth = k->depth,
                           .image_array_size = k->layers};
}

/* The whole image as a region. */
static void region_of(const struct kind *k, size_t region[3]) {
    region[0] = k->width;
    region[1] = k->height ? k->height : k->dims > 1 ? k->layers : 1;
    region[2] = k->depth ? k->depth : k->dims > 2 ? k->layers : 1;
}

static const size_t zero[3] = {0, 0, 0};

static size_t channel_bytes(cl_channel_type type, bool *packed) {
    *packed = false;
    switch (type) {
    case CL_SNORM_INT8:
    case CL_UNORM_INT8:
    case CL_SIGNED_INT8:
    case CL_UNSIGNED_INT8:
        return 1;
    case CL_UNORM_SHORT_565:
    case CL_UNORM_SHORT_555:
        *packed = true;
        return 2;
    case CL_UNORM_INT_101010:
    case CL_UNORM_INT_101010_2:
        *packed = true;
        return 4;
    case CL_SIGNED_INT32:
    case CL_UNSIGNED_INT32:
    case CL_FLOAT:
        return 4;
    default:
        return 2;
    }
}

static size_t pixel_bytes(const cl_image_format *f) {
    bool packed;
    size_t bytes = channel_bytes(f->image_channel_data_type, &packed);

    if (packed)
        return bytes;
    switch (f->image_channel_order) {
    case CL_R:
    case CL_A:
    case CL_INTENSITY:
    case CL_LUMINANCE:
    case CL_DEPTH:
        return bytes;
    case CL_Rx:
    case CL_RG:
    case CL_RA:
    case CL_RGx:
        return 2 * bytes;
    case CL_RGB:
    case CL_RGBx:
    case CL_sRGB:
        return 3 * bytes;
    default:
        return 4 * bytes;
    }
}

static void fill_pixels(unsigned char *data, size_t size, uint32_t seed) {
    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)(prng(&seed) >> 9);
}

static cl_mem image_new(struct cl *c, cl_mem_flags flags, const cl_image_format *f, const struct kind *k,
                        void *data) {
    cl_image_desc desc = desc_of(k);
    cl_int e;
    cl_mem m = clCreateImage(c->ctx, flags, f, &desc, data, &e);

    must_succeed("clCreateImage", e, __FILE__, __LINE__);
    return m;
}

/* ---- formats
 * ------------------------------------------------------------------------------------------------------------
 */

static int by_value(const void *a, const void *b) {
    return memcmp(a, b, sizeof(cl_image_format));
}

static cl_uint formats_of(struct cl *c, cl_mem_flags flags, cl_mem_object_type type, cl_image_format *formats,
                          cl_uint room) {
    cl_uint count = 0;

    OK(clGetSupportedImageFormats(c->ctx, flags, type, room, formats, &count));
    return count < room ? count : room;
}

static void supported_formats(void) {
    static const cl_mem_flags flags[] = {CL_MEM_READ_WRITE, CL_MEM_READ_ONLY, CL_MEM_WRITE_ONLY};
    static cl_image_format formats[512];
    struct cl c = cl_open();

    need_images(&c);
    for (int k = 0; k < KINDS; k++)
        for (size_t f = 0; f < 3; f++) {
            cl_uint n = formats_of(&c, flags[f], kinds[k].type, formats, 512);
            char what[48];

            qsort(formats, n, sizeof(formats[0]), by_value);
            snprintf(what, sizeof(what), "%s, flags %llu", kinds[k].name, (unsigned long long)flags[f]);
            see(what, "%u formats, hash %016llx", n,
                (unsigned long long)hash_bytes(formats, n * sizeof(formats[0])));
        }
    cl_close(&c);
}

static void supported_formats_errors(void) {
    struct cl c = cl_open();
    cl_image_format f[4];
    cl_uint n = 0;

    need_images(&c);
    EXPECT(clGetSupportedImageFormats(NULL, CL_MEM_READ_WRITE, CL_MEM_OBJECT_IMAGE2D, 4, f, &n),
           CL_INVALID_CONTEXT);
    EXPECT(clGetSupportedImageFormats(c.ctx, CL_MEM_READ_WRITE, CL_MEM_OBJECT_BUFFER, 4, f, &n),
           CL_INVALID_VALUE);
    EXPECT(clGetSupportedImageFormats(c.ctx, CL_MEM_READ_WRITE, CL_MEM_OBJECT_IMAGE2D, 0, f, &n),
           CL_INVALID_VALUE);
    EXPECT(clGetSupportedImageFormats(c.ctx, CL_MEM_READ_WRITE, CL_MEM_OBJECT_IMAGE2D, 0, NULL, &n),
           CL_SUCCESS);
    cl_close(&c);
}

/* Every format of every kind: written, read back whole and in part, copied, mapped. */
static void every_format(void) {
    static cl_image_format formats[512];
    static unsigned char data[65536], got[65536], part[65536];
    struct cl c = cl_open();

    need_images(&c);
    for (int k = 0; k < KINDS; k++) {
        cl_uint n = formats_of(&c, CL_MEM_READ_WRITE, kinds[k].type, formats, 512);
        int good = 0, tried = 0;
        size_t region[3];

        region_of(&kinds[k], region);
        for (cl_uint f = 0; f < n; f++) {
            size_t pixel = pixel_bytes(&formats[f]), size = pixel * region[0] * region[1] * region[2],
                   element = 0, pitch;
            cl_mem m = image_new(&c, CL_MEM_READ_WRITE, &formats[f], &kinds[k], NULL);
            cl_mem other = image_new(&c, CL_MEM_READ_WRITE, &formats[f], &kinds[k], NULL);
            size_t origin[3] = {3, region[1] > 2 ? 1 : 0, region[2] > 2 ? 1 : 0};
            size_t some[3] = {region[0] - 5, region[1] > 2 ? region[1] - 2 : region[1],
                              region[2] > 2 ? region[2] - 2 : region[2]};
            bool fine = true;

            tried++;
            OK(clGetImageInfo(m, CL_IMAGE_ELEMENT_SIZE, sizeof(element), &element, NULL));
            fine = fine && element == pixel;
            fill_pixels(data, size, 1000 + f * 7 + (uint32_t)k);
            OK(clEnqueueWriteImage(c.q, m, CL_FALSE, zero, region, 0, 0, data, 0, NULL, NULL));
            OK(clEnqueueReadImage(c.q, m, CL_TRUE, zero, region, 0, 0, got, 0, NULL, NULL));
            fine = fine && memcmp(got, data, size) == 0;
            OK(clEnqueueReadImage(c.q, m, CL_TRUE, origin, some, 0, 0, part, 0, NULL, NULL));
            for (size_t z = 0; z < some[2]; z++)
                for (size_t y = 0; y < some[1]; y++)
                    fine = fine && memcmp(part + (z * some[1] + y) * some[0] * pixel,
                                          data + (((z + origin[2]) * region[1] + y + origin[1]) * region[0] +
                                                  origin[0]) *
                                                     pixel,
                                          some[0] * pixel) == 0;
            OK(clEnqueueCopyImage(c.q, m, other, zero, zero, region, 0, NULL, NULL));
            cl_int e;
            size_t row = 0, slice = 0;
            unsigned char *p = clEnqueueMapImage(c.q, other, CL_TRUE, CL_MAP_READ, zero, region, &row, &slice,
                                                 0, NULL, NULL, &e);
            OK(e);
            pitch = region[0] * pixel;
            fine = fine && row >= pitch;
            for (size_t z = 0; z < region[2]; z++)
                for (size_t y = 0; y < region[1]; y++) {
                    size_t at =
                        kinds[k].type == CL_MEM_OBJECT_IMAGE1D_ARRAY ? y * slice : z * slice + y * row;

                    fine = fine && memcmp(p + at, data + (z * region[1] + y) * pitch, pitch) == 0;
                }
            OK(clEnqueueUnmapMemObject(c.q, other, p, 0, NULL, NULL));
            OK(clFinish(c.q));
            OK(clReleaseMemObject(m));
            OK(clReleaseMemObject(other));
            good += fine;
            if (!fine)
                loose("wrong", "%s, order %#x, type %#x", kinds[k].name, formats[f].image_channel_order,
                      formats[f].image_channel_data_type);
        }
        check(good == tried && tried > 0, "%s: all of %d formats are right", kinds[k].name, tried);
    }
    cl_close(&c);
}

static const cl_image_format rgba8 = {CL_RGBA, CL_UNSIGNED_INT8}, rgbaf = {CL_RGBA, CL_FLOAT};

static void pitches(void) {
    static unsigned char data[65536], got[65536], want[65536];
    struct cl c = cl_open();

    need_images(&c);
    for (int k = 0; k < KINDS; k++) {
        size_t region[3], row = 0, slice = 0;
        bool array_1d = kinds[k].type == CL_MEM_OBJECT_IMAGE1D_ARRAY;

        region_of(&kinds[k], region);
        row = region[0] * 4 + 20;
        slice = array_1d ? row + 24 : kinds[k].dims > 2 ? row * region[1] + row * 2 : 0;
        if (array_1d)
            row = slice; /* the distance of the lines is the slice pitch; rows are as long */
        cl_mem m = image_new(&c, 0, &rgba8, &kinds[k], NULL);
        fill_pixels(data, sizeof(data), 77);
        OK(clEnqueueWriteImage(c.q, m, CL_TRUE, zero, region, kinds[k].dims > 1 ? row : 0, slice, data, 0,
                               NULL, NULL));
        memset(got, 0x11, sizeof(got));
        memset(want, 0x11, sizeof(want));
        OK(clEnqueueReadImage(c.q, m, CL_TRUE, zero, region, kinds[k].dims > 1 ? row : 0, slice, got, 0, NULL,
                              NULL));
        for (size_t z = 0; z < region[2]; z++)
            for (size_t y = 0; y < region[1]; y++) {
                size_t at = array_1d ? y * slice : z * slice + y * (kinds[k].dims > 1 ? row : 0);

                memcpy(want + at, data + at, region[0] * 4);
            }
        check(memcmp(got, want, sizeof(want)) == 0,
              "%s with pitches, and nothing between the rows is touched", kinds[k].name);
        OK(clReleaseMemObject(m));
    }
    cl_close(&c);
}

static void fill(void) {
    static cl_uint got[16384];
    struct cl c = cl_open();
    cl_uint color[4] = {1, 2, 3, 4};

    need_images(&c);
    for (int k = 0; k < KINDS; k++) {
        size_t region[3], inner[3], origin[3];
        cl_uint background[4] = {9, 9, 9, 9};
        bool good = true;

        region_of(&kinds[k], region);
        for (int i = 0; i < 3; i++) {
            origin[i] = region[i] > 2 ? 1 : 0;
            inner[i] = region[i] > 2 ? region[i] - 2 : region[i];
        }
        cl_mem m = image_new(&c, 0, &rgba8, &kinds[k], NULL);
        OK(clEnqueueFillImage(c.q, m, background, zero, region, 0, NULL, NULL));
        OK(clEnqueueFillImage(c.q, m, color, origin, inner, 0, NULL, NULL));
        color[0] = 99; /* taken at the call */
        OK(clEnqueueReadImage(c.q, m, CL_TRUE, zero, region, 0, 0, got, 0, NULL, NULL));
        color[0] = 1;
        for (size_t z = 0; z < region[2]; z++)
            for (size_t y = 0; y < region[1]; y++)
                for (size_t x = 0; x < region[0]; x++) {
                    bool in = x >= origin[0] && x < origin[0] + inner[0] && y >= origin[1] &&
                              y < origin[1] + inner[1] && z >= origin[2] && z < origin[2] + inner[2];

                    good =
                        good && got[(z * region[1] + y) * region[0] + x] == (in ? 0x04030201u : 0x09090909u);
                }
        check(good, "%s", kinds[k].name);
        OK(clReleaseMemObject(m));
    }
    cl_close(&c);
}

static void fill_floats(void) {
    struct cl c = cl_open();
    cl_float color[4] = {0.5f, -1.25f, 100.0f, 0}, got[4 * 37 * 19];
    size_t region[3];
    bool good = true;

    need_images(&c);
    region_of(&kinds[2], region);
    cl_mem m = image_new(&c, 0, &rgbaf, &kinds[2], NULL);
    OK(clEnqueueFillImage(c.q, m, color, zero, region, 0, NULL, NULL));
    OK(clEnqueueReadImage(c.q, m, CL_TRUE, zero, region, 0, 0, got, 0, NULL, NULL));
    for (size_t i = 0; i < 37 * 19; i++)
        good = good && memcmp(got + 4 * i, color, sizeof(color)) == 0;
    check(good, "every pixel");
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void buffers_and_images(void) {
    static unsigned char data[65536], got[65536];
    struct cl c = cl_open();

    need_images(&c);
    for (int k = 0; k < KINDS; k++) {
        size_t region[3], size;

        region_of(&kinds[k], region);
        size = region[0] * region[1] * region[2] * 4;
        fill_pixels(data, sizeof(data), 5);
        cl_mem m = image_new(&c, 0, &rgba8, &kinds[k], NULL);
        cl_mem from = buffer_new(&c, CL_MEM_COPY_HOST_PTR, sizeof(data), data),
               to = buffer_new(&c, 0, sizeof(data), NULL);
        OK(clEnqueueCopyBufferToImage(c.q, from, m, 128, zero, region, 0, NULL, NULL));
        OK(clEnqueueCopyImageToBuffer(c.q, m, to, zero, region, 256, 0, NULL, NULL));
        OK(clEnqueueReadBuffer(c.q, to, CL_TRUE, 256, size, got, 0, NULL, NULL));
        check(memcmp(got, data + 128, size) == 0, "%s: buffer to image to buffer", kinds[k].name);
        OK(clReleaseMemObject(m));
        OK(clReleaseMemObject(from));
        OK(clReleaseMemObject(to));
    }
    cl_close(&c);
}

static void initial_contents(void) {
    static unsigned char data[65536], got[65536];
    struct cl c = cl_open();

    need_images(&c);
    fill_pixels(data, sizeof(data), 8);
    for (int k = 0; k < KINDS; k++) {
        size_t region[3], size;

        region_of(&kinds[k], region);
        size = region[0] * region[1] * region[2] * 4;
        cl_mem m = image_new(&c, CL_MEM_COPY_HOST_PTR, &rgba8, &kinds[k], data);
        OK(clEnqueueReadImage(c.q, m, CL_TRUE, zero, region, 0, 0, got, 0, NULL, NULL));
        check(memcmp(got, data, size) == 0, "%s: CL_MEM_COPY_HOST_PTR", kinds[k].name);
        OK(clReleaseMemObject(m));
    }
    cl_image_desc desc = desc_of(&kinds[2]);
    cl_int e;
    desc.image_row_pitch = 37 * 4 + 12;
    cl_mem m = clCreateImage(c.ctx, CL_MEM_COPY_HOST_PTR, &rgba8, &desc, data, &e);
    OK(e);
    size_t region[3];
    bool good = true;
    region_of(&kinds[2], region);
    OK(clEnqueueReadImage(c.q, m, CL_TRUE, zero, region, 0, 0, got, 0, NULL, NULL));
    for (size_t y = 0; y < 19; y++)
        good = good && memcmp(got + y * 37 * 4, data + y * (37 * 4 + 12), 37 * 4) == 0;
    check(good, "with a row pitch");
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void use_host_ptr(void) {
    struct cl c = cl_open();
    size_t region[3], row = 0;
    unsigned char *data = aligned_alloc(4096, 65536), *p;
    cl_uint color[4] = {7, 7, 7, 7};
    cl_int e;

    need_images(&c);
    region_of(&kinds[2], region);
    fill_pixels(data, 65536, 3);
    cl_mem m = image_new(&c, CL_MEM_USE_HOST_PTR, &rgba8, &kinds[2], data);
    OK(clEnqueueFillImage(c.q, m, color, zero, region, 0, NULL, NULL));
    p = clEnqueueMapImage(c.q, m, CL_TRUE, CL_MAP_READ, zero, region, &row, NULL, 0, NULL, NULL, &e);
    OK(e);
    check(p == data, "the mapping is host_ptr");
    check(row == 37 * 4, "with its row pitch");
    check(data[0] == 7 && data[37 * 19 * 4 - 1] == 7, "which holds the latest contents");
    OK(clEnqueueUnmapMemObject(c.q, m, p, 0, NULL, NULL));
    OK(clFinish(c.q));
    OK(clReleaseMemObject(m));
    free(data);
    cl_close(&c);
}

static void maps(void) {
    struct cl c = cl_open();
    static unsigned char got[65536];

    need_images(&c);
    for (int k = 0; k < KINDS; k++) {
        size_t region[3], row = 0, slice = 0;
        cl_int e;
        bool good = true, array_1d = kinds[k].type == CL_MEM_OBJECT_IMAGE1D_ARRAY;

        region_of(&kinds[k], region);
        cl_mem m = image_new(&c, 0, &rgba8, &kinds[k], NULL);
        unsigned char *p = clEnqueueMapImage(c.q, m, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, zero, region,
                                             &row, &slice, 0, NULL, NULL, &e);
        OK(e);
        for (size_t z = 0; z < region[2]; z++)
            for (size_t y = 0; y < region[1]; y++)
                for (size_t x = 0; x < region[0] * 4; x++)
                    p[(array_1d ? y * slice : z * slice + y * row) + x] = (unsigned char)(x + y * 7 + z * 31);
        OK(clEnqueueUnmapMemObject(c.q, m, p, 0, NULL, NULL));
        OK(clEnqueueReadImage(c.q, m, CL_TRUE, zero, region, 0, 0, got, 0, NULL, NULL));
        for (size_t z = 0; z < region[2]; z++)
            for (size_t y = 0; y < region[1]; y++)
                for (size_t x = 0; x < region[0] * 4; x++)
                    good = good && got[(z * region[1] + y) * region[0] * 4 + x] ==
                                       (unsigned char)(x + y * 7 + z * 31);
        check(good, "%s: written through a mapping", kinds[k].name);
        OK(clReleaseMemObject(m));
    }
    cl_close(&c);
}

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
    CASE(supported_formats),
    CASE(supported_formats_errors),
    CASE(every_format),
    CASE(pitches),
    CASE(fill),
    CASE(fill_floats),
    CASE(buffers_and_images),
    CASE(initial_contents),
    CASE(use_host_ptr),
    CASE(maps),
    CASE(kernel_reads_and_writes),
    CASE(kernel_asks_for_sizes),
    CASE(sampled),
    CASE(samplers),
    CASE(default_sampler),
    CASE(one_dimensional_from_a_buffer),
    CASE(two_dimensional_from_a_buffer),
    CASE(create_errors),
    CASE(mip_levels),
    CASE(enqueue_errors),
    CASE(old_ways_to_create),
    CASE(with_properties),
    CASE(as_arguments),
    CASE(wrong_kind_and_context),
    END_OF_CASES,
};

const struct test_group group_images = {"images", cases};
