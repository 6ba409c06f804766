// SPDX-License-Identifier: MIT
/* The stub driver's handles, platforms, devices, contexts, memory objects and samplers. */
#include "tests/fuzz/stub/stub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAGIC = 0x57ab57ab };

bool (*stub_memory_ok)(const void *at, size_t size);

static unsigned live, period, until_failure;

static struct _cl_platform_id platforms[] = {
    {{NULL, MAGIC, STUB_PLATFORM, 1, 300}},
    {{NULL, MAGIC, STUB_PLATFORM, 1, 110}},
};
static struct _cl_device_id devices[] = {
    {{NULL, MAGIC, STUB_DEVICE, 1, 300}, &platforms[0], CL_DEVICE_TYPE_CPU, "first"},
    {{NULL, MAGIC, STUB_DEVICE, 1, 300}, &platforms[0], CL_DEVICE_TYPE_CPU, "second"},
    {{NULL, MAGIC, STUB_DEVICE, 1, 110}, &platforms[1], CL_DEVICE_TYPE_GPU, "old"},
};

_Noreturn void stub_harm(const char *what) {
    dprintf(STDERR_FILENO, "stub driver: %s\n", what);
    abort();
}

bool stub_is(const void *handle, enum stub_kind kind) {
    const struct stub_head *h = handle;
    if (!h)
        return false;
    if (h->magic != MAGIC || h->kind != kind || h->refs == 0)
        stub_harm("a handle of the wrong kind");
    return true;
}

void stub_needs(const void *handle, unsigned version) {
    const struct stub_head *h = handle;
    if (h && h->version < version)
        stub_harm("an entry point that the platform does not have");
}

void stub_touch(const void *at, size_t size) {
    if (size > 0 && stub_memory_ok && !stub_memory_ok(at, size))
        stub_harm("memory that the caller does not have");
}

bool stub_fails(void) {
    if (period == 0 || --until_failure > 0)
        return false;
    until_failure = period;
    return true;
}

void stub_fail_every(unsigned every) {
    period = until_failure = every;
}

unsigned stub_live(void) {
    return live;
}

void *stub_new(enum stub_kind kind, size_t size, unsigned version) {
    struct stub_head *h = calloc(1, size);
    if (!h)
        return NULL;
    *h = (struct stub_head){.magic = MAGIC, .kind = kind, .refs = 1, .version = version};
    live++;
    return h;
}

void stub_retain(void *handle) {
    ((struct stub_head *)handle)->refs++;
}

bool stub_release(void *handle) {
    return --((struct stub_head *)handle)->refs == 0;
}

void stub_free(void *handle) {
    live--;
    free(handle);
}

cl_int stub_give(const void *data, size_t length, size_t size, void *value, size_t *size_ret) {
    if (value && size < length)
        return CL_INVALID_VALUE;
    if (value)
        memcpy(value, data, length);
    if (size_ret)
        *size_ret = length;
    return CL_SUCCESS;
}

cl_int stub_give_text(const char *text, size_t size, void *value, size_t *size_ret) {
    return stub_give(text, strlen(text) + 1, size, value, size_ret);
}

void *stub_error(cl_int *out, cl_int r) {
    if (out)
        *out = r;
    return NULL;
}

/* ---- platforms and devices ---- */

cl_int clGetPlatformIDs(cl_uint count, cl_platform_id *list, cl_uint *there) {
    for (cl_uint i = 0; list && i < count && i < 2; i++)
        list[i] = &platforms[i];
    if (there)
        *there = 2;
    return CL_SUCCESS;
}

cl_int clGetPlatformInfo(cl_platform_id p, cl_platform_info param, size_t size, void *value, size_t *ret) {
    if (!stub_is(p, STUB_PLATFORM))
        return CL_INVALID_PLATFORM;
    if (param == CL_PLATFORM_VERSION)
        return stub_give_text(p->head.version == 300 ? "OpenCL 3.0 stub" : "OpenCL 1.1 stub", size, value,
                              ret);
    return param == CL_PLATFORM_NAME ? stub_give_text("stub", size, value, ret) : CL_INVALID_VALUE;
}

cl_int clGetDeviceIDs(cl_platform_id p, cl_device_type type, cl_uint count, cl_device_id *list,
                      cl_uint *there) {
    cl_uint n = 0;
    (void)type;
    if (!stub_is(p, STUB_PLATFORM))
        return CL_INVALID_PLATFORM;
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
        if (devices[i].platform == p) {
            if (list && n < count)
                list[n] = &devices[i];
            n++;
        }
    if (there)
        *there = n;
    return CL_SUCCESS;
}

cl_int clGetDeviceInfo(cl_device_id d, cl_device_info param, size_t size, void *value, size_t *ret) {
    const cl_bool yes = CL_TRUE;
    const cl_uint bits = 64;

    if (!stub_is(d, STUB_DEVICE))
        return CL_INVALID_DEVICE;
    switch (param) {
    case CL_DEVICE_TYPE:
        return stub_give(&d->type, sizeof d->type, size, value, ret);
    case CL_DEVICE_NAME:
        return stub_give_text(d->name, size, value, ret);
    case CL_DEVICE_VERSION:
        return stub_give_text(d->head.version == 300 ? "OpenCL 3.0 stub" : "OpenCL 1.1 stub", size, value,
                              ret);
    case CL_DEVICE_OPENCL_C_VERSION:
        return stub_give_text("OpenCL C 1.2", size, value, ret);
    case CL_DEVICE_EXTENSIONS:
    case CL_DEVICE_PROFILE:
    case CL_DRIVER_VERSION:
        return stub_give_text("stub", size, value, ret);
    case CL_DEVICE_COMPILER_AVAILABLE:
    case CL_DEVICE_IMAGE_SUPPORT:
    case CL_DEVICE_ENDIAN_LITTLE:
        return stub_give(&yes, sizeof yes, size, value, ret);
    case CL_DEVICE_ADDRESS_BITS:
        return stub_give(&bits, sizeof bits, size, value, ret);
    default:
        return CL_INVALID_VALUE;
    }
}

cl_int clCreateSubDevices(cl_device_id d, const cl_device_partition_property *properties, cl_uint count,
                          cl_device_id *list, cl_uint *there) {
    /* As many as the properties say, read as drivers read them: key, value(s), 0. */
    cl_uint made = 0;
    if (!stub_is(d, STUB_DEVICE))
        return CL_INVALID_DEVICE;
    stub_needs(d, 120);
    if (stub_fails())
        return CL_OUT_OF_RESOURCES;
    if (properties[0] == CL_DEVICE_PARTITION_EQUALLY && properties[1] > 0 && properties[1] <= 4)
        made = 4 / (cl_uint)properties[1];
    else if (properties[0] == CL_DEVICE_PARTITION_BY_COUNTS)
        while (properties[1 + made] > 0)
            made++;
    if (made == 0)
        return CL_INVALID_VALUE;
    if (there)
        *there = made;
    for (cl_uint i = 0; list && i < made && i < count; i++) {
        list[i] = stub_new(STUB_DEVICE, sizeof **list, d->head.version);
        if (!list[i])
            return CL_OUT_OF_HOST_MEMORY;
        list[i]->platform = d->platform;
        list[i]->type = d->type;
        list[i]->name = "part";
    }
    return CL_SUCCESS;
}

cl_int clReleaseDevice(cl_device_id d) {
    if (!stub_is(d, STUB_DEVICE))
        return CL_INVALID_DEVICE;
    stub_needs(d, 120);
    if (stub_release(d))
        stub_free(d);
    return CL_SUCCESS;
}

cl_int clGetDeviceAndHostTimer(cl_device_id d, cl_ulong *device, cl_ulong *host) {
    if (!stub_is(d, STUB_DEVICE))
        return CL_INVALID_DEVICE;
    stub_needs(d, 210);
    *device = *host = 1;
    return CL_SUCCESS;
}

cl_int clGetHostTimer(cl_device_id d, cl_ulong *host) {
    cl_ulong unused;
    return clGetDeviceAndHostTimer(d, &unused, host);
}

/* ---- contexts ---- */

bool stub_in_context(cl_context context, cl_device_id device) {
    if (device->platform != context->devices[0]->platform)
        stub_harm("another platform's device");
    for (cl_uint i = 0; i < context->device_count; i++)
        if (context->devices[i] == device)
            return true;
    return false;
}

cl_context clCreateContext(const cl_context_properties *properties, cl_uint count, const cl_device_id *list,
                           void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *user,
                           cl_int *r) {
    (void)notify, (void)user;
    const cl_platform_id platform = properties ? (cl_platform_id)properties[1] : list[0]->platform;
    for (cl_uint i = 0; i < count; i++) {
        if (!stub_is(list[i], STUB_DEVICE))
            return stub_error(r, CL_INVALID_DEVICE);
        if (list[i]->platform != platform)
            stub_harm("another platform's device");
    }
    if (count == 0 || count > 8 || stub_fails())
        return stub_error(r, CL_OUT_OF_RESOURCES);
    cl_context c = stub_new(STUB_CONTEXT, sizeof *c, platform->head.version);
    if (!c)
        return stub_error(r, CL_OUT_OF_HOST_MEMORY);
    memcpy(c->devices, list, count * sizeof(cl_device_id));
    c->device_count = count;
    stub_error(r, CL_SUCCESS);
    return c;
}

cl_int clReleaseContext(cl_context c) {
    if (!stub_is(c, STUB_CONTEXT))
        return CL_INVALID_CONTEXT;
    if (stub_release(c))
        stub_free(c);
    return CL_SUCCESS;
}

/* ---- memory objects ---- */

static cl_mem new_mem(cl_context c, cl_mem_object_type type, cl_mem_flags flags, size_t size, cl_int *r) {
    cl_mem m = stub_new(STUB_MEM, sizeof *m, c->head.version);
    if (!m)
        return stub_error(r, CL_OUT_OF_HOST_MEMORY);
    stub_retain(c);
    m->context = c;
    m->type = type;
    m->flags = flags;
    m->size = size;
    stub_error(r, CL_SUCCESS);
    return m;
}

cl_mem clCreateBuffer(cl_context c, cl_mem_flags flags, size_t size, void *host, cl_int *r) {
    bool pointer = flags & (CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR);
    if (!stub_is(c, STUB_CONTEXT))
        return stub_error(r, CL_INVALID_CONTEXT);
    if (pointer != (host != NULL))
        return stub_error(r, CL_INVALID_HOST_PTR);
    if (size == 0 || size > 1u << 30 || stub_fails())
        return stub_error(r, CL_INVALID_BUFFER_SIZE);
    if (host)
        stub_touch(host, size);
    return new_mem(c, CL_MEM_OBJECT_BUFFER, flags, size, r);
}

cl_mem clCreateSubBuffer(cl_mem parent, cl_mem_flags flags, cl_buffer_create_type type, const void *info,
                         cl_int *r) {
    const cl_buffer_region *region = info;
    if (!stub_is(parent, STUB_MEM))
        return stub_error(r, CL_INVALID_MEM_OBJECT);
    stub_needs(parent, 110);
    if (parent->type != CL_MEM_OBJECT_BUFFER || parent->parent || type != CL_BUFFER_CREATE_TYPE_REGION)
        return stub_error(r, CL_INVALID_MEM_OBJECT);
    if (region->size == 0 || region->origin > parent->size || region->size > parent->size - region->origin ||
        stub_fails())
        return stub_error(r, CL_INVALID_VALUE);
    cl_mem m = new_mem(parent->context, CL_MEM_OBJECT_BUFFER, flags, region->size, r);
    if (m) {
        stub_retain(parent);
        m->parent = parent;
    }
    return m;
}

static size_t element_size(const cl_image_format *f) {
    size_t channels = f->image_channel_order == CL_RGBA ? 4 : f->image_channel_order == CL_R ? 1 : 0;
    size_t bytes = f->image_channel_data_type == CL_UNSIGNED_INT8 ? 1
                   : f->image_channel_data_type == CL_FLOAT       ? 4
                                                                  : 0;
    return channels * bytes;
}

cl_mem clCreateImage(cl_context c, cl_mem_flags flags, const cl_image_format *format, const cl_image_desc *d,
                     void *host, cl_int *r) {
    if (!stub_is(c, STUB_CONTEXT))
        return stub_error(r, CL_INVALID_CONTEXT);
    stub_needs(c, 120);
    if (stub_is(d->mem_object, STUB_MEM) && d->mem_object->context != c)
        return stub_error(r, CL_INVALID_IMAGE_DESCRIPTOR);
    size_t element = element_size(format), height = 1, slices = 1;
    if (d->image_type == CL_MEM_OBJECT_IMAGE2D || d->image_type == CL_MEM_OBJECT_IMAGE3D ||
        d->image_type == CL_MEM_OBJECT_IMAGE2D_ARRAY)
        height = d->image_height;
    if (d->image_type == CL_MEM_OBJECT_IMAGE3D)
        slices = d->image_depth;
    if (d->image_type == CL_MEM_OBJECT_IMAGE1D_ARRAY || d->image_type == CL_MEM_OBJECT_IMAGE2D_ARRAY)
        slices = d->image_array_size;
    size_t row = d->image_row_pitch ? d->image_row_pitch : d->image_width * element;
    size_t slice = d->image_slice_pitch ? d->image_slice_pitch : row * height;
    bool sane = element > 0 && d->image_width - 1 < 16384 && height - 1 < 16384 && slices - 1 < 2048 &&
                d->image_type >= CL_MEM_OBJECT_IMAGE2D && d->image_type <= CL_MEM_OBJECT_IMAGE1D_BUFFER &&
                row >= d->image_width * element && slice >= row * height && row < 1u << 30 &&
                slice < 1u << 30;
    if (!sane || (host != NULL) != ((flags & CL_MEM_COPY_HOST_PTR) != 0) || stub_fails())
        return stub_error(r, CL_INVALID_IMAGE_DESCRIPTOR);
    if (host)
        stub_touch(host, (slices - 1) * slice + (height - 1) * row + d->image_width * element);
    cl_mem m = new_mem(c, d->image_type, flags, 0, r);
    if (m) {
        m->format = *format;
        m->extent[0] = d->image_width;
        m->extent[1] = d->image_type == CL_MEM_OBJECT_IMAGE1D_ARRAY ? slices : height;
        m->extent[2] = d->image_type == CL_MEM_OBJECT_IMAGE1D_ARRAY ? 1 : slices;
        m->parent = d->mem_object;
        if (m->parent)
            stub_retain(m->parent);
    }
    return m;
}

cl_mem clCreatePipe(cl_context c, cl_mem_flags flags, cl_uint packet, cl_uint count,
                    const cl_pipe_properties *properties, cl_int *r) {
    (void)properties;
    if (!stub_is(c, STUB_CONTEXT))
        return stub_error(r, CL_INVALID_CONTEXT);
    stub_needs(c, 200);
    if (packet == 0 || count == 0 || stub_fails())
        return stub_error(r, CL_INVALID_PIPE_SIZE);
    return new_mem(c, CL_MEM_OBJECT_PIPE, flags, 0, r);
}

cl_int clReleaseMemObject(cl_mem m) {
    if (!stub_is(m, STUB_MEM))
        return CL_INVALID_MEM_OBJECT;
    if (stub_release(m)) {
        if (m->gone)
            m->gone(m, m->opaque);
        if (m->parent)
            clReleaseMemObject(m->parent);
        clReleaseContext(m->context);
        stub_free(m);
    }
    return CL_SUCCESS;
}

/* One is all that the worker asks for. */
cl_int clSetMemObjectDestructorCallback(cl_mem m, void(CL_CALLBACK *gone)(cl_mem, void *), void *opaque) {
    if (!stub_is(m, STUB_MEM) || m->gone)
        return CL_INVALID_MEM_OBJECT;
    m->gone = gone;
    m->opaque = opaque;
    return CL_SUCCESS;
}

cl_int clGetMemObjectInfo(cl_mem m, cl_mem_info param, size_t size, void *value, size_t *ret) {
    if (!stub_is(m, STUB_MEM))
        return CL_INVALID_MEM_OBJECT;
    switch (param) {
    case CL_MEM_TYPE:
        return stub_give(&m->type, sizeof m->type, size, value, ret);
    case CL_MEM_FLAGS:
        return stub_give(&m->flags, sizeof m->flags, size, value, ret);
    case CL_MEM_SIZE:
        return stub_give(&m->size, sizeof m->size, size, value, ret);
    default:
        return CL_INVALID_VALUE;
    }
}

cl_int clGetImageInfo(cl_mem m, cl_image_info param, size_t size, void *value, size_t *ret) {
    if (!stub_is(m, STUB_MEM) || m->type < CL_MEM_OBJECT_IMAGE2D || m->type > CL_MEM_OBJECT_IMAGE1D_BUFFER)
        return CL_INVALID_MEM_OBJECT;
    const size_t element = element_size(&m->format);
    switch (param) {
    case CL_IMAGE_ELEMENT_SIZE:
        return stub_give(&element, sizeof element, size, value, ret);
    case CL_IMAGE_FORMAT:
        return stub_give(&m->format, sizeof m->format, size, value, ret);
    case CL_IMAGE_WIDTH:
        return stub_give(&m->extent[0], sizeof m->extent[0], size, value, ret);
    default:
        return CL_INVALID_VALUE;
    }
}

cl_int clGetPipeInfo(cl_mem m, cl_pipe_info param, size_t size, void *value, size_t *ret) {
    const cl_uint four = 4;
    stub_needs(m, 200);
    if (!stub_is(m, STUB_MEM) || m->type != CL_MEM_OBJECT_PIPE)
        return CL_INVALID_MEM_OBJECT;
    return param == CL_PIPE_PACKET_SIZE ? stub_give(&four, sizeof four, size, value, ret) : CL_INVALID_VALUE;
}

cl_int clGetSupportedImageFormats(cl_context c, cl_mem_flags flags, cl_mem_object_type type, cl_uint count,
                                  cl_image_format *list, cl_uint *there) {
    static const cl_image_format known[] = {
        {CL_RGBA, CL_UNSIGNED_INT8}, {CL_RGBA, CL_FLOAT}, {CL_R, CL_FLOAT}};
    (void)flags, (void)type;
    if (!stub_is(c, STUB_CONTEXT))
        return CL_INVALID_CONTEXT;
    for (cl_uint i = 0; list && i < count && i < 3; i++)
        list[i] = known[i];
    if (there)
        *there = 3;
    return stub_fails() ? CL_OUT_OF_RESOURCES : CL_SUCCESS;
}

/* ---- samplers ---- */

static cl_sampler new_sampler(cl_context c, cl_int *r) {
    if (!stub_is(c, STUB_CONTEXT))
        return stub_error(r, CL_INVALID_CONTEXT);
    cl_sampler s = stub_fails() ? NULL : stub_new(STUB_SAMPLER, sizeof *s, c->head.version);
    if (!s)
        return stub_error(r, CL_OUT_OF_HOST_MEMORY);
    stub_retain(c);
    s->context = c;
    stub_error(r, CL_SUCCESS);
    return s;
}

cl_sampler clCreateSamplerWithProperties(cl_context c, const cl_sampler_properties *list, cl_int *r) {
    stub_needs(c, 200);
    while (*list)
        list += 2;
    return new_sampler(c, r);
}

cl_sampler clCreateSampler(cl_context c, cl_bool normalized, cl_addressing_mode addressing,
                           cl_filter_mode filter, cl_int *r) {
    (void)normalized, (void)addressing, (void)filter;
    return new_sampler(c, r);
}

cl_int clReleaseSampler(cl_sampler s) {
    if (!stub_is(s, STUB_SAMPLER))
        return CL_INVALID_SAMPLER;
    if (stub_release(s)) {
        clReleaseContext(s->context);
        stub_free(s);
    }
    return CL_SUCCESS;
}
