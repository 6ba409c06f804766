// SPDX-License-Identifier: MIT
/*
 * What the cases of images share: kinds and formats of them, and how one is made.
 */
#ifndef TESTS_E2E_IMAGES_H
#define TESTS_E2E_IMAGES_H

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

static inline cl_image_desc desc_of(const struct kind *k) {
    return (cl_image_desc){.image_type = k->type,
                           .image_width = k->width,
                           .image_height = k->height,
                           .image_depth = k->depth,
                           .image_array_size = k->layers};
}

/* The whole image as a region. */
static inline void region_of(const struct kind *k, size_t region[3]) {
    region[0] = k->width;
    region[1] = k->height ? k->height : k->dims > 1 ? k->layers : 1;
    region[2] = k->depth ? k->depth : k->dims > 2 ? k->layers : 1;
}

static const size_t zero[3] = {0, 0, 0};

static inline size_t channel_bytes(cl_channel_type type, bool *packed) {
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

static inline size_t pixel_bytes(const cl_image_format *f) {
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

static inline void fill_pixels(unsigned char *data, size_t size, uint32_t seed) {
    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)(prng(&seed) >> 9);
}

static inline cl_mem image_new(struct cl *c, cl_mem_flags flags, const cl_image_format *f,
                               const struct kind *k, void *data) {
    cl_image_desc desc = desc_of(k);
    cl_int e;
    cl_mem m = clCreateImage(c->ctx, flags, f, &desc, data, &e);

    must_succeed("clCreateImage", e, __FILE__, __LINE__);
    return m;
}

static const cl_image_format rgba8 = {CL_RGBA, CL_UNSIGNED_INT8}, rgbaf = {CL_RGBA, CL_FLOAT};

#endif
