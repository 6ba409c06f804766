// SPDX-License-Identifier: MIT
/*
 * clGetProgramInfo and clGetProgramBuildInfo.
 */
#include "guest-icd/api.h"
#include "guest-icd/program/program.h"
#include "guest-icd/program/visa.h"
#include "guest-icd/session/pool.h"

static bool is_executable(cl_program p) {
    svga_lock_take(&p->lock);
    bool yes = icd_program_is_executable(p);
    svga_lock_give(&p->lock);
    return yes;
}

/* ---- binaries ---- */

/* The size of each device's binary. */
static cl_int binary_sizes(cl_program p, size_t *sizes) {
    size_t object_size;
    struct icd_query query = {
        .what = TR_INFO_PROGRAM, .object = p->object.id, .param = CL_PROGRAM_BINARY_SIZES};
    memset(sizes, 0, p->device_count * sizeof *sizes);
    if (icd_visa_object(p->visa, &object_size)) {
        for (cl_uint i = 0; i < p->device_count; i++)
            sizes[i] = object_size;
        return CL_SUCCESS;
    }
    return p->object.id != 0 ? icd_query(&query, p->device_count * sizeof *sizes, sizes, NULL) : CL_SUCCESS;
}

static cl_int fetch_binaries(cl_program p, const size_t *sizes, unsigned char **binaries) {
    struct icd_block block;
    struct icd_call call;
    uint64_t total = 0, offset = 0;
    for (cl_uint i = 0; i < p->device_count; i++)
        if (__builtin_add_overflow(total, sizes[i], &total))
            return CL_OUT_OF_RESOURCES;
    if (total == 0)
        return CL_SUCCESS;
    cl_int r = icd_pool_alloc(total, &block);
    if (r != CL_SUCCESS)
        return r;
    r = icd_call_begin(&call);
    if (r == CL_SUCCESS) {
        TR_SEND(icd_session->g, GET_BINARIES, get_binaries, NULL, .program = p->object.id, .slot = call.slot,
                .out = icd_block_span(&block, 0, total));
        r = icd_call_wait(&call);
        if (r == CL_SUCCESS && call.value != total)
            r = CL_OUT_OF_RESOURCES; /* built again in between */
    }
    for (cl_uint i = 0; r == CL_SUCCESS && i < p->device_count; i++) {
        if (binaries[i])
            memcpy(binaries[i], (char *)block.ptr + offset, sizes[i]);
        offset += sizes[i];
    }
    if (!svga_guest_lost(icd_session->g))
        icd_pool_free(&block);
    return r;
}

/* Would the binaries fit where the application wants them, by what it was told of their sizes? */
static bool as_told(cl_program p, const size_t *sizes, unsigned char *const *binaries) {
    bool all = true;
    svga_lock_take(&p->lock);
    for (cl_uint i = 0; i < p->device_count; i++)
        all = all && (!binaries[i] || sizes[i] <= p->devices[i].told_size);
    svga_lock_give(&p->lock);
    return all;
}

/* CL_PROGRAM_BINARIES: param_value is an array of where each device's binary goes. */
static cl_int get_binaries(cl_program p, size_t size, void *value, size_t *size_ret) {
    size_t needed = p->device_count * sizeof(unsigned char *), object_size;
    if (value) {
        const void *object = icd_visa_object(p->visa, &object_size);
        unsigned char **binaries = value;
        cl_int r = CL_SUCCESS;
        if (size < needed)
            return CL_INVALID_VALUE;
        if (object) {
            for (cl_uint i = 0; i < p->device_count; i++)
                if (binaries[i])
                    memcpy(binaries[i], object, object_size);
        } else {
            size_t *sizes = calloc(p->device_count, sizeof *sizes);
            r = sizes ? binary_sizes(p, sizes) : CL_OUT_OF_HOST_MEMORY;
            if (r == CL_SUCCESS && !as_told(p, sizes, binaries))
                r = CL_OUT_OF_RESOURCES;
            if (r == CL_SUCCESS)
                r = fetch_binaries(p, sizes, binaries);
            free(sizes);
        }
        if (r != CL_SUCCESS)
            return r;
    }
    if (size_ret)
        *size_ret = needed;
    return CL_SUCCESS;
}

static cl_int get_binary_sizes(cl_program p, size_t size, void *value, size_t *size_ret) {
    size_t *sizes = calloc(p->device_count, sizeof *sizes);
    cl_int r = sizes ? binary_sizes(p, sizes) : CL_OUT_OF_HOST_MEMORY;
    if (r == CL_SUCCESS)
        r = icd_info(sizes, p->device_count * sizeof *sizes, size, value, size_ret);
    svga_lock_take(&p->lock);
    for (cl_uint i = 0; r == CL_SUCCESS && i < p->device_count; i++)
        p->devices[i].told_size = sizes[i];
    svga_lock_give(&p->lock);
    free(sizes);
    return r;
}

/* ---- clGetProgramInfo ---- */

static cl_int get_devices(cl_program p, size_t size, void *value, size_t *size_ret) {
    cl_device_id *devices = calloc(p->device_count, sizeof(cl_device_id));
    if (!devices)
        return CL_OUT_OF_HOST_MEMORY;
    for (cl_uint i = 0; i < p->device_count; i++)
        devices[i] = p->devices[i].device;
    cl_int r = icd_info(devices, p->device_count * sizeof(cl_device_id), size, value, size_ret);
    free(devices);
    return r;
}

cl_int icd_program_kernels(cl_program program, cl_program_info param, size_t size, void *value,
                           size_t *size_ret) {
    if (!is_executable(program))
        return CL_INVALID_PROGRAM_EXECUTABLE;
    return icd_query(
        &(struct icd_query){.what = TR_INFO_PROGRAM, .object = program->object.id, .param = param}, size,
        value, size_ret);
}

cl_int CL_API_CALL icd_GetProgramInfo(cl_program program, cl_program_info param_name, size_t param_value_size,
                                      void *param_value, size_t *param_value_size_ret) {
    if (!icd_valid(program, ICD_PROGRAM))
        return CL_INVALID_PROGRAM;
    switch (param_name) {
    case CL_PROGRAM_REFERENCE_COUNT:
        return ICD_INFO_VALUE(cl_uint, atomic_load(&program->object.refs));
    case CL_PROGRAM_CONTEXT:
        return ICD_INFO_VALUE(cl_context, program->context);
    case CL_PROGRAM_NUM_DEVICES:
        return ICD_INFO_VALUE(cl_uint, program->device_count);
    case CL_PROGRAM_DEVICES:
        return get_devices(program, param_value_size, param_value, param_value_size_ret);
    case CL_PROGRAM_SOURCE:
        return ICD_INFO_STRING(program->source ? program->source : "");
    case CL_PROGRAM_IL:
        return icd_info(program->il, program->il_size, param_value_size, param_value, param_value_size_ret);
    case CL_PROGRAM_BINARY_SIZES:
        return get_binary_sizes(program, param_value_size, param_value, param_value_size_ret);
    case CL_PROGRAM_BINARIES:
        return get_binaries(program, param_value_size, param_value, param_value_size_ret);
    case CL_PROGRAM_NUM_KERNELS:
    case CL_PROGRAM_KERNEL_NAMES:
        return icd_program_kernels(program, param_name, param_value_size, param_value, param_value_size_ret);
    case CL_PROGRAM_SCOPE_GLOBAL_CTORS_PRESENT:
    case CL_PROGRAM_SCOPE_GLOBAL_DTORS_PRESENT:
        if (!is_executable(program))
            return ICD_INFO_VALUE(cl_bool, CL_FALSE);
        break;
    default:
        return CL_INVALID_VALUE;
    }
    return icd_query(
        &(struct icd_query){.what = TR_INFO_PROGRAM, .object = program->object.id, .param = param_name},
        param_value_size, param_value, param_value_size_ret);
}

/* ---- clGetProgramBuildInfo ---- */

/* The host's answer, or `otherwise` where there is no program yet. */
static cl_int ask_host(cl_program p, cl_device_id device, cl_program_build_info param, const void *otherwise,
                       size_t otherwise_size, size_t size, void *value, size_t *size_ret) {
    if (p->object.id == 0)
        return icd_info(otherwise, otherwise_size, size, value, size_ret);
    struct icd_query query = {
        .what = TR_INFO_PROGRAM_BUILD, .object = p->object.id, .device = device->number, .param = param};
    return icd_query(&query, size, value, size_ret);
}

cl_int CL_API_CALL icd_GetProgramBuildInfo(cl_program program, cl_device_id device,
                                           cl_program_build_info param_name, size_t param_value_size,
                                           void *param_value, size_t *param_value_size_ret) {
    static const size_t no_variables = 0;
    if (!icd_valid(program, ICD_PROGRAM))
        return CL_INVALID_PROGRAM;
    struct icd_program_device *d = icd_valid(device, ICD_DEVICE) ? icd_program_device(program, device) : NULL;
    if (!d)
        return CL_INVALID_DEVICE;
    svga_lock_take(&program->lock);
    cl_build_status status = d->status;
    cl_program_binary_type type = d->type;
    char *options = strdup(d->options ? d->options : "");
    char *log = status == CL_BUILD_IN_PROGRESS ? strdup("") : d->log ? strdup(d->log) : NULL;
    svga_lock_give(&program->lock);

    cl_int r = CL_INVALID_VALUE;
    switch (param_name) {
    case CL_PROGRAM_BUILD_STATUS:
        r = ICD_INFO_VALUE(cl_build_status, status);
        break;
    case CL_PROGRAM_BUILD_OPTIONS:
        r = options ? ICD_INFO_STRING(options) : CL_OUT_OF_HOST_MEMORY;
        break;
    case CL_PROGRAM_BUILD_LOG:
        r = log ? ICD_INFO_STRING(log)
                : ask_host(program, device, param_name, "", 1, param_value_size, param_value,
                           param_value_size_ret);
        break;
    case CL_PROGRAM_BINARY_TYPE:
        /* A binary that was loaded and not built yet is the host's to tell. */
        if (status == CL_BUILD_NONE && program->ir == TR_IR_BINARY)
            r = ask_host(program, device, param_name, &type, sizeof type, param_value_size, param_value,
                         param_value_size_ret);
        else
            r = ICD_INFO_VALUE(cl_program_binary_type, type);
        break;
    case CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE:
        r = ask_host(program, device, param_name, &no_variables, sizeof no_variables, param_value_size,
                     param_value, param_value_size_ret);
        break;
    }
    free(options);
    free(log);
    return r;
}
