// SPDX-License-Identifier: MIT
/*
 * GET_INFO: queries that only the driver can answer. Answers pass as raw bytes, so nothing may pass that
 * holds a handle or an address of this process: each kind of query has the list of what may.
 */
#include <stdlib.h>
#include <string.h>

#include <CL/cl_ext.h>

#include "host-backend/worker/binaries.h"
#include "host-backend/worker/handlers.h"
#include "host-backend/worker/kernel.h"
#include "host-backend/worker/program.h"
#include "host-backend/worker/turn.h"
#include "host-backend/worker/wait.h"

enum { ANSWER_MAX = 64 << 20 };

/* The query being answered. */
struct query {
    struct session *s;
    const struct tr_get_info *c;
    const void *input;
    cl_platform_id platform;
    struct driver_device *device;
    union {
        struct object *any;
        struct program *program;
        struct kernel *kernel;
        struct mem *mem;
        struct event *event;
    };
};

/* Is the parameter in the list? */
static bool listed(cl_uint param, const cl_uint *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (list[i] == param)
            return true;
    return false;
}
#define LISTED(param, ...)                                                                                   \
    listed(param, (const cl_uint[]){__VA_ARGS__}, sizeof((const cl_uint[]){__VA_ARGS__}) / sizeof(cl_uint))

/* Devices have many parameters and every driver its own ones; few hold handles. */
static bool device_param_passes(cl_uint p) {
    if (LISTED(p, CL_DEVICE_PLATFORM, CL_DEVICE_PARENT_DEVICE, CL_DEVICE_REFERENCE_COUNT,
               0x4054 /* CL_DEVICE_PARENT_DEVICE_EXT */, 0x4057 /* CL_DEVICE_REFERENCE_COUNT_EXT */))
        return false;
    return (p >= 0x1000 && p < 0x1100) || (p >= 0x4000 && p < 0x5000);
}

static bool param_passes(enum tr_info what, cl_uint p) {
    switch (what) {
    case TR_INFO_PLATFORM:
        return LISTED(p, CL_PLATFORM_PROFILE, CL_PLATFORM_VERSION, CL_PLATFORM_NAME, CL_PLATFORM_VENDOR,
                      CL_PLATFORM_EXTENSIONS, CL_PLATFORM_HOST_TIMER_RESOLUTION, CL_PLATFORM_NUMERIC_VERSION,
                      CL_PLATFORM_EXTENSIONS_WITH_VERSION, CL_PLATFORM_ICD_SUFFIX_KHR);
    case TR_INFO_DEVICE:
        return device_param_passes(p);
    case TR_INFO_PROGRAM:
        return LISTED(p, CL_PROGRAM_NUM_DEVICES, CL_PROGRAM_SOURCE, CL_PROGRAM_BINARY_SIZES,
                      CL_PROGRAM_NUM_KERNELS, CL_PROGRAM_KERNEL_NAMES, CL_PROGRAM_IL,
                      CL_PROGRAM_SCOPE_GLOBAL_CTORS_PRESENT, CL_PROGRAM_SCOPE_GLOBAL_DTORS_PRESENT);
    case TR_INFO_PROGRAM_BUILD:
        return LISTED(p, CL_PROGRAM_BUILD_STATUS, CL_PROGRAM_BUILD_OPTIONS, CL_PROGRAM_BUILD_LOG,
                      CL_PROGRAM_BINARY_TYPE, CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE);
    case TR_INFO_KERNEL:
        return LISTED(p, CL_KERNEL_FUNCTION_NAME, CL_KERNEL_NUM_ARGS, CL_KERNEL_ATTRIBUTES);
    case TR_INFO_KERNEL_ARG:
        return LISTED(p, CL_KERNEL_ARG_ADDRESS_QUALIFIER, CL_KERNEL_ARG_ACCESS_QUALIFIER,
                      CL_KERNEL_ARG_TYPE_NAME, CL_KERNEL_ARG_TYPE_QUALIFIER, CL_KERNEL_ARG_NAME);
    case TR_INFO_KERNEL_WORK_GROUP:
        return LISTED(p, CL_KERNEL_WORK_GROUP_SIZE, CL_KERNEL_COMPILE_WORK_GROUP_SIZE,
                      CL_KERNEL_LOCAL_MEM_SIZE, CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE,
                      CL_KERNEL_PRIVATE_MEM_SIZE, CL_KERNEL_GLOBAL_WORK_SIZE);
    case TR_INFO_KERNEL_SUB_GROUP:
        return LISTED(p, CL_KERNEL_MAX_SUB_GROUP_SIZE_FOR_NDRANGE, CL_KERNEL_SUB_GROUP_COUNT_FOR_NDRANGE,
                      CL_KERNEL_LOCAL_SIZE_FOR_SUB_GROUP_COUNT, CL_KERNEL_MAX_NUM_SUB_GROUPS,
                      CL_KERNEL_COMPILE_NUM_SUB_GROUPS);
    case TR_INFO_MEM:
        return LISTED(p, CL_MEM_TYPE, CL_MEM_FLAGS, CL_MEM_SIZE, CL_MEM_OFFSET, CL_MEM_USES_SVM_POINTER);
    case TR_INFO_IMAGE:
        return LISTED(p, CL_IMAGE_FORMAT, CL_IMAGE_ELEMENT_SIZE, CL_IMAGE_ROW_PITCH, CL_IMAGE_SLICE_PITCH,
                      CL_IMAGE_WIDTH, CL_IMAGE_HEIGHT, CL_IMAGE_DEPTH, CL_IMAGE_ARRAY_SIZE,
                      CL_IMAGE_NUM_MIP_LEVELS, CL_IMAGE_NUM_SAMPLES);
    case TR_INFO_PIPE:
        return LISTED(p, CL_PIPE_PACKET_SIZE, CL_PIPE_MAX_PACKETS);
    case TR_INFO_EVENT_PROFILING:
        return LISTED(p, CL_PROFILING_COMMAND_QUEUED, CL_PROFILING_COMMAND_SUBMIT, CL_PROFILING_COMMAND_START,
                      CL_PROFILING_COMMAND_END, CL_PROFILING_COMMAND_COMPLETE);
    default:
        return true; /* the timers, and the suggested local size have no parameter */
    }
}

/* ---- finding what is asked about ---- */

/* The kind of object that a query is about; TR_KIND_NONE: a platform's or device's number. */
static enum tr_kind kind_of_query(uint32_t what) {
    switch (what) {
    case TR_INFO_PROGRAM:
    case TR_INFO_PROGRAM_BUILD:
        return TR_KIND_PROGRAM;
    case TR_INFO_KERNEL:
    case TR_INFO_KERNEL_ARG:
    case TR_INFO_KERNEL_WORK_GROUP:
    case TR_INFO_KERNEL_SUB_GROUP:
    case TR_INFO_SUGGESTED_LOCAL:
        return TR_KIND_KERNEL;
    case TR_INFO_MEM:
    case TR_INFO_IMAGE:
    case TR_INFO_PIPE:
        return TR_KIND_MEM;
    case TR_INFO_EVENT_PROFILING:
        return TR_KIND_EVENT;
    default:
        return TR_KIND_NONE;
    }
}

static bool takes_device(uint32_t what) {
    return what == TR_INFO_PROGRAM_BUILD || what == TR_INFO_KERNEL_WORK_GROUP ||
           what == TR_INFO_KERNEL_SUB_GROUP;
}

/* Fills in platform, device and object. False, with the session failed, if they do not exist. */
static bool resolve(struct query *q) {
    struct driver *d = q->s->driver;
    uint32_t what = q->c->what, object = q->c->object;
    enum tr_kind kind = kind_of_query(what);

    if (what == 0 || what >= TR_INFO_COUNT) {
        session_violation(q->s, "get_info: unknown query %u", what);
    } else if (kind != TR_KIND_NONE) {
        q->any = object < TR_MAX_ID ? objects_get(&q->s->objects, object) : NULL;
        if (!q->any || q->any->kind != kind)
            session_violation(q->s, "get_info: no object %u of the kind that query %u is about", object,
                              what);
        else if (!takes_device(what))
            return true;
        else if (!driver_shows(d, q->c->device))
            session_violation(q->s, "get_info: no device %u", q->c->device);
        else
            q->device = d->devices[q->c->device];
    } else if (what == TR_INFO_PLATFORM) {
        if (object >= d->platform_count)
            session_violation(q->s, "get_info: no platform %u", object);
        else
            q->platform = d->platforms[object].id;
    } else if (!driver_shows(d, object)) {
        session_violation(q->s, "get_info: no device %u", object);
    } else {
        q->device = d->devices[object];
    }
    return !q->s->over;
}

/* ---- asking the driver ---- */
/* NOLINTBEGIN(clang-analyzer-core.NullDereference): resolve() has set what each query needs */

static cl_int ask_timers(const struct query *q, size_t size, void *value, size_t *needed) {
    cl_ulong t[2] = {0, 0};
    bool both = q->c->what == TR_INFO_DEVICE_TIMER;

    *needed = both ? 16 : 8;
    if (q->device->platform->version < 210)
        return CL_INVALID_OPERATION;
    cl_int r =
        both ? clGetDeviceAndHostTimer(q->device->id, &t[0], &t[1]) : clGetHostTimer(q->device->id, &t[0]);
    if (r == CL_SUCCESS && size >= *needed)
        memcpy(value, t, *needed);
    return r;
}

/* input: u64 work_dim, offset[3], global[3] */
static cl_int ask_suggested_local(const struct query *q, size_t size, void *value, size_t *needed) {
    uint64_t in[7];
    size_t offset[3], global[3], local[3] = {1, 1, 1};
    struct queue *queue = q->c->index < TR_MAX_ID ? objects_get(&q->s->objects, q->c->index) : NULL;

    *needed = 24;
    if (!queue || queue->object.kind != TR_KIND_QUEUE || q->c->input_count != sizeof in) {
        session_violation(q->s, "get_info: the query for a local size names no queue or has no sizes");
        return CL_INVALID_VALUE;
    }
    if (!queue->cl)
        return CL_OUT_OF_RESOURCES;
    if (queue->object.platform != q->kernel->object.platform)
        return CL_INVALID_CONTEXT;
    memcpy(in, q->input, sizeof in);
    if (in[0] < 1 || in[0] > 3)
        return CL_INVALID_WORK_DIMENSION;
    clGetKernelSuggestedLocalWorkSizeKHR_fn ask =
        (clGetKernelSuggestedLocalWorkSizeKHR_fn)clGetExtensionFunctionAddressForPlatform(
            queue->device->platform->id, "clGetKernelSuggestedLocalWorkSizeKHR");
    if (!ask)
        return CL_INVALID_OPERATION;
    for (int i = 0; i < 3; i++) {
        offset[i] = in[1 + i];
        global[i] = in[4 + i];
    }
    cl_int r = ask(queue->cl, q->kernel->cl, (cl_uint)in[0], offset, global, local);
    if (r == CL_SUCCESS && size >= *needed)
        memcpy(value, (uint64_t[3]){local[0], local[1], local[2]}, *needed);
    return r;
}

static cl_int ask_profiling(const struct query *q, size_t size, void *value, size_t *needed) {
    cl_ulong stamp;
    cl_int r = event_stamp(q->event, q->c->param, &stamp);

    *needed = sizeof stamp;
    if (r == CL_SUCCESS && size >= *needed)
        memcpy(value, &stamp, sizeof stamp);
    return r;
}

/* A device has no more memory than its guest may have. */
static cl_int device_info(const struct query *q, cl_uint param, size_t size, void *value, size_t *needed) {
    cl_int r = clGetDeviceInfo(q->device->id, param, size, value, needed);
    cl_ulong memory, limit = board_read(&q->s->turns->board->memory_limit);

    if (r == CL_SUCCESS && value && size >= sizeof memory &&
        (param == CL_DEVICE_GLOBAL_MEM_SIZE || param == CL_DEVICE_MAX_MEM_ALLOC_SIZE)) {
        memcpy(&memory, value, sizeof memory);
        if (memory > limit)
            memcpy(value, &limit, sizeof limit);
    }
    return r;
}

static cl_int ask(const struct query *q, size_t size, void *value, size_t *needed) {
    cl_uint param = q->c->param;

    switch (q->c->what) {
    case TR_INFO_PLATFORM:
        return clGetPlatformInfo(q->platform, param, size, value, needed);
    case TR_INFO_DEVICE:
        return device_info(q, param, size, value, needed);
    case TR_INFO_PROGRAM:
        return param == CL_PROGRAM_BINARY_SIZES
                   ? binaries_sizes(q->program->cl, size, value, needed)
                   : clGetProgramInfo(q->program->cl, param, size, value, needed);
    case TR_INFO_PROGRAM_BUILD:
        return program_build_info(q->program, q->device, param, size, value, needed);
    case TR_INFO_KERNEL:
        return kernel_info(q->kernel, param, size, value, needed);
    case TR_INFO_KERNEL_ARG:
        return kernel_arg_info(q->kernel, q->c->index, param, size, value, needed);
    case TR_INFO_KERNEL_WORK_GROUP:
        return clGetKernelWorkGroupInfo(q->kernel->cl, q->device->id, param, size, value, needed);
    case TR_INFO_KERNEL_SUB_GROUP:
        if (q->device->platform->version < 210)
            return CL_INVALID_OPERATION;
        return clGetKernelSubGroupInfo(q->kernel->cl, q->device->id, param, q->c->input_count, q->input, size,
                                       value, needed);
    case TR_INFO_MEM:
        return clGetMemObjectInfo(q->mem->cl, param, size, value, needed);
    case TR_INFO_IMAGE:
        return clGetImageInfo(q->mem->cl, param, size, value, needed);
    case TR_INFO_PIPE:
        return clGetPipeInfo(q->mem->cl, param, size, value, needed);
    case TR_INFO_EVENT_PROFILING:
        return ask_profiling(q, size, value, needed);
    case TR_INFO_SUGGESTED_LOCAL:
        return ask_suggested_local(q, size, value, needed);
    default:
        return ask_timers(q, size, value, needed);
    }
}

/* NOLINTEND(clang-analyzer-core.NullDereference) */

/* Objects that the driver never made have nothing to ask for (but a program's build log, which the worker
 * keeps itself). */
static bool is_dead(const struct query *q) {
    switch (kind_of_query(q->c->what)) {
    case TR_KIND_PROGRAM:
        return q->c->what == TR_INFO_PROGRAM && !q->program->cl;
    case TR_KIND_KERNEL:
        return !q->kernel->cl;
    case TR_KIND_MEM:
        return !q->mem->cl;
    case TR_KIND_EVENT:
        return !q->event->cl;
    default:
        return false;
    }
}

static cl_int answer(struct query *q, uint64_t *value) {
    size_t needed = 0;

    if (!param_passes(q->c->what, q->c->param))
        return CL_INVALID_VALUE;
    if (kind_of_query(q->c->what) == TR_KIND_PROGRAM && program_busy(q->program) &&
        q->c->what != TR_INFO_PROGRAM_BUILD)
        return CL_INVALID_OPERATION;
    if (is_dead(q))
        return CL_OUT_OF_RESOURCES;
    cl_int r = ask(q, 0, NULL, &needed);
    if (r != CL_SUCCESS)
        return r;
    *value = needed;
    if (needed == 0 || needed > q->c->out.length || needed > ANSWER_MAX)
        return CL_SUCCESS;
    /* Not into the guest's memory directly: a driver may read back what it has just written. */
    void *copy = calloc(1, needed);
    if (!copy)
        return CL_OUT_OF_HOST_MEMORY;
    r = ask(q, needed, copy, &needed);
    if (r == CL_SUCCESS)
        memcpy(session_span(q->s, q->c->out), copy, needed);
    free(copy);
    return r;
}

void do_get_info(struct session *s, const struct tr_get_info *c, const struct tr_view *v) {
    struct query q = {.s = s, .c = c, .input = v->arrays[0]};
    uint64_t value = 0;

    if (!resolve(&q))
        return;
    cl_int r = answer(&q, &value);
    if (!s->over)
        session_answer(s, session_slot(s, c->slot), r, value);
}
