// SPDX-License-Identifier: MIT
/* The stub driver's programs and kernels: every program says that it has "k" and "two", and has any but
 * "none". */
#include <string.h>

#include <CL/cl_ext.h>

#include "tests/fuzz/stub/stub.h"

static const char binary[] = "a stub's binary";

static cl_program new_program(cl_context c, bool from_source, cl_int *r) {
    if (!stub_is(c, STUB_CONTEXT))
        return stub_error(r, CL_INVALID_CONTEXT);
    cl_program p = stub_fails() ? NULL : stub_new(STUB_PROGRAM, sizeof *p, c->head.version);
    if (!p)
        return stub_error(r, CL_OUT_OF_HOST_MEMORY);
    stub_retain(c);
    p->context = c;
    p->from_source = from_source;
    stub_error(r, CL_SUCCESS);
    return p;
}

cl_program clCreateProgramWithSource(cl_context c, cl_uint count, const char **texts, const size_t *sizes,
                                     cl_int *r) {
    for (cl_uint i = 0; i < count; i++)
        if (memchr(texts[i], 0, sizes ? sizes[i] : strlen(texts[i]) + 1) == texts[i])
            return stub_error(r, CL_INVALID_VALUE);
    return new_program(c, true, r);
}

static volatile unsigned char sink;

static void read_all(const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        sink = ((const unsigned char *)bytes)[i];
}

static bool known_devices(cl_context c, cl_uint count, const cl_device_id *list) {
    bool known = true;
    for (cl_uint i = 0; i < count; i++)
        known = stub_is(list[i], STUB_DEVICE) && stub_in_context(c, list[i]) && known;
    return known;
}

cl_program clCreateProgramWithBinary(cl_context c, cl_uint count, const cl_device_id *list,
                                     const size_t *sizes, const unsigned char **binaries, cl_int *statuses,
                                     cl_int *r) {
    if (!stub_is(c, STUB_CONTEXT))
        return stub_error(r, CL_INVALID_CONTEXT);
    if (count == 0 || !known_devices(c, count, list))
        return stub_error(r, CL_INVALID_DEVICE);
    for (cl_uint i = 0; i < count; i++) {
        if (sizes[i] == 0)
            return stub_error(r, CL_INVALID_VALUE);
        read_all(binaries[i], sizes[i]);
        if (statuses)
            statuses[i] = CL_SUCCESS;
    }
    return new_program(c, false, r);
}

cl_program clCreateProgramWithIL(cl_context c, const void *bytes, size_t size, cl_int *r) {
    stub_needs(c, 210);
    if (size == 0)
        return stub_error(r, CL_INVALID_VALUE);
    read_all(bytes, size);
    return new_program(c, false, r);
}

cl_program clCreateProgramWithBuiltInKernels(cl_context c, cl_uint count, const cl_device_id *list,
                                             const char *names, cl_int *r) {
    stub_needs(c, 120);
    if (count == 0 || strlen(names) == 0 || !known_devices(c, count, list))
        return stub_error(r, CL_INVALID_VALUE);
    return new_program(c, false, r);
}

cl_int clRetainProgram(cl_program p) {
    if (!stub_is(p, STUB_PROGRAM))
        return CL_INVALID_PROGRAM;
    stub_retain(p);
    return CL_SUCCESS;
}

cl_int clReleaseProgram(cl_program p) {
    if (!stub_is(p, STUB_PROGRAM))
        return CL_INVALID_PROGRAM;
    if (stub_release(p)) {
        clReleaseContext(p->context);
        stub_free(p);
    }
    return CL_SUCCESS;
}

static cl_int build(cl_program p, cl_uint count, const cl_device_id *list, const char *options) {
    if (!stub_is(p, STUB_PROGRAM))
        return CL_INVALID_PROGRAM;
    if (!known_devices(p->context, count, list))
        return CL_INVALID_DEVICE;
    if (options && strstr(options, "-bad"))
        return CL_BUILD_PROGRAM_FAILURE;
    if (stub_fails())
        return CL_BUILD_PROGRAM_FAILURE;
    p->built = true;
    return CL_SUCCESS;
}

cl_int clBuildProgram(cl_program p, cl_uint count, const cl_device_id *list, const char *options,
                      void(CL_CALLBACK *notify)(cl_program, void *), void *user) {
    (void)notify, (void)user;
    return build(p, count, list, options);
}

static bool programs(cl_uint count, const cl_program *list) {
    bool all = true;
    for (cl_uint i = 0; i < count; i++)
        all = stub_is(list[i], STUB_PROGRAM) && all;
    return all;
}

cl_int clCompileProgram(cl_program p, cl_uint count, const cl_device_id *list, const char *options,
                        cl_uint headers, const cl_program *texts, const char **names,
                        void(CL_CALLBACK *notify)(cl_program, void *), void *user) {
    (void)notify, (void)user;
    stub_needs(p, 120);
    if (!programs(headers, texts))
        return CL_INVALID_PROGRAM;
    for (cl_uint i = 0; i < headers; i++)
        read_all(names[i], strlen(names[i]));
    return build(p, count, list, options);
}

cl_program clLinkProgram(cl_context c, cl_uint count, const cl_device_id *list, const char *options,
                         cl_uint inputs, const cl_program *from,
                         void(CL_CALLBACK *notify)(cl_program, void *), void *user, cl_int *r) {
    (void)notify, (void)user;
    stub_needs(c, 120);
    if (inputs == 0 || !programs(inputs, from))
        return stub_error(r, CL_INVALID_PROGRAM);
    cl_program p = new_program(c, false, r);
    if (!p)
        return NULL;
    *r = build(p, count, list, options);
    return p; /* as OpenCL has it, also when linking failed */
}

cl_int clSetProgramSpecializationConstant(cl_program p, cl_uint id, size_t size, const void *value) {
    (void)id;
    stub_needs(p, 220);
    if (!stub_is(p, STUB_PROGRAM))
        return CL_INVALID_PROGRAM;
    read_all(value, size);
    return CL_SUCCESS;
}

cl_int clGetProgramInfo(cl_program p, cl_program_info param, size_t size, void *value, size_t *ret) {
    size_t sizes[8];
    if (!stub_is(p, STUB_PROGRAM))
        return CL_INVALID_PROGRAM;
    const cl_uint count = p->context->device_count;
    switch (param) {
    case CL_PROGRAM_NUM_DEVICES:
        return stub_give(&count, sizeof count, size, value, ret);
    case CL_PROGRAM_DEVICES:
        return stub_give(p->context->devices, count * sizeof(cl_device_id), size, value, ret);
    case CL_PROGRAM_KERNEL_NAMES:
        if (p->head.version < 120)
            return CL_INVALID_VALUE;
        return p->built ? stub_give_text("k;two", size, value, ret) : CL_INVALID_PROGRAM_EXECUTABLE;
    case CL_PROGRAM_BINARY_SIZES:
        for (cl_uint i = 0; i < count; i++)
            sizes[i] = p->built ? sizeof binary : 0;
        return stub_give(sizes, count * sizeof sizes[0], size, value, ret);
    case CL_PROGRAM_BINARIES:
        if (value && size < count * sizeof(void *))
            return CL_INVALID_VALUE;
        for (cl_uint i = 0; value && p->built && i < count; i++)
            if (((unsigned char **)value)[i])
                memcpy(((unsigned char **)value)[i], binary, sizeof binary);
        return CL_SUCCESS;
    default:
        return CL_INVALID_VALUE;
    }
}

cl_int clGetProgramBuildInfo(cl_program p, cl_device_id d, cl_program_build_info param, size_t size,
                             void *value, size_t *ret) {
    if (!stub_is(p, STUB_PROGRAM))
        return CL_INVALID_PROGRAM;
    if (!stub_is(d, STUB_DEVICE) || !stub_in_context(p->context, d))
        return CL_INVALID_DEVICE;
    const cl_build_status status = p->built ? CL_BUILD_SUCCESS : CL_BUILD_NONE;
    switch (param) {
    case CL_PROGRAM_BUILD_STATUS:
        return stub_give(&status, sizeof status, size, value, ret);
    case CL_PROGRAM_BUILD_LOG:
        return stub_give_text("a log", size, value, ret);
    default:
        return CL_INVALID_VALUE;
    }
}

/* ---- kernels ---- */

static const struct argument {
    cl_kernel_arg_address_qualifier space;
    const char *type;
    size_t size;
} arguments[] = {
    {CL_KERNEL_ARG_ADDRESS_GLOBAL, "float*", sizeof(cl_mem)},
    {CL_KERNEL_ARG_ADDRESS_LOCAL, "int*", 0},
    {CL_KERNEL_ARG_ADDRESS_PRIVATE, "int", 4},
    {CL_KERNEL_ARG_ADDRESS_PRIVATE, "long", 8},
    {CL_KERNEL_ARG_ADDRESS_GLOBAL, "image2d_t", sizeof(cl_mem)},
    {CL_KERNEL_ARG_ADDRESS_PRIVATE, "sampler_t", sizeof(cl_sampler)},
    {CL_KERNEL_ARG_ADDRESS_PRIVATE, "queue_t", sizeof(cl_command_queue)},
};
enum { ARGUMENTS = sizeof arguments / sizeof arguments[0], POINTER = 0, IMAGE = 4, SAMPLER = 5, QUEUE = 6 };

cl_kernel clCreateKernel(cl_program p, const char *name, cl_int *r) {
    if (!stub_is(p, STUB_PROGRAM))
        return stub_error(r, CL_INVALID_PROGRAM);
    if (!p->built)
        return stub_error(r, CL_INVALID_PROGRAM_EXECUTABLE);
    if (name[0] == '\0' || strcmp(name, "none") == 0)
        return stub_error(r, CL_INVALID_KERNEL_NAME);
    cl_kernel k = stub_fails() ? NULL : stub_new(STUB_KERNEL, sizeof *k, p->head.version);
    if (!k)
        return stub_error(r, CL_OUT_OF_HOST_MEMORY);
    stub_retain(p);
    k->program = p;
    k->number = strcmp(name, "k") == 0 ? 0 : 1;
    stub_error(r, CL_SUCCESS);
    return k;
}

cl_kernel clCloneKernel(cl_kernel source, cl_int *r) {
    stub_needs(source, 210);
    if (!stub_is(source, STUB_KERNEL))
        return stub_error(r, CL_INVALID_KERNEL);
    return clCreateKernel(source->program, source->number == 0 ? "k" : "two", r);
}

cl_int clReleaseKernel(cl_kernel k) {
    if (!stub_is(k, STUB_KERNEL))
        return CL_INVALID_KERNEL;
    if (stub_release(k)) {
        clReleaseProgram(k->program);
        stub_free(k);
    }
    return CL_SUCCESS;
}

cl_int clGetKernelInfo(cl_kernel k, cl_kernel_info param, size_t size, void *value, size_t *ret) {
    const cl_uint count = ARGUMENTS;
    if (!stub_is(k, STUB_KERNEL))
        return CL_INVALID_KERNEL;
    switch (param) {
    case CL_KERNEL_NUM_ARGS:
        return stub_give(&count, sizeof count, size, value, ret);
    case CL_KERNEL_FUNCTION_NAME:
        return stub_give_text(k->number == 0 ? "k" : "two", size, value, ret);
    case CL_KERNEL_ATTRIBUTES:
        return stub_give_text("", size, value, ret);
    default:
        return CL_INVALID_VALUE;
    }
}

cl_int clGetKernelArgInfo(cl_kernel k, cl_uint index, cl_kernel_arg_info param, size_t size, void *value,
                          size_t *ret) {
    const cl_kernel_arg_type_qualifier none = CL_KERNEL_ARG_TYPE_NONE;
    stub_needs(k, 120);
    if (!stub_is(k, STUB_KERNEL))
        return CL_INVALID_KERNEL;
    if (!k->program->from_source)
        return CL_KERNEL_ARG_INFO_NOT_AVAILABLE;
    if (index >= ARGUMENTS)
        return CL_INVALID_ARG_INDEX;
    const struct argument *a = &arguments[index];
    switch (param) {
    case CL_KERNEL_ARG_ADDRESS_QUALIFIER:
        return stub_give(&a->space, sizeof a->space, size, value, ret);
    case CL_KERNEL_ARG_TYPE_QUALIFIER:
        return stub_give(&none, sizeof none, size, value, ret);
    case CL_KERNEL_ARG_TYPE_NAME:
        return stub_give_text(a->type, size, value, ret);
    case CL_KERNEL_ARG_NAME:
        return stub_give_text("x", size, value, ret);
    default:
        return CL_INVALID_VALUE;
    }
}

cl_int clGetKernelWorkGroupInfo(cl_kernel k, cl_device_id d, cl_kernel_work_group_info param, size_t size,
                                void *value, size_t *ret) {
    const size_t many = 64;
    if (!stub_is(k, STUB_KERNEL) || !stub_is(d, STUB_DEVICE))
        return CL_INVALID_KERNEL;
    return param == CL_KERNEL_WORK_GROUP_SIZE ? stub_give(&many, sizeof many, size, value, ret)
                                              : CL_INVALID_VALUE;
}

cl_int clGetKernelSubGroupInfo(cl_kernel k, cl_device_id d, cl_kernel_sub_group_info param, size_t input_size,
                               const void *input, size_t size, void *value, size_t *ret) {
    const size_t one = 1;
    (void)param;
    stub_needs(k, 210);
    if (!stub_is(k, STUB_KERNEL) || !stub_is(d, STUB_DEVICE))
        return CL_INVALID_KERNEL;
    if (input_size > 0)
        read_all(input, input_size);
    return stub_give(&one, sizeof one, size, value, ret);
}

/* A handle as the caller's bytes hold it. */
static const struct stub_head *handle_at(const void *value) {
    const struct stub_head *handle;
    memcpy(&handle, value, sizeof handle);
    return handle;
}

cl_int clSetKernelArg(cl_kernel k, cl_uint index, size_t size, const void *value) {
    if (!stub_is(k, STUB_KERNEL))
        return CL_INVALID_KERNEL;
    if (index >= ARGUMENTS)
        return CL_INVALID_ARG_INDEX;
    const struct argument *a = &arguments[index];
    if (a->space == CL_KERNEL_ARG_ADDRESS_LOCAL)
        return value || size == 0 ? CL_INVALID_ARG_VALUE : CL_SUCCESS;
    if (size != a->size)
        return CL_INVALID_ARG_SIZE;
    if (!value)
        return index == POINTER ? CL_SUCCESS : CL_INVALID_ARG_VALUE;
    read_all(value, size);
    /* Of a program without argument info and of an old platform nobody can know what is a handle. */
    if (!k->program->from_source || k->head.version < 120)
        return CL_SUCCESS;
    const struct stub_head *h = handle_at(value);
    if (index == POINTER || index == IMAGE || index == SAMPLER || index == QUEUE)
        return h && stub_is(h, h->kind) ? CL_SUCCESS : CL_INVALID_ARG_VALUE;
    return CL_SUCCESS;
}

cl_int clSetKernelArgSVMPointer(cl_kernel k, cl_uint index, const void *value) {
    (void)value;
    stub_needs(k, 200);
    if (!stub_is(k, STUB_KERNEL))
        return CL_INVALID_KERNEL;
    return index >= ARGUMENTS ? CL_INVALID_ARG_INDEX : CL_SUCCESS;
}

static cl_int suggested(cl_command_queue q, cl_kernel k, cl_uint dim, const size_t *offset,
                        const size_t *global, size_t *local) {
    (void)offset;
    /* No loader stands before it that would refuse a NULL. */
    if (!stub_is(q, STUB_QUEUE) || !stub_is(k, STUB_KERNEL))
        stub_harm("no queue or no kernel for a function of the driver's own");
    for (cl_uint i = 0; i < dim; i++)
        local[i] = global[i] ? 1 : 0;
    return CL_SUCCESS;
}

void *clGetExtensionFunctionAddressForPlatform(cl_platform_id p, const char *name) {
    stub_is(p, STUB_PLATFORM);
    stub_needs(p, 120);
    return strcmp(name, "clGetKernelSuggestedLocalWorkSizeKHR") == 0 ? (void *)suggested : NULL;
}
