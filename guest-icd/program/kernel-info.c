// SPDX-License-Identifier: MIT
/*
 * Queries of kernels. Answers that follow from the function are asked of the host once and kept with the
 * function.
 */
#include "guest-icd/api.h"
#include "guest-icd/program/kernel.h"

/* A query's place in the function's cache: an argument's or a device's number above the parameter. */
static uint64_t key_of(const struct icd_query *q) {
    uint64_t place = q->what == TR_INFO_KERNEL_ARG          ? q->index
                     : q->what == TR_INFO_KERNEL_WORK_GROUP ? q->device
                                                            : 0;
    return place << 32 | q->param;
}

static cl_int cached(cl_kernel kernel, const struct icd_query *query, size_t size, void *value,
                     size_t *size_ret) {
    struct icd_info_cache *cache = &kernel->function->info;
    const struct icd_info_entry *e = icd_info_cache_find(cache, key_of(query));
    if (!e) {
        void *bytes;
        size_t needed;
        cl_int r = icd_query_alloc(query, &bytes, &needed);
        if (r != CL_SUCCESS)
            return r;
        e = icd_info_cache_add(cache, key_of(query), bytes, needed);
        free(bytes);
        if (!e)
            return CL_OUT_OF_HOST_MEMORY;
    }
    return icd_info(e->bytes, e->size, size, value, size_ret);
}

cl_int CL_API_CALL icd_GetKernelInfo(cl_kernel kernel, cl_kernel_info param_name, size_t param_value_size,
                                     void *param_value, size_t *param_value_size_ret) {
    if (!icd_valid(kernel, ICD_KERNEL))
        return CL_INVALID_KERNEL;
    switch (param_name) {
    case CL_KERNEL_FUNCTION_NAME:
        return ICD_INFO_STRING(kernel->function->kernel->name);
    case CL_KERNEL_NUM_ARGS:
        return ICD_INFO_VALUE(cl_uint, kernel->arg_count);
    case CL_KERNEL_REFERENCE_COUNT:
        return ICD_INFO_VALUE(cl_uint, atomic_load(&kernel->object.refs));
    case CL_KERNEL_CONTEXT:
        return ICD_INFO_VALUE(cl_context, kernel->program->context);
    case CL_KERNEL_PROGRAM:
        return ICD_INFO_VALUE(cl_program, kernel->program);
    case CL_KERNEL_ATTRIBUTES:
        if (!kernel->function->own)
            return visa_attributes(kernel->function->kernel, param_value_size, param_value,
                                   param_value_size_ret);
        return cached(
            kernel,
            &(struct icd_query){.what = TR_INFO_KERNEL, .object = kernel->object.id, .param = param_name},
            param_value_size, param_value, param_value_size_ret);
    default:
        return CL_INVALID_VALUE;
    }
}

cl_int CL_API_CALL icd_GetKernelArgInfo(cl_kernel kernel, cl_uint arg_index, cl_kernel_arg_info param_name,
                                        size_t param_value_size, void *param_value,
                                        size_t *param_value_size_ret) {
    if (!icd_valid(kernel, ICD_KERNEL))
        return CL_INVALID_KERNEL;
    if (arg_index >= kernel->arg_count)
        return CL_INVALID_ARG_INDEX;
    if (!kernel->program->arg_info)
        return CL_KERNEL_ARG_INFO_NOT_AVAILABLE;
    if (!kernel->function->own)
        return visa_arg_info(kernel->function->kernel, arg_index, param_name, param_value_size, param_value,
                             param_value_size_ret);
    struct icd_query query = {
        .what = TR_INFO_KERNEL_ARG, .object = kernel->object.id, .index = arg_index, .param = param_name};
    return cached(kernel, &query, param_value_size, param_value, param_value_size_ret);
}

/* The device that a query is about: given, or the only one of the program. NULL: none. */
static cl_device_id the_device(cl_kernel kernel, cl_device_id device) {
    cl_program p = kernel->program;
    if (!device)
        return p->device_count == 1 ? p->devices[0].device : NULL;
    return icd_valid(device, ICD_DEVICE) && icd_program_device(p, device) ? device : NULL;
}

/* Local memory by what the guest's compiler knows; a driver that got SPIR-V may count other kernels'
 * variables, too. */
static cl_ulong visa_local_size(cl_kernel kernel) {
    cl_ulong size = kernel->function->kernel->local_size;
    for (cl_uint i = 0; i < kernel->arg_count; i++)
        if (kernel->function->kernel->args[i].kind == VISA_ARG_LOCAL &&
            kernel->args[i].state == ICD_ARG_IS_NULL)
            size += kernel->args[i].size;
    return size;
}

cl_int CL_API_CALL icd_GetKernelWorkGroupInfo(cl_kernel kernel, cl_device_id device,
                                              cl_kernel_work_group_info param_name, size_t param_value_size,
                                              void *param_value, size_t *param_value_size_ret) {
    if (!icd_valid(kernel, ICD_KERNEL))
        return CL_INVALID_KERNEL;
    cl_device_id d = the_device(kernel, device);
    if (!d)
        return CL_INVALID_DEVICE;
    if (param_name == CL_KERNEL_COMPILE_WORK_GROUP_SIZE) {
        cl_uint i = (cl_uint)(icd_program_device(kernel->program, d) - kernel->program->devices);
        return icd_info(kernel->function->devices[i].required, 3 * sizeof(size_t), param_value_size,
                        param_value, param_value_size_ret);
    }
    struct icd_query query = {.what = TR_INFO_KERNEL_WORK_GROUP,
                              .object = kernel->object.id,
                              .device = d->number,
                              .param = param_name};
    if (param_name == CL_KERNEL_LOCAL_MEM_SIZE && !kernel->function->own)
        return ICD_INFO_VALUE(cl_ulong, visa_local_size(kernel));
    /* Local memory depends on the arguments: the host must have them. */
    if (param_name == CL_KERNEL_LOCAL_MEM_SIZE) {
        svga_guest_lock(icd_session->g);
        icd_kernel_flush(kernel);
        svga_guest_unlock(icd_session->g);
        return icd_query(&query, param_value_size, param_value, param_value_size_ret);
    }
    return cached(kernel, &query, param_value_size, param_value, param_value_size_ret);
}

static cl_int sub_group_info(cl_kernel kernel, cl_device_id device, struct icd_query query, size_t size,
                             void *value, size_t *size_ret) {
    if (!icd_valid(kernel, ICD_KERNEL))
        return CL_INVALID_KERNEL;
    cl_device_id d = the_device(kernel, device);
    if (!d)
        return CL_INVALID_DEVICE;
    if (query.input_size > 64 || (query.input_size > 0 && !query.input))
        return CL_INVALID_VALUE;
    query.what = TR_INFO_KERNEL_SUB_GROUP;
    query.object = kernel->object.id;
    query.device = d->number;
    return icd_query(&query, size, value, size_ret);
}

/* What is too long for a query is too long for the function. */
static uint32_t input_size(size_t size) {
    return size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}

cl_int CL_API_CALL icd_GetKernelSubGroupInfo(cl_kernel kernel, cl_device_id device,
                                             cl_kernel_sub_group_info param_name, size_t input_value_size,
                                             const void *input_value, size_t param_value_size,
                                             void *param_value, size_t *param_value_size_ret) {
    struct icd_query query = {
        .param = param_name, .input = input_value, .input_size = input_size(input_value_size)};
    return sub_group_info(kernel, device, query, param_value_size, param_value, param_value_size_ret);
}

cl_int CL_API_CALL icd_GetKernelSubGroupInfoKHR(cl_kernel in_kernel, cl_device_id in_device,
                                                cl_kernel_sub_group_info param_name, size_t input_value_size,
                                                const void *input_value, size_t param_value_size,
                                                void *param_value, size_t *param_value_size_ret) {
    struct icd_query query = {
        .param = param_name, .input = input_value, .input_size = input_size(input_value_size)};
    return sub_group_info(in_kernel, in_device, query, param_value_size, param_value, param_value_size_ret);
}
