// SPDX-License-Identifier: MIT
/* Commands on images. */
#include "host-backend/worker/enqueue.h"
#include "host-backend/worker/span-check.h"
#include "host-backend/worker/trace.h"

/* Bytes of one pixel; 0 if the driver cannot tell. */
static size_t pixel_size(struct mem *m) {
    size_t size = 0;
    clGetImageInfo(m->cl, CL_IMAGE_ELEMENT_SIZE, sizeof size, &size, NULL);
    return size;
}

/* Of a 1D array the second coordinate counts slices, which lie slice_pitch apart. */
static bool is_1d_array(struct mem *m) {
    cl_mem_object_type type = 0;
    clGetMemObjectInfo(m->cl, CL_MEM_TYPE, sizeof type, &type, NULL);
    return type == CL_MEM_OBJECT_IMAGE1D_ARRAY;
}

/* Is everything that the transfer touches inside `length` bytes? */
static bool image_fits(struct mem *m, const size_t region[3], uint64_t row_pitch, uint64_t slice_pitch,
                       uint64_t length) {
    const size_t origin[3] = {0, 0, 0};
    size_t box[3] = {0, region[1], region[2]};

    if (__builtin_mul_overflow(region[0], pixel_size(m), &box[0]))
        return false;
    if (is_1d_array(m) && slice_pitch > row_pitch)
        row_pitch = slice_pitch;
    return rect_fits(origin, box, row_pitch, slice_pitch, length);
}

void do_transfer_image(struct session *s, const struct tr_transfer_image *c, const struct tr_view *v) {
    struct mem *m = mem_of(s, c->mem);
    void *memory = session_span(s, c->memory);
    size_t origin[3], region[3];
    struct enqueue e;

    COPY3(origin, c->origin);
    COPY3(region, c->region);
    if (m->cl && !m->is_buffer && !image_fits(m, region, c->row_pitch, c->slice_pitch, c->memory.length)) {
        session_violation(s, "transfer_image: the image region is larger than its memory");
        return;
    }
    if (ENQUEUE_BEGIN(e, s, c, v, 0) && m->cl)
        e.result = c->write ? clEnqueueWriteImage(e.queue, m->cl, CL_FALSE, origin, region, c->row_pitch,
                                                  c->slice_pitch, memory, e.wait_count, e.waits, e.event)
                            : clEnqueueReadImage(e.queue, m->cl, CL_FALSE, origin, region, c->row_pitch,
                                                 c->slice_pitch, memory, e.wait_count, e.waits, e.event);
    if (e.trace)
        trace_named(e.trace, c->write ? "write image" : "read image", c->memory.length);
    enqueue_end(&e);
}

void do_copy_image(struct session *s, const struct tr_copy_image *c, const struct tr_view *v) {
    struct mem *source = mem_of(s, c->source), *target = mem_of(s, c->target);
    size_t source_origin[3], target_origin[3], region[3];
    struct enqueue e;

    COPY3(source_origin, c->source_origin);
    COPY3(target_origin, c->target_origin);
    COPY3(region, c->region);
    if (ENQUEUE_BEGIN(e, s, c, v, 0) && source->cl && target->cl)
        e.result = clEnqueueCopyImage(e.queue, source->cl, target->cl, source_origin, target_origin, region,
                                      e.wait_count, e.waits, e.event);
    if (e.trace)
        trace_named(e.trace, "copy image", 0);
    enqueue_end(&e);
}

void do_copy_image_buffer(struct session *s, const struct tr_copy_image_buffer *c, const struct tr_view *v) {
    struct mem *image = mem_of(s, c->image), *buffer = mem_of(s, c->buffer);
    size_t origin[3], region[3];
    struct enqueue e;

    COPY3(origin, c->origin);
    COPY3(region, c->region);
    if (ENQUEUE_BEGIN(e, s, c, v, 0) && image->cl && buffer->cl)
        e.result = c->to_image ? clEnqueueCopyBufferToImage(e.queue, buffer->cl, image->cl, c->offset, origin,
                                                            region, e.wait_count, e.waits, e.event)
                               : clEnqueueCopyImageToBuffer(e.queue, image->cl, buffer->cl, origin, region,
                                                            c->offset, e.wait_count, e.waits, e.event);
    if (e.trace)
        trace_named(e.trace, c->to_image ? "copy buffer to image" : "copy image to buffer", 0);
    enqueue_end(&e);
}

void do_fill_image(struct session *s, const struct tr_fill_image *c, const struct tr_view *v) {
    struct mem *m = mem_of(s, c->mem);
    size_t origin[3], region[3];
    struct enqueue e;

    if (c->color_count != 16) {
        session_violation(s, "fill_image: a color of %u bytes", c->color_count);
        return;
    }
    COPY3(origin, c->origin);
    COPY3(region, c->region);
    if (ENQUEUE_BEGIN(e, s, c, v, 1) && m->cl)
        e.result = e.q->context->version < 120 ? CL_INVALID_OPERATION
                                               : clEnqueueFillImage(e.queue, m->cl, v->arrays[0], origin,
                                                                    region, e.wait_count, e.waits, e.event);
    if (e.trace)
        trace_named(e.trace, "fill image", 0);
    enqueue_end(&e);
}
