// SPDX-License-Identifier: MIT
/* Platforms, devices and contexts: enumeration, extensions, creation and its errors. */
#include "conform.h"

static void enumerate_platforms(void) {
    cl_platform_id ids[16], some[16];
    cl_uint count = 0, again = 0;

    OK(clGetPlatformIDs(0, NULL, &count));
    check(count > 0 && count <= 16, "there are platforms");
    OK(clGetPlatformIDs(count, ids, &again));
    check(count == again, "the same number twice");
    OK(clGetPlatformIDs(count, some, NULL));
    check(memcmp(ids, some, count * sizeof(ids[0])) == 0, "the same platforms twice");
    OK(clGetPlatformIDs(1, some, NULL));
    check(some[0] == ids[0], "the first one alone");
    EXPECT(clGetPlatformIDs(0, ids, NULL), CL_INVALID_VALUE);
    EXPECT(clGetPlatformIDs(1, NULL, NULL), CL_INVALID_VALUE);
    loose("platforms", "%u", count);
}

static void enumerate_devices(void) {
    static const cl_device_type types[] = {CL_DEVICE_TYPE_ALL,    CL_DEVICE_TYPE_CPU,
                                           CL_DEVICE_TYPE_GPU,    CL_DEVICE_TYPE_ACCELERATOR,
                                           CL_DEVICE_TYPE_CUSTOM, CL_DEVICE_TYPE_DEFAULT};
    cl_platform_id p = the_platform();
    cl_device_id ids[16], again[16];
    cl_uint count = 0, second = 0;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char what[32];
        cl_int e = clGetDeviceIDs(p, types[i], 0, NULL, &count);

        snprintf(what, sizeof(what), "type %#llx", (unsigned long long)types[i]);
        if (types[i] == CL_DEVICE_TYPE_DEFAULT)
            check(e == CL_SUCCESS && count == 1, "there is a default device");
        else
            see(what, "%s, %u", error_name(e), e == CL_SUCCESS ? count : 0);
    }
    OK(clGetDeviceIDs(p, CL_DEVICE_TYPE_ALL, 16, ids, &count));
    OK(clGetDeviceIDs(p, CL_DEVICE_TYPE_ALL, 16, again, &second));
    check(count == second && memcmp(ids, again, count * sizeof(ids[0])) == 0, "the same devices twice");
    for (cl_uint i = 0; i < count; i++) {
        cl_platform_id of = NULL;

        OK(clGetDeviceInfo(ids[i], CL_DEVICE_PLATFORM, sizeof(of), &of, NULL));
        check(of == p, "a device knows its platform");
        EXPECT(clRetainDevice(ids[i]), CL_SUCCESS);
        EXPECT(clReleaseDevice(ids[i]), CL_SUCCESS);
        check(device_uint(ids[i], CL_DEVICE_REFERENCE_COUNT) == 1, "root devices are not counted");
    }
    EXPECT(clGetDeviceIDs(p, CL_DEVICE_TYPE_ALL, 0, ids, NULL), CL_INVALID_VALUE);
    EXPECT(clGetDeviceIDs(p, CL_DEVICE_TYPE_ALL, 1, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clGetDeviceIDs(p, 0, 1, ids, &count), CL_INVALID_DEVICE_TYPE);
    EXPECT(clGetDeviceIDs(p, (cl_device_type)1 << 20, 1, ids, &count), CL_INVALID_DEVICE_TYPE);
    EXPECT(clRetainDevice(NULL), CL_INVALID_DEVICE);
    EXPECT(clReleaseDevice(NULL), CL_INVALID_DEVICE);
}

/* What a kernel may use must be the same in a guest. */
static void language_extensions(void) {
    static const char *const names[] = {
        "cl_khr_fp64",
        "cl_khr_fp16",
        "cl_khr_byte_addressable_store",
        "cl_khr_global_int32_base_atomics",
        "cl_khr_global_int32_extended_atomics",
        "cl_khr_local_int32_base_atomics",
        "cl_khr_local_int32_extended_atomics",
        "cl_khr_int64_base_atomics",
        "cl_khr_int64_extended_atomics",
        "cl_khr_3d_image_writes",
        "cl_khr_subgroups",
        "cl_khr_subgroup_ballot",
        "cl_khr_integer_dot_product",
        "cl_khr_expect_assume",
        "cl_khr_select_fprounding_mode",
        "cl_khr_mipmap_image",
        "cl_intel_subgroups",
        "cl_khr_extended_bit_ops",
        "cl_khr_subgroup_shuffle",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        see(names[i], "%s", device_has_extension(the_device(), names[i]) ? "yes" : "no");
}

static void minimum_limits(void) {
    cl_device_id d = the_device();
    size_t sizes[3] = {0};

    check(device_uint(d, CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS) >= 3, "three dimensions");
    OK(clGetDeviceInfo(d, CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof(sizes), sizes, NULL));
    check(sizes[0] >= 1 && sizes[1] >= 1 && sizes[2] >= 1, "work-item sizes");
    check(device_size(d, CL_DEVICE_MAX_PARAMETER_SIZE) >= 1024, "parameters of 1024 bytes");
    check(device_ulong(d, CL_DEVICE_LOCAL_MEM_SIZE) >= 16 << 10, "16 KiB of local memory");
    check(device_ulong(d, CL_DEVICE_MAX_MEM_ALLOC_SIZE) <= device_ulong(d, CL_DEVICE_GLOBAL_MEM_SIZE),
          "one allocation is not larger than all memory");
    check(device_bool(d, CL_DEVICE_COMPILER_AVAILABLE), "a compiler");
}

/* ---- contexts
 * ----------------------------------------------------------------------------------------------------- */

static void create_context(void) {
    cl_device_id d = the_device(), back[4] = {NULL};
    cl_context_properties with_platform[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)the_platform(), 0},
                          got[8];
    cl_context_properties empty[] = {0};
    size_t size = 0;
    cl_uint count = 0;
    cl_int e;
    cl_context ctx = clCreateContext(with_platform, 1, &d, NULL, NULL, &e);

    OK(e);
    OK(clGetContextInfo(ctx, CL_CONTEXT_PROPERTIES, sizeof(got), got, &size));
    check(size == sizeof(with_platform) && memcmp(got, with_platform, size) == 0, "properties come back");
    OK(clGetContextInfo(ctx, CL_CONTEXT_DEVICES, sizeof(back), back, &size));
    check(size == sizeof(d) && back[0] == d, "CL_CONTEXT_DEVICES");
    OK(clGetContextInfo(ctx, CL_CONTEXT_NUM_DEVICES, sizeof(count), &count, NULL));
    check(count == 1, "CL_CONTEXT_NUM_DEVICES");
    OK(clRetainContext(ctx));
    OK(clGetContextInfo(ctx, CL_CONTEXT_REFERENCE_COUNT, sizeof(count), &count, NULL));
    check(count == 2, "retained");
    OK(clReleaseContext(ctx));
    OK(clReleaseContext(ctx));
    ctx = clCreateContext(empty, 1, &d, NULL, NULL, &e);
    OK(e);
    OK(clReleaseContext(ctx));
    ctx = clCreateContext(NULL, 1, &d, NULL, NULL, NULL);
    check(ctx != NULL, "a null errcode_ret is allowed");
    OK(clGetContextInfo(ctx, CL_CONTEXT_PROPERTIES, 0, NULL, &size));
    loose("size of no properties", "%zu", size);
    OK(clReleaseContext(ctx));
}

static void from_type(void) {
    cl_context_properties list[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)the_platform(), 0};
    cl_uint count = 0;
    cl_int e;
    cl_context ctx = clCreateContextFromType(list, CL_DEVICE_TYPE_ALL, NULL, NULL, &e);

    OK(e);
    OK(clGetContextInfo(ctx, CL_CONTEXT_NUM_DEVICES, sizeof(count), &count, NULL));
    see("devices", "%u", count);
    OK(clReleaseContext(ctx));
    ctx = clCreateContextFromType(list, CL_DEVICE_TYPE_DEFAULT, NULL, NULL, &e);
    check(e == CL_SUCCESS, "a context of the default type");
    if (e == CL_SUCCESS)
        OK(clReleaseContext(ctx));
    EXPECT((clCreateContextFromType(list, CL_DEVICE_TYPE_ACCELERATOR, NULL, NULL, &e), e),
           CL_DEVICE_NOT_FOUND);
    EXPECT((clCreateContextFromType(list, 0, NULL, NULL, &e), e), CL_INVALID_DEVICE_TYPE);
}

/* Types as programs have them that keep a type in an int, or set more bits than there are. */
static void odd_types(void) {
    static const cl_device_type types[] = {
        (cl_device_type)(cl_int)CL_DEVICE_TYPE_ALL, CL_DEVICE_TYPE_ALL, CL_DEVICE_TYPE_CPU | 32,
        CL_DEVICE_TYPE_CPU | (cl_device_type)1 << 40, CL_DEVICE_TYPE_CPU | CL_DEVICE_TYPE_GPU};
    cl_platform_id platform = the_platform();
    cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)platform, 0};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        cl_uint count = 0;
        cl_int e = clGetDeviceIDs(platform, types[i], 0, NULL, &count);
        char what[32];

        snprintf(what, sizeof(what), "type %llx", (unsigned long long)types[i]);
        see(what, "%s, %u devices", error_name(e), e == CL_SUCCESS ? count : 0);
        cl_context ctx = clCreateContextFromType(properties, types[i], NULL, NULL, &e);
        see("a context of it", "%s", error_name(e));
        if (e == CL_SUCCESS)
            OK(clReleaseContext(ctx));
    }
}

static void CL_CALLBACK notify(const char *text, const void *info, size_t size, void *data) {
    (void)text;
    (void)info;
    (void)size;
    (void)data;
}

static void create_context_errors(void) {
    cl_device_id d = the_device(), none = NULL;
    cl_context_properties unknown[] = {0x7777, 1, 0};
    cl_context_properties no_platform[] = {CL_CONTEXT_PLATFORM, 0, 0};
    cl_context_properties twice[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)the_platform(),
                                     CL_CONTEXT_PLATFORM, (cl_context_properties)the_platform(), 0};
    int user = 0;
    cl_int e;

    EXPECT((clCreateContext(NULL, 0, &d, NULL, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateContext(NULL, 1, NULL, NULL, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateContext(NULL, 1, &none, NULL, NULL, &e), e), CL_INVALID_DEVICE);
    EXPECT((clCreateContext(NULL, 1, &d, NULL, &user, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateContext(unknown, 1, &d, NULL, NULL, &e), e), CL_INVALID_PROPERTY);
    EXPECT((clCreateContext(no_platform, 1, &d, NULL, NULL, &e), e), CL_INVALID_PLATFORM);
    EXPECT((clCreateContext(twice, 1, &d, NULL, NULL, &e), e), CL_INVALID_PROPERTY);
    EXPECT(clRetainContext(NULL), CL_INVALID_CONTEXT);
    EXPECT(clReleaseContext(NULL), CL_INVALID_CONTEXT);
    cl_context ctx = clCreateContext(NULL, 1, &d, notify, &user, &e);
    OK(e);
    OK(clReleaseContext(ctx));
}

/* All devices of the platform in one context: a buffer goes from one to the other. */
static void several_devices(void) {
    cl_device_id ids[16];
    cl_uint count = 0;
    cl_int e, value = 12345, got = 0;

    OK(clGetDeviceIDs(the_platform(), CL_DEVICE_TYPE_ALL, 16, ids, &count));
    if (count < 2)
        skip("the platform has one device");
    cl_context ctx = clCreateContext(NULL, count, ids, NULL, NULL, &e);
    OK(e);
    cl_mem m = clCreateBuffer(ctx, 0, 64, NULL, &e);
    OK(e);
    for (cl_uint i = 0; i < count; i++) {
        cl_command_queue q = clCreateCommandQueueWithProperties(ctx, ids[i], NULL, &e);

        OK(e);
        if (i == 0)
            OK(clEnqueueWriteBuffer(q, m, CL_TRUE, 0, 4, &value, 0, NULL, NULL));
        OK(clEnqueueReadBuffer(q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
        check(got == value, "every device sees the buffer");
        OK(clReleaseCommandQueue(q));
    }
    OK(clReleaseMemObject(m));
    OK(clReleaseContext(ctx));
}

static void many_contexts(void) {
    enum { N = 50 };
    cl_context ctx[N];
    cl_device_id d = the_device();
    cl_int e;
    int good = 0;

    for (int i = 0; i < N; i++) {
        ctx[i] = clCreateContext(NULL, 1, &d, NULL, NULL, &e);
        good += e == CL_SUCCESS;
    }
    check(good == N, "50 contexts at once");
    for (int i = 0; i < N; i++)
        OK(clReleaseContext(ctx[i]));
}

static void timers(void) {
    cl_ulong device = 0, host = 0, later_device = 0, later_host = 0;
    cl_device_id d = the_device();
    cl_int e = clGetDeviceAndHostTimer(d, &device, &host);

    see("clGetDeviceAndHostTimer", "%s", error_name(e));
    if (e != CL_SUCCESS) {
        EXPECT(e, CL_INVALID_OPERATION);
        return;
    }
    OK(clGetDeviceAndHostTimer(d, &later_device, &later_host));
    check(later_device >= device && later_host >= host, "time goes on");
    OK(clGetHostTimer(d, &host));
    check(host >= later_host, "the host's timer is one and the same");
    EXPECT(clGetDeviceAndHostTimer(NULL, &device, &host), CL_INVALID_DEVICE);
    EXPECT(clGetDeviceAndHostTimer(d, NULL, &host), CL_INVALID_VALUE);
    EXPECT(clGetDeviceAndHostTimer(d, &device, NULL), CL_INVALID_VALUE);
    EXPECT(clGetHostTimer(NULL, &host), CL_INVALID_DEVICE);
    EXPECT(clGetHostTimer(d, NULL), CL_INVALID_VALUE);
}

static void extension_functions(void) {
    check(clGetExtensionFunctionAddressForPlatform(the_platform(), "clNoSuchFunctionAtAll") == NULL,
          "an unknown extension function is NULL");
}

static void unload_compiler(void) {
    struct cl c = cl_open();

    EXPECT(clUnloadPlatformCompiler(c.platform), CL_SUCCESS);
    cl_kernel k =
        kernel_new(&c, "kernel void k(global int *a) { *a = 1; }", "k"); /* it comes back when needed */
    OK(clReleaseKernel(k));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(enumerate_platforms),
    CASE(enumerate_devices),
    CASE(language_extensions),
    CASE(minimum_limits),
    CASE(create_context),
    CASE(from_type),
    CASE(odd_types),
    CASE(create_context_errors),
    CASE(several_devices),
    CASE(many_contexts),
    CASE(timers),
    CASE(extension_functions),
    CASE(unload_compiler),
    END_OF_CASES,
};

const struct test_group group_platforms = {"platforms", cases};
