// SPDX-License-Identifier: MIT
/*
 * Devices: handles, clGetDeviceIDs, and what is asked of a device as soon as it is known. clGetDeviceInfo is
 * in device-info.c.
 */
#include <stdio.h>

#include "guest-icd/api.h"
#include "guest-icd/platform/context.h"
#include "guest-icd/session/ask.h"

/*
 * Asked when the device becomes known, all with one wait: what calls check their arguments against, and what
 * programs ask first. Rooms are generous for strings; an answer that is longer all the same is asked for
 * again when somebody wants it.
 */
static const struct {
    cl_device_info param;
    uint32_t room;
} early[] = {
    {CL_DEVICE_TYPE, 8},
    {CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS, 8},
    {CL_DEVICE_MAX_WORK_ITEM_SIZES, 64},
    {CL_DEVICE_MAX_WORK_GROUP_SIZE, 8},
    {CL_DEVICE_MAX_MEM_ALLOC_SIZE, 8},
    {CL_DEVICE_LOCAL_MEM_SIZE, 8},
    {CL_DEVICE_MEM_BASE_ADDR_ALIGN, 8},
    {CL_DEVICE_QUEUE_ON_HOST_PROPERTIES, 8},
    {CL_DEVICE_IMAGE_SUPPORT, 8},
    {CL_DEVICE_ADDRESS_BITS, 8},
    {CL_DEVICE_IMAGE2D_MAX_WIDTH, 8},
    {CL_DEVICE_IMAGE2D_MAX_HEIGHT, 8},
    {CL_DEVICE_IMAGE3D_MAX_WIDTH, 8},
    {CL_DEVICE_IMAGE3D_MAX_HEIGHT, 8},
    {CL_DEVICE_IMAGE3D_MAX_DEPTH, 8},
    {CL_DEVICE_IMAGE_MAX_BUFFER_SIZE, 8},
    {CL_DEVICE_IMAGE_MAX_ARRAY_SIZE, 8},
    {CL_DEVICE_COMPILER_AVAILABLE, 8},
    {CL_DEVICE_LINKER_AVAILABLE, 8},
    {CL_DEVICE_NON_UNIFORM_WORK_GROUP_SUPPORT, 8},
    {CL_DEVICE_MAX_COMPUTE_UNITS, 8},
    {CL_DEVICE_GLOBAL_MEM_SIZE, 8},
    {CL_DEVICE_VENDOR_ID, 8},
    {CL_DEVICE_NAME, 256},
    {CL_DEVICE_VENDOR, 256},
    {CL_DEVICE_VERSION, 256},
    {CL_DEVICE_OPENCL_C_VERSION, 256},
    {CL_DRIVER_VERSION, 256},
    {CL_DEVICE_EXTENSIONS, 4096},
};
enum { EARLY = sizeof early / sizeof early[0] };

static void read_limits(struct icd_device_limits *l, struct icd_ask *asks) {
    for (size_t i = 0; i < EARLY; i++) {
        struct icd_ask *a = &asks[i];
        switch (a->query.param) {
        case CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS:
            l->max_work_item_dimensions = ICD_ANSWER(a, cl_uint, 3);
            break;
        case CL_DEVICE_MAX_WORK_ITEM_SIZES:
            for (size_t d = 0; d < 3; d++)
                l->max_work_item_sizes[d] =
                    a->result == CL_SUCCESS && a->size >= (d + 1) * sizeof(size_t) && a->size <= a->room
                        ? ((const size_t *)a->bytes)[d]
                        : 1;
            break;
        case CL_DEVICE_MAX_WORK_GROUP_SIZE:
            l->max_work_group_size = ICD_ANSWER(a, size_t, 1);
            break;
        case CL_DEVICE_MAX_MEM_ALLOC_SIZE:
            l->max_mem_alloc_size = ICD_ANSWER(a, cl_ulong, 0);
            break;
        case CL_DEVICE_LOCAL_MEM_SIZE:
            l->local_mem_size = ICD_ANSWER(a, cl_ulong, 0);
            break;
        case CL_DEVICE_MEM_BASE_ADDR_ALIGN:
            l->mem_base_addr_align = ICD_ANSWER(a, cl_uint, 1024);
            break;
        case CL_DEVICE_QUEUE_ON_HOST_PROPERTIES:
            l->queue_properties = ICD_ANSWER(a, cl_command_queue_properties, 0);
            break;
        case CL_DEVICE_IMAGE_SUPPORT:
            l->image_support = ICD_ANSWER(a, cl_bool, CL_FALSE);
            break;
        case CL_DEVICE_ADDRESS_BITS:
            l->address_bits = ICD_ANSWER(a, cl_uint, 64);
            break;
        case CL_DEVICE_IMAGE2D_MAX_WIDTH:
            l->image2d_max_width = ICD_ANSWER(a, size_t, 0);
            break;
        case CL_DEVICE_IMAGE2D_MAX_HEIGHT:
            l->image2d_max_height = ICD_ANSWER(a, size_t, 0);
            break;
        case CL_DEVICE_IMAGE3D_MAX_WIDTH:
            l->image3d_max_width = ICD_ANSWER(a, size_t, 0);
            break;
        case CL_DEVICE_IMAGE3D_MAX_HEIGHT:
            l->image3d_max_height = ICD_ANSWER(a, size_t, 0);
            break;
        case CL_DEVICE_IMAGE3D_MAX_DEPTH:
            l->image3d_max_depth = ICD_ANSWER(a, size_t, 0);
            break;
        case CL_DEVICE_IMAGE_MAX_BUFFER_SIZE:
            l->image_max_buffer_size = ICD_ANSWER(a, size_t, 0);
            break;
        case CL_DEVICE_IMAGE_MAX_ARRAY_SIZE:
            l->image_max_array_size = ICD_ANSWER(a, size_t, 0);
            break;
        case CL_DEVICE_COMPILER_AVAILABLE:
            l->available_compiler = ICD_ANSWER(a, cl_bool, CL_FALSE) != CL_FALSE;
            break;
        case CL_DEVICE_LINKER_AVAILABLE:
            l->available_linker =
                ICD_ANSWER(a, cl_bool, CL_TRUE) != CL_FALSE; /* OpenCL 1.1 has no such query */
            break;
        case CL_DEVICE_NON_UNIFORM_WORK_GROUP_SUPPORT:
            l->non_uniform_work_groups = ICD_ANSWER(a, cl_bool, CL_FALSE) != CL_FALSE;
            break;
        }
    }
}

/* "OpenCL 3.0 PoCL" is 30. */
static unsigned version_of(const struct icd_ask *ask) {
    unsigned major = 1, minor = 0;
    if (ask->result == CL_SUCCESS && ask->size <= ask->room)
        sscanf(ask->bytes, "OpenCL %u.%u", &major, &minor);
    return 10 * major + minor;
}

cl_int icd_device_new(cl_platform_id platform, cl_device_id parent, const struct tr_device_entry *entry,
                      cl_device_id *device) {
    cl_device_id d = calloc(1, sizeof *d);
    struct icd_ask asks[EARLY];
    void *answers;
    if (!d)
        return CL_OUT_OF_HOST_MEMORY;
    icd_object_init(&d->object, ICD_DEVICE, 0);
    d->platform = platform;
    d->parent = parent;
    d->number = entry->device;
    d->target = entry->target;
    d->type = entry->type;
    d->shares = entry->shares != 0 && !icd_session->g->carrier->ops->copies;

    for (size_t i = 0; i < EARLY; i++)
        asks[i] = (struct icd_ask){
            .query = {.what = TR_INFO_DEVICE, .object = d->number, .param = early[i].param},
            .room = early[i].room,
        };
    cl_int r = icd_ask_all(asks, EARLY, &answers);
    if (r != CL_SUCCESS) {
        free(d);
        return r;
    }
    read_limits(&d->limits, asks);
    for (size_t i = 0; i < EARLY; i++) {
        if (early[i].param == CL_DEVICE_VERSION)
            d->limits.version = version_of(&asks[i]);
        if (asks[i].result == CL_SUCCESS && asks[i].size <= asks[i].room)
            icd_device_info_put(d, early[i].param, asks[i].bytes, asks[i].size);
    }
    free(answers);
    *device = d;
    return CL_SUCCESS;
}

/* ---- clGetDeviceIDs ---- */

static const cl_device_type known_types = CL_DEVICE_TYPE_DEFAULT | CL_DEVICE_TYPE_CPU | CL_DEVICE_TYPE_GPU |
                                          CL_DEVICE_TYPE_ACCELERATOR | CL_DEVICE_TYPE_CUSTOM;

/* The platform's default device: the one that the host calls so, or the first that is no custom device. */
static cl_device_id default_device(cl_platform_id p) {
    for (cl_uint i = 0; i < p->device_count; i++)
        if (p->devices[i]->type & CL_DEVICE_TYPE_DEFAULT)
            return p->devices[i];
    for (cl_uint i = 0; i < p->device_count; i++)
        if (!(p->devices[i]->type & CL_DEVICE_TYPE_CUSTOM))
            return p->devices[i];
    return NULL;
}

cl_int icd_devices_of_type(cl_platform_id p, cl_device_type type, cl_uint room, cl_device_id *devices,
                           cl_uint *count) {
    cl_device_id preferred = default_device(p);
    /* Programs keep the type in an int, from which CL_DEVICE_TYPE_ALL comes back with more bits. */
    bool all = (type & CL_DEVICE_TYPE_ALL) == CL_DEVICE_TYPE_ALL;
    if (!(type & known_types))
        return CL_INVALID_DEVICE_TYPE;
    *count = 0;
    for (cl_uint i = 0; i < p->device_count; i++) {
        cl_device_id d = p->devices[i];
        bool custom = d->type & CL_DEVICE_TYPE_CUSTOM;
        bool wanted = all ? !custom
                          : (d->type & type & known_types & ~CL_DEVICE_TYPE_DEFAULT) ||
                                ((type & CL_DEVICE_TYPE_DEFAULT) && d == preferred);
        if (wanted && (*count)++ < room)
            devices[*count - 1] = d;
    }
    return *count > 0 ? CL_SUCCESS : CL_DEVICE_NOT_FOUND;
}

cl_int CL_API_CALL icd_GetDeviceIDs(cl_platform_id platform, cl_device_type device_type, cl_uint num_entries,
                                    cl_device_id *devices, cl_uint *num_devices) {
    cl_platform_id p = icd_platform_of(platform);
    cl_uint count = 0;
    if (!p)
        return CL_INVALID_PLATFORM;
    if ((num_entries == 0 && devices) || (!devices && !num_devices))
        return CL_INVALID_VALUE;
    cl_int r = icd_devices_of_type(p, device_type, devices ? num_entries : 0, devices, &count);
    if (num_devices && r != CL_INVALID_DEVICE_TYPE)
        *num_devices = count;
    return r;
}
