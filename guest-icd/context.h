/*
 * Platforms, devices and contexts, as the other families see them.
 */
#ifndef GUEST_ICD_CONTEXT_H
#define GUEST_ICD_CONTEXT_H

#include <pthread.h>

#include "guest-icd/object.h"

struct _cl_platform_id {
    struct icd_object object;
    uint32_t number; /* the host's */
    cl_device_id *devices; /* root devices */
    cl_uint device_count;
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
    bool available_compiler;
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
};

struct _cl_context {
    struct icd_object object;
    cl_platform_id platform;
    cl_device_id *devices;
    cl_uint device_count;
    bool shares; /* all devices do: buffers are placed */
    pthread_mutex_t lock; /* guards queues */
    struct _cl_command_queue *queues; /* all live ones (queue.h: next_in_context); not retained */
};

/* True if the context has the device (also as a parent of nothing: exact match). */
bool icd_context_has_device(cl_context context, cl_device_id device);

#endif
