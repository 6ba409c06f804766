// SPDX-License-Identifier: MIT
/*
 * Memory objects: buffers, sub-buffers, images and pipes.
 *
 * Where a buffer's bytes live: on a context whose devices share memory, in a block of the pool, which the
 * host's buffer is placed upon (`data` is not NULL): guest and kernels touch the same bytes. Elsewhere with
 * the host's driver only (`data` is NULL), and transfers go through staging blocks. Images always live with
 * the driver.
 *
 * CL_MEM_USE_HOST_PTR: the host cannot see the application's memory. Contents are copied at creation, brought
 * to host_ptr by mapping, and taken back by unmapping what was mapped for writing.
 *
 * Threads: any; `lock` guards maps and destructors.
 */
#ifndef GUEST_ICD_MEMORY_MEMORY_H
#define GUEST_ICD_MEMORY_MEMORY_H

#include "guest-icd/platform/context.h"
#include "guest-icd/reclaim/maps.h"
#include "guest-icd/session/pool.h"

struct _cl_mem {
    struct icd_object object;
    cl_context context; /* retained */
    cl_mem_object_type type;
    cl_mem_flags flags;
    size_t size;    /* bytes (images: of their data, tightly packed) */
    void *host_ptr; /* CL_MEM_USE_HOST_PTR: the application's, if the host cannot see it */
    bool svm;       /* CL_MEM_USE_HOST_PTR of shared virtual memory: `data` is the application's pointer */
    cl_mem parent;  /* retained: of a sub-buffer, or of an image of a buffer or image */
    size_t origin;  /* sub-buffer: offset in the parent */
    struct icd_block block; /* buffer that is placed: where it lives (sub-buffers: none, see the parent) */
    char *data;             /* the guest's pointer to the bytes; NULL: only the host has them */
    cl_mem_properties *property_list; /* as given, with its 0; may be NULL */
    size_t property_count;
    struct svga_lock lock;
    struct icd_maps maps;
    struct icd_destructor *destructors; /* clSetMemObjectDestructorCallback */
    /* images */
    cl_image_format format;
    cl_image_desc desc; /* as given, with the pitches that clGetImageInfo shows */
    size_t element_size;
    /* pipes */
    cl_uint packet_size, max_packets;
};

static inline bool icd_mem_is_buffer(cl_mem m) {
    return m->type == CL_MEM_OBJECT_BUFFER;
}
static inline bool icd_mem_is_image(cl_mem m) {
    return m->type != CL_MEM_OBJECT_BUFFER && m->type != CL_MEM_OBJECT_PIPE;
}

/* A memory object without anything inside, retaining its context; NULL with *r set if there is no memory or
 * id. */
cl_mem icd_mem_new(cl_context context, cl_mem_object_type type, cl_mem_flags flags, cl_int *r);
/* What clCreateBufferWithProperties does. NULL with *r set if there is none. */
cl_mem icd_buffer_new(cl_context context, const cl_mem_properties *properties, cl_mem_flags flags,
                      size_t size, void *host_ptr, cl_int *r);
/* Undoes icd_mem_new. The host must not have heard of the id, or the id is 0. */
void icd_mem_discard(cl_mem mem);

/* Calls the destructor callbacks and frees everything: the last reference is gone, and no command uses the object
 * that has callbacks (reclaim/farewell.h). */
void icd_mem_destroy(cl_mem mem);

/* Flags that clCreateBuffer, clCreateImage and their kin take: CL_SUCCESS, CL_INVALID_VALUE or
 * CL_INVALID_HOST_PTR. */
cl_int icd_mem_check_flags(cl_mem_flags flags, const void *host_ptr);

/* The flags of an object made from another one, made whole by its parent's. CL_INVALID_VALUE if they do not
 * go together. */
cl_int icd_mem_inherit_flags(cl_mem_flags parent, cl_mem_flags *flags);

/* The list of clCreate*WithProperties, of which no key is known: CL_SUCCESS (and kept in mem),
 * CL_INVALID_PROPERTY ... */
cl_int icd_mem_take_properties(cl_mem mem, const cl_mem_properties *properties);

/* The buffer that a buffer's bytes belong to: itself, or a sub-buffer's parent. */
static inline cl_mem icd_mem_root(cl_mem m) {
    return icd_mem_is_buffer(m) && m->parent ? m->parent : m;
}

/* Does the range lie inside? (size > 0) */
static inline bool icd_mem_in_range(cl_mem m, size_t offset, size_t size) {
    return size > 0 && offset <= m->size && size <= m->size - offset;
}

/* May a sub-buffer of the device start there? (CL_DEVICE_MEM_BASE_ADDR_ALIGN is in bits) */
static inline bool icd_mem_aligned(size_t origin, cl_device_id device) {
    cl_uint bytes = device->limits.mem_base_addr_align / 8;
    return bytes == 0 || origin % bytes == 0;
}

/* May the buffer be used on the device: CL_SUCCESS or CL_MISALIGNED_SUB_BUFFER_OFFSET. */
cl_int icd_mem_check_alignment(cl_mem m, cl_device_id device);

/* Does the host forbid itself to read or write it (CL_MEM_HOST_*)? */
static inline bool icd_mem_host_may_read(cl_mem m) {
    return !(m->flags & (CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_NO_ACCESS));
}
static inline bool icd_mem_host_may_write(cl_mem m) {
    return !(m->flags & (CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS));
}

/* Puts initial contents into a memory object that is not placed, and waits until they are there. */
cl_int icd_mem_fill_initial(cl_mem buffer, const void *from);

#endif
