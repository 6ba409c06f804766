// SPDX-License-Identifier: MIT
#include "guest-icd/api.h"
#include "guest-icd/command/check.h"
#include "guest-icd/command/prepare.h"
#include "guest-icd/command/staging.h"
#include "guest-icd/memory/image.h"

/* ---- reading and writing ---- */

/* The pitches of the application's memory: 0 means packed. */
static bool settle_pitches(cl_mem image, const size_t *region, size_t *row_pitch, size_t *slice_pitch) {
    size_t row = region[0] * image->element_size, slice;
    size_t rows = image->type == CL_MEM_OBJECT_IMAGE1D_ARRAY ? 1 : region[1];

    if (*row_pitch == 0)
        *row_pitch = row;
    else if (*row_pitch < row)
        return false;
    if (__builtin_mul_overflow(*row_pitch, rows, &slice))
        return false;
    if (!icd_image_has_slices(image->type)) {
        if (*slice_pitch != 0 && *slice_pitch < slice)
            return false;
        *slice_pitch = slice;
    } else if (*slice_pitch == 0) {
        *slice_pitch = slice;
    } else if (*slice_pitch < slice) {
        return false;
    }
    return true;
}

static cl_int transfer(struct icd_transfer *t, const size_t *origin, const size_t *region, size_t row_pitch,
                       size_t slice_pitch, void *ptr) {
    cl_mem image = t->mem;
    cl_int r = icd_image_check(t->queue, image);
    if (r == CL_SUCCESS)
        r = icd_image_check_region(image, origin, region);
    if (r == CL_SUCCESS && (!ptr || !settle_pitches(image, region, &row_pitch, &slice_pitch)))
        r = CL_INVALID_VALUE;
    if (r == CL_SUCCESS && !(t->write ? icd_mem_host_may_write(image) : icd_mem_host_may_read(image)))
        r = CL_INVALID_OPERATION;
    if (r != CL_SUCCESS)
        return r;
    t->kind = ICD_TRANSFER_IMAGE;
    t->origin = origin;
    t->image_region = region;
    icd_image_bytes(image, region, t->region);
    t->app = (struct icd_box){ptr, image->type == CL_MEM_OBJECT_IMAGE1D_ARRAY ? slice_pitch : row_pitch,
                              slice_pitch, false};
    return icd_transfer(t);
}

cl_int CL_API_CALL icd_EnqueueReadImage(cl_command_queue queue, cl_mem image, cl_bool blocking,
                                        const size_t *origin, const size_t *region, size_t row_pitch,
                                        size_t slice_pitch, void *ptr, cl_uint wait_count,
                                        const cl_event *wait_list, cl_event *event) {
    struct icd_transfer t = {.queue = queue,
                             .mem = image,
                             .type = CL_COMMAND_READ_IMAGE,
                             .write = false,
                             .blocking = blocking,
                             .wait_count = wait_count,
                             .wait_list = wait_list,
                             .event = event};
    return transfer(&t, origin, region, row_pitch, slice_pitch, ptr);
}

cl_int CL_API_CALL icd_EnqueueWriteImage(cl_command_queue queue, cl_mem image, cl_bool blocking,
                                         const size_t *origin, const size_t *region, size_t row_pitch,
                                         size_t slice_pitch, const void *ptr, cl_uint wait_count,
                                         const cl_event *wait_list, cl_event *event) {
    struct icd_transfer t = {.queue = queue,
                             .mem = image,
                             .type = CL_COMMAND_WRITE_IMAGE,
                             .write = true,
                             .blocking = blocking,
                             .wait_count = wait_count,
                             .wait_list = wait_list,
                             .event = event};
    return transfer(&t, origin, region, row_pitch, slice_pitch, (void *)ptr);
}

/* ---- copying and filling on the host ---- */

static bool overlap(const size_t a[3], const size_t b[3], const size_t region[3]) {
    for (int i = 0; i < 3; i++)
        if (a[i] >= b[i] + region[i] || b[i] >= a[i] + region[i])
            return false;
    return true;
}

cl_int icd_prepare_copy_image(cl_command_queue queue, cl_mem source, cl_mem target,
                              const size_t *source_origin, const size_t *target_origin, const size_t *region,
                              struct tr_copy_image *c) {
    cl_int r = icd_mem_check(queue, 2, (const cl_mem[]){source, target});
    if (r == CL_SUCCESS)
        r = icd_image_check(queue, source);
    if (r == CL_SUCCESS)
        r = icd_image_check(queue, target);
    if (r == CL_SUCCESS && (source->format.image_channel_order != target->format.image_channel_order ||
                            source->format.image_channel_data_type != target->format.image_channel_data_type))
        r = CL_IMAGE_FORMAT_MISMATCH;
    if (r == CL_SUCCESS)
        r = icd_image_check_region(source, source_origin, region);
    if (r == CL_SUCCESS)
        r = icd_image_check_region(target, target_origin, region);
    if (r == CL_SUCCESS && source == target && overlap(source_origin, target_origin, region))
        r = CL_MEM_COPY_OVERLAP;
    if (r == CL_SUCCESS)
        *c = (struct tr_copy_image){.queue = queue->object.id,
                                    .source = source->object.id,
                                    .target = target->object.id,
                                    .event_slot = TR_NO_SLOT,
                                    .source_origin = {source_origin[0], source_origin[1], source_origin[2]},
                                    .target_origin = {target_origin[0], target_origin[1], target_origin[2]},
                                    .region = {region[0], region[1], region[2]}};
    return r;
}

cl_int CL_API_CALL icd_EnqueueCopyImage(cl_command_queue queue, cl_mem source, cl_mem target,
                                        const size_t *source_origin, const size_t *target_origin,
                                        const size_t *region, cl_uint wait_count, const cl_event *wait_list,
                                        cl_event *event) {
    struct tr_copy_image c;
    cl_int r = icd_prepare_copy_image(queue, source, target, source_origin, target_origin, region, &c);
    return r == CL_SUCCESS ? icd_enqueue_prepared(queue, CL_COMMAND_COPY_IMAGE, wait_count, wait_list, event,
                                                  COPY_IMAGE, copy_image, &c, NULL)
                           : r;
}

cl_int icd_prepare_copy_image_buffer(cl_command_queue queue, bool to_image, cl_mem image, cl_mem buffer,
                                     const size_t *origin, const size_t *region, size_t offset,
                                     struct tr_copy_image_buffer *c) {
    size_t bytes[3];
    cl_int r = icd_mem_check(queue, 2, (const cl_mem[]){image, buffer});
    if (r == CL_SUCCESS)
        r = icd_image_check(queue, image);
    if (r == CL_SUCCESS && !icd_mem_is_buffer(buffer))
        r = CL_INVALID_MEM_OBJECT;
    if (r == CL_SUCCESS)
        r = icd_image_check_region(image, origin, region);
    if (r == CL_SUCCESS) {
        icd_image_bytes(image, region, bytes);
        if (!icd_mem_in_range(buffer, offset, bytes[0] * bytes[1] * bytes[2]))
            r = CL_INVALID_VALUE;
    }
    if (r == CL_SUCCESS)
        r = icd_mem_check_alignment(buffer, queue->device);
    if (r == CL_SUCCESS)
        *c = (struct tr_copy_image_buffer){.queue = queue->object.id,
                                           .image = image->object.id,
                                           .buffer = buffer->object.id,
                                           .event_slot = TR_NO_SLOT,
                                           .to_image = to_image,
                                           .origin = {origin[0], origin[1], origin[2]},
                                           .region = {region[0], region[1], region[2]},
                                           .offset = offset};
    return r;
}

static cl_int copy_image_buffer(cl_command_queue queue, cl_command_type type, cl_mem image, cl_mem buffer,
                                const size_t *origin, const size_t *region, size_t offset, cl_uint wait_count,
                                const cl_event *wait_list, cl_event *event) {
    struct tr_copy_image_buffer c;
    cl_int r = icd_prepare_copy_image_buffer(queue, type == CL_COMMAND_COPY_BUFFER_TO_IMAGE, image, buffer,
                                             origin, region, offset, &c);
    return r == CL_SUCCESS ? icd_enqueue_prepared(queue, type, wait_count, wait_list, event,
                                                  COPY_IMAGE_BUFFER, copy_image_buffer, &c, NULL)
                           : r;
}

cl_int CL_API_CALL icd_EnqueueCopyImageToBuffer(cl_command_queue queue, cl_mem source, cl_mem target,
                                                const size_t *origin, const size_t *region, size_t offset,
                                                cl_uint wait_count, const cl_event *wait_list,
                                                cl_event *event) {
    return copy_image_buffer(queue, CL_COMMAND_COPY_IMAGE_TO_BUFFER, source, target, origin, region, offset,
                             wait_count, wait_list, event);
}

cl_int CL_API_CALL icd_EnqueueCopyBufferToImage(cl_command_queue queue, cl_mem source, cl_mem target,
                                                size_t offset, const size_t *origin, const size_t *region,
                                                cl_uint wait_count, const cl_event *wait_list,
                                                cl_event *event) {
    return copy_image_buffer(queue, CL_COMMAND_COPY_BUFFER_TO_IMAGE, target, source, origin, region, offset,
                             wait_count, wait_list, event);
}

cl_int icd_prepare_fill_image(cl_command_queue queue, cl_mem image, const void *fill_color,
                              const size_t *origin, const size_t *region, struct tr_fill_image *c,
                              cl_uint color[4]) {
    cl_int r = icd_image_check(queue, image);
    if (r == CL_SUCCESS && !fill_color)
        r = CL_INVALID_VALUE;
    if (r == CL_SUCCESS)
        r = icd_image_check_region(image, origin, region);
    if (r != CL_SUCCESS)
        return r;
    /* A depth image's color is a single number. */
    memset(color, 0, 4 * sizeof color[0]);
    memcpy(color, fill_color, (image->format.image_channel_order == CL_DEPTH ? 1 : 4) * sizeof color[0]);
    *c = (struct tr_fill_image){.queue = queue->object.id,
                                .mem = image->object.id,
                                .event_slot = TR_NO_SLOT,
                                .origin = {origin[0], origin[1], origin[2]},
                                .region = {region[0], region[1], region[2]}};
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_EnqueueFillImage(cl_command_queue queue, cl_mem image, const void *fill_color,
                                        const size_t origin[3], const size_t region[3], cl_uint wait_count,
                                        const cl_event *wait_list, cl_event *event) {
    struct tr_fill_image c;
    cl_uint color[4];
    cl_int r = icd_prepare_fill_image(queue, image, fill_color, origin, region, &c, color);
    const struct tr_array data = {color, sizeof color};
    return r == CL_SUCCESS ? icd_enqueue_prepared(queue, CL_COMMAND_FILL_IMAGE, wait_count, wait_list, event,
                                                  FILL_IMAGE, fill_image, &c, &data)
                           : r;
}
