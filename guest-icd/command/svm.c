// SPDX-License-Identifier: MIT
/*
 * SVM commands of queues. Memory is the same on both sides, so mapping, unmapping and migrating are markers;
 * copies and fills are those of the buffer that lies over each allocation.
 */
#include <stdlib.h>
#include <string.h>

#include "guest-icd/api.h"
#include "guest-icd/command/native-kernel.h"
#include "guest-icd/command/prepare.h"
#include "guest-icd/command/staging.h"
#include "guest-icd/memory/svm.h"
#include "guest-icd/queue/event.h"
#include "guest-icd/queue/queue.h"
#include "guest-icd/queue/service.h"
#include "guest-icd/queue/wait.h"
#include "guest-icd/session/bulk.h"
#include "guest-icd/session/session.h"

static cl_int check_queue(cl_command_queue queue) {
    cl_device_svm_capabilities has = 0;
    if (!icd_valid(queue, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    icd_device_info(queue->device, CL_DEVICE_SVM_CAPABILITIES, sizeof has, &has, NULL);
    return has ? CL_SUCCESS : CL_INVALID_OPERATION;
}

/* The end of a call that made `made` (an event of its own): its type is the SVM command's; waits if it
 * blocks; hands the event out. */
static cl_int finish_call(cl_int r, cl_event made, cl_command_type type, cl_bool blocking, cl_event *event) {
    if (r != CL_SUCCESS)
        return r;
    made->type = type;
    if (blocking)
        r = icd_events_wait(1, &made);
    if (event && r != CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST && r != CL_SUCCESS)
        event = NULL;
    if (event)
        *event = made;
    else
        icd_event_release(made);
    return r;
}

cl_int CL_API_CALL icd_EnqueueSVMMap(cl_command_queue queue, cl_bool blocking, cl_map_flags flags,
                                     void *svm_ptr, size_t size, cl_uint wait_count, const cl_event *waits,
                                     cl_event *event) {
    cl_map_flags invalidate = CL_MAP_WRITE_INVALIDATE_REGION;
    cl_event made = NULL;
    cl_int r = check_queue(queue);
    if (r == CL_SUCCESS &&
        (!svm_ptr || size == 0 || (flags & ~(CL_MAP_READ | CL_MAP_WRITE | invalidate)) != 0 ||
         ((flags & invalidate) && (flags & (CL_MAP_READ | CL_MAP_WRITE)))))
        r = CL_INVALID_VALUE;
    if (r == CL_SUCCESS)
        r = icd_enqueue_marker(queue, CL_COMMAND_SVM_MAP, wait_count, waits, &made);
    return finish_call(r, made, CL_COMMAND_SVM_MAP, blocking, event);
}

cl_int CL_API_CALL icd_EnqueueSVMUnmap(cl_command_queue queue, void *svm_ptr, cl_uint wait_count,
                                       const cl_event *waits, cl_event *event) {
    cl_int r = check_queue(queue);
    if (r == CL_SUCCESS && !svm_ptr)
        r = CL_INVALID_VALUE;
    return r == CL_SUCCESS ? icd_enqueue_marker(queue, CL_COMMAND_SVM_UNMAP, wait_count, waits, event) : r;
}

cl_int CL_API_CALL icd_EnqueueSVMMigrateMem(cl_command_queue queue, cl_uint pointer_count,
                                            const void **pointers, const size_t *sizes,
                                            cl_mem_migration_flags flags, cl_uint wait_count,
                                            const cl_event *waits, cl_event *event) {
    size_t offset;
    cl_int r = check_queue(queue);
    if (r == CL_SUCCESS &&
        (pointer_count == 0 || !pointers ||
         (flags & ~(CL_MIGRATE_MEM_OBJECT_HOST | CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED)) != 0))
        r = CL_INVALID_VALUE;
    for (cl_uint i = 0; r == CL_SUCCESS && i < pointer_count; i++)
        if (!icd_svm_buffer(pointers[i], sizes && sizes[i] ? sizes[i] : 1, &offset))
            r = CL_INVALID_VALUE;
    return r == CL_SUCCESS ? icd_enqueue_marker(queue, CL_COMMAND_SVM_MIGRATE_MEM, wait_count, waits, event)
                           : r;
}

static bool overlap(const void *a, const void *b, size_t size) {
    uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;
    return x < y ? y - x < size : x - y < size;
}

cl_int icd_prepare_svm_copy(cl_command_queue queue, void *target, const void *source, size_t size,
                            cl_mem *target_buffer, cl_mem *source_buffer, struct tr_copy_buffer *c) {
    size_t to_offset, from_offset;
    cl_int r = check_queue(queue);
    if (r != CL_SUCCESS)
        return r;
    if (!target || !source)
        return CL_INVALID_VALUE;
    if (overlap(target, source, size))
        return CL_MEM_COPY_OVERLAP;
    if (size == 0)
        return CL_SUCCESS;
    *target_buffer = icd_svm_buffer(target, size, &to_offset);
    *source_buffer = icd_svm_buffer(source, size, &from_offset);
    if (!*target_buffer || !*source_buffer)
        return CL_INVALID_VALUE;
    return icd_prepare_copy_buffer(queue, *source_buffer, *target_buffer, from_offset, to_offset, size, c);
}

/* Both sides are SVM. */
static cl_int copy(cl_command_queue queue, cl_mem from, cl_mem to, size_t from_offset, size_t to_offset,
                   size_t size, cl_uint wait_count, const cl_event *waits, cl_event *made) {
    struct tr_copy_buffer c;
    cl_int r = icd_prepare_copy_buffer(queue, from, to, from_offset, to_offset, size, &c);
    return r == CL_SUCCESS ? icd_enqueue_prepared(queue, CL_COMMAND_SVM_MEMCPY, wait_count, waits, made,
                                                  COPY_BUFFER, copy_buffer, &c, NULL)
                           : r;
}

/* One side is SVM, the other one the application's memory. */
static cl_int transfer(cl_command_queue queue, cl_mem svm, bool write, size_t offset, size_t size, void *ptr,
                       cl_uint wait_count, const cl_event *waits, cl_event *made) {
    struct icd_transfer t = {.queue = queue,
                             .mem = svm,
                             .type = CL_COMMAND_SVM_MEMCPY,
                             .write = write,
                             .offset = offset,
                             .wait_count = wait_count,
                             .wait_list = waits,
                             .event = made};
    return icd_transfer_linear(&t, size, ptr);
}

/* A copy, or with a pattern a fill, of memory that is not SVM: the host has no part in it. */
struct ordinary {
    char *to;
    const char *from;
    size_t size, pattern_size; /* 0: a copy */
    char pattern[128];
};

static void CL_CALLBACK do_ordinary(void *args) {
    const struct ordinary *o = args;
    if (o->pattern_size == 0)
        icd_copy_memory(o->to, o->from, o->size);
    for (size_t at = 0; o->pattern_size > 0 && at < o->size; at += o->pattern_size)
        memcpy(o->to + at, o->pattern, o->pattern_size);
}

static cl_int copy_ordinary(cl_command_queue queue, void *dst, const void *src, size_t size,
                            cl_uint wait_count, const cl_event *waits, cl_event *made) {
    const struct ordinary copy = {.to = dst, .from = src, .size = size};
    return icd_enqueue_in_guest(queue, CL_COMMAND_SVM_MEMCPY, do_ordinary, &copy, sizeof copy, wait_count,
                                waits, made);
}

cl_int CL_API_CALL icd_EnqueueSVMMemcpy(cl_command_queue queue, cl_bool blocking, void *dst, const void *src,
                                        size_t size, cl_uint wait_count, const cl_event *waits,
                                        cl_event *event) {
    size_t to_offset, from_offset;
    cl_event made = NULL;
    cl_int r = check_queue(queue);
    if (r != CL_SUCCESS)
        return r;
    if (!dst || !src)
        return CL_INVALID_VALUE;
    if (overlap(dst, src, size))
        return CL_MEM_COPY_OVERLAP;
    cl_mem to = icd_svm_buffer(dst, size, &to_offset), from = icd_svm_buffer(src, size, &from_offset);
    if (size == 0)
        r = icd_enqueue_marker(queue, CL_COMMAND_SVM_MEMCPY, wait_count, waits, &made);
    else if (to && from)
        r = copy(queue, from, to, from_offset, to_offset, size, wait_count, waits, &made);
    else if (to)
        r = transfer(queue, to, true, to_offset, size, (void *)src, wait_count, waits, &made);
    else if (from)
        r = transfer(queue, from, false, from_offset, size, dst, wait_count, waits, &made);
    else
        r = copy_ordinary(queue, dst, src, size, wait_count, waits, &made);
    return finish_call(r, made, CL_COMMAND_SVM_MEMCPY, blocking, event);
}

static cl_int check_fill(cl_command_queue queue, const void *target, const void *pattern, size_t pattern_size,
                         size_t size) {
    cl_int r = check_queue(queue);
    if (r == CL_SUCCESS && (!target || !pattern || pattern_size == 0 || pattern_size > 128 ||
                            (pattern_size & (pattern_size - 1)) != 0 ||
                            (uintptr_t)target % pattern_size != 0 || size % pattern_size != 0))
        r = CL_INVALID_VALUE;
    return r;
}

cl_int icd_prepare_svm_fill(cl_command_queue queue, void *target, const void *pattern, size_t pattern_size,
                            size_t size, cl_mem *buffer, struct tr_fill_buffer *c) {
    size_t offset;
    cl_int r = check_fill(queue, target, pattern, pattern_size, size);
    if (r != CL_SUCCESS || size == 0)
        return r;
    *buffer = icd_svm_buffer(target, size, &offset);
    return *buffer ? icd_prepare_fill_buffer(queue, *buffer, pattern, pattern_size, offset, size, c)
                   : CL_INVALID_VALUE;
}

cl_int CL_API_CALL icd_EnqueueSVMMemFill(cl_command_queue queue, void *svm_ptr, const void *pattern,
                                         size_t pattern_size, size_t size, cl_uint wait_count,
                                         const cl_event *waits, cl_event *event) {
    size_t offset;
    cl_int r = check_fill(queue, svm_ptr, pattern, pattern_size, size);
    if (r != CL_SUCCESS)
        return r;
    if (size == 0)
        return icd_enqueue_marker(queue, CL_COMMAND_SVM_MEMFILL, wait_count, waits, event);
    cl_mem buffer = icd_svm_buffer(svm_ptr, size, &offset);
    if (!buffer) {
        struct ordinary fill = {.to = svm_ptr, .size = size, .pattern_size = pattern_size};
        memcpy(fill.pattern, pattern, pattern_size);
        return icd_enqueue_in_guest(queue, CL_COMMAND_SVM_MEMFILL, do_ordinary, &fill, sizeof fill,
                                    wait_count, waits, event);
    }
    struct tr_fill_buffer c;
    r = icd_prepare_fill_buffer(queue, buffer, pattern, pattern_size, offset, size, &c);
    const struct tr_array data = {pattern, (uint32_t)pattern_size};
    return r == CL_SUCCESS ? icd_enqueue_prepared(queue, CL_COMMAND_SVM_MEMFILL, wait_count, waits, event,
                                                  FILL_BUFFER, fill_buffer, &c, &data)
                           : r;
}

/* ---- clEnqueueSVMFree ---- */

struct deferred_free {
    cl_command_queue queue;
    void(CL_CALLBACK *free_func)(cl_command_queue, cl_uint, void **, void *);
    void *user_data;
    cl_uint count;
    void *pointers[];
};

static void CL_CALLBACK free_now(void *args) {
    struct deferred_free *d = args;
    if (d->free_func)
        d->free_func(d->queue, d->count, d->pointers, d->user_data);
    else
        for (cl_uint i = 0; i < d->count; i++)
            icd_svm_free(d->pointers[i]);
}

cl_int CL_API_CALL icd_EnqueueSVMFree(cl_command_queue queue, cl_uint count, void **pointers,
                                      void(CL_CALLBACK *free_func)(cl_command_queue, cl_uint, void **,
                                                                   void *),
                                      void *user_data, cl_uint wait_count, const cl_event *waits,
                                      cl_event *event) {
    cl_int r = check_queue(queue);
    if (r != CL_SUCCESS)
        return r;
    if ((count == 0) != (pointers == NULL))
        return CL_INVALID_VALUE;
    size_t size = sizeof(struct deferred_free) + count * sizeof pointers[0];
    struct deferred_free *d = malloc(size);
    if (!d)
        return CL_OUT_OF_HOST_MEMORY;
    *d = (struct deferred_free){
        .queue = queue, .free_func = free_func, .user_data = user_data, .count = count};
    for (cl_uint i = 0; i < count; i++)
        d->pointers[i] = pointers[i];
    r = icd_enqueue_in_guest(queue, CL_COMMAND_SVM_FREE, free_now, d, size, wait_count, waits, event);
    free(d);
    return r;
}
