// SPDX-License-Identifier: MIT
#include "guest-icd/memory/memory.h"

#include <stdlib.h>
#include <string.h>

#include "guest-icd/api.h"
#include "guest-icd/reclaim/destructors.h"
#include "guest-icd/reclaim/farewell.h"
#include "guest-icd/reclaim/limbo.h"
#include "guest-icd/session/session.h"

cl_mem icd_mem_new(cl_context context, cl_mem_object_type type, cl_mem_flags flags, cl_int *r) {
    cl_mem mem = calloc(1, sizeof *mem);
    if (!mem) {
        *r = CL_OUT_OF_HOST_MEMORY;
        return NULL;
    }
    uint32_t id = icd_id_alloc();
    if (id == 0) {
        free(mem);
        *r = icd_id_error();
        return NULL;
    }
    icd_object_init(&mem->object, ICD_MEM, id);
    mem->context = context;
    mem->type = type;
    mem->flags = flags ? flags : CL_MEM_READ_WRITE;
    svga_lock_init(&mem->lock, ICD_LOCK_MEM);
    icd_ref(context);
    return mem;
}

static void free_mem(cl_mem mem) {
    cl_context context = mem->context;
    icd_mem_unref(mem->parent);
    svga_lock_destroy(&mem->lock);
    free(mem->property_list);
    mem->object.magic = 0;
    icd_weak_unref(mem);
    icd_context_unref(context);
}

void icd_mem_discard(cl_mem mem) {
    icd_id_free(mem->object.id);
    icd_pool_free(&mem->block);
    free_mem(mem);
}

static void call_destructor(icd_notify notify, void *mem, void *user_data) {
    ((void(CL_CALLBACK *)(cl_mem, void *))notify)(mem, user_data);
}

void icd_mem_destroy(cl_mem mem) {
    icd_destructors_call(&mem->destructors, call_destructor, mem);
    icd_release_id(mem->object.id);
    icd_limbo_block(&mem->context->ledger, &mem->block);
    icd_maps_drop(&mem->maps, &mem->context->ledger);
    free_mem(mem);
    icd_limbo_reap();
}

void icd_mem_unref(cl_mem mem) {
    if (!mem || !icd_unref_is_last(mem))
        return;
    if (!mem->destructors || !icd_farewell(&mem->context->ledger, mem, icd_mem_destroy))
        icd_mem_destroy(mem);
}

cl_int icd_mem_check_flags(cl_mem_flags flags, const void *host_ptr) {
    const cl_mem_flags access = CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY;
    const cl_mem_flags host = CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS;
    const cl_mem_flags pointer = CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR;

    if (flags & ~(access | host | pointer | CL_MEM_ALLOC_HOST_PTR))
        return CL_INVALID_VALUE;
    if (__builtin_popcountll(flags & access) > 1 || __builtin_popcountll(flags & host) > 1)
        return CL_INVALID_VALUE;
    if ((flags & CL_MEM_USE_HOST_PTR) && (flags & (CL_MEM_COPY_HOST_PTR | CL_MEM_ALLOC_HOST_PTR)))
        return CL_INVALID_VALUE;
    if (!host_ptr != !(flags & pointer))
        return CL_INVALID_HOST_PTR;
    return CL_SUCCESS;
}

cl_int icd_mem_inherit_flags(cl_mem_flags parent, cl_mem_flags *flags) {
    const cl_mem_flags access = CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY | CL_MEM_READ_ONLY;
    const cl_mem_flags host = CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS;
    const cl_mem_flags pointer = CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR | CL_MEM_ALLOC_HOST_PTR;
    cl_mem_flags f = *flags;

    if ((f & ~(access | host)) || __builtin_popcountll(f & access) > 1 || __builtin_popcountll(f & host) > 1)
        return CL_INVALID_VALUE;
    if ((parent & CL_MEM_WRITE_ONLY) && (f & (CL_MEM_READ_WRITE | CL_MEM_READ_ONLY)))
        return CL_INVALID_VALUE;
    if ((parent & CL_MEM_READ_ONLY) && (f & (CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY)))
        return CL_INVALID_VALUE;
    if ((parent & CL_MEM_HOST_WRITE_ONLY) && (f & CL_MEM_HOST_READ_ONLY))
        return CL_INVALID_VALUE;
    if ((parent & CL_MEM_HOST_READ_ONLY) && (f & CL_MEM_HOST_WRITE_ONLY))
        return CL_INVALID_VALUE;
    if ((parent & CL_MEM_HOST_NO_ACCESS) && (f & (CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_WRITE_ONLY)))
        return CL_INVALID_VALUE;
    if (!(f & access))
        f |= parent & access;
    if (!(f & host))
        f |= parent & host;
    *flags = f | (parent & pointer);
    return CL_SUCCESS;
}

cl_int icd_mem_take_properties(cl_mem mem, const cl_mem_properties *properties) {
    if (!properties)
        return CL_SUCCESS;
    if (properties[0] != 0)
        return CL_INVALID_PROPERTY; /* no key is defined that works here */
    mem->property_list = calloc(1, sizeof *mem->property_list);
    if (!mem->property_list)
        return CL_OUT_OF_HOST_MEMORY;
    mem->property_count = 1;
    return CL_SUCCESS;
}

cl_int icd_mem_check_alignment(cl_mem m, cl_device_id device) {
    if (icd_mem_is_buffer(m) && m->parent && !icd_mem_aligned(m->origin, device))
        return CL_MISALIGNED_SUB_BUFFER_OFFSET;
    return CL_SUCCESS;
}

/* ---- OpenCL ---- */

cl_int CL_API_CALL icd_RetainMemObject(cl_mem mem) {
    if (!icd_valid(mem, ICD_MEM))
        return CL_INVALID_MEM_OBJECT;
    icd_app_retain(mem);
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_ReleaseMemObject(cl_mem mem) {
    if (!icd_held(mem, ICD_MEM))
        return CL_INVALID_MEM_OBJECT;
    icd_mem_release(mem);
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_SetMemObjectDestructorCallback(cl_mem mem,
                                                      void(CL_CALLBACK *pfn_notify)(cl_mem, void *),
                                                      void *user_data) {
    if (!icd_valid(mem, ICD_MEM))
        return CL_INVALID_MEM_OBJECT;
    if (!pfn_notify)
        return CL_INVALID_VALUE;
    return icd_destructor_add(&mem->destructors, &mem->lock, (icd_notify)pfn_notify, user_data);
}

cl_int CL_API_CALL icd_GetMemObjectInfo(cl_mem mem, cl_mem_info param_name, size_t param_value_size,
                                        void *param_value, size_t *param_value_size_ret) {
    if (!icd_valid(mem, ICD_MEM))
        return CL_INVALID_MEM_OBJECT;
    switch (param_name) {
    case CL_MEM_TYPE:
        return ICD_INFO_VALUE(cl_mem_object_type, mem->type);
    case CL_MEM_FLAGS:
        return ICD_INFO_VALUE(cl_mem_flags, mem->flags);
    case CL_MEM_SIZE:
        return ICD_INFO_VALUE(size_t, mem->size);
    case CL_MEM_HOST_PTR:
        return ICD_INFO_VALUE(void *, mem->svm ? mem->data : mem->host_ptr);
    case CL_MEM_MAP_COUNT:
        return ICD_INFO_VALUE(cl_uint, icd_maps_count(&mem->maps));
    case CL_MEM_REFERENCE_COUNT:
        return ICD_INFO_VALUE(cl_uint, atomic_load(&mem->object.refs));
    case CL_MEM_CONTEXT:
        return ICD_INFO_VALUE(cl_context, mem->context);
    case CL_MEM_ASSOCIATED_MEMOBJECT:
        return ICD_INFO_VALUE(cl_mem, mem->parent);
    case CL_MEM_OFFSET:
        return ICD_INFO_VALUE(size_t, mem->origin);
    case CL_MEM_USES_SVM_POINTER:
        return ICD_INFO_VALUE(cl_bool, mem->svm);
    case CL_MEM_PROPERTIES:
        return icd_info(mem->property_list, mem->property_count * sizeof *mem->property_list,
                        param_value_size, param_value, param_value_size_ret);
    default:
        return CL_INVALID_VALUE;
    }
}
