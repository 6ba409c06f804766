// SPDX-License-Identifier: MIT
/*
 * Recording: each function checks what its clEnqueue* twin checks (prepare.h), and sends the host the very
 * bytes that the twin would put into the FIFO, in a RECORD.
 */
#include <stdlib.h>

#include "guest-icd/api.h"
#include "guest-icd/command/mutable-command.h"
#include "guest-icd/command/prepare.h"
#include "guest-icd/session/debug.h"

/* A longer list of sync points becomes a barrier for all that is there: it may wait for more, never for less.
 */
enum { MANY_POINTS = 1024 };

/* What every recording function is given besides its own arguments. */
struct record {
    cl_command_buffer_khr buffer;
    cl_uint count;
    const cl_sync_point_khr *list;
    cl_sync_point_khr *point;
};

/* ---- what they have in common ---- */

/* The buffer is locked if all is well. */
static cl_int begin(struct record *r, cl_command_queue queue, const cl_properties *properties,
                    const cl_mutable_command_khr *handle) {
    cl_command_buffer_khr b = r->buffer;

    if (!icd_valid(b, ICD_COMMAND_BUFFER))
        return CL_INVALID_COMMAND_BUFFER_KHR;
    if (queue)
        return icd_fail(CL_INVALID_COMMAND_QUEUE, "the queue of a recorded command must be NULL");
    if (properties && properties[0] != 0)
        return icd_fail(CL_INVALID_VALUE, "recorded commands have no properties");
    if (handle)
        return icd_fail(CL_INVALID_VALUE, "the mutable handle of a recorded command must be NULL");
    if ((r->count == 0) != (r->list == NULL))
        return CL_INVALID_SYNC_POINT_WAIT_LIST_KHR;
    svga_lock_take(&b->lock);
    cl_int e = b->finalized ? CL_INVALID_OPERATION : CL_SUCCESS;
    for (cl_uint i = 0; e == CL_SUCCESS && i < r->count; i++)
        if (r->list[i] == 0 || r->list[i] > b->count)
            e = CL_INVALID_SYNC_POINT_WAIT_LIST_KHR;
    if (e == CL_SUCCESS && svga_guest_lost(icd_session->g))
        e = icd_session_error();
    if (e != CL_SUCCESS)
        svga_lock_give(&b->lock);
    return e;
}

/* The buffer is locked. Room for `more` objects to hold. */
static bool make_room(cl_command_buffer_khr b, size_t more) {
    if (b->held_count + more <= b->held_room)
        return true;
    size_t room = 2 * (b->held_count + more);
    void **bigger = realloc(b->held, room * sizeof *bigger);
    if (!bigger)
        return false;
    b->held = bigger;
    b->held_room = room;
    return true;
}

/* There is room. */
static void hold(cl_command_buffer_khr b, void *object) {
    icd_app_retain(object);
    b->held[b->held_count++] = object;
}

/* What was recorded with an in-order queue keeps its order on whatever queue it runs. */
static cl_int put(cl_command_buffer_khr b, bool barrier, struct tr_array after, const void *command,
                  uint32_t size) {
    uint64_t bytes = size + after.count * sizeof(uint32_t);
    if (b->count == TR_BATCH_COMMANDS || b->bytes + bytes > TR_BATCH_BYTES)
        return icd_fail(CL_OUT_OF_RESOURCES, "a command buffer takes %u commands and %u bytes of them",
                        TR_BATCH_COMMANDS, TR_BATCH_BYTES);
    const struct tr_array arrays[] = {after, {command, size}};
    if (!TR_SEND(icd_session->g, RECORD, record, arrays, .batch = b->object.id,
                 .barrier = barrier || icd_queue_in_order(b->queue)))
        return icd_session_error();
    b->count++;
    b->bytes += bytes;
    return CL_SUCCESS;
}

/* Nothing, as a command: what waits and what is waited for. */
struct marker {
    uint64_t bytes[8];
    uint32_t size;
};

static struct marker make_marker(cl_command_buffer_khr b) {
    const struct tr_marker fixed = {.queue = b->queue->object.id, .event_slot = TR_NO_SLOT};
    struct marker m = {.size = tr_encoded_size(TR_CMD_MARKER, NULL)};
    _Static_assert(sizeof m.bytes >= sizeof(struct svga_cmd_header) + sizeof fixed + 8, "room");
    tr_encode(m.bytes, m.size, TR_CMD_MARKER, &fixed, NULL);
    return m;
}

static cl_int put_marker(cl_command_buffer_khr b, bool barrier, struct tr_array after) {
    const struct marker m = make_marker(b);
    return put(b, barrier, after, m.bytes, m.size);
}

void icd_command_buffer_replace(cl_command_buffer_khr b, uint32_t number, const struct tr_enqueue_kernel *c) {
    uint64_t bytes[(TR_MAX_FIXED + 256) / sizeof(uint64_t)];
    const struct marker m = make_marker(b);
    struct tr_array command = {m.bytes, m.size};
    if (c->work_dim > 0) {
        const struct tr_array no_waits = {NULL, 0};
        command = (struct tr_array){bytes, tr_encoded_size(TR_CMD_ENQUEUE_KERNEL, &no_waits)};
        tr_encode(bytes, command.count, TR_CMD_ENQUEUE_KERNEL, c, &no_waits);
    }
    TR_SEND(icd_session->g, UPDATE_RECORD, update_record, &command, .batch = b->object.id, .index = number);
}

/* What the record's command waits for, as numbers; the caller frees *many. */
static cl_int gather(const struct record *r, uint32_t few[16], uint32_t **many, struct tr_array *after) {
    *after = (struct tr_array){NULL, 0};
    *many = NULL;
    if (r->count == 0 || icd_queue_in_order(r->buffer->queue))
        return CL_SUCCESS;
    if (r->count > MANY_POINTS)
        return put_marker(r->buffer, true, *after);
    uint32_t *numbers = r->count <= 16 ? few : (*many = malloc(r->count * sizeof *numbers));
    if (!numbers)
        return CL_OUT_OF_HOST_MEMORY;
    for (cl_uint i = 0; i < r->count; i++)
        numbers[i] = r->list[i] - 1;
    *after = (struct tr_array){numbers, r->count};
    return CL_SUCCESS;
}

/* Records the command (0: nothing but its place in the order), holds the objects, and unlocks. `e`: what was
 * wrong until now. */
static cl_int end(struct record *r, cl_int e, bool barrier, enum tr_cmd cmd, const void *fixed,
                  const struct tr_array *arrays, void *const *objects, size_t object_count) {
    cl_command_buffer_khr b = r->buffer;
    uint32_t few[16], *many = NULL;
    struct tr_array after = {NULL, 0};
    uint64_t bytes[(TR_MAX_FIXED + 256) / sizeof(uint64_t)];

    if (e == CL_SUCCESS && !make_room(b, object_count))
        e = CL_OUT_OF_HOST_MEMORY;
    if (e == CL_SUCCESS)
        e = gather(r, few, &many, &after);
    if (e == CL_SUCCESS && cmd == 0) {
        e = put_marker(b, barrier, after);
    } else if (e == CL_SUCCESS) {
        uint32_t size = tr_encoded_size(cmd, arrays);
        if (size <= sizeof bytes) {
            tr_encode(bytes, size, cmd, fixed, arrays);
            e = put(b, barrier, after, bytes, size);
        } else {
            e = CL_OUT_OF_RESOURCES; /* none is that long */
        }
    }
    for (size_t i = 0; e == CL_SUCCESS && i < object_count; i++)
        hold(b, objects[i]);
    if (e == CL_SUCCESS && r->point)
        *r->point = b->count;
    svga_lock_give(&b->lock);
    free(many);
    return e;
}

#define RECORD(buffer)                                                                                       \
    { buffer, num_sync_points_in_wait_list, sync_point_wait_list, sync_point }

/* ---- the commands ---- */

cl_int CL_API_CALL icd_CommandBarrierWithWaitListKHR(
    cl_command_buffer_khr command_buffer, cl_command_queue command_queue, const cl_properties *properties,
    cl_uint num_sync_points_in_wait_list, const cl_sync_point_khr *sync_point_wait_list,
    cl_sync_point_khr *sync_point, cl_mutable_command_khr *mutable_handle) {
    struct record r = RECORD(command_buffer);
    cl_int e = begin(&r, command_queue, properties, mutable_handle);
    return e == CL_SUCCESS ? end(&r, e, true, 0, NULL, NULL, NULL, 0) : e;
}

cl_int CL_API_CALL icd_CommandCopyBufferKHR(
    cl_command_buffer_khr command_buffer, cl_command_queue command_queue, const cl_properties *properties,
    cl_mem src_buffer, cl_mem dst_buffer, size_t src_offset, size_t dst_offset, size_t size,
    cl_uint num_sync_points_in_wait_list, const cl_sync_point_khr *sync_point_wait_list,
    cl_sync_point_khr *sync_point, cl_mutable_command_khr *mutable_handle) {
    struct record r = RECORD(command_buffer);
    struct tr_copy_buffer c;
    cl_int e = begin(&r, command_queue, properties, mutable_handle);
    if (e != CL_SUCCESS)
        return e;
    e = icd_prepare_copy_buffer(command_buffer->queue, src_buffer, dst_buffer, src_offset, dst_offset, size,
                                &c);
    return end(&r, e, false, TR_CMD_COPY_BUFFER, &c, NULL, (void *[]){src_buffer, dst_buffer}, 2);
}

cl_int CL_API_CALL icd_CommandCopyBufferRectKHR(
    cl_command_buffer_khr command_buffer, cl_command_queue command_queue, const cl_properties *properties,
    cl_mem src_buffer, cl_mem dst_buffer, const size_t *src_origin, const size_t *dst_origin,
    const size_t *region, size_t src_row_pitch, size_t src_slice_pitch, size_t dst_row_pitch,
    size_t dst_slice_pitch, cl_uint num_sync_points_in_wait_list,
    const cl_sync_point_khr *sync_point_wait_list, cl_sync_point_khr *sync_point,
    cl_mutable_command_khr *mutable_handle) {
    struct record r = RECORD(command_buffer);
    struct tr_copy_rect c;
    cl_int e = begin(&r, command_queue, properties, mutable_handle);
    if (e != CL_SUCCESS)
        return e;
    e = icd_prepare_copy_rect(command_buffer->queue, src_buffer, dst_buffer, src_origin, dst_origin, region,
                              src_row_pitch, src_slice_pitch, dst_row_pitch, dst_slice_pitch, &c);
    return end(&r, e, false, TR_CMD_COPY_RECT, &c, NULL, (void *[]){src_buffer, dst_buffer}, 2);
}

cl_int CL_API_CALL icd_CommandCopyBufferToImageKHR(
    cl_command_buffer_khr command_buffer, cl_command_queue command_queue, const cl_properties *properties,
    cl_mem src_buffer, cl_mem dst_image, size_t src_offset, const size_t *dst_origin, const size_t *region,
    cl_uint num_sync_points_in_wait_list, const cl_sync_point_khr *sync_point_wait_list,
    cl_sync_point_khr *sync_point, cl_mutable_command_khr *mutable_handle) {
    struct record r = RECORD(command_buffer);
    struct tr_copy_image_buffer c;
    cl_int e = begin(&r, command_queue, properties, mutable_handle);
    if (e != CL_SUCCESS)
        return e;
    e = icd_prepare_copy_image_buffer(command_buffer->queue, true, dst_image, src_buffer, dst_origin, region,
                                      src_offset, &c);
    return end(&r, e, false, TR_CMD_COPY_IMAGE_BUFFER, &c, NULL, (void *[]){src_buffer, dst_image}, 2);
}

cl_int CL_API_CALL icd_CommandCopyImageToBufferKHR(
    cl_command_buffer_khr command_buffer, cl_command_queue command_queue, const cl_properties *properties,
    cl_mem src_image, cl_mem dst_buffer, const size_t *src_origin, const size_t *region, size_t dst_offset,
    cl_uint num_sync_points_in_wait_list, const cl_sync_point_khr *sync_point_wait_list,
    cl_sync_point_khr *sync_point, cl_mutable_command_khr *mutable_handle) {
    struct record r = RECORD(command_buffer);
    struct tr_copy_image_buffer c;
    cl_int e = begin(&r, command_queue, properties, mutable_handle);
    if (e != CL_SUCCESS)
        return e;
    e = icd_prepare_copy_image_buffer(command_buffer->queue, false, src_image, dst_buffer, src_origin, region,
                                      dst_offset, &c);
    return end(&r, e, false, TR_CMD_COPY_IMAGE_BUFFER, &c, NULL, (void *[]){src_image, dst_buffer}, 2);
}

cl_int CL_API_CALL icd_CommandCopyImageKHR(
    cl_command_buffer_khr command_buffer, cl_command_queue command_queue, const cl_properties *properties,
    cl_mem src_image, cl_mem dst_image, const size_t *src_origin, const size_t *dst_origin,
    const size_t *region, cl_uint num_sync_points_in_wait_list, const cl_sync_point_khr *sync_point_wait_list,
    cl_sync_point_khr *sync_point, cl_mutable_command_khr *mutable_handle) {
    struct record r = RECORD(command_buffer);
    struct tr_copy_image c;
    cl_int e = begin(&r, command_queue, properties, mutable_handle);
    if (e != CL_SUCCESS)
        return e;
    e = icd_prepare_copy_image(command_buffer->queue, src_image, dst_image, src_origin, dst_origin, region,
                               &c);
    return end(&r, e, false, TR_CMD_COPY_IMAGE, &c, NULL, (void *[]){src_image, dst_image}, 2);
}

cl_int CL_API_CALL icd_CommandFillBufferKHR(cl_command_buffer_khr command_buffer,
                                            cl_command_queue command_queue, const cl_properties *properties,
                                            cl_mem buffer, const void *pattern, size_t pattern_size,
                                            size_t offset, size_t size, cl_uint num_sync_points_in_wait_list,
                                            const cl_sync_point_khr *sync_point_wait_list,
                                            cl_sync_point_khr *sync_point,
                                            cl_mutable_command_khr *mutable_handle) {
    struct record r = RECORD(command_buffer);
    struct tr_fill_buffer c;
    cl_int e = begin(&r, command_queue, properties, mutable_handle);
    if (e != CL_SUCCESS)
        return e;
    e = icd_prepare_fill_buffer(command_buffer->queue, buffer, pattern, pattern_size, offset, size, &c);
    const struct tr_array arrays[] = {{pattern, (uint32_t)pattern_size}, {NULL, 0}};
    return end(&r, e, false, size > 0 ? TR_CMD_FILL_BUFFER : 0, &c, arrays, (void *[]){buffer}, 1);
}

cl_int CL_API_CALL icd_CommandFillImageKHR(cl_command_buffer_khr command_buffer,
                                           cl_command_queue command_queue, const cl_properties *properties,
                                           cl_mem image, const void *fill_color, const size_t *origin,
                                           const size_t *region, cl_uint num_sync_points_in_wait_list,
                                           const cl_sync_point_khr *sync_point_wait_list,
                                           cl_sync_point_khr *sync_point,
                                           cl_mutable_command_khr *mutable_handle) {
    struct record r = RECORD(command_buffer);
    struct tr_fill_image c;
    cl_uint color[4];
    cl_int e = begin(&r, command_queue, properties, mutable_handle);
    if (e != CL_SUCCESS)
        return e;
    e = icd_prepare_fill_image(command_buffer->queue, image, fill_color, origin, region, &c, color);
    const struct tr_array arrays[] = {{color, sizeof color}, {NULL, 0}};
    return end(&r, e, false, TR_CMD_FILL_IMAGE, &c, arrays, (void *[]){image}, 1);
}

/* ---- shared virtual memory ---- */

cl_int CL_API_CALL icd_CommandSVMMemcpyKHR(cl_command_buffer_khr command_buffer,
                                           cl_command_queue command_queue, const cl_properties *properties,
                                           void *dst_ptr, const void *src_ptr, size_t size,
                                           cl_uint num_sync_points_in_wait_list,
                                           const cl_sync_point_khr *sync_point_wait_list,
                                           cl_sync_point_khr *sync_point,
                                           cl_mutable_command_khr *mutable_handle) {
    struct record r = RECORD(command_buffer);
    struct tr_copy_buffer c;
    cl_mem buffers[2] = {NULL, NULL};
    cl_int e = begin(&r, command_queue, properties, mutable_handle);
    if (e != CL_SUCCESS)
        return e;
    e = icd_prepare_svm_copy(command_buffer->queue, dst_ptr, src_ptr, size, &buffers[0], &buffers[1], &c);
    return end(&r, e, false, size > 0 ? TR_CMD_COPY_BUFFER : 0, &c, NULL, (void *[]){buffers[0], buffers[1]},
               size > 0 ? 2 : 0);
}

cl_int CL_API_CALL icd_CommandSVMMemFillKHR(cl_command_buffer_khr command_buffer,
                                            cl_command_queue command_queue, const cl_properties *properties,
                                            void *svm_ptr, const void *pattern, size_t pattern_size,
                                            size_t size, cl_uint num_sync_points_in_wait_list,
                                            const cl_sync_point_khr *sync_point_wait_list,
                                            cl_sync_point_khr *sync_point,
                                            cl_mutable_command_khr *mutable_handle) {
    struct record r = RECORD(command_buffer);
    struct tr_fill_buffer c;
    cl_mem buffer = NULL;
    cl_int e = begin(&r, command_queue, properties, mutable_handle);
    if (e != CL_SUCCESS)
        return e;
    e = icd_prepare_svm_fill(command_buffer->queue, svm_ptr, pattern, pattern_size, size, &buffer, &c);
    const struct tr_array arrays[] = {{pattern, (uint32_t)pattern_size}, {NULL, 0}};
    return end(&r, e, false, size > 0 ? TR_CMD_FILL_BUFFER : 0, &c, arrays, (void *[]){buffer},
               size > 0 ? 1 : 0);
}

/* ---- NDRanges ---- */

/* A command that may change. */
struct mutable {
    struct icd_mutable_range range;
    struct icd_mutable_properties properties;
    const cl_properties *list;
    cl_mutable_command_khr *handle;
};

/* The objects among the arguments, and the kernel itself: all that the snapshot needs. NULL if memory is out.
 */
static void **needed_by(cl_kernel kernel, size_t *count) {
    void **objects = malloc((kernel->arg_count + 1) * sizeof *objects);
    *count = 0;
    if (!objects)
        return NULL;
    objects[(*count)++] = kernel;
    for (cl_uint i = 0; i < kernel->arg_count; i++)
        if (kernel->args[i].state == ICD_ARG_IS_OBJECT && !icd_valid(kernel->args[i].object, ICD_QUEUE))
            objects[(*count)++] = kernel->args[i].object;
    return objects;
}

/* A kernel of its own for the command: what is done to the application's one from now on must not show. The kernel
 * holds objects for the buffer, or for `mutable`, the command that will be known to the application. */
static cl_int record_kernel(struct record *r, cl_kernel kernel, struct tr_enqueue_kernel *c,
                            const struct mutable *mutable) {
    cl_command_buffer_khr b = r->buffer;
    cl_mutable_command_khr m = NULL;
    size_t count;
    cl_kernel own;
    void **objects = needed_by(kernel, &count);
    cl_int e = objects && make_room(b, count + 1) ? icd_kernel_snapshot(kernel, &own) : CL_OUT_OF_HOST_MEMORY;
    if (e == CL_SUCCESS) {
        c->kernel = own->object.id;
        b->held[b->held_count++] = own; /* goes with the buffer in any case */
        if (mutable) {
            count = 1; /* the kernel; what is among its arguments changes with them */
            m = icd_mutable_new(b, kernel, own, &mutable->range, &mutable->properties, mutable->list);
            e = m ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
        }
    }
    if (m) { /* before the buffer is unlocked */
        m->number = b->count;
        m->next = b->mutables;
        b->mutables = m;
        b->incomplete += own->unset > 0;
    }
    e = end(r, e, false, c->work_dim > 0 ? TR_CMD_ENQUEUE_KERNEL : 0, c, NULL, objects, count);
    free(objects);
    if (e == CL_SUCCESS && mutable && mutable->handle)
        *mutable->handle = m;
    return e;
}

cl_int CL_API_CALL icd_CommandNDRangeKernelKHR(
    cl_command_buffer_khr command_buffer, cl_command_queue command_queue, const cl_properties *properties,
    cl_kernel kernel, cl_uint work_dim, const size_t *global_work_offset, const size_t *global_work_size,
    const size_t *local_work_size, cl_uint num_sync_points_in_wait_list,
    const cl_sync_point_khr *sync_point_wait_list, cl_sync_point_khr *sync_point,
    cl_mutable_command_khr *mutable_handle) {
    struct record r = RECORD(command_buffer);
    struct tr_enqueue_kernel c = {.work_dim = 0};
    struct mutable m = {.range = {.dim = work_dim}, .list = properties, .handle = mutable_handle};
    cl_int e = begin(&r, command_queue, NULL, NULL);
    if (e != CL_SUCCESS)
        return e;
    e = icd_mutable_read_properties(properties, command_buffer->queue->device, &m.properties);
    if (e == CL_SUCCESS && !icd_valid(kernel, ICD_KERNEL))
        e = CL_INVALID_KERNEL;
    if (e == CL_SUCCESS && !local_work_size &&
        (m.properties.no_more_groups || command_buffer->no_more_groups))
        e = icd_fail(CL_INVALID_VALUE, "a number of work-groups is promised, but not their size");
    /* The specification lets arguments wait only where the list says that they change. */
    bool later = m.properties.fields_given && (m.properties.fields & CL_MUTABLE_DISPATCH_ARGUMENTS_KHR);
    if (e == CL_SUCCESS)
        e = icd_prepare_kernel(command_buffer->queue, kernel, later, work_dim, global_work_offset,
                               global_work_size, local_work_size, &c);
    bool changes = e == CL_SUCCESS && (mutable_handle || kernel->unset > 0);
    if (e != CL_SUCCESS || (c.work_dim == 0 && !changes))
        return end(&r, e, false, 0, NULL, NULL, (void *[]){kernel}, 1);
    for (cl_uint i = 0; i < work_dim; i++) {
        m.range.offset[i] = global_work_offset ? global_work_offset[i] : 0;
        m.range.global[i] = global_work_size ? global_work_size[i] : 0;
        m.range.local[i] = local_work_size ? local_work_size[i] : 0;
        m.range.has_local = m.range.has_local || m.range.local[i] != 0;
    }
    m.range.has_offset = global_work_offset != NULL;
    return record_kernel(&r, kernel, &c, changes ? &m : NULL);
}
