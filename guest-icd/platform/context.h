// SPDX-License-Identifier: MIT
/*
 * Platforms, devices and contexts, as the other families see them.
 */
#ifndef GUEST_ICD_PLATFORM_CONTEXT_H
#define GUEST_ICD_PLATFORM_CONTEXT_H

#include "guest-icd/reclaim/ledger.h"
#include "guest-icd/session/info-cache.h"
#include "guest-icd/session/object.h"
#include "trillium/protocol.h"

struct _cl_platform_id {
    struct icd_object object;
    uint32_t number;       /* the host's */
    cl_device_id *devices; /* root devices */
    cl_uint device_count;
    struct icd_info_cache info; /* by cl_platform_info */
};

/* What calls need at once to check their arguments; read from the host when the device is made known. */
struct icd_device_limits {
    cl_uint max_work_item_dimensions;
    size_t max_work_item_sizes[3];
    size_t max_work_group_size;
    cl_ulong max_mem_alloc_size;
    cl_ulong local_mem_size;
    cl_uint mem_base_addr_align; /* bits */
    cl_command_queue_properties queue_properties;
    cl_bool image_support;
    cl_uint address_bits;
    size_t image2d_max_width, image2d_max_height, image3d_max_width, image3d_max_height, image3d_max_depth;
    size_t image_max_buffer_size, image_max_array_size;
    bool available_compiler, available_linker;
    bool non_uniform_work_groups;
    unsigned version; /* CL_DEVICE_VERSION: 30 is 3.0 */
};

struct _cl_device_id {
    struct icd_object object; /* id unused */
    cl_platform_id platform;
    cl_device_id parent; /* NULL: a root device */
    uint32_t number;     /* the host's */
    uint32_t target;     /* enum visa_target */
    cl_device_type type;
    bool shares; /* kernels read and write guest memory in place */
    struct icd_device_limits limits;
    struct icd_info_cache info; /* by cl_device_info; what the guest masks is masked already */
};

struct _cl_context {
    struct icd_object object;
    cl_platform_id platform;
    cl_device_id *devices;
    cl_uint device_count;
    bool shares;                       /* all devices do: buffers are placed */
    cl_context_properties *properties; /* as given, with the final 0; NULL: none */
    size_t property_count;             /* with the final 0 */
    struct icd_ledger ledger;          /* its queues, and what is to be given back */
};

/*
 * The platforms of the host, made known at the first call. CL_SUCCESS, or CL_PLATFORM_NOT_FOUND_KHR if there
 * are none (or no virtual GPU). The array lives as long as the process.
 */
cl_int icd_platforms(cl_platform_id **platforms, cl_uint *count);

/* The platform itself, the first one for NULL, or NULL if it is none. */
cl_platform_id icd_platform_of(cl_platform_id platform);

/* clGetDeviceIDs' choice: writes at most `room` of the platform's devices of that type, sets *count to how
 * many there are. CL_INVALID_DEVICE_TYPE, CL_DEVICE_NOT_FOUND. */
cl_int icd_devices_of_type(cl_platform_id platform, cl_device_type type, cl_uint room, cl_device_id *devices,
                           cl_uint *count);

/* Makes a device known: its struct, and everything that is asked of it early. */
cl_int icd_device_new(cl_platform_id platform, cl_device_id parent, const struct tr_device_entry *entry,
                      cl_device_id *device);

/* References of the application's to a device. Only sub-devices count them. */
void icd_device_retain(cl_device_id device);
void icd_device_release(cl_device_id device);

/* What clGetDeviceInfo says of a valid device. */
cl_int icd_device_info(cl_device_id device, cl_device_info param, size_t size, void *value, size_t *size_ret);

/* The SVM capabilities that a device has here, of those that its driver reports. */
cl_device_svm_capabilities icd_device_svm(cl_device_id device, cl_device_svm_capabilities of_driver);

/* CL_DEVICE_MUTABLE_DISPATCH_CAPABILITIES_KHR */
cl_bitfield icd_device_mutable(cl_device_id device);

/* Puts a host's answer into the device's cache, masked. NULL if memory is out. */
const struct icd_info_entry *icd_device_info_put(cl_device_id device, cl_device_info param, const void *bytes,
                                                 size_t size);

/* True if the context has the device (also as a parent of nothing: exact match). */
bool icd_context_has_device(cl_context context, cl_device_id device);

#endif
