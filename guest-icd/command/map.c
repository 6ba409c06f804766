// SPDX-License-Identifier: MIT
#include "guest-icd/command/map.h"

#include <stdlib.h>
#include <string.h>

#include "guest-icd/api.h"
#include "guest-icd/command/check.h"
#include "guest-icd/queue/wait.h"
#include "guest-icd/reclaim/limbo.h"

cl_int icd_map_check_flags(cl_mem mem, cl_map_flags flags) {
    const cl_map_flags rw = CL_MAP_READ | CL_MAP_WRITE;
    if ((flags & ~(rw | CL_MAP_WRITE_INVALIDATE_REGION)) ||
        ((flags & CL_MAP_WRITE_INVALIDATE_REGION) && (flags & rw)))
        return CL_INVALID_VALUE;
    if ((flags & CL_MAP_READ) && !icd_mem_host_may_read(mem))
        return CL_INVALID_OPERATION;
    if (icd_map_writes(flags) && !icd_mem_host_may_write(mem))
        return CL_INVALID_OPERATION;
    return CL_SUCCESS;
}

static cl_int end_with_event(const struct icd_transfer *t, cl_event event) {
    cl_int r = t->blocking ? icd_events_wait(1, &event) : CL_SUCCESS;
    if (r == CL_SUCCESS && t->event)
        *t->event = event;
    else if (event)
        icd_event_release(event);
    return r;
}

cl_int icd_map_move(const struct icd_transfer *t, const struct icd_block *shadow, uint64_t *seq) {
    struct icd_enqueue e;
    cl_event event = NULL;
    cl_int r = icd_enqueue_begin(&e, t->queue, t->type, t->wait_count, t->wait_list,
                                 t->event || t->blocking ? &event : NULL);
    if (r != CL_SUCCESS)
        return r;
    svga_guest_lock(icd_session->g);
    icd_trace_put(&e.trace);
    icd_transfer_put(t, &e, shadow);
    r = icd_enqueue_end(&e, &event);
    *seq = e.seq;
    return r == CL_SUCCESS ? end_with_event(t, event) : r;
}

/* A command that does nothing. On an out-of-order queue that is a read of one byte or pixel: a marker without
 * a wait list would wait for every command before it, of which some may wait for what the application does
 * next. */
static cl_int put_order(const struct icd_transfer *t, cl_event *event) {
    struct icd_enqueue e;
    static const size_t zero[3], pixel[3] = {1, 1, 1};
    struct icd_block byte;
    struct icd_transfer one = *t;
    bool in_order = icd_queue_in_order(t->queue);
    cl_int r = icd_enqueue_begin(&e, t->queue, t->type, t->wait_count, t->wait_list, event);
    if (r == CL_SUCCESS && !in_order) {
        r = icd_pool_alloc(sizeof(cl_uint4), &byte);
        if (r != CL_SUCCESS)
            icd_enqueue_cancel(&e);
    }
    if (r != CL_SUCCESS)
        return r;
    one.kind = icd_mem_is_image(t->mem) ? ICD_TRANSFER_IMAGE : ICD_TRANSFER_BUFFER;
    one.write = false;
    one.offset = 0;
    one.origin = zero;
    one.image_region = pixel;
    one.region[0] = icd_mem_is_image(t->mem) ? t->mem->element_size : 1;
    one.region[1] = one.region[2] = 1;
    svga_guest_lock(icd_session->g);
    icd_trace_put(&e.trace);
    if (in_order)
        TR_PUT(icd_session->g, MARKER, marker, &e.waits, .queue = t->queue->object.id, .event = e.event_id,
               .event_slot = e.event_slot);
    else
        icd_transfer_put(&one, &e, &byte);
    r = icd_enqueue_end(&e, event);
    if (r == CL_SUCCESS && !in_order)
        icd_pending_block(&t->queue->progress, e.seq, &byte);
    return r;
}

cl_int icd_map_order(const struct icd_transfer *t) {
    cl_command_queue q = t->queue;
    enum icd_waits state;
    cl_event event = NULL;
    cl_int r = icd_waits_check(q->context, t->wait_count, t->wait_list, &state);
    if (r != CL_SUCCESS)
        return r;
    if (svga_guest_lost(icd_session->g))
        return icd_session_error();
    if (!icd_event_profiled(q, t->event)) {
        if (state == ICD_WAITS_DONE && icd_queue_idle(q)) {
            icd_settle(&q->context->ledger);
            return icd_local_event(q, t->type, t->event);
        }
        if (t->blocking && icd_queue_in_order(q)) {
            if (state != ICD_WAITS_DONE)
                r = icd_events_wait(t->wait_count, t->wait_list);
            if (r == CL_SUCCESS)
                r = icd_queue_drain(q);
            return r == CL_SUCCESS ? icd_local_event(q, t->type, t->event) : r;
        }
        if (!t->blocking && !t->event && state == ICD_WAITS_DONE)
            return CL_SUCCESS; /* nobody could tell the difference */
    }
    r = put_order(t, t->event || t->blocking ? &event : NULL);
    return r == CL_SUCCESS ? end_with_event(t, event) : r;
}

/* ---- buffers ---- */

static void fill_transfer(struct icd_transfer *t, const struct icd_map *map) {
    size_t offset = map->origin[0], size = map->region[0];
    t->kind = ICD_TRANSFER_BUFFER;
    t->offset = offset;
    t->region[0] = size;
    t->region[1] = t->region[2] = 1;
    t->app = (struct icd_box){map->ptr, size, size, true};
    t->object = (struct icd_box){t->mem->data ? t->mem->data + offset : NULL, size, size, false};
}

/* A map of a CL_MEM_USE_HOST_PTR buffer that lives in a block: its bytes are copied to the application's
 * memory when their turn has come. */
static cl_int bring_to_host_ptr(struct icd_transfer *t) {
    cl_event event;
    bool blocking = t->blocking || icd_queue_idle(t->queue);
    if (blocking && !icd_event_profiled(t->queue, t->event)) {
        enum icd_waits state;
        cl_int r = icd_waits_check(t->queue->context, t->wait_count, t->wait_list, &state);
        if (r != CL_SUCCESS)
            return r;
        if (t->blocking || state == ICD_WAITS_DONE) {
            r = icd_map_order(t);
            if (r == CL_SUCCESS)
                icd_box_copy(&t->app, &t->object, t->region);
            return r;
        }
    }
    cl_int r = put_order(t, &event);
    if (r != CL_SUCCESS)
        return r;
    struct icd_block none = {.region = 0};
    struct icd_copy copy = {.to = t->app, .from = t->object, .region = {t->region[0], 1, 1}};
    icd_pending_copy(&t->queue->progress, event, event->slot, event->seq, &none, &copy);
    return end_with_event(t, event);
}

static cl_int map_buffer(struct icd_transfer *t, struct icd_map *map) {
    cl_mem mem = t->mem;
    uint64_t seq;
    cl_int r;

    if (mem->host_ptr) {
        map->ptr = (char *)mem->host_ptr + map->origin[0];
        fill_transfer(t, map);
        if (!icd_map_reads(map->flags))
            return icd_map_order(t);
        return mem->data ? bring_to_host_ptr(t) : icd_transfer(t);
    }
    if (mem->data) {
        map->ptr = mem->data + map->origin[0];
        return icd_map_order(t);
    }
    r = icd_pool_alloc(map->region[0], &map->shadow);
    if (r != CL_SUCCESS)
        return r;
    map->ptr = map->shadow.ptr;
    fill_transfer(t, map);
    r = icd_map_reads(map->flags) ? icd_map_move(t, &map->shadow, &seq) : icd_map_order(t);
    if (r != CL_SUCCESS)
        icd_limbo_block(&mem->context->ledger, &map->shadow);
    return r;
}

void *CL_API_CALL icd_EnqueueMapBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking,
                                       cl_map_flags flags, size_t offset, size_t size, cl_uint wait_count,
                                       const cl_event *wait_list, cl_event *event, cl_int *errcode_ret) {
    struct icd_transfer t = {.queue = queue,
                             .mem = buffer,
                             .type = CL_COMMAND_MAP_BUFFER,
                             .blocking = blocking,
                             .wait_count = wait_count,
                             .wait_list = wait_list,
                             .event = event};
    struct icd_map *map = NULL;
    cl_int r = icd_mem_check_buffer(queue, buffer);

    if (r == CL_SUCCESS && !icd_mem_in_range(buffer, offset, size))
        r = CL_INVALID_VALUE;
    if (r == CL_SUCCESS)
        r = icd_map_check_flags(buffer, flags);
    if (r == CL_SUCCESS)
        r = icd_mem_check_alignment(buffer, queue->device);
    if (r == CL_SUCCESS && !(map = calloc(1, sizeof *map)))
        r = CL_OUT_OF_HOST_MEMORY;
    if (map) {
        map->flags = flags;
        map->origin[0] = offset;
        map->region[0] = size;
        r = map_buffer(&t, map);
        if (r == CL_SUCCESS)
            icd_maps_add(&buffer->maps, &buffer->lock, map);
        else
            free(map);
    }
    if (errcode_ret)
        *errcode_ret = r;
    return r == CL_SUCCESS ? map->ptr : NULL;
}

/* ---- unmapping, of images too ---- */

static cl_int unmap(struct icd_transfer *t, struct icd_map *map) {
    cl_mem mem = t->mem;
    uint64_t seq;
    cl_int r;

    if (icd_mem_is_image(mem))
        icd_map_image_transfer(t, map);
    else
        fill_transfer(t, map);
    if (!icd_map_writes(map->flags) || (mem->data && !mem->host_ptr)) {
        r = icd_map_order(t);
        if (r == CL_SUCCESS)
            icd_limbo_block(&mem->context->ledger, &map->shadow);
        return r;
    }
    t->write = true;
    if (map->shadow.region == 0)
        return icd_transfer(t);
    r = icd_map_move(t, &map->shadow, &seq);
    if (r == CL_SUCCESS)
        icd_pending_block(&t->queue->progress, seq, &map->shadow);
    return r;
}

cl_int CL_API_CALL icd_EnqueueUnmapMemObject(cl_command_queue queue, cl_mem mem, void *ptr,
                                             cl_uint wait_count, const cl_event *wait_list, cl_event *event) {
    struct icd_transfer t = {.queue = queue,
                             .mem = mem,
                             .type = CL_COMMAND_UNMAP_MEM_OBJECT,
                             .wait_count = wait_count,
                             .wait_list = wait_list,
                             .event = event};
    if (!icd_valid(queue, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    if (!icd_valid(mem, ICD_MEM))
        return CL_INVALID_MEM_OBJECT;
    if (mem->context != queue->context)
        return CL_INVALID_CONTEXT;
    struct icd_map *map = ptr ? icd_maps_take(&mem->maps, &mem->lock, ptr) : NULL;
    if (!map)
        return CL_INVALID_VALUE;
    cl_int r = unmap(&t, map);
    if (r == CL_SUCCESS)
        free(map);
    else
        icd_maps_add(&mem->maps, &mem->lock, map); /* still mapped */
    return r;
}
