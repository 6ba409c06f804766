// SPDX-License-Identifier: MIT
/* The stub driver's queues, events and commands. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/stub/stub.h"

static cl_event pending, *pending_end = &pending; /* commands that have not ended, oldest first; referenced */
static cl_ulong clock_now;

void stub_reset(void) {
    if (pending)
        stub_harm("commands of another session");
    stub_fail_every(0);
    clock_now = 0;
}

/* ---- queues ---- */

static cl_command_queue new_queue(cl_context c, cl_device_id d, cl_command_queue_properties flags,
                                  cl_int *r) {
    if (!stub_is(c, STUB_CONTEXT))
        return stub_error(r, CL_INVALID_CONTEXT);
    if (!stub_is(d, STUB_DEVICE) || !stub_in_context(c, d))
        return stub_error(r, CL_INVALID_DEVICE);
    cl_command_queue q = stub_fails() ? NULL : stub_new(STUB_QUEUE, sizeof *q, c->head.version);
    if (!q)
        return stub_error(r, CL_OUT_OF_RESOURCES);
    stub_retain(c);
    q->context = c;
    q->device = d;
    q->in_order = !(flags & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    q->profiled = flags & CL_QUEUE_PROFILING_ENABLE;
    stub_error(r, CL_SUCCESS);
    return q;
}

cl_command_queue clCreateCommandQueue(cl_context c, cl_device_id d, cl_command_queue_properties flags,
                                      cl_int *r) {
    return new_queue(c, d, flags, r);
}

cl_command_queue clCreateCommandQueueWithProperties(cl_context c, cl_device_id d,
                                                    const cl_queue_properties *list, cl_int *r) {
    cl_command_queue_properties flags = 0;
    stub_needs(c, 200);
    for (; list && *list; list += 2)
        if (*list == CL_QUEUE_PROPERTIES)
            flags = list[1];
    return new_queue(c, d, flags, r);
}

cl_int clReleaseCommandQueue(cl_command_queue q) {
    if (!stub_is(q, STUB_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    if (stub_release(q)) {
        clReleaseContext(q->context);
        stub_free(q);
    }
    return CL_SUCCESS;
}

/* ---- events ---- */

static cl_event new_event(cl_context c, cl_command_queue q) {
    cl_event e = stub_new(STUB_EVENT, sizeof *e, c->head.version);
    if (!e)
        return NULL;
    stub_retain(c);
    e->context = c;
    e->queue = q;
    e->status = q ? CL_QUEUED : CL_SUBMITTED;
    if (q)
        stub_retain(q);
    return e;
}

cl_int clRetainEvent(cl_event e) {
    if (!stub_is(e, STUB_EVENT))
        return CL_INVALID_EVENT;
    stub_retain(e);
    return CL_SUCCESS;
}

cl_int clReleaseEvent(cl_event e) {
    if (!stub_is(e, STUB_EVENT))
        return CL_INVALID_EVENT;
    if (!stub_release(e))
        return CL_SUCCESS;
    for (cl_uint i = 0; i < e->wait_count; i++)
        clReleaseEvent(e->waits[i]);
    free(e->waits);
    while (e->callbacks) {
        struct stub_callback *next = e->callbacks->next;
        free(e->callbacks);
        e->callbacks = next;
    }
    if (e->queue)
        clReleaseCommandQueue(e->queue);
    clReleaseContext(e->context);
    stub_free(e);
    return CL_SUCCESS;
}

/* The event's status becomes `status`, and who asked for it hears so. */
static void set_status(cl_event e, cl_int status) {
    e->status = status;
    for (struct stub_callback **at = &e->callbacks; *at;) {
        struct stub_callback *c = *at;
        if (c->type < status) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        c->call(e, status < 0 ? status : c->type, c->opaque);
        free(c);
    }
}

cl_event clCreateUserEvent(cl_context c, cl_int *r) {
    if (!stub_is(c, STUB_CONTEXT))
        return stub_error(r, CL_INVALID_CONTEXT);
    stub_needs(c, 110);
    cl_event e = stub_fails() ? NULL : new_event(c, NULL);
    stub_error(r, e ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY);
    return e;
}

cl_int clSetUserEventStatus(cl_event e, cl_int status) {
    if (!stub_is(e, STUB_EVENT) || e->queue)
        return CL_INVALID_EVENT;
    if (status > CL_COMPLETE)
        return CL_INVALID_VALUE;
    if (e->status <= CL_COMPLETE)
        return CL_INVALID_OPERATION;
    set_status(e, status);
    return CL_SUCCESS;
}

cl_int clSetEventCallback(cl_event e, cl_int type, void(CL_CALLBACK *call)(cl_event, cl_int, void *),
                          void *opaque) {
    if (!stub_is(e, STUB_EVENT))
        return CL_INVALID_EVENT;
    stub_needs(e, 110);
    struct stub_callback *c = stub_fails() ? NULL : malloc(sizeof *c);
    if (!c)
        return CL_OUT_OF_HOST_MEMORY;
    if (e->status <= type) { /* as PoCL does: at once */
        free(c);
        call(e, e->status < 0 ? e->status : type, opaque);
        return CL_SUCCESS;
    }
    *c = (struct stub_callback){e->callbacks, type, call, opaque};
    e->callbacks = c;
    return CL_SUCCESS;
}

cl_int clGetEventInfo(cl_event e, cl_event_info param, size_t size, void *value, size_t *ret) {
    if (!stub_is(e, STUB_EVENT))
        return CL_INVALID_EVENT;
    return param == CL_EVENT_COMMAND_EXECUTION_STATUS
               ? stub_give(&e->status, sizeof e->status, size, value, ret)
               : CL_INVALID_VALUE;
}

cl_int clGetEventProfilingInfo(cl_event e, cl_profiling_info param, size_t size, void *value, size_t *ret) {
    (void)param;
    if (!stub_is(e, STUB_EVENT))
        return CL_INVALID_EVENT;
    if (e->status != CL_COMPLETE || !e->queue || !e->queue->profiled)
        return CL_PROFILING_INFO_NOT_AVAILABLE;
    return stub_give(&clock_now, sizeof clock_now, size, value, ret);
}

/* ---- how commands end ---- */

static bool is_ready(cl_event e, bool *failed) {
    *failed = false;
    for (cl_uint i = 0; i < e->wait_count; i++) {
        if (e->waits[i]->status > CL_COMPLETE)
            return false;
        *failed = *failed || e->waits[i]->status < CL_COMPLETE;
    }
    for (cl_event before = pending; before != e && e->queue->in_order; before = before->next)
        if (before->queue == e->queue)
            return false;
    return true;
}

static void end(cl_event *at, cl_int status) {
    cl_event e = *at;
    *at = e->next;
    if (!*at)
        pending_end = at;
    clock_now++;
    if (status == CL_COMPLETE) {
        set_status(e, CL_SUBMITTED);
        set_status(e, CL_RUNNING);
    }
    set_status(e, status);
    clReleaseEvent(e);
}

static bool run_one(bool whatever) {
    for (cl_event *at = &pending; *at; at = &(*at)->next) {
        bool failed;
        if (is_ready(*at, &failed) || whatever) {
            end(at, failed ? CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST : CL_COMPLETE);
            return true;
        }
    }
    return false;
}

unsigned stub_run(unsigned count) {
    unsigned n = 0;
    while (n < count && run_one(false))
        n++;
    return n;
}

void stub_run_all(void) {
    while (pending)
        if (!run_one(false))
            run_one(true);
}

cl_int clFlush(cl_command_queue q) {
    return stub_is(q, STUB_QUEUE) ? CL_SUCCESS : CL_INVALID_COMMAND_QUEUE;
}

static bool has_pending(cl_command_queue q) {
    for (cl_event e = pending; e; e = e->next)
        if (e->queue == q)
            return true;
    return false;
}

/* Waits that would last for ever end, so that a fuzzer does not have to know which they are. */
cl_int clFinish(cl_command_queue q) {
    if (!stub_is(q, STUB_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    while (has_pending(q))
        if (!run_one(false))
            run_one(true);
    return CL_SUCCESS;
}

cl_int clWaitForEvents(cl_uint count, const cl_event *list) {
    cl_int r = CL_SUCCESS;
    for (cl_uint i = 0; i < count; i++) {
        if (!stub_is(list[i], STUB_EVENT))
            return CL_INVALID_EVENT;
        while (list[i]->status > CL_COMPLETE)
            if (!run_one(false) && !run_one(true))
                set_status(list[i], CL_COMPLETE); /* a user event */
        if (list[i]->status < CL_COMPLETE)
            r = CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST;
    }
    return r;
}

/* ---- commands ---- */

static cl_int enqueue(cl_command_queue q, cl_uint count, const cl_event *waits, cl_event *out) {
    if (!stub_is(q, STUB_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    if ((count > 0) != (waits != NULL))
        return CL_INVALID_EVENT_WAIT_LIST;
    for (cl_uint i = 0; i < count; i++) {
        if (!stub_is(waits[i], STUB_EVENT))
            return CL_INVALID_EVENT_WAIT_LIST;
        if (waits[i]->context != q->context)
            return CL_INVALID_CONTEXT;
    }
    cl_event e = stub_fails() ? NULL : new_event(q->context, q);
    if (!e)
        return CL_OUT_OF_RESOURCES;
    e->waits = calloc(count + 1, sizeof(cl_event));
    if (!e->waits) {
        clReleaseEvent(e);
        return CL_OUT_OF_HOST_MEMORY;
    }
    for (cl_uint i = 0; i < count; i++) {
        stub_retain(waits[i]);
        e->waits[i] = waits[i];
    }
    e->wait_count = count;
    *pending_end = e;
    pending_end = &e->next;
    if (out) {
        stub_retain(e);
        *out = e;
    }
    return CL_SUCCESS;
}

/* Waits for all commands of the queue that have not ended. */
static cl_int enqueue_behind_all(cl_command_queue q, cl_event *out) {
    cl_event list[64];
    cl_uint n = 0;
    if (!stub_is(q, STUB_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    for (cl_event e = pending; e && n < 64; e = e->next)
        if (e->queue == q)
            list[n++] = e;
    return enqueue(q, n, n ? list : NULL, out);
}

cl_int clEnqueueMarker(cl_command_queue q, cl_event *out) {
    return enqueue_behind_all(q, out);
}

cl_int clEnqueueMarkerWithWaitList(cl_command_queue q, cl_uint n, const cl_event *waits, cl_event *out) {
    stub_needs(q, 120);
    return n ? enqueue(q, n, waits, out) : enqueue_behind_all(q, out);
}

cl_int clEnqueueBarrierWithWaitList(cl_command_queue q, cl_uint n, const cl_event *waits, cl_event *out) {
    return clEnqueueMarkerWithWaitList(q, n, waits, out);
}

cl_int clEnqueueNDRangeKernel(cl_command_queue q, cl_kernel k, cl_uint dim, const size_t *offset,
                              const size_t *global, const size_t *local, cl_uint n, const cl_event *waits,
                              cl_event *out) {
    size_t sum = 0;
    if (!stub_is(k, STUB_KERNEL))
        return CL_INVALID_KERNEL;
    if (dim < 1 || dim > 3 || !global)
        return CL_INVALID_WORK_DIMENSION;
    for (cl_uint i = 0; i < dim; i++) {
        sum |= offset ? offset[i] : 0;
        if (local && (local[i] == 0 || global[i] % local[i] != 0))
            return CL_INVALID_WORK_GROUP_SIZE;
    }
    (void)sum;
    return enqueue(q, n, waits, out);
}

static bool is_buffer(cl_mem m) {
    return stub_is(m, STUB_MEM) && m->type == CL_MEM_OBJECT_BUFFER;
}

static bool is_image(cl_mem m) {
    return stub_is(m, STUB_MEM) && m->type >= CL_MEM_OBJECT_IMAGE2D &&
           m->type <= CL_MEM_OBJECT_IMAGE1D_BUFFER;
}

static bool inside(cl_mem m, size_t offset, size_t size) {
    return size > 0 && offset <= m->size && size <= m->size - offset;
}

static cl_int transfer(cl_command_queue q, cl_mem m, size_t offset, size_t size, const void *memory,
                       cl_uint n, const cl_event *waits, cl_event *out) {
    if (!is_buffer(m))
        return CL_INVALID_MEM_OBJECT;
    if (!inside(m, offset, size) || !memory)
        return CL_INVALID_VALUE;
    stub_touch(memory, size);
    return enqueue(q, n, waits, out);
}

cl_int clEnqueueReadBuffer(cl_command_queue q, cl_mem m, cl_bool blocking, size_t offset, size_t size,
                           void *memory, cl_uint n, const cl_event *waits, cl_event *out) {
    (void)blocking;
    return transfer(q, m, offset, size, memory, n, waits, out);
}

cl_int clEnqueueWriteBuffer(cl_command_queue q, cl_mem m, cl_bool blocking, size_t offset, size_t size,
                            const void *memory, cl_uint n, const cl_event *waits, cl_event *out) {
    (void)blocking;
    return transfer(q, m, offset, size, memory, n, waits, out);
}

/* The bytes of a box up to its last one, or 0 where the sizes make none or overflow. Pitches of 0: packed. */
static size_t box(const size_t origin[3], const size_t region[3], size_t row, size_t slice) {
    unsigned __int128 x, end;
    for (int i = 0; i < 3; i++)
        if (region[i] == 0)
            return 0;
    row = row ? row : region[0];
    if (row < region[0])
        return 0;
    x = (unsigned __int128)row * region[1];
    if (x > SIZE_MAX || (slice && (slice < (size_t)x || slice % row != 0)))
        return 0;
    slice = slice ? slice : (size_t)x;
    x = (unsigned __int128)origin[2] + region[2] - 1;
    if (x > SIZE_MAX)
        return 0;
    end = x * slice;
    x = (unsigned __int128)origin[1] + region[1] - 1;
    if (x > SIZE_MAX || end > SIZE_MAX)
        return 0;
    end += x * row;
    end += (unsigned __int128)origin[0] + region[0];
    return end > SIZE_MAX ? 0 : (size_t)end;
}

static cl_int transfer_rect(cl_command_queue q, cl_mem m, const size_t *origin, const size_t *host_origin,
                            const size_t *region, size_t row, size_t slice, size_t host_row,
                            size_t host_slice, const void *memory, cl_uint n, const cl_event *waits,
                            cl_event *out) {
    if (!is_buffer(m))
        return CL_INVALID_MEM_OBJECT;
    size_t here = box(origin, region, row, slice), there = box(host_origin, region, host_row, host_slice);
    if (here == 0 || here > m->size || there == 0 || !memory)
        return CL_INVALID_VALUE;
    stub_touch(memory, there);
    return enqueue(q, n, waits, out);
}

cl_int clEnqueueReadBufferRect(cl_command_queue q, cl_mem m, cl_bool blocking, const size_t *origin,
                               const size_t *host_origin, const size_t *region, size_t row, size_t slice,
                               size_t host_row, size_t host_slice, void *memory, cl_uint n,
                               const cl_event *waits, cl_event *out) {
    (void)blocking;
    return transfer_rect(q, m, origin, host_origin, region, row, slice, host_row, host_slice, memory, n,
                         waits, out);
}

cl_int clEnqueueWriteBufferRect(cl_command_queue q, cl_mem m, cl_bool blocking, const size_t *origin,
                                const size_t *host_origin, const size_t *region, size_t row, size_t slice,
                                size_t host_row, size_t host_slice, const void *memory, cl_uint n,
                                const cl_event *waits, cl_event *out) {
    (void)blocking;
    return transfer_rect(q, m, origin, host_origin, region, row, slice, host_row, host_slice, memory, n,
                         waits, out);
}

cl_int clEnqueueCopyBuffer(cl_command_queue q, cl_mem from, cl_mem to, size_t from_offset, size_t to_offset,
                           size_t size, cl_uint n, const cl_event *waits, cl_event *out) {
    if (!is_buffer(from) || !is_buffer(to))
        return CL_INVALID_MEM_OBJECT;
    if (!inside(from, from_offset, size) || !inside(to, to_offset, size))
        return CL_INVALID_VALUE;
    return enqueue(q, n, waits, out);
}

cl_int clEnqueueCopyBufferRect(cl_command_queue q, cl_mem from, cl_mem to, const size_t *from_origin,
                               const size_t *to_origin, const size_t *region, size_t from_row,
                               size_t from_slice, size_t to_row, size_t to_slice, cl_uint n,
                               const cl_event *waits, cl_event *out) {
    if (!is_buffer(from) || !is_buffer(to))
        return CL_INVALID_MEM_OBJECT;
    size_t a = box(from_origin, region, from_row, from_slice), b = box(to_origin, region, to_row, to_slice);
    if (a == 0 || a > from->size || b == 0 || b > to->size)
        return CL_INVALID_VALUE;
    return enqueue(q, n, waits, out);
}

static volatile unsigned char sink;

cl_int clEnqueueFillBuffer(cl_command_queue q, cl_mem m, const void *pattern, size_t pattern_size,
                           size_t offset, size_t size, cl_uint n, const cl_event *waits, cl_event *out) {
    stub_needs(q, 120);
    if (!is_buffer(m))
        return CL_INVALID_MEM_OBJECT;
    if (pattern_size == 0 || pattern_size > 128 || size % pattern_size != 0 || !inside(m, offset, size))
        return CL_INVALID_VALUE;
    for (size_t i = 0; i < pattern_size; i++)
        sink = ((const unsigned char *)pattern)[i];
    return enqueue(q, n, waits, out);
}

cl_int clEnqueueMigrateMemObjects(cl_command_queue q, cl_uint count, const cl_mem *list,
                                  cl_mem_migration_flags flags, cl_uint n, const cl_event *waits,
                                  cl_event *out) {
    (void)flags;
    stub_needs(q, 120);
    if (count == 0)
        return CL_INVALID_VALUE;
    for (cl_uint i = 0; i < count; i++)
        if (!stub_is(list[i], STUB_MEM))
            return CL_INVALID_MEM_OBJECT;
    return enqueue(q, n, waits, out);
}

/* ---- images ---- */

static bool in_image(cl_mem m, const size_t *origin, const size_t *region) {
    for (int i = 0; i < 3; i++)
        if (region[i] == 0 || origin[i] >= m->extent[i] || region[i] > m->extent[i] - origin[i])
            return false;
    return true;
}

static size_t pixel_size(cl_mem m) {
    size_t size = 0;
    clGetImageInfo(m, CL_IMAGE_ELEMENT_SIZE, sizeof size, &size, NULL);
    return size;
}

static cl_int transfer_image(cl_command_queue q, cl_mem m, const size_t *origin, const size_t *region,
                             size_t row, size_t slice, const void *memory, cl_uint n, const cl_event *waits,
                             cl_event *out) {
    if (!is_image(m))
        return CL_INVALID_MEM_OBJECT;
    if (!in_image(m, origin, region) || !memory)
        return CL_INVALID_VALUE;
    size_t width = region[0] * pixel_size(m), rows = region[1], slices = region[2];
    if (m->type == CL_MEM_OBJECT_IMAGE1D_ARRAY) {
        slices = rows;
        rows = 1;
    }
    row = row ? row : width;
    slice = slice ? slice : row * rows;
    if (row < width || slice < row * rows || row > 1u << 30 || slice > 1u << 30)
        return CL_INVALID_VALUE;
    stub_touch(memory, (slices - 1) * slice + (rows - 1) * row + width);
    return enqueue(q, n, waits, out);
}

cl_int clEnqueueReadImage(cl_command_queue q, cl_mem m, cl_bool blocking, const size_t *origin,
                          const size_t *region, size_t row, size_t slice, void *memory, cl_uint n,
                          const cl_event *waits, cl_event *out) {
    (void)blocking;
    return transfer_image(q, m, origin, region, row, slice, memory, n, waits, out);
}

cl_int clEnqueueWriteImage(cl_command_queue q, cl_mem m, cl_bool blocking, const size_t *origin,
                           const size_t *region, size_t row, size_t slice, const void *memory, cl_uint n,
                           const cl_event *waits, cl_event *out) {
    (void)blocking;
    return transfer_image(q, m, origin, region, row, slice, memory, n, waits, out);
}

cl_int clEnqueueCopyImage(cl_command_queue q, cl_mem from, cl_mem to, const size_t *from_origin,
                          const size_t *to_origin, const size_t *region, cl_uint n, const cl_event *waits,
                          cl_event *out) {
    if (!is_image(from) || !is_image(to))
        return CL_INVALID_MEM_OBJECT;
    if (!in_image(from, from_origin, region) || !in_image(to, to_origin, region))
        return CL_INVALID_VALUE;
    return enqueue(q, n, waits, out);
}

static cl_int between(cl_command_queue q, cl_mem image, cl_mem buffer, const size_t *origin,
                      const size_t *region, size_t offset, cl_uint n, const cl_event *waits, cl_event *out) {
    if (!is_image(image) || !is_buffer(buffer))
        return CL_INVALID_MEM_OBJECT;
    if (!in_image(image, origin, region) ||
        !inside(buffer, offset, region[0] * region[1] * region[2] * pixel_size(image)))
        return CL_INVALID_VALUE;
    return enqueue(q, n, waits, out);
}

cl_int clEnqueueCopyImageToBuffer(cl_command_queue q, cl_mem image, cl_mem buffer, const size_t *origin,
                                  const size_t *region, size_t offset, cl_uint n, const cl_event *waits,
                                  cl_event *out) {
    return between(q, image, buffer, origin, region, offset, n, waits, out);
}

cl_int clEnqueueCopyBufferToImage(cl_command_queue q, cl_mem buffer, cl_mem image, size_t offset,
                                  const size_t *origin, const size_t *region, cl_uint n,
                                  const cl_event *waits, cl_event *out) {
    return between(q, image, buffer, origin, region, offset, n, waits, out);
}

cl_int clEnqueueFillImage(cl_command_queue q, cl_mem m, const void *color, const size_t *origin,
                          const size_t *region, cl_uint n, const cl_event *waits, cl_event *out) {
    stub_needs(q, 120);
    if (!is_image(m))
        return CL_INVALID_MEM_OBJECT;
    if (!in_image(m, origin, region))
        return CL_INVALID_VALUE;
    for (int i = 0; i < 16; i++)
        sink = ((const unsigned char *)color)[i];
    return enqueue(q, n, waits, out);
}
