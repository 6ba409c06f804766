// SPDX-License-Identifier: MIT
/*
 * The OpenCL drivers of this host: their platforms and devices, numbered from 0 as guests see them, and what
 * the worker must know of each before it may call it.
 *
 * Threads: the list is made by one thread before a session starts. Afterwards only driver_add_sub_devices
 * changes it (under the session's leader lock); entries never move or change once they are there.
 */
#ifndef HOST_BACKEND_WORKER_DRIVER_H
#define HOST_BACKEND_WORKER_DRIVER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <CL/cl.h>

#include "host-backend/worker/quirks.h"
#include "svga-model/visa/host.h"

#define DRIVER_MAX_PLATFORMS 64u
/* Root devices and sub-devices together. */
#define DRIVER_MAX_DEVICES 1024u

struct driver_platform {
    cl_platform_id id;
    unsigned version; /* 100 * major + 10 * minor: which entry points the driver has */
    uint32_t quirks;  /* worker/quirks.h */
    char *name;
    char *version_text;
};

static inline bool driver_has(const struct driver_platform *platform, enum quirk quirk) {
    return (platform->quirks & 1u << quirk) != 0;
}

struct driver_device {
    cl_device_id id;
    struct driver_platform *platform;
    uint32_t platform_number;
    cl_device_type type;
    bool shares;     /* kernels read and write the process's memory in place */
    bool sub_device; /* made by a guest */
    bool hidden;     /* this guest may not see it; set before its first byte */
    bool compiler;
    char *name;
    char *version_text;
    struct driver_device *parent; /* of a sub-device */
    struct visa_target target;    /* of the SVGA baseline; kind VISA_TARGET_NONE until driver_find_targets */
};

struct driver {
    struct driver_platform platforms[DRIVER_MAX_PLATFORMS]; /* only those with devices */
    uint32_t platform_count;
    struct driver_device *devices[DRIVER_MAX_DEVICES];
    uint32_t device_count;
    uint32_t root_count; /* devices that are no sub-devices: the first ones */
};

/* Is there a device of this number that the guest may see? */
static inline bool driver_shows(const struct driver *d, uint64_t number) {
    return number < d->device_count && !d->devices[number]->hidden;
}

/* Asks the ICD loader for all drivers but Trillium's own. `filter`: only devices whose platform or device
 * name contains it, without regard to case; NULL: all. An empty list is no error. NULL when out of memory. */
struct driver *driver_open(const char *filter);

/* Hides the devices of which neither the platform's nor their own name contains this, and says how many are left. */
uint32_t driver_hide(struct driver *d, const char *filter);

/* Frees the list; the driver libraries stay loaded. */
void driver_close(struct driver *d);

/* Tells for each root device how it takes SPIR-V. Loads the host half of the virtual ISA. */
void driver_find_targets(struct driver *d);

/* clCreateSubDevices of device number `parent`: appends up to `capacity` of them; *count gets how many there
 * are. CL_OUT_OF_RESOURCES beyond DRIVER_MAX_DEVICES. */
cl_int driver_add_sub_devices(struct driver *d, uint32_t parent,
                              const cl_device_partition_property *properties, uint32_t capacity,
                              uint32_t *count);

/* The number of the device with this handle; -1 if it is none of the list's. */
int64_t driver_number(const struct driver *d, cl_device_id id);

/* A string that clGetDeviceInfo or clGetPlatformInfo answers with, in memory of its own; NULL if the query
 * fails. */
char *driver_device_string(cl_device_id device, cl_device_info param);

/*
 * Pays what each root device's first build would pay (loading compiler and builtin library: most of PoCL's
 * start-up time). The source names a function that no driver has, so that the build
 * gets as far as linking and fails there: nothing is left in the driver's own cache of built kernels. From
 * here on the calling thread has less of a claim on the CPU than guests that run.
 */
void driver_warm_up(const struct driver *d);

#endif
