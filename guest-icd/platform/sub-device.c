// SPDX-License-Identifier: MIT
/*
 * Sub-devices, and the reference counts of devices. Root devices live as long as the process.
 *
 * The host numbers sub-devices and never takes a number back, so the guest does not give them back either:
 * the sub-devices of a partition that was released wait for the next partition of the same device by the same
 * properties.
 */
#include "guest-icd/api.h"
#include "guest-icd/platform/context.h"
#include "guest-icd/session/session.h"

/* The longest list of properties, with the final 0; the host takes one number more. */
enum { PROPERTIES_MAX = 63 };

struct partition {
    struct partition *next;
    cl_device_id parent;
    cl_device_partition_property properties[PROPERTIES_MAX];
    size_t property_count; /* with the final 0 */
    cl_uint count;
    cl_device_id *devices;
};

static struct svga_lock lock =
    SVGA_LOCK(ICD_LOCK_SUB_DEVICES); /* guards the partitions and the numbers of devices */
static struct partition *partitions;
static uint32_t sub_device_count; /* that have a number */

/* The number that the host's next device has. */
static uint32_t next_number(void) {
    cl_platform_id *platforms;
    cl_uint count;
    uint32_t next = 0;
    if (icd_platforms(&platforms, &count) == CL_SUCCESS)
        for (cl_uint p = 0; p < count; p++)
            for (cl_uint d = 0; d < platforms[p]->device_count; d++)
                if (platforms[p]->devices[d]->number >= next)
                    next = platforms[p]->devices[d]->number + 1;
    return next + sub_device_count;
}

/*
 * The list's length with the final 0; 0: too long. CL_DEVICE_PARTITION_BY_COUNTS has a list of counts that
 * ends with a 0 of its own; many applications leave the other 0 out, so it is not looked for.
 */
static size_t length_of(const cl_device_partition_property *p) {
    size_t n = 0;
    while (n < PROPERTIES_MAX && p[n] != 0)
        n += p[0] == CL_DEVICE_PARTITION_BY_COUNTS ? 1 : 2;
    return n < PROPERTIES_MAX ? n + 1 : 0;
}

static bool released(const struct partition *p) {
    for (cl_uint i = 0; i < p->count; i++)
        if (atomic_load(&p->devices[i]->object.refs) > 0)
            return false;
    return true;
}

/* A partition that nobody holds, made from the same device in the same way. */
static struct partition *find_released(cl_device_id parent, const cl_device_partition_property *properties,
                                       size_t property_count, cl_uint count) {
    for (struct partition *p = partitions; p; p = p->next)
        if (p->parent == parent && p->property_count == property_count && p->count == count &&
            memcmp(p->properties, properties, property_count * sizeof *properties) == 0 && released(p))
            return p;
    return NULL;
}

/* Asks the host to partition. capacity 0: only how many there would be. */
static cl_int ask_host(cl_device_id parent, const cl_device_partition_property *properties,
                       size_t property_count, cl_uint capacity, cl_uint *count) {
    struct icd_call call;
    uint64_t list[PROPERTIES_MAX + 1] = {0}; /* with the 0 that may be missing */
    struct tr_array arrays[] = {{list, (uint32_t)property_count + 1}};
    for (size_t i = 0; i < property_count; i++)
        list[i] = (uint64_t)properties[i];
    cl_int r = icd_call_begin(&call);
    if (r != CL_SUCCESS)
        return r;
    TR_SEND(icd_session->g, CREATE_SUB_DEVICES, create_sub_devices, arrays, .slot = call.slot,
            .device = parent->number, .first = next_number(), .capacity = capacity);
    r = icd_call_wait(&call);
    *count = (cl_uint)call.value;
    return r;
}

static struct partition *partition_new(cl_device_id parent, const cl_device_partition_property *properties,
                                       size_t property_count, cl_uint count) {
    struct partition *p = calloc(1, sizeof *p);
    if (!p || !(p->devices = calloc(count, sizeof(cl_device_id)))) {
        free(p);
        return NULL;
    }
    p->parent = parent;
    memcpy(p->properties, properties, property_count * sizeof *properties);
    p->property_count = property_count;
    return p;
}

/* A new partition of `count` devices: the host has numbered them by the time this returns, whatever it
 * returns. */
static cl_int create(cl_device_id parent, const cl_device_partition_property *properties,
                     size_t property_count, cl_uint capacity, struct partition **out) {
    cl_uint count = 0;
    uint32_t first = next_number();
    cl_int r = ask_host(parent, properties, property_count, capacity, &count);
    if (r == CL_SUCCESS && count != capacity) /* it said otherwise a moment ago */
        r = CL_OUT_OF_RESOURCES;
    if (r != CL_SUCCESS)
        return r;
    sub_device_count += count;
    struct partition *p = partition_new(parent, properties, property_count, count);
    if (!p)
        return CL_OUT_OF_HOST_MEMORY;
    for (; r == CL_SUCCESS && p->count < count; p->count++) {
        const struct tr_device_entry entry = {.platform = parent->platform->number,
                                              .device = first + p->count,
                                              .type = parent->type,
                                              .shares = parent->shares,
                                              .target = parent->target};
        r = icd_device_new(parent->platform, parent, &entry, &p->devices[p->count]);
        if (r != CL_SUCCESS)
            break;
        atomic_store(&p->devices[p->count]->object.refs, 0); /* until they are handed out */
        atomic_store(&p->devices[p->count]->object.internal, 0);
    }
    p->next = partitions;
    partitions = p;
    *out = p;
    return r;
}

cl_int CL_API_CALL icd_CreateSubDevices(cl_device_id in_device,
                                        const cl_device_partition_property *partition_properties,
                                        cl_uint num_entries, cl_device_id *out_devices,
                                        cl_uint *num_devices) {
    struct partition *p = NULL;
    cl_uint count = 0;
    if (!icd_valid(in_device, ICD_DEVICE))
        return CL_INVALID_DEVICE;
    if (!partition_properties || (num_entries == 0 && out_devices) || (!out_devices && !num_devices))
        return CL_INVALID_VALUE;
    size_t length = length_of(partition_properties);
    if (length < 2)
        return CL_INVALID_VALUE;
    cl_int r = icd_session_need();
    if (r != CL_SUCCESS)
        return r;
    if (out_devices)
        atomic_store(&icd_session_used, true);

    svga_lock_take(&lock);
    r = ask_host(in_device, partition_properties, length, 0, &count);
    if (r == CL_SUCCESS && out_devices && num_entries < count)
        r = CL_INVALID_VALUE;
    if (r == CL_SUCCESS && out_devices) {
        p = find_released(in_device, partition_properties, length, count);
        if (!p)
            r = create(in_device, partition_properties, length, count, &p);
        for (cl_uint i = 0; r == CL_SUCCESS && i < p->count; i++) {
            atomic_store(&p->devices[i]->object.refs, 1);
            atomic_store(&p->devices[i]->object.internal, 1);
            icd_device_retain(in_device);
            out_devices[i] = p->devices[i];
        }
    }
    svga_lock_give(&lock);
    if (r == CL_SUCCESS && num_devices)
        *num_devices = count;
    return r;
}

void icd_device_retain(cl_device_id device) {
    if (device->parent)
        icd_app_retain(device);
}

void icd_device_release(cl_device_id device) {
    while (device->parent && icd_app_release_is_last(device)) {
        icd_unref_is_last(device);
        device = device->parent;
    }
}

static cl_int retain(cl_device_id device) {
    if (!icd_valid(device, ICD_DEVICE))
        return CL_INVALID_DEVICE;
    icd_device_retain(device);
    return CL_SUCCESS;
}

static cl_int release(cl_device_id device) {
    if (!icd_valid(device, ICD_DEVICE))
        return CL_INVALID_DEVICE;
    icd_device_release(device);
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_RetainDevice(cl_device_id device) {
    return retain(device);
}

cl_int CL_API_CALL icd_ReleaseDevice(cl_device_id device) {
    return release(device);
}

/* ---- cl_ext_device_fission: not shown, so nothing of it is supported ---- */

cl_int CL_API_CALL icd_CreateSubDevicesEXT(cl_device_id in_device,
                                           const cl_device_partition_property_ext *partition_properties,
                                           cl_uint num_entries, cl_device_id *out_devices,
                                           cl_uint *num_devices) {
    (void)partition_properties, (void)num_entries, (void)out_devices, (void)num_devices;
    return icd_valid(in_device, ICD_DEVICE) ? CL_INVALID_PROPERTY : CL_INVALID_DEVICE;
}

cl_int CL_API_CALL icd_RetainDeviceEXT(cl_device_id device) {
    return retain(device);
}

cl_int CL_API_CALL icd_ReleaseDeviceEXT(cl_device_id device) {
    return release(device);
}
