// SPDX-License-Identifier: MIT
/* Images: formats, transfers, maps. */
#include "images.h"

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

/* Fields that an image's type has no use for hold whatever lay on the program's stack. */
static void unused_fields(void) {
    struct cl c = cl_open();

    need_images(&c);
    for (size_t i = 0; i < KINDS; i++) {
        const struct kind *k = &kinds[i];
        static unsigned char data[16384], got[16384];
        cl_image_desc d = desc_of(k);
        size_t region[3], bytes;
        cl_int e;

        if (k->type != CL_MEM_OBJECT_IMAGE2D && k->type != CL_MEM_OBJECT_IMAGE3D &&
            k->type != CL_MEM_OBJECT_IMAGE2D_ARRAY)
            d.image_height = (size_t)-1;
        if (k->type != CL_MEM_OBJECT_IMAGE3D)
            d.image_depth = (size_t)-3;
        if (k->type != CL_MEM_OBJECT_IMAGE1D_ARRAY && k->type != CL_MEM_OBJECT_IMAGE2D_ARRAY)
            d.image_array_size = (size_t)-5;
        region_of(k, region);
        bytes = region[0] * region[1] * region[2] * 4;
        fill_pixels(data, bytes, 7);
        for (int initial = 0; initial < 2; initial++) {
            cl_mem image = clCreateImage(c.ctx, initial ? CL_MEM_COPY_HOST_PTR : CL_MEM_READ_WRITE, &rgba8,
                                         &d, initial ? data : NULL, &e);
            if (!check(e == CL_SUCCESS, "%s %s", k->name, initial ? "with pixels" : "without"))
                continue;
            if (!initial)
                OK(clEnqueueWriteImage(c.q, image, CL_TRUE, zero, region, 0, 0, data, 0, NULL, NULL));
            OK(clEnqueueReadImage(c.q, image, CL_TRUE, zero, region, 0, 0, got, 0, NULL, NULL));
            check_bytes("its pixels", got, data, bytes);
            OK(clReleaseMemObject(image));
        }
    }
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
    CASE(unused_fields),
    END_OF_CASES,
};

const struct test_group group_images = {"images", cases};
