// SPDX-License-Identifier: MIT
#include "guest-icd/api.h"
#include "guest-icd/command/check.h"
#include "guest-icd/command/map.h"
#include "guest-icd/command/rect.h"
#include "guest-icd/command/staging.h"

/* Queue, buffer and context, as all transfers of buffers check them. */
static cl_int check_access(cl_command_queue queue, cl_mem buffer, bool write) {
    cl_int r = icd_mem_check_alignment(buffer, queue->device);
    if (r == CL_SUCCESS && !(write ? icd_mem_host_may_write(buffer) : icd_mem_host_may_read(buffer)))
        r = CL_INVALID_OPERATION;
    return r;
}

cl_int icd_transfer_linear(struct icd_transfer *t, size_t size, void *ptr) {
    cl_int r = icd_mem_check(t->queue, 1, &t->mem);
    if (r == CL_SUCCESS && !icd_mem_is_buffer(t->mem))
        r = CL_INVALID_MEM_OBJECT;
    if (r == CL_SUCCESS && (!ptr || t->offset > t->mem->size || size > t->mem->size - t->offset))
        r = CL_INVALID_VALUE;
    if (r == CL_SUCCESS)
        r = check_access(t->queue, t->mem, t->write);
    if (r != CL_SUCCESS)
        return r;
    if (size == 0)
        return icd_map_order(t);
    t->kind = ICD_TRANSFER_BUFFER;
    t->region[0] = size;
    t->region[1] = t->region[2] = 1;
    t->app = (struct icd_box){ptr, size, size, false};
    t->object = (struct icd_box){t->mem->data ? t->mem->data + t->offset : NULL, size, size, false};
    return icd_transfer(t);
}

cl_int CL_API_CALL icd_EnqueueReadBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                                         size_t offset, size_t size, void *ptr, cl_uint wait_count,
                                         const cl_event *wait_list, cl_event *event) {
    struct icd_transfer t = {.queue = queue,
                             .mem = buffer,
                             .type = CL_COMMAND_READ_BUFFER,
                             .write = false,
                             .blocking = blocking,
                             .offset = offset,
                             .wait_count = wait_count,
                             .wait_list = wait_list,
                             .event = event};
    return icd_transfer_linear(&t, size, ptr);
}

cl_int CL_API_CALL icd_EnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                                          size_t offset, size_t size, const void *ptr, cl_uint wait_count,
                                          const cl_event *wait_list, cl_event *event) {
    struct icd_transfer t = {.queue = queue,
                             .mem = buffer,
                             .type = CL_COMMAND_WRITE_BUFFER,
                             .write = true,
                             .blocking = blocking,
                             .offset = offset,
                             .wait_count = wait_count,
                             .wait_list = wait_list,
                             .event = event};
    return icd_transfer_linear(&t, size, (void *)ptr);
}

/* ---- rectangles ---- */

static cl_int rectangle(struct icd_transfer *t, const size_t *buffer_origin, const size_t *host_origin,
                        const size_t *region, struct icd_pitch buffer, struct icd_pitch host, void *ptr) {
    size_t host_offset;
    cl_int r = icd_mem_check_buffer(t->queue, t->mem);
    if (r != CL_SUCCESS)
        return r;
    if (!ptr || !buffer_origin || !host_origin || !region ||
        !icd_rect_check(buffer_origin, region, &buffer, t->mem->size, &t->offset) ||
        !icd_rect_check(host_origin, region, &host, SIZE_MAX, &host_offset))
        return CL_INVALID_VALUE;
    r = check_access(t->queue, t->mem, t->write);
    if (r != CL_SUCCESS)
        return r;
    t->kind = ICD_TRANSFER_RECT;
    for (int i = 0; i < 3; i++) {
        t->region[i] = region[i];
        t->buffer_origin[i] = buffer_origin[i];
    }
    t->buffer_row_pitch = buffer.row;
    t->buffer_slice_pitch = buffer.slice;
    t->app = (struct icd_box){(char *)ptr + host_offset, host.row, host.slice, false};
    t->object =
        (struct icd_box){t->mem->data ? t->mem->data + t->offset : NULL, buffer.row, buffer.slice, false};
    return icd_transfer(t);
}

cl_int CL_API_CALL icd_EnqueueReadBufferRect(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                                             const size_t *buffer_origin, const size_t *host_origin,
                                             const size_t *region, size_t buffer_row_pitch,
                                             size_t buffer_slice_pitch, size_t host_row_pitch,
                                             size_t host_slice_pitch, void *ptr, cl_uint wait_count,
                                             const cl_event *wait_list, cl_event *event) {
    struct icd_transfer t = {.queue = queue,
                             .mem = buffer,
                             .type = CL_COMMAND_READ_BUFFER_RECT,
                             .write = false,
                             .blocking = blocking,
                             .wait_count = wait_count,
                             .wait_list = wait_list,
                             .event = event};
    return rectangle(&t, buffer_origin, host_origin, region,
                     (struct icd_pitch){buffer_row_pitch, buffer_slice_pitch},
                     (struct icd_pitch){host_row_pitch, host_slice_pitch}, ptr);
}

cl_int CL_API_CALL icd_EnqueueWriteBufferRect(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                                              const size_t *buffer_origin, const size_t *host_origin,
                                              const size_t *region, size_t buffer_row_pitch,
                                              size_t buffer_slice_pitch, size_t host_row_pitch,
                                              size_t host_slice_pitch, const void *ptr, cl_uint wait_count,
                                              const cl_event *wait_list, cl_event *event) {
    struct icd_transfer t = {.queue = queue,
                             .mem = buffer,
                             .type = CL_COMMAND_WRITE_BUFFER_RECT,
                             .write = true,
                             .blocking = blocking,
                             .wait_count = wait_count,
                             .wait_list = wait_list,
                             .event = event};
    return rectangle(&t, buffer_origin, host_origin, region,
                     (struct icd_pitch){buffer_row_pitch, buffer_slice_pitch},
                     (struct icd_pitch){host_row_pitch, host_slice_pitch}, (void *)ptr);
}
