// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "guest-icd/api.h"
#include "guest-icd/memory/memory.h"
#include "guest-icd/memory/svm.h"
#include "guest-icd/reclaim/limbo.h"
#include "guest-icd/session/bulk.h"
#include "guest-icd/session/session.h"

/* Flags that the guest deals with itself; the host's object has none of them, so that the driver's own
 * transfers always work. */
#define GUEST_FLAGS                                                                                          \
    (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR | CL_MEM_ALLOC_HOST_PTR | CL_MEM_HOST_WRITE_ONLY |           \
     CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS)

/* Initial contents travel in pieces of this size. */
#define INITIAL_CHUNK ((uint64_t)32 << 20)

/* Buffers of the host's own from this size on are waited for, so that a failed allocation is reported at the
 * call. */
#define WAIT_SIZE ((uint64_t)16 << 20)

static bool size_fits(cl_context context, size_t size) {
    for (cl_uint i = 0; i < context->device_count; i++)
        if (size <= context->devices[i]->limits.max_mem_alloc_size)
            return size > 0;
    return false;
}

/* ---- initial contents of buffers that are not placed: over a queue of our own ---- */

static cl_int create_queue(cl_context context, uint32_t id) {
    struct icd_call call;
    cl_int r = icd_call_begin(&call);
    if (r != CL_SUCCESS)
        return r;
    TR_SEND(icd_session->g, CREATE_QUEUE, create_queue, NULL, .queue = id, .context = context->object.id,
            .slot = call.slot, .device = context->devices[0]->number);
    return icd_call_wait(&call);
}

cl_int icd_mem_fill_initial(cl_mem mem, const void *from) {
    struct icd_block block;
    struct icd_call call;
    uint32_t queue = icd_id_alloc();
    if (queue == 0)
        return icd_id_error();
    cl_int r = create_queue(mem->context, queue);
    if (r == CL_SUCCESS)
        r = icd_pool_alloc(mem->size < INITIAL_CHUNK ? mem->size : INITIAL_CHUNK, &block);
    if (r == CL_SUCCESS) {
        for (uint64_t done = 0, size; done < mem->size && r == CL_SUCCESS; done += size) {
            size = mem->size - done < INITIAL_CHUNK ? mem->size - done : INITIAL_CHUNK;
            icd_copy_memory(block.ptr, (const char *)from + done, size);
            r = icd_call_begin(&call);
            if (r != CL_SUCCESS)
                break;
            svga_guest_lock(icd_session->g);
            TR_PUT(icd_session->g, TRANSFER_BUFFER, transfer_buffer, NULL, .queue = queue,
                   .mem = mem->object.id, .event_slot = TR_NO_SLOT, .write = 1, .offset = done,
                   .memory = icd_block_span(&block, 0, size));
            TR_PUT(icd_session->g, FINISH, finish, NULL, .queue = queue, .slot = call.slot);
            svga_guest_unlock(icd_session->g);
            r = icd_call_wait(&call);
        }
        if (!svga_guest_lost(icd_session->g))
            icd_pool_free(&block);
    }
    icd_release_id(queue);
    return r;
}

/* ---- buffers ---- */

/* Large ones are waited for: the host may not allow them, and who makes them hears of it at once. */
static cl_int create_placed(cl_mem mem) {
    struct icd_call call = {.slot = TR_NO_SLOT};
    bool wait = mem->size >= WAIT_SIZE;
    cl_int r = wait ? icd_call_begin(&call) : CL_SUCCESS;

    if (r == CL_SUCCESS) {
        TR_SEND(icd_session->g, CREATE_BUFFER, create_buffer, NULL, .mem = mem->object.id,
                .context = mem->context->object.id, .flags = mem->flags & ~GUEST_FLAGS, .size = mem->size,
                .placed = icd_block_span(&mem->block, 0, mem->size), .slot = call.slot);
        if (wait)
            r = icd_call_wait(&call);
        if (r != CL_SUCCESS) {
            icd_release_id(mem->object.id); /* a dead object has the id */
            mem->object.id = 0;
        }
    }
    return r;
}

/* Lays the buffer into shared memory. */
static cl_int place(cl_mem mem, const void *host_ptr) {
    cl_int r = icd_pool_alloc(mem->size, &mem->block);
    if (r == CL_MEM_OBJECT_ALLOCATION_FAILURE) {
        icd_limbo_flush(&mem->context->ledger);
        r = icd_pool_alloc(mem->size, &mem->block);
    }
    if (r != CL_SUCCESS)
        return r;
    mem->data = mem->block.ptr;
    if (host_ptr)
        icd_copy_memory(mem->data, host_ptr, mem->size);
    return create_placed(mem);
}

/* Lays the buffer upon shared virtual memory of the application's. */
static void place_on_svm(cl_mem mem, void *svm_ptr, const struct tr_span *span) {
    mem->host_ptr = NULL;
    mem->svm = true;
    mem->data = svm_ptr;
    TR_SEND(icd_session->g, CREATE_BUFFER, create_buffer, NULL, .mem = mem->object.id,
            .context = mem->context->object.id, .flags = mem->flags & ~GUEST_FLAGS, .size = mem->size,
            .placed = *span, .slot = TR_NO_SLOT);
}

/* Has the host's driver allocate it. */
static cl_int allocate_on_host(cl_mem mem, const void *host_ptr) {
    struct icd_call call = {.slot = TR_NO_SLOT};
    bool wait = host_ptr || mem->size >= WAIT_SIZE;
    cl_int r = wait ? icd_call_begin(&call) : CL_SUCCESS;
    if (r != CL_SUCCESS)
        return r; /* the id was not used */
    TR_SEND(icd_session->g, CREATE_BUFFER, create_buffer, NULL, .mem = mem->object.id,
            .context = mem->context->object.id, .flags = mem->flags & ~GUEST_FLAGS, .size = mem->size,
            .slot = call.slot);
    if (wait)
        r = icd_call_wait(&call);
    if (r == CL_SUCCESS && host_ptr)
        r = icd_mem_fill_initial(mem, host_ptr);
    if (r != CL_SUCCESS) {
        icd_release_id(mem->object.id); /* a dead object has the id */
        mem->object.id = 0;
    }
    return r;
}

cl_mem icd_buffer_new(cl_context context, const cl_mem_properties *properties, cl_mem_flags flags,
                      size_t size, void *host_ptr, cl_int *error) {
    cl_mem mem = NULL;
    cl_int r;

    if (!icd_valid(context, ICD_CONTEXT))
        r = CL_INVALID_CONTEXT;
    else if ((r = icd_mem_check_flags(flags, host_ptr)) == CL_INVALID_VALUE)
        ;
    else if (!size_fits(context, size))
        r = CL_INVALID_BUFFER_SIZE;
    else if (r == CL_SUCCESS && svga_guest_lost(icd_session->g))
        r = icd_session_error();
    if (r == CL_SUCCESS) {
        icd_limbo_reap();
        mem = icd_mem_new(context, CL_MEM_OBJECT_BUFFER, flags, &r);
    }
    if (mem) {
        mem->size = size;
        mem->host_ptr = flags & CL_MEM_USE_HOST_PTR ? host_ptr : NULL;
        r = icd_mem_take_properties(mem, properties);
        struct tr_span span;
        if (r != CL_SUCCESS)
            ;
        else if (mem->host_ptr && context->shares && icd_svm_find(host_ptr, size, &span))
            place_on_svm(mem, host_ptr, &span);
        else if (mem->host_ptr && context->shares && icd_svm_find(host_ptr, 1, &span))
            r = CL_INVALID_BUFFER_SIZE; /* reaches beyond its SVM allocation */
        else if (context->shares && icd_session->settings.placed)
            r = place(mem, host_ptr);
        else
            r = allocate_on_host(mem, host_ptr);
        if (r != CL_SUCCESS) {
            icd_mem_discard(mem);
            mem = NULL;
        }
    }
    *error = r;
    return mem;
}

static cl_mem create(cl_context context, const cl_mem_properties *properties, cl_mem_flags flags, size_t size,
                     void *host_ptr, cl_int *errcode_ret) {
    cl_int r;
    cl_mem mem = icd_buffer_new(context, properties, flags, size, host_ptr, &r);
    if (errcode_ret)
        *errcode_ret = r;
    return mem;
}

cl_mem CL_API_CALL icd_CreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host_ptr,
                                    cl_int *errcode_ret) {
    return create(context, NULL, flags, size, host_ptr, errcode_ret);
}

cl_mem CL_API_CALL icd_CreateBufferWithProperties(cl_context context, const cl_mem_properties *properties,
                                                  cl_mem_flags flags, size_t size, void *host_ptr,
                                                  cl_int *errcode_ret) {
    return create(context, properties, flags, size, host_ptr, errcode_ret);
}

/* ---- sub-buffers ---- */

static bool aligned_for_any(cl_context context, size_t origin) {
    for (cl_uint i = 0; i < context->device_count; i++)
        if (icd_mem_aligned(origin, context->devices[i]))
            return true;
    return false;
}

cl_mem CL_API_CALL icd_CreateSubBuffer(cl_mem parent, cl_mem_flags flags, cl_buffer_create_type type,
                                       const void *info, cl_int *errcode_ret) {
    const cl_buffer_region *region = info;
    cl_mem mem = NULL;
    cl_int r;

    if (!icd_valid(parent, ICD_MEM) || !icd_mem_is_buffer(parent) || parent->parent)
        r = CL_INVALID_MEM_OBJECT;
    else if ((r = icd_mem_inherit_flags(parent->flags, &flags)) != CL_SUCCESS)
        ;
    else if (type != CL_BUFFER_CREATE_TYPE_REGION || !region)
        r = CL_INVALID_VALUE;
    else if (region->size == 0)
        r = CL_INVALID_BUFFER_SIZE;
    else if (!icd_mem_in_range(parent, region->origin, region->size))
        r = CL_INVALID_VALUE;
    else if (!aligned_for_any(parent->context, region->origin))
        r = CL_MISALIGNED_SUB_BUFFER_OFFSET;
    else if (svga_guest_lost(icd_session->g))
        r = icd_session_error();
    else
        mem = icd_mem_new(parent->context, CL_MEM_OBJECT_BUFFER, flags, &r);
    if (mem) {
        icd_ref(parent);
        mem->parent = parent;
        mem->origin = region->origin;
        mem->size = region->size;
        mem->host_ptr = parent->host_ptr ? (char *)parent->host_ptr + region->origin : NULL;
        mem->svm = parent->svm;
        mem->data = parent->data ? parent->data + region->origin : NULL;
        TR_SEND(icd_session->g, CREATE_SUB_BUFFER, create_sub_buffer, NULL, .mem = mem->object.id,
                .parent = parent->object.id, .flags = mem->flags & ~GUEST_FLAGS, .origin = region->origin,
                .size = region->size, .slot = TR_NO_SLOT);
    }
    if (errcode_ret)
        *errcode_ret = r;
    return mem;
}
