/*
 * Memory objects, as the other families see them.
 */
#ifndef GUEST_ICD_MEMORY_H
#define GUEST_ICD_MEMORY_H

#include "guest-icd/context.h"
#include "guest-icd/pool.h"

struct _cl_mem {
    struct icd_object object;
    cl_context context;
    cl_mem_object_type type;
    cl_mem_flags flags;
    size_t size;      /* bytes (images: of their data, tightly packed) */
    void *host_ptr;   /* CL_MEM_USE_HOST_PTR: the application's */
    cl_mem parent;    /* sub-buffer, or image of a buffer */
    size_t origin;    /* sub-buffer: offset in the parent */
    struct icd_block block; /* buffer on a context that shares memory: where it lives (sub-buffers: none, see the parent) */
    /* further members belong to the memory family */
    struct icd_mem_private *priv;
};

#endif
