// SPDX-License-Identifier: MIT
#include "guest-icd/api.h"
#include "guest-icd/memory/image.h"
#include "guest-icd/session/session.h"

/* Channels of an order; 0: none that is known. */
static size_t channels(cl_channel_order order) {
    switch (order) {
    case CL_R:
    case CL_A:
    case CL_Rx:
    case CL_INTENSITY:
    case CL_LUMINANCE:
    case CL_DEPTH:
    case CL_DEPTH_STENCIL:
        return 1;
    case CL_RG:
    case CL_RA:
    case CL_RGx:
        return 2;
    case CL_RGB:
    case CL_sRGB:
        return 3;
    case CL_RGBx:
    case CL_RGBA:
    case CL_BGRA:
    case CL_ARGB:
    case CL_ABGR:
    case CL_sRGBx:
    case CL_sRGBA:
    case CL_sBGRA:
        return 4;
    default:
        return 0;
    }
}

size_t icd_image_element_size(const cl_image_format *format) {
    size_t n = channels(format->image_channel_order);
    switch (format->image_channel_data_type) {
    case CL_SNORM_INT8:
    case CL_UNORM_INT8:
    case CL_SIGNED_INT8:
    case CL_UNSIGNED_INT8:
        return n;
    case CL_SNORM_INT16:
    case CL_UNORM_INT16:
    case CL_SIGNED_INT16:
    case CL_UNSIGNED_INT16:
    case CL_HALF_FLOAT:
        return 2 * n;
    case CL_SIGNED_INT32:
    case CL_UNSIGNED_INT32:
    case CL_FLOAT:
        return 4 * n;
    case CL_UNORM_SHORT_565:
    case CL_UNORM_SHORT_555:
        return n ? 2 : 0;
    case CL_UNORM_INT_101010:
    case CL_UNORM_INT_101010_2:
    case CL_UNORM_INT24:
        return n ? 4 : 0;
    default:
        return 0;
    }
}

cl_int icd_image_check_region(cl_mem image, const size_t *origin, const size_t *region) {
    size_t extent[3];
    if (!origin || !region)
        return CL_INVALID_VALUE;
    icd_image_extent(&image->desc, extent);
    for (int i = 0; i < 3; i++)
        if (region[i] == 0 || origin[i] > extent[i] || region[i] > extent[i] - origin[i])
            return CL_INVALID_VALUE;
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_GetImageInfo(cl_mem image, cl_image_info param_name, size_t param_value_size,
                                    void *param_value, size_t *param_value_size_ret) {
    if (!icd_valid(image, ICD_MEM) || !icd_mem_is_image(image))
        return CL_INVALID_MEM_OBJECT;
    const cl_image_desc *d = &image->desc;
    bool is_3d = image->type == CL_MEM_OBJECT_IMAGE3D;
    bool is_array = image->type == CL_MEM_OBJECT_IMAGE1D_ARRAY || image->type == CL_MEM_OBJECT_IMAGE2D_ARRAY;
    bool has_rows =
        is_3d || image->type == CL_MEM_OBJECT_IMAGE2D || image->type == CL_MEM_OBJECT_IMAGE2D_ARRAY;

    switch (param_name) {
    case CL_IMAGE_FORMAT:
        return icd_info(&image->format, sizeof image->format, param_value_size, param_value,
                        param_value_size_ret);
    case CL_IMAGE_ELEMENT_SIZE:
        return ICD_INFO_VALUE(size_t, image->element_size);
    case CL_IMAGE_ROW_PITCH:
        return ICD_INFO_VALUE(size_t, d->image_row_pitch);
    case CL_IMAGE_SLICE_PITCH:
        return ICD_INFO_VALUE(size_t, d->image_slice_pitch);
    case CL_IMAGE_WIDTH:
        return ICD_INFO_VALUE(size_t, d->image_width);
    case CL_IMAGE_HEIGHT:
        return ICD_INFO_VALUE(size_t, has_rows ? d->image_height : 0);
    case CL_IMAGE_DEPTH:
        return ICD_INFO_VALUE(size_t, is_3d ? d->image_depth : 0);
    case CL_IMAGE_ARRAY_SIZE:
        return ICD_INFO_VALUE(size_t, is_array ? d->image_array_size : 0);
    case CL_IMAGE_BUFFER:
        return ICD_INFO_VALUE(cl_mem,
                              image->parent && icd_mem_is_buffer(image->parent) ? image->parent : NULL);
    case CL_IMAGE_NUM_MIP_LEVELS:
        return ICD_INFO_VALUE(cl_uint, d->num_mip_levels);
    case CL_IMAGE_NUM_SAMPLES:
        return ICD_INFO_VALUE(cl_uint, d->num_samples);
    default:
        return CL_INVALID_VALUE;
    }
}

/* Most devices have fewer formats. */
enum { FIRST_FORMATS = 256 };

cl_int CL_API_CALL icd_GetSupportedImageFormats(cl_context context, cl_mem_flags flags,
                                                cl_mem_object_type image_type, cl_uint num_entries,
                                                cl_image_format *formats, cl_uint *num_formats) {
    struct icd_block block;
    struct icd_call call;
    uint64_t room = FIRST_FORMATS * sizeof *formats;

    if (!icd_valid(context, ICD_CONTEXT))
        return CL_INVALID_CONTEXT;
    if (formats && num_entries == 0)
        return CL_INVALID_VALUE;
    for (;;) {
        cl_int r = icd_pool_alloc(room, &block);
        if (r == CL_SUCCESS)
            r = icd_call_begin(&call);
        if (r != CL_SUCCESS)
            return r;
        TR_SEND(icd_session->g, GET_IMAGE_FORMATS, get_image_formats, NULL, .context = context->object.id,
                .slot = call.slot, .flags = flags, .image_type = image_type,
                .out = icd_block_span(&block, 0, room));
        r = icd_call_wait(&call);
        if (r == CL_SUCCESS && call.value <= room) {
            size_t count = call.value / sizeof *formats;
            if (formats)
                memcpy(formats, block.ptr, (count < num_entries ? count : num_entries) * sizeof *formats);
            if (num_formats)
                *num_formats = (cl_uint)count;
        }
        if (svga_guest_lost(icd_session->g))
            return r;
        icd_pool_free(&block);
        if (r != CL_SUCCESS || call.value <= room)
            return r;
        room = call.value;
    }
}
