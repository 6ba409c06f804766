// SPDX-License-Identifier: MIT
/*
 * clGetDeviceInfo and the device's timers. The host answers; handles are the guest's own, and what the guest
 * cannot do is masked.
 */
#include "guest-icd/api.h"
#include "guest-icd/platform/context.h"
#include "guest-icd/platform/extensions.h"
#include "guest-icd/session/session.h"

enum mask {
    ZERO,   /* the same size, all zeros */
    HIDDEN, /* CL_INVALID_VALUE: the extension that has it is not shown */
};

static const struct {
    cl_device_info param;
    enum mask mask;
} masks[] = {
    /* device queues: kernels that enqueue kernels */
    {CL_DEVICE_DEVICE_ENQUEUE_CAPABILITIES, ZERO},
    {CL_DEVICE_QUEUE_ON_DEVICE_PROPERTIES, ZERO},
    {CL_DEVICE_QUEUE_ON_DEVICE_PREFERRED_SIZE, ZERO},
    {CL_DEVICE_QUEUE_ON_DEVICE_MAX_SIZE, ZERO},
    {CL_DEVICE_MAX_ON_DEVICE_QUEUES, ZERO},
    {CL_DEVICE_MAX_ON_DEVICE_EVENTS, ZERO},
    /* cl_khr_terminate_context */
    {CL_DEVICE_TERMINATE_CAPABILITY_KHR, HIDDEN},
};

static const enum mask *mask_of(cl_device_info param) {
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++)
        if (masks[i].param == param)
            return &masks[i].mask;
    return NULL;
}

cl_device_svm_capabilities icd_device_svm(cl_device_id device, cl_device_svm_capabilities of_driver) {
    if (!device->shares || !icd_session->settings.placed)
        return 0;
    return of_driver &
           (CL_DEVICE_SVM_COARSE_GRAIN_BUFFER | CL_DEVICE_SVM_FINE_GRAIN_BUFFER | CL_DEVICE_SVM_ATOMICS);
}

cl_bitfield icd_device_mutable(cl_device_id device) {
    cl_bitfield all = CL_MUTABLE_DISPATCH_GLOBAL_OFFSET_KHR | CL_MUTABLE_DISPATCH_GLOBAL_SIZE_KHR |
                      CL_MUTABLE_DISPATCH_LOCAL_SIZE_KHR | CL_MUTABLE_DISPATCH_ARGUMENTS_KHR;
    /* what it may hold names shared virtual memory */
    return icd_device_svm(device, CL_DEVICE_SVM_COARSE_GRAIN_BUFFER) ? all | CL_MUTABLE_DISPATCH_EXEC_INFO_KHR
                                                                     : all;
}

/* CL_DEVICE_OPENCL_C_FEATURES without the one that device queues would need, in place. Returns the new size.
 */
static size_t without_device_queues(cl_name_version *list, size_t size) {
    size_t kept = 0;
    for (size_t i = 0; i < size / sizeof *list; i++)
        if (strncmp(list[i].name, "__opencl_c_device_enqueue", sizeof list[i].name) != 0)
            list[kept++] = list[i];
    return kept * sizeof *list;
}

const struct icd_info_entry *icd_device_info_put(cl_device_id device, cl_device_info param, const void *bytes,
                                                 size_t size) {
    const struct icd_info_entry *e = NULL;
    const enum mask *mask = mask_of(param);
    char *own = NULL;
    if (param == CL_DEVICE_EXTENSIONS) {
        own = icd_device_extensions(bytes, device->limits.version);
        return own ? (e = icd_info_cache_add(&device->info, param, own, strlen(own) + 1), free(own), e)
                   : NULL;
    }
    own = malloc(size + ICD_OWN_EXTENSIONS * sizeof(cl_name_version)); /* room for them */
    if (!own)
        return NULL;
    memcpy(own, bytes, size);
    if (mask && *mask == ZERO) {
        memset(own, 0, size);
    } else if (param == CL_DEVICE_EXTENSIONS_WITH_VERSION) {
        size = icd_device_extensions_with_version(own, size, device->limits.version);
    } else if (param == CL_DEVICE_OPENCL_C_FEATURES) {
        size = without_device_queues((cl_name_version *)own, size);
    } else if (param == CL_DEVICE_EXECUTION_CAPABILITIES && size == sizeof(cl_device_exec_capabilities) &&
               !(device->shares && icd_session->settings.placed)) {
        /* clEnqueueNativeKernel calls a function of the guest's, which must find the buffers in its memory */
        *(cl_device_exec_capabilities *)own &= ~(cl_device_exec_capabilities)CL_EXEC_NATIVE_KERNEL;
    } else if (param == CL_DEVICE_SVM_CAPABILITIES && size == sizeof(cl_device_svm_capabilities)) {
        cl_device_svm_capabilities of_driver;
        memcpy(&of_driver, own, sizeof of_driver);
        of_driver = icd_device_svm(device, of_driver);
        memcpy(own, &of_driver, sizeof of_driver);
    }
    e = icd_info_cache_add(&device->info, param, own, size);
    free(own);
    return e;
}

/* CL_DEVICE_COMMAND_BUFFER_SUPPORTED_QUEUE_PROPERTIES_KHR: of 0.9.6, which Debian 12's headers are older than. */
enum { COMMAND_BUFFER_SUPPORTED_QUEUE_PROPERTIES = 0x129A };

/* Command buffers are the driver's own (command-buffer.h): what printf prints comes back from them as from
 * any command. */
static cl_device_command_buffer_capabilities_khr command_buffer_capabilities(cl_device_id device) {
    return CL_COMMAND_BUFFER_CAPABILITY_KERNEL_PRINTF_KHR |
           CL_COMMAND_BUFFER_CAPABILITY_SIMULTANEOUS_USE_KHR |
           (device->limits.queue_properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE
                ? CL_COMMAND_BUFFER_CAPABILITY_OUT_OF_ORDER_KHR
                : 0);
}

static const struct icd_info_entry *ask(cl_device_id device, cl_device_info param, cl_int *r) {
    struct icd_query query = {.what = TR_INFO_DEVICE, .object = device->number, .param = param};
    const struct icd_info_entry *e = NULL;
    void *bytes;
    size_t size;
    *r = icd_query_alloc(&query, &bytes, &size);
    if (*r == CL_SUCCESS) {
        e = icd_device_info_put(device, param, bytes, size);
        free(bytes);
        if (!e)
            *r = CL_OUT_OF_HOST_MEMORY;
    }
    return e;
}

cl_int icd_device_info(cl_device_id device, cl_device_info param_name, size_t param_value_size,
                       void *param_value, size_t *param_value_size_ret) {
    const struct icd_info_entry *e = icd_info_cache_find(&device->info, param_name);
    if (e)
        return icd_info(e->bytes, e->size, param_value_size, param_value, param_value_size_ret);
    switch (param_name) {
    case CL_DEVICE_PLATFORM:
        return ICD_INFO_VALUE(cl_platform_id, device->platform);
    case CL_DEVICE_PARENT_DEVICE:
        return ICD_INFO_VALUE(cl_device_id, device->parent);
    case CL_DEVICE_REFERENCE_COUNT:
        return ICD_INFO_VALUE(cl_uint, atomic_load(&device->object.refs));
    case CL_DEVICE_COMMAND_BUFFER_CAPABILITIES_KHR:
        if (device->limits.version < 12)
            return CL_INVALID_VALUE;
        return ICD_INFO_VALUE(cl_device_command_buffer_capabilities_khr, command_buffer_capabilities(device));
    case COMMAND_BUFFER_SUPPORTED_QUEUE_PROPERTIES:
        if (device->limits.version < 12)
            return CL_INVALID_VALUE;
        return ICD_INFO_VALUE(cl_command_queue_properties,
                              device->limits.queue_properties &
                                  (CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE | CL_QUEUE_PROFILING_ENABLE));
    case CL_DEVICE_MUTABLE_DISPATCH_CAPABILITIES_KHR:
        if (device->limits.version < 12)
            return CL_INVALID_VALUE;
        return ICD_INFO_VALUE(cl_bitfield, icd_device_mutable(device));
    case CL_DEVICE_COMMAND_BUFFER_REQUIRED_QUEUE_PROPERTIES_KHR:
        if (device->limits.version < 12)
            return CL_INVALID_VALUE;
        return ICD_INFO_VALUE(cl_command_queue_properties, 0);
    case CL_DEVICE_AVAILABLE:
        if (svga_guest_lost(icd_session->g))
            return ICD_INFO_VALUE(cl_bool, CL_FALSE);
        return icd_query(
            &(struct icd_query){.what = TR_INFO_DEVICE, .object = device->number, .param = param_name},
            param_value_size, param_value, param_value_size_ret);
    }
    const enum mask *mask = mask_of(param_name);
    cl_int r;
    if (mask && *mask == HIDDEN)
        return CL_INVALID_VALUE;
    e = ask(device, param_name, &r);
    return e ? icd_info(e->bytes, e->size, param_value_size, param_value, param_value_size_ret) : r;
}

cl_int CL_API_CALL icd_GetDeviceInfo(cl_device_id device, cl_device_info param_name, size_t param_value_size,
                                     void *param_value, size_t *param_value_size_ret) {
    if (!icd_valid(device, ICD_DEVICE))
        return CL_INVALID_DEVICE;
    cl_int r = icd_session ? CL_SUCCESS : icd_session_need();
    return r != CL_SUCCESS
               ? r
               : icd_device_info(device, param_name, param_value_size, param_value, param_value_size_ret);
}

/* ---- timers ---- */

/* Where the clocks differ (in a VM), host times are moved onto the guest's. */
static cl_ulong to_guest_clock(cl_ulong host_ns) {
    if (atomic_load(&icd_session->aligned_for) == 0)
        icd_align_clocks(UINT32_MAX);
    return host_ns - (cl_ulong)atomic_load(&icd_session->clock_offset_ns);
}

cl_int CL_API_CALL icd_GetDeviceAndHostTimer(cl_device_id device, cl_ulong *device_timestamp,
                                             cl_ulong *host_timestamp) {
    cl_ulong both[2];
    if (!icd_valid(device, ICD_DEVICE))
        return CL_INVALID_DEVICE;
    cl_int r = icd_session_need();
    if (r != CL_SUCCESS)
        return r;
    r = icd_query(&(struct icd_query){.what = TR_INFO_DEVICE_TIMER, .object = device->number}, sizeof both,
                  both, NULL);
    if (r != CL_INVALID_OPERATION && (!device_timestamp || !host_timestamp))
        return CL_INVALID_VALUE;
    if (r == CL_SUCCESS) {
        *device_timestamp = both[0];
        *host_timestamp = to_guest_clock(both[1]);
    }
    return r;
}

cl_int CL_API_CALL icd_GetHostTimer(cl_device_id device, cl_ulong *host_timestamp) {
    if (!icd_valid(device, ICD_DEVICE))
        return CL_INVALID_DEVICE;
    cl_ulong host;
    cl_int r = icd_session_need();
    if (r != CL_SUCCESS)
        return r;
    r = icd_query(&(struct icd_query){.what = TR_INFO_HOST_TIMER, .object = device->number}, sizeof host,
                  &host, NULL);
    if (r != CL_INVALID_OPERATION && !host_timestamp)
        return CL_INVALID_VALUE;
    if (r == CL_SUCCESS)
        *host_timestamp = to_guest_clock(host);
    return r;
}
