// SPDX-License-Identifier: MIT
#include "guest-icd/api.h"
#include "guest-icd/command/check.h"
#include "guest-icd/command/map.h"
#include "guest-icd/command/prepare.h"
#include "guest-icd/command/rect.h"
#include "guest-icd/memory/memory.h"
#include "guest-icd/queue/queue.h"
#include "guest-icd/session/session.h"

static cl_int check_two_alignments(cl_command_queue queue, cl_mem source, cl_mem target) {
    cl_int r = icd_mem_check_alignment(source, queue->device);
    return r == CL_SUCCESS ? icd_mem_check_alignment(target, queue->device) : r;
}

/* Where a buffer's bytes start in the memory that overlapping buffers have in common. */
static size_t base(cl_mem buffer) {
    return buffer->parent ? buffer->origin : 0;
}

cl_int icd_prepare_copy_buffer(cl_command_queue queue, cl_mem source, cl_mem target, size_t source_offset,
                               size_t target_offset, size_t size, struct tr_copy_buffer *c) {
    cl_int r = icd_valid(source, ICD_MEM) && icd_valid(target, ICD_MEM) &&
                       !(icd_mem_is_buffer(source) && icd_mem_is_buffer(target))
                   ? CL_INVALID_MEM_OBJECT /* drivers look at the kind first here */
                   : icd_mem_check(queue, 2, (const cl_mem[]){source, target});
    if (r == CL_SUCCESS &&
        (!icd_mem_in_range(source, source_offset, size) || !icd_mem_in_range(target, target_offset, size)))
        r = CL_INVALID_VALUE;
    if (r == CL_SUCCESS)
        r = check_two_alignments(queue, source, target);
    if (r == CL_SUCCESS && icd_mem_root(source) == icd_mem_root(target)) {
        size_t from = base(source) + source_offset, to = base(target) + target_offset;
        if (from < to + size && to < from + size)
            r = CL_MEM_COPY_OVERLAP;
    }
    if (r == CL_SUCCESS)
        *c = (struct tr_copy_buffer){.queue = queue->object.id,
                                     .source = source->object.id,
                                     .target = target->object.id,
                                     .event_slot = TR_NO_SLOT,
                                     .source_offset = source_offset,
                                     .target_offset = target_offset,
                                     .size = size};
    return r;
}

cl_int CL_API_CALL icd_EnqueueCopyBuffer(cl_command_queue queue, cl_mem source, cl_mem target,
                                         size_t source_offset, size_t target_offset, size_t size,
                                         cl_uint wait_count, const cl_event *wait_list, cl_event *event) {
    struct tr_copy_buffer c;
    cl_int r = icd_prepare_copy_buffer(queue, source, target, source_offset, target_offset, size, &c);
    return r == CL_SUCCESS ? icd_enqueue_prepared(queue, CL_COMMAND_COPY_BUFFER, wait_count, wait_list, event,
                                                  COPY_BUFFER, copy_buffer, &c, NULL)
                           : r;
}

cl_int icd_prepare_copy_rect(cl_command_queue queue, cl_mem source, cl_mem target,
                             const size_t *source_origin, const size_t *target_origin, const size_t *region,
                             size_t source_row_pitch, size_t source_slice_pitch, size_t target_row_pitch,
                             size_t target_slice_pitch, struct tr_copy_rect *c) {
    struct icd_pitch from = {source_row_pitch, source_slice_pitch},
                     to = {target_row_pitch, target_slice_pitch};
    size_t offset;
    cl_int r = icd_mem_check(queue, 2, (const cl_mem[]){source, target});
    if (r == CL_SUCCESS && !(icd_mem_is_buffer(source) && icd_mem_is_buffer(target)))
        r = CL_INVALID_MEM_OBJECT;
    if (r != CL_SUCCESS)
        return r;
    if (!source_origin || !target_origin || !region ||
        !icd_rect_check(source_origin, region, &from, source->size, &offset) ||
        !icd_rect_check(target_origin, region, &to, target->size, &offset))
        return CL_INVALID_VALUE;
    if (source == target && (from.row != to.row || from.slice != to.slice))
        return CL_INVALID_VALUE;
    r = check_two_alignments(queue, source, target);
    if (r == CL_SUCCESS && icd_mem_root(source) == icd_mem_root(target) && from.row == to.row &&
        from.slice == to.slice) {
        size_t a[3] = {source_origin[0] + base(source), source_origin[1], source_origin[2]};
        size_t b[3] = {target_origin[0] + base(target), target_origin[1], target_origin[2]};
        if (icd_rect_overlap(a, b, region, from.row, from.slice))
            r = CL_MEM_COPY_OVERLAP;
    }
    if (r == CL_SUCCESS)
        *c = (struct tr_copy_rect){.queue = queue->object.id,
                                   .source = source->object.id,
                                   .target = target->object.id,
                                   .event_slot = TR_NO_SLOT,
                                   .source_origin = {source_origin[0], source_origin[1], source_origin[2]},
                                   .target_origin = {target_origin[0], target_origin[1], target_origin[2]},
                                   .region = {region[0], region[1], region[2]},
                                   .source_row_pitch = from.row,
                                   .source_slice_pitch = from.slice,
                                   .target_row_pitch = to.row,
                                   .target_slice_pitch = to.slice};
    return r;
}

cl_int CL_API_CALL icd_EnqueueCopyBufferRect(cl_command_queue queue, cl_mem source, cl_mem target,
                                             const size_t *source_origin, const size_t *target_origin,
                                             const size_t *region, size_t source_row_pitch,
                                             size_t source_slice_pitch, size_t target_row_pitch,
                                             size_t target_slice_pitch, cl_uint wait_count,
                                             const cl_event *wait_list, cl_event *event) {
    struct tr_copy_rect c;
    cl_int r =
        icd_prepare_copy_rect(queue, source, target, source_origin, target_origin, region, source_row_pitch,
                              source_slice_pitch, target_row_pitch, target_slice_pitch, &c);
    return r == CL_SUCCESS ? icd_enqueue_prepared(queue, CL_COMMAND_COPY_BUFFER_RECT, wait_count, wait_list,
                                                  event, COPY_RECT, copy_rect, &c, NULL)
                           : r;
}

cl_int icd_prepare_fill_buffer(cl_command_queue queue, cl_mem buffer, const void *pattern,
                               size_t pattern_size, size_t offset, size_t size, struct tr_fill_buffer *c) {
    cl_int r = icd_mem_check_buffer(queue, buffer);
    if (r != CL_SUCCESS)
        return r;
    bool power_of_two = pattern_size > 0 && (pattern_size & (pattern_size - 1)) == 0;
    if (!pattern || !power_of_two || pattern_size > 128 || offset > buffer->size ||
        size > buffer->size - offset || offset % pattern_size != 0 || size % pattern_size != 0)
        return CL_INVALID_VALUE;
    *c = (struct tr_fill_buffer){.queue = queue->object.id,
                                 .mem = buffer->object.id,
                                 .event_slot = TR_NO_SLOT,
                                 .offset = offset,
                                 .size = size};
    return icd_mem_check_alignment(buffer, queue->device);
}

cl_int CL_API_CALL icd_EnqueueFillBuffer(cl_command_queue queue, cl_mem buffer, const void *pattern,
                                         size_t pattern_size, size_t offset, size_t size, cl_uint wait_count,
                                         const cl_event *wait_list, cl_event *event) {
    struct tr_fill_buffer c;
    cl_int r = icd_prepare_fill_buffer(queue, buffer, pattern, pattern_size, offset, size, &c);
    if (r == CL_SUCCESS && size == 0) {
        struct icd_transfer t = {.queue = queue,
                                 .mem = buffer,
                                 .type = CL_COMMAND_FILL_BUFFER,
                                 .wait_count = wait_count,
                                 .wait_list = wait_list,
                                 .event = event};
        return icd_map_order(&t);
    }
    const struct tr_array data = {pattern, (uint32_t)pattern_size};
    return r == CL_SUCCESS ? icd_enqueue_prepared(queue, CL_COMMAND_FILL_BUFFER, wait_count, wait_list, event,
                                                  FILL_BUFFER, fill_buffer, &c, &data)
                           : r;
}

/* Memory objects in one command. */
enum { MIGRATE_MAX = 64 };

cl_int CL_API_CALL icd_EnqueueMigrateMemObjects(cl_command_queue queue, cl_uint count, const cl_mem *mems,
                                                cl_mem_migration_flags flags, cl_uint wait_count,
                                                const cl_event *wait_list, cl_event *event) {
    uint32_t ids[MIGRATE_MAX];
    struct icd_enqueue e;

    if (!icd_valid(queue, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    if (count == 0 || !mems)
        return CL_INVALID_VALUE;
    for (cl_uint i = 0; i < count; i++) {
        if (!icd_valid(mems[i], ICD_MEM))
            return CL_INVALID_MEM_OBJECT;
        if (mems[i]->context != queue->context)
            return CL_INVALID_CONTEXT;
        if (i < MIGRATE_MAX) /* a hint: more objects than fit are left where they are */
            ids[i] = mems[i]->object.id;
    }
    if (flags &
        ~(cl_mem_migration_flags)(CL_MIGRATE_MEM_OBJECT_HOST | CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED))
        return CL_INVALID_VALUE;
    cl_int r = icd_enqueue_begin(&e, queue, CL_COMMAND_MIGRATE_MEM_OBJECTS, wait_count, wait_list, event);
    if (r != CL_SUCCESS)
        return r;
    struct tr_array arrays[] = {{ids, count < MIGRATE_MAX ? count : MIGRATE_MAX}, e.waits};
    svga_guest_lock(icd_session->g);
    icd_trace_put(&e.trace);
    TR_PUT(icd_session->g, MIGRATE, migrate, arrays, .queue = queue->object.id, .event = e.event_id,
           .event_slot = e.event_slot, .flags = flags);
    return icd_enqueue_end(&e, event);
}
