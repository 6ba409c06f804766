// SPDX-License-Identifier: MIT
/* Objects that most cases start from, and small queries. */
#include "conform.h"

#include <sys/types.h>

bool tell_driver = false;

struct cl cl_open(void) {
    struct cl c = {.platform = the_platform(), .device = the_device()};
    cl_int e;

    if (tell_driver) { /* for compare.c: which version of the driver this is about */
        char version[64] = "";
        clGetDeviceInfo(c.device, CL_DRIVER_VERSION, sizeof(version), version, NULL);
        loose("driver", "%s", version);
        tell_driver = false;
    }
    c.ctx = clCreateContext(NULL, 1, &c.device, NULL, NULL, &e);
    must_succeed("clCreateContext", e, __FILE__, __LINE__);
    c.q = queue_new(&c, CL_QUEUE_PROFILING_ENABLE);
    return c;
}

struct cl cl_open_out_of_order(void) {
    struct cl c = cl_open();

    need_out_of_order(&c);
    return c;
}

void cl_close(struct cl *c) {
    OK(clFinish(c->q));
    OK(clReleaseCommandQueue(c->q));
    OK(clReleaseContext(c->ctx));
}

cl_command_queue queue_new(struct cl *c, cl_command_queue_properties properties) {
    cl_queue_properties list[] = {CL_QUEUE_PROPERTIES, properties, 0};
    cl_int e;
    cl_command_queue q = clCreateCommandQueueWithProperties(c->ctx, c->device, list, &e);

    must_succeed("clCreateCommandQueueWithProperties", e, __FILE__, __LINE__);
    return q;
}

cl_program program_new(struct cl *c, const char *source, const char *options) {
    cl_int e;
    cl_program p = clCreateProgramWithSource(c->ctx, 1, &source, NULL, &e);

    must_succeed("clCreateProgramWithSource", e, __FILE__, __LINE__);
    e = clBuildProgram(p, 1, &c->device, options, NULL, NULL);
    if (e != CL_SUCCESS) {
        static char log[16384];

        clGetProgramBuildInfo(p, c->device, CL_PROGRAM_BUILD_LOG, sizeof(log), log, NULL);
        loose("build log", "%s", log);
        must_succeed("clBuildProgram", e, __FILE__, __LINE__);
    }
    return p;
}

cl_kernel kernel_new(struct cl *c, const char *source, const char *name) {
    cl_program p = program_new(c, source, "");
    cl_int e;
    cl_kernel k = clCreateKernel(p, name, &e);

    must_succeed("clCreateKernel", e, __FILE__, __LINE__);
    OK(clReleaseProgram(p));
    return k;
}

cl_mem buffer_new(struct cl *c, cl_mem_flags flags, size_t size, void *host_ptr) {
    cl_int e;
    cl_mem m = clCreateBuffer(c->ctx, flags, size, host_ptr, &e);

    must_succeed("clCreateBuffer", e, __FILE__, __LINE__);
    return m;
}

#define DEFINE_QUERY(name, type)                                                                             \
    type name(cl_device_id device, cl_device_info info) {                                                    \
        type value = 0;                                                                                      \
                                                                                                             \
        must_succeed("clGetDeviceInfo", clGetDeviceInfo(device, info, sizeof(value), &value, NULL),          \
                     __FILE__, __LINE__);                                                                    \
        return value;                                                                                        \
    }

DEFINE_QUERY(device_uint, cl_uint)
DEFINE_QUERY(device_ulong, cl_ulong)
DEFINE_QUERY(device_size, size_t)

bool device_bool(cl_device_id device, cl_device_info info) {
    cl_bool value = CL_FALSE;

    OK(clGetDeviceInfo(device, info, sizeof(value), &value, NULL));
    return value == CL_TRUE;
}

unsigned device_version(cl_device_id device) {
    char text[256] = "";
    unsigned major = 0, minor = 0;

    OK(clGetDeviceInfo(device, CL_DEVICE_VERSION, sizeof(text), text, NULL));
    sscanf(text, "OpenCL %u.%u", &major, &minor);
    return major * 100 + minor * 10;
}

bool device_has_extension(cl_device_id device, const char *name) {
    static char list[16384];
    size_t length = strlen(name);

    OK(clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, sizeof(list), list, NULL));
    for (const char *at = list; (at = strstr(at, name)); at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == 0))
            return true;
    return false;
}

void need_images(struct cl *c) {
    if (!device_bool(c->device, CL_DEVICE_IMAGE_SUPPORT))
        skip("the device has no images");
}

void need_out_of_order(struct cl *c) {
    cl_command_queue_properties host = 0;

    OK(clGetDeviceInfo(c->device, CL_DEVICE_QUEUE_ON_HOST_PROPERTIES, sizeof(host), &host, NULL));
    if (!(host & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE))
        skip("the device has no out-of-order queues");
}

cl_int event_status(cl_event event) {
    cl_int status = 0;

    OK(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, NULL));
    return status;
}

cl_uint refcount_of_mem(cl_mem mem) {
    cl_uint count = 0;

    OK(clGetMemObjectInfo(mem, CL_MEM_REFERENCE_COUNT, sizeof(count), &count, NULL));
    return count;
}

uint64_t hash_bytes(const void *data, size_t size) {
    const unsigned char *p = data;
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

uint32_t prng(uint32_t *state) {
    uint32_t x = *state;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}
