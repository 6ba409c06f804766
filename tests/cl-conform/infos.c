// SPDX-License-Identifier: MIT
/* Every parameter of every query of every object: values, sizes, and the rules for NULL and too small
 * buffers. */
#include "infos.h"

static void show(const struct info_row *row, const unsigned char *value, size_t size) {
    char text[4096] = "";
    size_t used = 0;

    switch (row->kind) {
    case INFO_UINT:
        if (check(size == sizeof(cl_uint), "%s has 4 bytes", row->name))
            see(row->name, "%u", *(const cl_uint *)value);
        return;
    case INFO_ULONG:
        if (check(size == sizeof(cl_ulong), "%s has 8 bytes", row->name))
            see(row->name, "%#llx", *(const unsigned long long *)value);
        return;
    case INFO_SIZE:
        if (check(size == sizeof(size_t), "%s is a size_t", row->name))
            see(row->name, "%zu", *(const size_t *)value);
        return;
    case INFO_SIZES:
    case INFO_NUMBERS:
        check(size % 8 == 0, "%s is an array of 64-bit numbers", row->name);
        for (size_t i = 0; i + 8 <= size && used < sizeof(text) - 32; i += 8)
            used += (size_t)snprintf(text + used, sizeof(text) - used, " %llu",
                                     *(const unsigned long long *)(value + i));
        see(row->name, "%zu bytes:%s", size, text);
        return;
    case INFO_STRING:
        if (check(size > 0 && strnlen((const char *)value, size) == size - 1, "%s is a string of its size",
                  row->name))
            see(row->name, "%s", (const char *)value);
        return;
    case INFO_HANDLE:
        if (check(size == sizeof(void *), "%s is one handle", row->name))
            see(row->name, "%s", *(void *const *)value ? "a handle" : "NULL");
        return;
    case INFO_BYTES:
        see(row->name, "%zu bytes, hash %016llx", size, (unsigned long long)hash_bytes(value, size));
        return;
    case INFO_LOOSE:
        if (size > 0 && size < 3000 && memchr(value, 0, size) == value + size - 1)
            loose(row->name, "%s", (const char *)value);
        else
            loose(row->name, "%zu bytes, hash %016llx", size, (unsigned long long)hash_bytes(value, size));
        return;
    }
}

static void rule(bool quiet, bool ok, const char *format, const char *name) {
    char what[160];

    snprintf(what, sizeof(what), format, name);
    if (!quiet || !ok)
        check(ok, "%s", what);
}

static void query_row(info_call call, void *object, const struct info_row *row) {
    size_t size = (size_t)-1, again = 0;
    cl_int e = call(object, row->param, 0, NULL, &size);
    bool quiet = row->kind == INFO_LOOSE; /* may exist on one side only: then no lines but broken rules */
    unsigned char *value;

    if (e != CL_SUCCESS) {
        (quiet ? loose : see)(row->name, "%s", error_name(e));
        return;
    }
    if (size > 1 << 20) {
        check(false, "%s has a sensible size", row->name);
        return;
    }
    /* One byte more than asked for, as a sentinel. */
    value = malloc(size + 16);
    memset(value, 0xd5, size + 16);
    e = call(object, row->param, size, value, &again);
    rule(quiet, e == CL_SUCCESS && again == size, "%s: the same size twice", row->name);
    rule(quiet, value[size] == 0xd5 && value[size + 15] == 0xd5, "%s: nothing behind its size is written",
         row->name);
    if (e == CL_SUCCESS)
        show(row, value, size);
    e = call(object, row->param, size + 8, value, NULL);
    rule(quiet, e == CL_SUCCESS, "%s: a larger buffer and no size_ret", row->name);
    if (size > 0) {
        e = call(object, row->param, size - 1, value, NULL);
        rule(quiet, e == CL_INVALID_VALUE, "%s: a buffer too small is CL_INVALID_VALUE", row->name);
    }
    e = call(object, row->param, 0, NULL, NULL);
    loose("nothing asked for", "%s", error_name(e));
    free(value);
}

void query_rows(info_call call, void *object, const struct info_row *rows, size_t count) {
    size_t size;

    for (size_t i = 0; i < count; i++)
        query_row(call, object, &rows[i]);
    check(call(object, 0x7777, 0, NULL, &size) == CL_INVALID_VALUE,
          "an unknown parameter is CL_INVALID_VALUE");
}

/* ---- the calls, in one shape
 * ------------------------------------------------------------------------------------ */

#define DEFINE_CALL(name, function, type)                                                                    \
    static cl_int name(void *object, cl_uint param, size_t size, void *value, size_t *size_ret) {            \
        return function((type)object, param, size, value, size_ret);                                         \
    }

DEFINE_CALL(ask_platform, clGetPlatformInfo, cl_platform_id)
DEFINE_CALL(ask_device, clGetDeviceInfo, cl_device_id)
DEFINE_CALL(ask_context, clGetContextInfo, cl_context)
DEFINE_CALL(ask_queue, clGetCommandQueueInfo, cl_command_queue)
DEFINE_CALL(ask_mem, clGetMemObjectInfo, cl_mem)
DEFINE_CALL(ask_image, clGetImageInfo, cl_mem)
DEFINE_CALL(ask_sampler, clGetSamplerInfo, cl_sampler)
DEFINE_CALL(ask_program, clGetProgramInfo, cl_program)
DEFINE_CALL(ask_kernel, clGetKernelInfo, cl_kernel)
DEFINE_CALL(ask_event, clGetEventInfo, cl_event)
DEFINE_CALL(ask_profiling, clGetEventProfilingInfo, cl_event)

static cl_int ask_build(void *object, cl_uint param, size_t size, void *value, size_t *size_ret) {
    return clGetProgramBuildInfo(object, the_device(), param, size, value, size_ret);
}

static cl_int ask_arg(void *object, cl_uint param, size_t size, void *value, size_t *size_ret) {
    return clGetKernelArgInfo(object, 0, param, size, value, size_ret);
}

static cl_int ask_work_group(void *object, cl_uint param, size_t size, void *value, size_t *size_ret) {
    return clGetKernelWorkGroupInfo(object, the_device(), param, size, value, size_ret);
}

/* ---- cases
 * -------------------------------------------------------------------------------------------------------- */

static void platform(void) {
    static const struct info_row rows[] = {
        INFO(CL_PLATFORM_PROFILE, STRING),
        INFO(CL_PLATFORM_VERSION, LOOSE),
        INFO(CL_PLATFORM_NAME, STRING),
        INFO(CL_PLATFORM_VENDOR, STRING),
        INFO(CL_PLATFORM_EXTENSIONS, LOOSE),
        INFO(CL_PLATFORM_ICD_SUFFIX_KHR, LOOSE),
        INFO(CL_PLATFORM_HOST_TIMER_RESOLUTION, LOOSE),
        INFO(CL_PLATFORM_NUMERIC_VERSION, LOOSE),
        INFO(CL_PLATFORM_EXTENSIONS_WITH_VERSION, LOOSE),
    };

    QUERY(ask_platform, the_platform(), rows);
}

static void device(void) {
    static const struct info_row rows[] = {
        INFO(CL_DEVICE_TYPE, ULONG),
        INFO(CL_DEVICE_VENDOR_ID, UINT),
        INFO(CL_DEVICE_MAX_COMPUTE_UNITS, UINT),
        INFO(CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS, UINT),
        INFO(CL_DEVICE_MAX_WORK_ITEM_SIZES, SIZES),
        INFO(CL_DEVICE_MAX_WORK_GROUP_SIZE, SIZE),
        INFO(CL_DEVICE_PREFERRED_VECTOR_WIDTH_CHAR, UINT),
        INFO(CL_DEVICE_PREFERRED_VECTOR_WIDTH_SHORT, UINT),
        INFO(CL_DEVICE_PREFERRED_VECTOR_WIDTH_INT, UINT),
        INFO(CL_DEVICE_PREFERRED_VECTOR_WIDTH_LONG, UINT),
        INFO(CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT, UINT),
        INFO(CL_DEVICE_PREFERRED_VECTOR_WIDTH_DOUBLE, UINT),
        INFO(CL_DEVICE_PREFERRED_VECTOR_WIDTH_HALF, UINT),
        INFO(CL_DEVICE_NATIVE_VECTOR_WIDTH_CHAR, UINT),
        INFO(CL_DEVICE_NATIVE_VECTOR_WIDTH_SHORT, UINT),
        INFO(CL_DEVICE_NATIVE_VECTOR_WIDTH_INT, UINT),
        INFO(CL_DEVICE_NATIVE_VECTOR_WIDTH_LONG, UINT),
        INFO(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, UINT),
        INFO(CL_DEVICE_NATIVE_VECTOR_WIDTH_DOUBLE, UINT),
        INFO(CL_DEVICE_NATIVE_VECTOR_WIDTH_HALF, UINT),
        INFO(CL_DEVICE_MAX_CLOCK_FREQUENCY, UINT),
        INFO(CL_DEVICE_ADDRESS_BITS, UINT),
        INFO(CL_DEVICE_MAX_MEM_ALLOC_SIZE, LOOSE), /* a part of GLOBAL_MEM_SIZE, as is what images may have */
        INFO(CL_DEVICE_IMAGE_SUPPORT, UINT),
        INFO(CL_DEVICE_MAX_READ_IMAGE_ARGS, UINT),
        INFO(CL_DEVICE_MAX_WRITE_IMAGE_ARGS, UINT),
        INFO(CL_DEVICE_MAX_READ_WRITE_IMAGE_ARGS, UINT),
        INFO(CL_DEVICE_IMAGE2D_MAX_WIDTH, LOOSE),
        INFO(CL_DEVICE_IMAGE2D_MAX_HEIGHT, LOOSE),
        INFO(CL_DEVICE_IMAGE3D_MAX_WIDTH, SIZE),
        INFO(CL_DEVICE_IMAGE3D_MAX_HEIGHT, SIZE),
        INFO(CL_DEVICE_IMAGE3D_MAX_DEPTH, SIZE),
        INFO(CL_DEVICE_IMAGE_MAX_BUFFER_SIZE, LOOSE),
        INFO(CL_DEVICE_IMAGE_MAX_ARRAY_SIZE, SIZE),
        INFO(CL_DEVICE_IMAGE_PITCH_ALIGNMENT, UINT),
        INFO(CL_DEVICE_IMAGE_BASE_ADDRESS_ALIGNMENT, UINT),
        INFO(CL_DEVICE_MAX_SAMPLERS, UINT),
        INFO(CL_DEVICE_MAX_PIPE_ARGS, UINT),
        INFO(CL_DEVICE_PIPE_MAX_ACTIVE_RESERVATIONS, UINT),
        INFO(CL_DEVICE_PIPE_MAX_PACKET_SIZE, UINT),
        INFO(CL_DEVICE_MAX_PARAMETER_SIZE, SIZE),
        INFO(CL_DEVICE_MEM_BASE_ADDR_ALIGN, UINT),
        INFO(CL_DEVICE_MIN_DATA_TYPE_ALIGN_SIZE, UINT),
        INFO(CL_DEVICE_SINGLE_FP_CONFIG, ULONG),
        INFO(CL_DEVICE_DOUBLE_FP_CONFIG, ULONG),
        INFO(CL_DEVICE_HALF_FP_CONFIG, ULONG),
        INFO(CL_DEVICE_GLOBAL_MEM_CACHE_TYPE, UINT),
        INFO(CL_DEVICE_GLOBAL_MEM_CACHELINE_SIZE, UINT),
        INFO(CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, ULONG),
        INFO(CL_DEVICE_GLOBAL_MEM_SIZE, LOOSE), /* PoCL's changes with the memory that is in use */
        INFO(CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE, ULONG),
        INFO(CL_DEVICE_MAX_CONSTANT_ARGS, UINT),
        INFO(CL_DEVICE_MAX_GLOBAL_VARIABLE_SIZE, SIZE),
        INFO(CL_DEVICE_GLOBAL_VARIABLE_PREFERRED_TOTAL_SIZE, SIZE),
        INFO(CL_DEVICE_LOCAL_MEM_TYPE, UINT),
        INFO(CL_DEVICE_LOCAL_MEM_SIZE, ULONG),
        INFO(CL_DEVICE_ERROR_CORRECTION_SUPPORT, UINT),
        INFO(CL_DEVICE_HOST_UNIFIED_MEMORY, UINT),
        INFO(CL_DEVICE_PROFILING_TIMER_RESOLUTION, SIZE),
        INFO(CL_DEVICE_ENDIAN_LITTLE, UINT),
        INFO(CL_DEVICE_AVAILABLE, UINT),
        INFO(CL_DEVICE_COMPILER_AVAILABLE, UINT),
        INFO(CL_DEVICE_LINKER_AVAILABLE, UINT),
        INFO(CL_DEVICE_EXECUTION_CAPABILITIES, ULONG),
        INFO(CL_DEVICE_QUEUE_ON_HOST_PROPERTIES, ULONG),
        INFO(CL_DEVICE_QUEUE_ON_DEVICE_PROPERTIES, ULONG),
        INFO(CL_DEVICE_QUEUE_ON_DEVICE_PREFERRED_SIZE, UINT),
        INFO(CL_DEVICE_QUEUE_ON_DEVICE_MAX_SIZE, UINT),
        INFO(CL_DEVICE_MAX_ON_DEVICE_QUEUES, UINT),
        INFO(CL_DEVICE_MAX_ON_DEVICE_EVENTS, UINT),
        INFO(CL_DEVICE_BUILT_IN_KERNELS, STRING),
        INFO(CL_DEVICE_PLATFORM, HANDLE),
        INFO(CL_DEVICE_NAME, STRING),
        INFO(CL_DEVICE_VENDOR, STRING),
        INFO(CL_DRIVER_VERSION, STRING),
        INFO(CL_DEVICE_PROFILE, STRING),
        INFO(CL_DEVICE_VERSION, STRING),
        INFO(CL_DEVICE_OPENCL_C_VERSION, STRING),
        INFO(CL_DEVICE_EXTENSIONS, LOOSE),
        INFO(CL_DEVICE_PRINTF_BUFFER_SIZE, SIZE),
        INFO(CL_DEVICE_PREFERRED_INTEROP_USER_SYNC, UINT),
        INFO(CL_DEVICE_PARENT_DEVICE, HANDLE),
        INFO(CL_DEVICE_PARTITION_MAX_SUB_DEVICES, LOOSE),
        INFO(CL_DEVICE_PARTITION_PROPERTIES, LOOSE),
        INFO(CL_DEVICE_PARTITION_AFFINITY_DOMAIN, LOOSE),
        INFO(CL_DEVICE_PARTITION_TYPE, NUMBERS),
        INFO(CL_DEVICE_REFERENCE_COUNT, UINT),
        INFO(CL_DEVICE_SVM_CAPABILITIES, LOOSE),
        INFO(CL_DEVICE_PREFERRED_PLATFORM_ATOMIC_ALIGNMENT, UINT),
        INFO(CL_DEVICE_PREFERRED_GLOBAL_ATOMIC_ALIGNMENT, UINT),
        INFO(CL_DEVICE_PREFERRED_LOCAL_ATOMIC_ALIGNMENT, UINT),
        INFO(CL_DEVICE_MAX_NUM_SUB_GROUPS, UINT),
        INFO(CL_DEVICE_SUB_GROUP_INDEPENDENT_FORWARD_PROGRESS, UINT),
        INFO(CL_DEVICE_IL_VERSION, LOOSE),
        INFO(CL_DEVICE_NUMERIC_VERSION, UINT),
        INFO(CL_DEVICE_EXTENSIONS_WITH_VERSION, LOOSE),
        INFO(CL_DEVICE_ILS_WITH_VERSION, LOOSE),
        INFO(CL_DEVICE_BUILT_IN_KERNELS_WITH_VERSION, BYTES),
        INFO(CL_DEVICE_ATOMIC_MEMORY_CAPABILITIES, ULONG),
        INFO(CL_DEVICE_ATOMIC_FENCE_CAPABILITIES, ULONG),
        INFO(CL_DEVICE_NON_UNIFORM_WORK_GROUP_SUPPORT, UINT),
        INFO(CL_DEVICE_OPENCL_C_ALL_VERSIONS, BYTES),
        INFO(CL_DEVICE_PREFERRED_WORK_GROUP_SIZE_MULTIPLE, SIZE),
        INFO(CL_DEVICE_WORK_GROUP_COLLECTIVE_FUNCTIONS_SUPPORT, UINT),
        INFO(CL_DEVICE_GENERIC_ADDRESS_SPACE_SUPPORT, UINT),
        INFO(CL_DEVICE_OPENCL_C_FEATURES, BYTES),
        INFO(CL_DEVICE_DEVICE_ENQUEUE_CAPABILITIES, ULONG),
        INFO(CL_DEVICE_PIPE_SUPPORT, UINT),
        INFO(CL_DEVICE_LATEST_CONFORMANCE_VERSION_PASSED, STRING),
    };

    QUERY(ask_device, the_device(), rows);
}

static void context(void) {
    static const struct info_row rows[] = {
        INFO(CL_CONTEXT_REFERENCE_COUNT, UINT),
        INFO(CL_CONTEXT_DEVICES, HANDLE),
        INFO(CL_CONTEXT_PROPERTIES, LOOSE),
        INFO(CL_CONTEXT_NUM_DEVICES, UINT),
    };
    struct cl c = cl_open();
    cl_context_properties list[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)c.platform, 0};
    cl_context other = clCreateContext(list, 1, &c.device, NULL, NULL, NULL);

    QUERY(ask_context, other, rows);
    OK(clReleaseContext(other));
    cl_close(&c);
}

static void queue(void) {
    static const struct info_row rows[] = {
        INFO(CL_QUEUE_CONTEXT, HANDLE),         INFO(CL_QUEUE_DEVICE, HANDLE),
        INFO(CL_QUEUE_REFERENCE_COUNT, UINT),   INFO(CL_QUEUE_PROPERTIES, ULONG),
        INFO(CL_QUEUE_PROPERTIES_ARRAY, BYTES), INFO(CL_QUEUE_DEVICE_DEFAULT, HANDLE),
    };
    struct cl c = cl_open();

    QUERY(ask_queue, c.q, rows);
    cl_close(&c);
}

static const struct info_row mem_rows[] = {
    INFO(CL_MEM_TYPE, UINT),        INFO(CL_MEM_FLAGS, ULONG),
    INFO(CL_MEM_SIZE, SIZE),        INFO(CL_MEM_HOST_PTR, HANDLE),
    INFO(CL_MEM_MAP_COUNT, UINT),   INFO(CL_MEM_REFERENCE_COUNT, UINT),
    INFO(CL_MEM_CONTEXT, HANDLE),   INFO(CL_MEM_ASSOCIATED_MEMOBJECT, HANDLE),
    INFO(CL_MEM_OFFSET, SIZE),      INFO(CL_MEM_USES_SVM_POINTER, UINT),
    INFO(CL_MEM_PROPERTIES, BYTES),
};

static void buffer(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, CL_MEM_READ_ONLY, 12345, NULL);

    QUERY(ask_mem, m, mem_rows);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void image(void) {
    static const struct info_row rows[] = {
        INFO(CL_IMAGE_FORMAT, BYTES),     INFO(CL_IMAGE_ELEMENT_SIZE, SIZE),
        INFO(CL_IMAGE_ROW_PITCH, SIZE),   INFO(CL_IMAGE_SLICE_PITCH, LOOSE),
        INFO(CL_IMAGE_WIDTH, SIZE),       INFO(CL_IMAGE_HEIGHT, SIZE),
        INFO(CL_IMAGE_DEPTH, SIZE),       INFO(CL_IMAGE_ARRAY_SIZE, SIZE),
        INFO(CL_IMAGE_BUFFER, HANDLE),    INFO(CL_IMAGE_NUM_MIP_LEVELS, UINT),
        INFO(CL_IMAGE_NUM_SAMPLES, UINT),
    };
    struct cl c = cl_open();
    cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
    static const cl_image_desc descs[] = {
        {.image_type = CL_MEM_OBJECT_IMAGE1D, .image_width = 50},
        {.image_type = CL_MEM_OBJECT_IMAGE1D_ARRAY, .image_width = 50, .image_array_size = 3},
        {.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 50, .image_height = 20},
        {.image_type = CL_MEM_OBJECT_IMAGE2D_ARRAY,
         .image_width = 50,
         .image_height = 20,
         .image_array_size = 4},
        {.image_type = CL_MEM_OBJECT_IMAGE3D, .image_width = 50, .image_height = 20, .image_depth = 5},
    };

    need_images(&c);
    for (size_t i = 0; i < sizeof(descs) / sizeof(descs[0]); i++) {
        cl_int e;
        cl_mem m = clCreateImage(c.ctx, CL_MEM_READ_WRITE, &format, &descs[i], NULL, &e);

        see("image", "%zu: %s", i, error_name(e));
        if (e != CL_SUCCESS)
            continue;
        QUERY(ask_mem, m, mem_rows);
        QUERY(ask_image, m, rows);
        OK(clReleaseMemObject(m));
    }
    cl_close(&c);
}

static void sampler(void) {
    static const struct info_row rows[] = {
        INFO(CL_SAMPLER_REFERENCE_COUNT, UINT),   INFO(CL_SAMPLER_CONTEXT, HANDLE),
        INFO(CL_SAMPLER_NORMALIZED_COORDS, UINT), INFO(CL_SAMPLER_ADDRESSING_MODE, UINT),
        INFO(CL_SAMPLER_FILTER_MODE, UINT),       INFO(CL_SAMPLER_PROPERTIES, BYTES),
    };
    struct cl c = cl_open();
    cl_int e;

    need_images(&c);
    cl_sampler s = clCreateSampler(c.ctx, CL_TRUE, CL_ADDRESS_CLAMP, CL_FILTER_LINEAR, &e);
    OK(e);
    QUERY(ask_sampler, s, rows);
    OK(clReleaseSampler(s));
    cl_close(&c);
}

static const char source[] =
    "kernel __attribute__((reqd_work_group_size(4, 2, 1))) void k(global const int *restrict in, "
    "local float *l, int n) { if (n) l[0] = in[0]; }\n"
    "kernel void other(global int *out) { *out = 1; }\n";

static void program(void) {
    static const struct info_row rows[] = {
        INFO(CL_PROGRAM_REFERENCE_COUNT, UINT),
        INFO(CL_PROGRAM_CONTEXT, HANDLE),
        INFO(CL_PROGRAM_NUM_DEVICES, UINT),
        INFO(CL_PROGRAM_DEVICES, HANDLE),
        INFO(CL_PROGRAM_SOURCE, STRING),
        INFO(CL_PROGRAM_IL, BYTES),
        INFO(CL_PROGRAM_NUM_KERNELS, SIZE),
        INFO(CL_PROGRAM_KERNEL_NAMES, LOOSE),
        INFO(CL_PROGRAM_SCOPE_GLOBAL_CTORS_PRESENT, UINT),
        INFO(CL_PROGRAM_SCOPE_GLOBAL_DTORS_PRESENT, UINT),
    };
    static const struct info_row build_rows[] = {
        INFO(CL_PROGRAM_BUILD_STATUS, UINT),
        INFO(CL_PROGRAM_BUILD_OPTIONS, STRING),
        INFO(CL_PROGRAM_BUILD_LOG, LOOSE),
        INFO(CL_PROGRAM_BINARY_TYPE, UINT),
        INFO(CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE, LOOSE),
    };
    struct cl c = cl_open();
    cl_program p = program_new(&c, source, "-DX=1");

    QUERY(ask_program, p, rows);
    QUERY(ask_build, p, build_rows);
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void program_before_its_build(void) {
    static const struct info_row build_rows[] = {
        INFO(CL_PROGRAM_BUILD_STATUS, UINT),
        INFO(CL_PROGRAM_BUILD_OPTIONS, STRING),
        INFO(CL_PROGRAM_BUILD_LOG, LOOSE),
        INFO(CL_PROGRAM_BINARY_TYPE, UINT),
    };
    struct cl c = cl_open();
    const char *text = source;
    size_t size;
    cl_int e;
    cl_program p = clCreateProgramWithSource(c.ctx, 1, &text, NULL, &e);

    OK(e);
    QUERY(ask_build, p, build_rows);
    EXPECT(clGetProgramInfo(p, CL_PROGRAM_NUM_KERNELS, 0, NULL, &size), CL_INVALID_PROGRAM_EXECUTABLE);
    EXPECT(clGetProgramInfo(p, CL_PROGRAM_KERNEL_NAMES, 0, NULL, &size), CL_INVALID_PROGRAM_EXECUTABLE);
    EXPECT(clGetProgramInfo(NULL, CL_PROGRAM_DEVICES, 0, NULL, &size), CL_INVALID_PROGRAM);
    EXPECT(clGetProgramBuildInfo(NULL, c.device, CL_PROGRAM_BUILD_STATUS, 0, NULL, &size),
           CL_INVALID_PROGRAM);
    EXPECT(clGetProgramBuildInfo(p, NULL, CL_PROGRAM_BUILD_STATUS, 0, NULL, &size), CL_INVALID_DEVICE);
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void kernel(void) {
    static const struct info_row rows[] = {
        INFO(CL_KERNEL_FUNCTION_NAME, STRING), INFO(CL_KERNEL_NUM_ARGS, UINT),
        INFO(CL_KERNEL_REFERENCE_COUNT, UINT), INFO(CL_KERNEL_CONTEXT, HANDLE),
        INFO(CL_KERNEL_PROGRAM, HANDLE),       INFO(CL_KERNEL_ATTRIBUTES, LOOSE),
    };
    static const struct info_row arg_rows[] = {
        INFO(CL_KERNEL_ARG_ADDRESS_QUALIFIER, UINT),
        INFO(CL_KERNEL_ARG_ACCESS_QUALIFIER, UINT),
        INFO(CL_KERNEL_ARG_TYPE_NAME, STRING),
        INFO(CL_KERNEL_ARG_TYPE_QUALIFIER, ULONG),
        INFO(CL_KERNEL_ARG_NAME, STRING),
    };
    static const struct info_row group_rows[] = {
        INFO(CL_KERNEL_WORK_GROUP_SIZE, SIZE),   INFO(CL_KERNEL_COMPILE_WORK_GROUP_SIZE, SIZES),
        INFO(CL_KERNEL_LOCAL_MEM_SIZE, ULONG),   INFO(CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE, SIZE),
        INFO(CL_KERNEL_PRIVATE_MEM_SIZE, LOOSE),
    };
    struct cl c = cl_open();
    cl_program p = program_new(&c, source, "-cl-kernel-arg-info");
    cl_int e;
    cl_kernel k = clCreateKernel(p, "k", &e);

    OK(e);
    QUERY(ask_kernel, k, rows);
    QUERY(ask_arg, k, arg_rows);
    QUERY(ask_work_group, k, group_rows);
    OK(clReleaseKernel(k));
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void event(void) {
    static const struct info_row rows[] = {
        INFO(CL_EVENT_COMMAND_QUEUE, HANDLE),  INFO(CL_EVENT_CONTEXT, HANDLE),
        INFO(CL_EVENT_COMMAND_TYPE, UINT),     INFO(CL_EVENT_COMMAND_EXECUTION_STATUS, UINT),
        INFO(CL_EVENT_REFERENCE_COUNT, LOOSE), /* drivers may hold references of their own */
    };
    static const struct info_row profiling_rows[] = {
        INFO(CL_PROFILING_COMMAND_QUEUED, LOOSE),   INFO(CL_PROFILING_COMMAND_SUBMIT, LOOSE),
        INFO(CL_PROFILING_COMMAND_START, LOOSE),    INFO(CL_PROFILING_COMMAND_END, LOOSE),
        INFO(CL_PROFILING_COMMAND_COMPLETE, LOOSE),
    };
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_uint zero = 0;
    cl_event ev;

    OK(clEnqueueFillBuffer(c.q, m, &zero, 4, 0, 64, 0, NULL, &ev));
    OK(clFinish(c.q));
    QUERY(ask_event, ev, rows);
    QUERY(ask_profiling, ev, profiling_rows);
    OK(clReleaseEvent(ev));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void user_event(void) {
    static const struct info_row rows[] = {
        INFO(CL_EVENT_COMMAND_QUEUE, HANDLE), INFO(CL_EVENT_CONTEXT, HANDLE),
        INFO(CL_EVENT_COMMAND_TYPE, UINT),    INFO(CL_EVENT_COMMAND_EXECUTION_STATUS, UINT),
        INFO(CL_EVENT_REFERENCE_COUNT, UINT),
    };
    struct cl c = cl_open();
    cl_ulong time;
    cl_int e;
    cl_event ev = clCreateUserEvent(c.ctx, &e);

    OK(e);
    QUERY(ask_event, ev, rows);
    EXPECT(clGetEventProfilingInfo(ev, CL_PROFILING_COMMAND_END, sizeof(time), &time, NULL),
           CL_PROFILING_INFO_NOT_AVAILABLE);
    OK(clSetUserEventStatus(ev, CL_COMPLETE));
    QUERY(ask_event, ev, rows);
    EXPECT(clGetEventProfilingInfo(ev, CL_PROFILING_COMMAND_END, sizeof(time), &time, NULL),
           CL_PROFILING_INFO_NOT_AVAILABLE);
    OK(clReleaseEvent(ev));
    cl_close(&c);
}

static void null_objects(void) {
    char value[64];
    size_t size;

    EXPECT(clGetDeviceInfo(NULL, CL_DEVICE_TYPE, sizeof(value), value, &size), CL_INVALID_DEVICE);
    EXPECT(clGetContextInfo(NULL, CL_CONTEXT_DEVICES, sizeof(value), value, &size), CL_INVALID_CONTEXT);
    EXPECT(clGetCommandQueueInfo(NULL, CL_QUEUE_DEVICE, sizeof(value), value, &size),
           CL_INVALID_COMMAND_QUEUE);
    EXPECT(clGetMemObjectInfo(NULL, CL_MEM_SIZE, sizeof(value), value, &size), CL_INVALID_MEM_OBJECT);
    EXPECT(clGetImageInfo(NULL, CL_IMAGE_WIDTH, sizeof(value), value, &size), CL_INVALID_MEM_OBJECT);
    EXPECT(clGetSamplerInfo(NULL, CL_SAMPLER_CONTEXT, sizeof(value), value, &size), CL_INVALID_SAMPLER);
    EXPECT(clGetProgramInfo(NULL, CL_PROGRAM_SOURCE, sizeof(value), value, &size), CL_INVALID_PROGRAM);
    EXPECT(clGetKernelInfo(NULL, CL_KERNEL_NUM_ARGS, sizeof(value), value, &size), CL_INVALID_KERNEL);
    EXPECT(clGetKernelArgInfo(NULL, 0, CL_KERNEL_ARG_NAME, sizeof(value), value, &size), CL_INVALID_KERNEL);
    EXPECT(
        clGetKernelWorkGroupInfo(NULL, the_device(), CL_KERNEL_WORK_GROUP_SIZE, sizeof(value), value, &size),
        CL_INVALID_KERNEL);
    EXPECT(clGetEventInfo(NULL, CL_EVENT_CONTEXT, sizeof(value), value, &size), CL_INVALID_EVENT);
    EXPECT(clGetEventProfilingInfo(NULL, CL_PROFILING_COMMAND_END, sizeof(value), value, &size),
           CL_INVALID_EVENT);
}

static const struct test_case cases[] = {
    CASE(platform),     CASE(device),  CASE(context),
    CASE(queue),        CASE(buffer),  CASE(image),
    CASE(sampler),      CASE(program), CASE(program_before_its_build),
    CASE(kernel),       CASE(event),   CASE(user_event),
    CASE(null_objects), END_OF_CASES,
};

const struct test_group group_infos = {"infos", cases};
