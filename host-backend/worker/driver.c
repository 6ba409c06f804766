// SPDX-License-Identifier: MIT
#include "host-backend/worker/driver.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "svga-model/visa/load.h"

enum { WARM_UP_NICE = 5 };

static char *platform_string(cl_platform_id platform, cl_platform_info param) {
    size_t size = 0;
    if (clGetPlatformInfo(platform, param, 0, NULL, &size) != CL_SUCCESS)
        return NULL;
    char *text = calloc(1, size + 1);
    if (text && clGetPlatformInfo(platform, param, size, text, NULL) != CL_SUCCESS) {
        free(text);
        return NULL;
    }
    return text;
}

char *driver_device_string(cl_device_id device, cl_device_info param) {
    size_t size = 0;
    if (clGetDeviceInfo(device, param, 0, NULL, &size) != CL_SUCCESS)
        return NULL;
    char *text = calloc(1, size + 1);
    if (text && clGetDeviceInfo(device, param, size, text, NULL) != CL_SUCCESS) {
        free(text);
        return NULL;
    }
    return text;
}

/* "OpenCL 1.2 ..." -> 120 */
static unsigned parse_version(const char *text) {
    unsigned major = 1, minor = 0;
    if (text)
        sscanf(text, "OpenCL %u.%u", &major, &minor);
    return 100 * major + 10 * minor;
}

/* NULL: there is no room or no memory for it. */
static struct driver_device *add_device(struct driver *d, struct driver_platform *platform, cl_device_id id) {
    cl_bool compiler = CL_FALSE;
    if (d->device_count == DRIVER_MAX_DEVICES)
        return NULL;
    struct driver_device *device = calloc(1, sizeof *device);
    if (!device)
        return NULL;
    device->id = id;
    device->platform = platform;
    device->platform_number = (uint32_t)(platform - d->platforms);
    device->name = driver_device_string(id, CL_DEVICE_NAME);
    device->version_text = driver_device_string(id, CL_DEVICE_VERSION);
    clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof device->type, &device->type, NULL);
    clGetDeviceInfo(id, CL_DEVICE_COMPILER_AVAILABLE, sizeof compiler, &compiler, NULL);
    device->compiler = compiler;
    device->shares = (device->type & CL_DEVICE_TYPE_CPU) != 0 && !quirks_is_elsewhere(device->version_text);
    d->devices[d->device_count++] = device;
    return device;
}

static bool matches(const char *filter, const char *platform, cl_device_id device) {
    if (!filter || strcasestr(platform, filter))
        return true;
    char *name = driver_device_string(device, CL_DEVICE_NAME);
    bool found = name && strcasestr(name, filter);
    free(name);
    return found;
}

static void add_platform(struct driver *d, cl_platform_id id, const char *filter) {
    cl_device_id devices[64];
    cl_uint count = 0;
    struct driver_platform platform = {.id = id,
                                       .name = platform_string(id, CL_PLATFORM_NAME),
                                       .version_text = platform_string(id, CL_PLATFORM_VERSION)};

    /* A worker must never be the guest of another one. */
    if (!platform.name || !platform.version_text || strstr(platform.version_text, "Trillium") ||
        clGetDeviceIDs(id, CL_DEVICE_TYPE_ALL, 64, devices, &count) != CL_SUCCESS)
        count = 0;
    platform.version = parse_version(platform.version_text);
    char *driver_version = count > 0 ? driver_device_string(devices[0], CL_DRIVER_VERSION) : NULL;
    platform.quirks = quirks_of(platform.name, driver_version);
    free(driver_version);
    uint32_t before = d->device_count;
    d->platforms[d->platform_count] = platform;
    for (cl_uint i = 0; i < count && i < 64; i++)
        if (matches(filter, platform.name, devices[i]))
            add_device(d, &d->platforms[d->platform_count], devices[i]);
    if (d->device_count > before) {
        d->platform_count++;
    } else {
        free(platform.name);
        free(platform.version_text);
    }
}

struct driver *driver_open(const char *filter) {
    cl_platform_id platforms[DRIVER_MAX_PLATFORMS];
    cl_uint count = 0;
    struct driver *d = calloc(1, sizeof *d);

    if (!d)
        return NULL;
    if (clGetPlatformIDs(DRIVER_MAX_PLATFORMS, platforms, &count) != CL_SUCCESS)
        count = 0;
    for (cl_uint i = 0; i < count && i < DRIVER_MAX_PLATFORMS; i++)
        add_platform(d, platforms[i], filter);
    d->root_count = d->device_count;
    return d;
}

uint32_t driver_hide(struct driver *d, const char *filter) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < d->root_count; i++) {
        d->devices[i]->hidden = !matches(filter, d->devices[i]->platform->name, d->devices[i]->id);
        left += !d->devices[i]->hidden;
    }
    return left;
}

void driver_close(struct driver *d) {
    if (!d)
        return;
    for (uint32_t i = 0; i < d->device_count; i++) {
        if (d->devices[i]->sub_device)
            clReleaseDevice(d->devices[i]->id);
        free(d->devices[i]->name);
        free(d->devices[i]->version_text);
        free(d->devices[i]);
    }
    for (uint32_t i = 0; i < d->platform_count; i++) {
        free(d->platforms[i].name);
        free(d->platforms[i].version_text);
    }
    free(d);
}

void driver_find_targets(struct driver *d) {
    for (uint32_t i = 0; i < d->root_count; i++) {
        struct driver_device *device = d->devices[i];
        char *driver_version = driver_device_string(device->id, CL_DRIVER_VERSION);
        char *il = driver_device_string(device->id, CL_DEVICE_IL_VERSION);
        char *extensions = driver_device_string(device->id, CL_DEVICE_EXTENSIONS);
        struct visa_driver driver = {
            .platform_name = device->platform->name,
            .platform_version = device->platform->version_text,
            .device_name = device->name,
            .device_version = device->version_text,
            .driver_version = driver_version,
            .il_version = il,
            .device_extensions = extensions,
        };
        visa_target_for(&driver, &device->target);
        free(driver_version);
        free(il);
        free(extensions);
    }
}

cl_int driver_add_sub_devices(struct driver *d, uint32_t parent,
                              const cl_device_partition_property *properties, uint32_t capacity,
                              uint32_t *count) {
    struct driver_device *from = d->devices[parent];
    cl_device_id ids[DRIVER_MAX_DEVICES];
    cl_uint made = 0;

    if (from->platform->version < 120)
        return CL_INVALID_OPERATION;
    cl_int r = clCreateSubDevices(from->id, properties, 0, NULL, &made);
    if (r != CL_SUCCESS)
        return r;
    *count = made;
    if (capacity == 0) /* the guest only wants to know how many */
        return CL_SUCCESS;
    if (made > capacity)
        return CL_INVALID_VALUE;
    if (made > DRIVER_MAX_DEVICES - d->device_count)
        return CL_OUT_OF_RESOURCES;
    r = clCreateSubDevices(from->id, properties, made, ids, NULL);
    if (r != CL_SUCCESS)
        return r;
    for (cl_uint i = 0; i < made; i++) {
        struct driver_device *device = add_device(d, from->platform, ids[i]);
        if (!device) { /* those before it are numbers that nobody hears of */
            while (i < made)
                clReleaseDevice(ids[i++]);
            return CL_OUT_OF_HOST_MEMORY;
        }
        device->sub_device = true;
        device->parent = from;
        device->target = from->target;
    }
    return CL_SUCCESS;
}

int64_t driver_number(const struct driver *d, cl_device_id id) {
    for (uint32_t i = 0; i < d->device_count; i++)
        if (d->devices[i]->id == id)
            return i;
    return -1;
}

static void warm_up_compiler(cl_context context, cl_device_id device) {
    const char *source =
        "extern float trillium_warm_up(float x);\n"
        "kernel void k(global float *x) { x[get_global_id(0)] = sin(trillium_warm_up(x[0])); }\n";
    cl_int r;
    cl_program program = clCreateProgramWithSource(context, 1, &source, NULL, &r);
    if (r == CL_SUCCESS) {
        clBuildProgram(program, 1, &device, "", NULL, NULL);
        clReleaseProgram(program);
    }
}

void driver_warm_up(const struct driver *d) {
    cl_context contexts[DRIVER_MAX_DEVICES] = {NULL};

    /* Threads that a driver starts with its first context run kernels later: they are to have the full claim.
     */
    for (uint32_t i = 0; i < d->root_count; i++)
        if (d->devices[i]->compiler)
            contexts[i] = clCreateContext(NULL, 1, &d->devices[i]->id, NULL, NULL, NULL);
    setpriority(PRIO_PROCESS, (id_t)gettid(), WARM_UP_NICE);
    /* The contexts stay for as long as the process does: PoCL forgets its library of built-in functions, half
     * a second's work, with its last context. */
    for (uint32_t i = 0; i < d->root_count; i++)
        if (contexts[i])
            warm_up_compiler(contexts[i], d->devices[i]->id);
}
