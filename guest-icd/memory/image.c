// SPDX-License-Identifier: MIT
#include "guest-icd/memory/image.h"

#include <stdlib.h>
#include <string.h>

#include "guest-icd/api.h"
#include "guest-icd/reclaim/limbo.h"
#include "guest-icd/reclaim/pending.h"
#include "guest-icd/session/session.h"

/* As in buffer.c: these are the guest's own affair. */
#define GUEST_FLAGS                                                                                          \
    (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR | CL_MEM_ALLOC_HOST_PTR | CL_MEM_HOST_WRITE_ONLY |           \
     CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS)

void icd_image_extent(const cl_image_desc *desc, size_t extent[3]) {
    extent[0] = desc->image_width;
    extent[1] = extent[2] = 1;
    switch (desc->image_type) {
    case CL_MEM_OBJECT_IMAGE1D_ARRAY:
        extent[1] = desc->image_array_size;
        break;
    case CL_MEM_OBJECT_IMAGE2D:
        extent[1] = desc->image_height;
        break;
    case CL_MEM_OBJECT_IMAGE2D_ARRAY:
        extent[1] = desc->image_height;
        extent[2] = desc->image_array_size;
        break;
    case CL_MEM_OBJECT_IMAGE3D:
        extent[1] = desc->image_height;
        extent[2] = desc->image_depth;
        break;
    default:
        break;
    }
}

/* Fits the image some device of the context? */
static bool device_fits(const struct icd_device_limits *limits, const cl_image_desc *desc) {
    switch (desc->image_type) {
    case CL_MEM_OBJECT_IMAGE1D_BUFFER:
        return desc->image_width <= limits->image_max_buffer_size;
    case CL_MEM_OBJECT_IMAGE1D:
        return desc->image_width <= limits->image2d_max_width;
    case CL_MEM_OBJECT_IMAGE1D_ARRAY:
        return desc->image_width <= limits->image2d_max_width &&
               desc->image_array_size <= limits->image_max_array_size;
    case CL_MEM_OBJECT_IMAGE2D:
        return desc->image_width <= limits->image2d_max_width &&
               desc->image_height <= limits->image2d_max_height;
    case CL_MEM_OBJECT_IMAGE2D_ARRAY:
        return desc->image_width <= limits->image2d_max_width &&
               desc->image_height <= limits->image2d_max_height &&
               desc->image_array_size <= limits->image_max_array_size;
    default:
        return desc->image_width <= limits->image3d_max_width &&
               desc->image_height <= limits->image3d_max_height &&
               desc->image_depth <= limits->image3d_max_depth;
    }
}

static cl_int check_size(cl_context context, const cl_image_desc *desc) {
    bool images = false;
    for (cl_uint i = 0; i < context->device_count; i++) {
        const struct icd_device_limits *limits = &context->devices[i]->limits;
        images |= limits->image_support;
        if (limits->image_support && device_fits(limits, desc))
            return CL_SUCCESS;
    }
    return images ? CL_INVALID_IMAGE_SIZE : CL_INVALID_OPERATION;
}

/* The descriptor's type and parent. */
static cl_int check_parent(cl_context context, const cl_image_desc *desc, cl_mem *parent) {
    *parent = desc->mem_object;
    if (desc->num_mip_levels != 0 || desc->num_samples != 0)
        return CL_INVALID_IMAGE_DESCRIPTOR;
    if (desc->image_type < CL_MEM_OBJECT_IMAGE2D || desc->image_type > CL_MEM_OBJECT_IMAGE1D_BUFFER)
        return CL_INVALID_IMAGE_DESCRIPTOR;
    if (!*parent)
        return desc->image_type == CL_MEM_OBJECT_IMAGE1D_BUFFER ? CL_INVALID_IMAGE_DESCRIPTOR : CL_SUCCESS;
    if (!icd_valid(*parent, ICD_MEM) || (*parent)->context != context)
        return CL_INVALID_IMAGE_DESCRIPTOR;
    bool fits = desc->image_type == CL_MEM_OBJECT_IMAGE1D_BUFFER ? icd_mem_is_buffer(*parent)
                : desc->image_type == CL_MEM_OBJECT_IMAGE2D
                    ? icd_mem_is_buffer(*parent) || (*parent)->type == CL_MEM_OBJECT_IMAGE2D
                    : false;
    return fits ? CL_SUCCESS : CL_INVALID_IMAGE_DESCRIPTOR;
}

/* Checks the pitches, and sets those that are 0 to what they mean. */
static cl_int settle_pitches(cl_image_desc *desc, size_t element, bool has_data, const size_t extent[3]) {
    size_t row = extent[0] * element, slice;
    bool layered_1d = desc->image_type == CL_MEM_OBJECT_IMAGE1D_ARRAY;

    if (!has_data && !desc->mem_object && (desc->image_row_pitch != 0 || desc->image_slice_pitch != 0))
        return CL_INVALID_IMAGE_DESCRIPTOR;
    if (desc->image_row_pitch == 0)
        desc->image_row_pitch = row;
    else if (desc->image_row_pitch < row || desc->image_row_pitch % element != 0)
        return CL_INVALID_IMAGE_DESCRIPTOR;
    if (!icd_image_has_slices(desc->image_type)) {
        desc->image_slice_pitch = 0;
        return CL_SUCCESS;
    }
    if (__builtin_mul_overflow(desc->image_row_pitch, layered_1d ? 1 : extent[1], &slice))
        return CL_INVALID_IMAGE_SIZE;
    if (desc->image_slice_pitch == 0)
        desc->image_slice_pitch = slice;
    else if (desc->image_slice_pitch < slice || desc->image_slice_pitch % desc->image_row_pitch != 0)
        return CL_INVALID_IMAGE_DESCRIPTOR;
    return CL_SUCCESS;
}

/* The application's pixels, by its pitches, packed into a block. */
static cl_int pack_initial(cl_mem image, const void *from, const size_t extent[3], struct icd_block *block) {
    size_t bytes[3];
    bool layered_1d = image->type == CL_MEM_OBJECT_IMAGE1D_ARRAY;
    icd_image_bytes(image, extent, bytes);
    cl_int r = icd_pool_alloc(bytes[0] * bytes[1] * bytes[2], block);
    if (r != CL_SUCCESS)
        return r;
    const struct icd_box to = {block->ptr, bytes[0], bytes[0] * bytes[1], false};
    const struct icd_box source = {(char *)from,
                                   layered_1d ? image->desc.image_slice_pitch : image->desc.image_row_pitch,
                                   image->desc.image_slice_pitch, false};
    icd_box_copy(&to, &source, bytes);
    return CL_SUCCESS;
}

/* `given`: the application's descriptor. */
static cl_int create_on_host(cl_mem image, const cl_image_desc *given, const void *initial) {
    struct icd_block block = {.region = 0};
    struct icd_call call;
    size_t extent[3], row = 0, slice = 0, bytes = 0;
    cl_int r = CL_SUCCESS;

    icd_image_extent(given, extent);
    if (initial) {
        row = extent[0] * image->element_size;
        slice = !icd_image_has_slices(image->type)           ? 0
                : image->type == CL_MEM_OBJECT_IMAGE1D_ARRAY ? row
                                                             : row * extent[1];
        bytes = row * extent[1] * extent[2];
        r = pack_initial(image, initial, extent, &block);
    } else if (image->parent) {
        row = given->image_row_pitch;
        slice = given->image_slice_pitch;
    }
    if (r == CL_SUCCESS)
        r = icd_call_begin(&call);
    if (r == CL_SUCCESS) {
        TR_SEND(icd_session->g, CREATE_IMAGE, create_image, NULL, .mem = image->object.id,
                .context = image->context->object.id, .flags = image->flags & ~GUEST_FLAGS,
                .channel_order = image->format.image_channel_order,
                .channel_type = image->format.image_channel_data_type, .image_type = given->image_type,
                .num_mip_levels = given->num_mip_levels, .num_samples = given->num_samples,
                .parent = image->parent ? image->parent->object.id : 0, .width = given->image_width,
                .height = given->image_height, .depth = given->image_depth,
                .array_size = given->image_array_size, .row_pitch = row, .slice_pitch = slice,
                .initial = block.region ? icd_block_span(&block, 0, bytes) : (struct tr_span){.length = 0},
                .slot = call.slot);
        r = icd_call_wait(&call);
        if (r != CL_SUCCESS) {
            icd_release_id(image->object.id); /* a dead object has the id */
            image->object.id = 0;
        }
    }
    if (!svga_guest_lost(icd_session->g))
        icd_pool_free(&block);
    return r;
}

/* The descriptor without what its type has no use for: programs leave there what they like. */
static cl_image_desc only_used(const cl_image_desc *given) {
    cl_image_desc d = *given;
    bool is_3d = d.image_type == CL_MEM_OBJECT_IMAGE3D,
         is_2d_array = d.image_type == CL_MEM_OBJECT_IMAGE2D_ARRAY;
    if (d.image_type != CL_MEM_OBJECT_IMAGE2D && !is_3d && !is_2d_array)
        d.image_height = 0;
    if (!is_3d)
        d.image_depth = 0;
    if (d.image_type != CL_MEM_OBJECT_IMAGE1D_ARRAY && !is_2d_array)
        d.image_array_size = 0;
    if (!icd_image_has_slices(d.image_type))
        d.image_slice_pitch = 0;
    return d;
}

static cl_int check(cl_context context, cl_mem_flags *flags, const cl_image_format *format,
                    const cl_image_desc *given, const void *host_ptr, cl_image_desc *desc, cl_mem *parent) {
    cl_int host_ptr_result = icd_mem_check_flags(*flags, host_ptr);
    if (host_ptr_result == CL_INVALID_VALUE)
        return CL_INVALID_VALUE;
    size_t element = format ? icd_image_element_size(format) : 0;
    if (element == 0)
        return CL_INVALID_IMAGE_FORMAT_DESCRIPTOR;
    if (!given)
        return CL_INVALID_IMAGE_DESCRIPTOR;
    *desc = *given;
    cl_int r = check_parent(context, desc, parent);
    if (r == CL_SUCCESS && *parent)
        r = icd_mem_inherit_flags((*parent)->flags, flags);
    if (r == CL_SUCCESS)
        r = check_size(context, desc);
    if (r == CL_SUCCESS)
        r = host_ptr_result;
    size_t extent[3];
    icd_image_extent(desc, extent);
    if (r == CL_SUCCESS)
        r = settle_pitches(desc, element, host_ptr != NULL, extent);
    return r;
}

static cl_mem create(cl_context context, const cl_mem_properties *properties, cl_mem_flags flags,
                     const cl_image_format *format, const cl_image_desc *given, void *host_ptr,
                     cl_int *errcode_ret) {
    cl_mem image = NULL, parent = NULL;
    cl_image_desc used, desc;
    cl_int r;

    if (given) {
        used = only_used(given);
        given = &used;
    }
    if (!icd_valid(context, ICD_CONTEXT))
        r = CL_INVALID_CONTEXT;
    else if (svga_guest_lost(icd_session->g))
        r = icd_session_error();
    else if ((r = check(context, &flags, format, given, host_ptr, &desc, &parent)) == CL_SUCCESS)
        image = icd_mem_new(context, desc.image_type, flags, &r);
    if (image) {
        size_t extent[3];
        icd_image_extent(&desc, extent);
        image->format = *format;
        image->desc = desc;
        image->element_size = icd_image_element_size(format);
        image->size = icd_image_has_slices(desc.image_type)
                          ? desc.image_slice_pitch *
                                (desc.image_type == CL_MEM_OBJECT_IMAGE1D_ARRAY ? extent[1] : extent[2])
                          : desc.image_row_pitch * extent[1];
        if (parent) {
            icd_ref(parent);
            image->parent = parent;
            image->host_ptr = parent->host_ptr;
        } else if (flags & CL_MEM_USE_HOST_PTR) {
            image->host_ptr = host_ptr;
        }
        r = icd_mem_take_properties(image, properties);
        /* Without pixels there is nothing to copy; the host says what is wrong with the descriptor. */
        if (r == CL_SUCCESS)
            r = create_on_host(image, given, image->size > 0 ? host_ptr : NULL);
        if (r != CL_SUCCESS) {
            icd_mem_discard(image);
            image = NULL;
        }
    }
    if (errcode_ret)
        *errcode_ret = r;
    return image;
}

cl_mem CL_API_CALL icd_CreateImage(cl_context context, cl_mem_flags flags, const cl_image_format *format,
                                   const cl_image_desc *desc, void *host_ptr, cl_int *errcode_ret) {
    return create(context, NULL, flags, format, desc, host_ptr, errcode_ret);
}

cl_mem CL_API_CALL icd_CreateImageWithProperties(cl_context context, const cl_mem_properties *properties,
                                                 cl_mem_flags flags, const cl_image_format *format,
                                                 const cl_image_desc *desc, void *host_ptr,
                                                 cl_int *errcode_ret) {
    return create(context, properties, flags, format, desc, host_ptr, errcode_ret);
}

/* The functions of OpenCL 1.1 know no descriptors: what is wrong with their numbers is the size's fault. */
static cl_mem create_old(cl_context context, cl_mem_flags flags, const cl_image_format *format,
                         const cl_image_desc *desc, void *host_ptr, cl_int *errcode_ret) {
    cl_int r;
    cl_mem image = create(context, NULL, flags, format, desc, host_ptr, &r);
    if (errcode_ret)
        *errcode_ret = r == CL_INVALID_IMAGE_DESCRIPTOR ? CL_INVALID_IMAGE_SIZE : r;
    return image;
}

cl_mem CL_API_CALL icd_CreateImage2D(cl_context context, cl_mem_flags flags, const cl_image_format *format,
                                     size_t width, size_t height, size_t row_pitch, void *host_ptr,
                                     cl_int *errcode_ret) {
    const cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D,
                                .image_width = width,
                                .image_height = height,
                                .image_row_pitch = row_pitch};
    return create_old(context, flags, format, &desc, host_ptr, errcode_ret);
}

cl_mem CL_API_CALL icd_CreateImage3D(cl_context context, cl_mem_flags flags, const cl_image_format *format,
                                     size_t width, size_t height, size_t depth, size_t row_pitch,
                                     size_t slice_pitch, void *host_ptr, cl_int *errcode_ret) {
    const cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE3D,
                                .image_width = width,
                                .image_height = height,
                                .image_depth = depth,
                                .image_row_pitch = row_pitch,
                                .image_slice_pitch = slice_pitch};
    return create_old(context, flags, format, &desc, host_ptr, errcode_ret);
}
