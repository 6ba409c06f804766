// SPDX-License-Identifier: MIT
/*
 * Command buffers whose NDRanges change between runs (cl_khr_command_buffer_mutable_dispatch), as newer headers
 * (0.9.3 and later) and older ones (before) have it.
 */
#include "command_buffers.h"

/* Of 0.9.3 and later, whatever the headers say. */
struct config {
    cl_mutable_command_khr command;
    cl_uint num_args, num_svm_args, num_exec_infos, work_dim;
    const cl_mutable_dispatch_arg_khr *args, *svm_args;
    const cl_mutable_dispatch_exec_info_khr *exec_infos;
    const size_t *offset, *global, *local;
};
struct older_config {
    cl_uint type;
    const void *next;
    struct config config;
};
struct older_base {
    cl_uint type;
    const void *next;
    cl_uint count;
    const struct older_config *list;
};
typedef cl_int(CL_API_CALL *update_fn)(cl_command_buffer_khr, cl_uint, const cl_uint *, const void **);
typedef cl_int(CL_API_CALL *older_update_fn)(cl_command_buffer_khr, const struct older_base *);
typedef cl_int(CL_API_CALL *info_fn)(cl_mutable_command_khr, cl_uint, size_t, void *, size_t *);

enum { FINALIZED = 2, PROPERTIES_ARRAY = 0x12A2, ASSERTS = 0x12B8, BUFFER_ASSERTS = 0x12B7 };

static update_fn update;
static info_fn info;

static struct cl open_mutable(void) {
    struct cl c = open_in_order();
    if (!device_has_extension(c.device, "cl_khr_command_buffer_mutable_dispatch"))
        skip("recorded commands cannot be changed");
    *(void **)&update =
        clGetExtensionFunctionAddressForPlatform(the_platform(), "clUpdateMutableCommandsKHR");
    *(void **)&info = clGetExtensionFunctionAddressForPlatform(the_platform(), "clGetMutableCommandInfoKHR");
    if (!update || !info)
        fail("no addresses of the functions");
    return c;
}

static cl_command_buffer_khr new_mutable(struct cl *c) {
    cl_command_buffer_properties_khr list[] = {CL_COMMAND_BUFFER_FLAGS_KHR, CL_COMMAND_BUFFER_MUTABLE_KHR, 0};
    cl_int e;
    cl_command_buffer_khr b = clCreateCommandBufferKHR(1, &c->q, list, &e);
    must_succeed("clCreateCommandBufferKHR", e, __FILE__, __LINE__);
    return b;
}

static cl_mutable_command_khr record(cl_command_buffer_khr b, cl_kernel k, const cl_properties *properties,
                                     const size_t *local) {
    cl_mutable_command_khr m = NULL;
    OK(clCommandNDRangeKernelKHR(b, NULL, (const void *)properties, k, 1, NULL, all, local, 0, NULL, NULL,
                                 &m));
    check(m != NULL, "a handle");
    return m;
}

static cl_int change(cl_command_buffer_khr b, const struct config *c) {
    const cl_uint type = 0;
    const void *configs[] = {c};
    return update(b, 1, &type, configs);
}

static cl_int change_value(cl_command_buffer_khr b, cl_mutable_command_khr m, cl_int value) {
    const cl_mutable_dispatch_arg_khr arg = {1, sizeof(value), &value};
    return change(b, &(struct config){.command = m, .num_args = 1, .args = &arg});
}

static cl_int change_buffer(cl_command_buffer_khr b, cl_mutable_command_khr m, cl_mem mem) {
    const cl_mutable_dispatch_arg_khr arg = {0, sizeof(mem), &mem};
    return change(b, &(struct config){.command = m, .num_args = 1, .args = &arg});
}

static void arguments(void) {
    struct cl c = open_mutable();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_mutable(&c);
    cl_int zero = 0;

    fill(b, m, 5);
    fill(b, o, 7);
    cl_mutable_command_khr h = record(b, k, NULL, NULL);
    EXPECT(change_value(b, h, 2), CL_INVALID_OPERATION); /* it is still being recorded */
    OK(clFinalizeCommandBufferKHR(b));
    run_and_expect(&c, b, m, 6, "as recorded");
    EXPECT(change_value(b, h, 10), CL_SUCCESS);
    run_and_expect(&c, b, m, 15, "another value");
    EXPECT(change_buffer(b, h, o), CL_SUCCESS);
    run_and_expect(&c, b, o, 17, "another buffer");
    run_and_expect(&c, b, m, 5, "and no longer the first one");
    /* the application's kernel is as it was */
    OK(clEnqueueFillBuffer(c.q, m, &zero, 4, 0, BYTES, 0, NULL, NULL));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, all, NULL, 0, NULL, NULL));
    cl_int got[INTS];
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, BYTES, got, 0, NULL, NULL));
    check(got[0] == 1 && got[INTS - 1] == 1, "the kernel itself has its arguments");
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

/* Each run has what was set when it was enqueued, also while runs before it wait. */
static void many_updates(void) {
    struct cl c = open_mutable();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 0);
    cl_command_buffer_khr b = new_mutable(&c);
    cl_int e, zero = 0, got[INTS], sum = 0;
    cl_event gate = clCreateUserEvent(c.ctx, &e);

    OK(e);
    cl_mutable_command_khr h = record(b, k, NULL, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueFillBuffer(c.q, m, &zero, 4, 0, BYTES, 1, &gate, NULL));
    for (cl_int i = 1; i <= 100; i++) {
        OK(change_value(b, h, i));
        OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
        sum += i;
    }
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, BYTES, got, 0, NULL, NULL));
    check(got[0] == sum && got[INTS - 1] == sum, "each run had its own value");
    OK(clReleaseEvent(gate));
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static int ones(struct cl *c, cl_command_buffer_khr b, cl_mem m, size_t *first) {
    static cl_int got[INTS];
    int count = 0;

    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c->q, m, CL_TRUE, 0, BYTES, got, 0, NULL, NULL));
    *first = INTS;
    for (size_t i = 0; i < INTS; i++) {
        if (got[i] == 1 && count++ == 0)
            *first = i;
    }
    return count;
}

static void sizes(void) {
    struct cl c = open_mutable();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_mutable(&c);
    const size_t hundred = 128, ten = 16, none = 0, local = 8, five = 5, two_dims[2] = {4, 4};
    size_t first, seen[3] = {9, 9, 9}, size = 0;

    fill(b, m, 0);
    cl_mutable_command_khr h = record(b, k, NULL, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    check(ones(&c, b, m, &first) == INTS, "as recorded");
    EXPECT(change(b, &(struct config){.command = h, .global = &hundred}), CL_SUCCESS);
    check(ones(&c, b, m, &first) == 128 && first == 0, "a smaller range");
    EXPECT(change(b, &(struct config){.command = h, .offset = &ten, .local = &local}), CL_SUCCESS);
    check(ones(&c, b, m, &first) == 128 && first == 16, "with an offset");
    OK(info(h, CL_MUTABLE_DISPATCH_GLOBAL_WORK_OFFSET_KHR, sizeof(seen), seen, &size));
    check(size == sizeof(size_t) && seen[0] == 16, "the offset can be asked for");
    OK(info(h, CL_MUTABLE_DISPATCH_GLOBAL_WORK_SIZE_KHR, sizeof(seen), seen, &size));
    check(seen[0] == 128, "the size, too");
    OK(info(h, CL_MUTABLE_DISPATCH_LOCAL_WORK_SIZE_KHR, sizeof(seen), seen, &size));
    check(seen[0] == 8, "the work-group's, too");
    EXPECT(change(b, &(struct config){.command = h, .global = &none}), CL_SUCCESS);
    check(ones(&c, b, m, &first) == 0, "nothing at all");
    EXPECT(change(b, &(struct config){.command = h, .global = &hundred}), CL_SUCCESS);
    check(ones(&c, b, m, &first) == 128 && first == 16, "and something again");
    /* what is refused changes nothing */
    EXPECT(change(b, &(struct config){.command = h, .global = &ten, .local = &five}),
           CL_INVALID_WORK_GROUP_SIZE, CL_INVALID_OPERATION);
    EXPECT(change(b, &(struct config){.command = h, .work_dim = 2, .global = two_dims}),
           CL_INVALID_OPERATION);
    check(ones(&c, b, m, &first) == 128 && first == 16, "as before");
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* All configurations of a call, or none. */
static void all_or_none(void) {
    struct cl c = open_mutable();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_mutable(&c), other = new_mutable(&c);
    cl_int ten = 10;
    const cl_mutable_dispatch_arg_khr good = {1, sizeof(ten), &ten}, bad = {7, sizeof(ten), &ten},
                                      small = {1, 1, &ten};
    const cl_uint types[2] = {0, 0}, odd_types[2] = {0, 4711};

    fill(b, m, 0);
    cl_mutable_command_khr first = record(b, k, NULL, NULL), second = record(b, k, NULL, NULL),
                           stranger = record(other, k, NULL, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    OK(clFinalizeCommandBufferKHR(other));
    struct config one = {.command = first, .num_args = 1, .args = &good},
                  two = {.command = second, .num_args = 1, .args = &bad};
    const void *both[] = {&one, &two}, *half[] = {&one, NULL};
    EXPECT(update(b, 2, types, both), CL_INVALID_ARG_INDEX);
    run_and_expect(&c, b, m, 2, "none of them");
    two.args = &small;
    EXPECT(update(b, 2, types, both), CL_INVALID_ARG_SIZE);
    run_and_expect(&c, b, m, 2, "none of them, after a wrong size");
    two.args = &good;
    EXPECT(update(b, 2, odd_types, both), CL_INVALID_VALUE);
    EXPECT(update(b, 2, types, half), CL_INVALID_VALUE);
    EXPECT(update(b, 0, types, both), CL_INVALID_VALUE);
    EXPECT(update(b, 2, NULL, both), CL_INVALID_VALUE);
    EXPECT(update(b, 2, types, NULL), CL_INVALID_VALUE);
    EXPECT(update(b, 0, NULL, NULL), CL_SUCCESS);
    EXPECT(update(NULL, 2, types, both), CL_INVALID_COMMAND_BUFFER_KHR);
    two.command = stranger;
    EXPECT(update(b, 2, types, both), CL_INVALID_MUTABLE_COMMAND_KHR);
    two.command = NULL;
    EXPECT(update(b, 2, types, both), CL_INVALID_MUTABLE_COMMAND_KHR);
    two.command = second;
    two.num_args = 0;
    EXPECT(update(b, 2, types, both), CL_INVALID_VALUE);
    two.num_args = 1;
    run_and_expect(&c, b, m, 2, "still none of them");
    EXPECT(update(b, 2, types, both), CL_SUCCESS);
    run_and_expect(&c, b, m, 20, "both");
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseCommandBufferKHR(other));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Arguments may wait until the buffer is finalized where the list of properties says that they change. */
static void late_arguments(void) {
    struct cl c = open_mutable();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_program p = program_new(&c, source, "");
    cl_int e, three = 3;
    cl_kernel k = clCreateKernel(p, "add", &e);
    cl_command_buffer_khr b = new_mutable(&c);
    const cl_properties fields[] = {CL_MUTABLE_DISPATCH_UPDATABLE_FIELDS_KHR,
                                    CL_MUTABLE_DISPATCH_ARGUMENTS_KHR, 0};
    cl_mutable_command_khr h = NULL;

    OK(e);
    fill(b, m, 4);
    EXPECT(clCommandNDRangeKernelKHR(b, NULL, NULL, k, 1, NULL, all, NULL, 0, NULL, NULL, &h),
           CL_INVALID_KERNEL_ARGS);
    h = record(b, k, fields, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    check(state_of(b) == FINALIZED, "finalized, not executable");
    EXPECT(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL), CL_INVALID_OPERATION);
    EXPECT(change_value(b, h, three), CL_SUCCESS);
    check(state_of(b) == FINALIZED, "one argument is missing still");
    EXPECT(change_buffer(b, h, m), CL_SUCCESS);
    check(state_of(b) == CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR, "executable");
    run_and_expect(&c, b, m, 7, "with the late arguments");
    const size_t half = INTS / 2;
    EXPECT(change(b, &(struct config){.command = h, .global = &half}),
           CL_INVALID_OPERATION); /* not such a field */
    OK(clReleaseKernel(k));
    OK(clReleaseProgram(p));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void queries(void) {
    struct cl c = open_mutable();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1), got_kernel = NULL;
    cl_command_buffer_khr b = new_mutable(&c), got_buffer = NULL;
    cl_command_queue queue = NULL;
    const cl_properties list[] = {CL_MUTABLE_DISPATCH_UPDATABLE_FIELDS_KHR,
                                  CL_MUTABLE_DISPATCH_GLOBAL_SIZE_KHR, 0},
                        odd[] = {0x7777, 1, 0},
                        unknown_field[] = {CL_MUTABLE_DISPATCH_UPDATABLE_FIELDS_KHR, 1 << 20, 0},
                        promise[] = {ASSERTS, 1, 0};
    cl_properties seen[8] = {0};
    cl_mutable_command_khr h = NULL;
    cl_bitfield can = 0;
    cl_uint type = 0, dim = 0;
    size_t size = 77;

    OK(clGetDeviceInfo(c.device, CL_DEVICE_MUTABLE_DISPATCH_CAPABILITIES_KHR, sizeof(can), &can, NULL));
    check((can & 15) == 15, "sizes and arguments can change");
#define RECORD(properties, local)                                                                            \
    clCommandNDRangeKernelKHR(b, NULL, (const void *)(properties), k, 1, NULL, all, local, 0, NULL, NULL, &h)
    EXPECT(RECORD(odd, NULL), CL_INVALID_VALUE);
    EXPECT(RECORD(unknown_field, NULL), CL_INVALID_VALUE);
    EXPECT(RECORD(promise, NULL), CL_INVALID_VALUE);
    EXPECT(RECORD(promise, (&(size_t){4})), CL_SUCCESS);
    EXPECT(RECORD(NULL, NULL), CL_SUCCESS);
    OK(info(h, PROPERTIES_ARRAY, sizeof(seen), seen, &size));
    check(size == 0, "no properties");
    EXPECT(RECORD(list, NULL), CL_SUCCESS);
    OK(info(h, PROPERTIES_ARRAY, sizeof(seen), seen, &size));
    check(size == sizeof(list) && memcmp(seen, list, sizeof(list)) == 0, "the properties as given");
    OK(info(h, CL_MUTABLE_COMMAND_COMMAND_QUEUE_KHR, sizeof(queue), &queue, NULL));
    check(queue == c.q, "the buffer's queue");
    OK(info(h, CL_MUTABLE_COMMAND_COMMAND_BUFFER_KHR, sizeof(got_buffer), &got_buffer, NULL));
    check(got_buffer == b, "the buffer");
    OK(info(h, CL_MUTABLE_COMMAND_COMMAND_TYPE_KHR, sizeof(type), &type, NULL));
    check(type == CL_COMMAND_NDRANGE_KERNEL, "the type");
    OK(info(h, CL_MUTABLE_DISPATCH_KERNEL_KHR, sizeof(got_kernel), &got_kernel, NULL));
    check(got_kernel == k, "the kernel");
    OK(info(h, CL_MUTABLE_DISPATCH_DIMENSIONS_KHR, sizeof(dim), &dim, NULL));
    check(dim == 1, "its dimensions");
    EXPECT(info(h, CL_MUTABLE_DISPATCH_DIMENSIONS_KHR, 1, &dim, NULL), CL_INVALID_VALUE);
    EXPECT(info(h, 0x7777, sizeof(dim), &dim, NULL), CL_INVALID_VALUE);
    EXPECT(info(NULL, CL_MUTABLE_DISPATCH_DIMENSIONS_KHR, sizeof(dim), &dim, NULL),
           CL_INVALID_MUTABLE_COMMAND_KHR);
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* A buffer that was not made for it. */
static void immutable(void) {
    struct cl c = open_mutable();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_buffer(&c, false);

    fill(b, m, 0);
    cl_mutable_command_khr h = record(b, k, NULL, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    EXPECT(change_value(b, h, 3), CL_INVALID_OPERATION);
    run_and_expect(&c, b, m, 1, "as recorded");
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* A program that was built with headers before 0.9.3. */
static void older_signature(void) {
    struct cl c = open_mutable();
    older_update_fn older = (older_update_fn)(void (*)(void))update;
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_mutable(&c);
    cl_int ten = 10;
    const cl_mutable_dispatch_arg_khr arg = {1, sizeof(ten), &ten};

    fill(b, m, 0);
    cl_mutable_command_khr first = record(b, k, NULL, NULL), second = record(b, k, NULL, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    struct older_config list[] = {{1, NULL, {.command = first, .num_args = 1, .args = &arg}},
                                  {1, NULL, {.command = second, .num_args = 1, .args = &arg}}};
    struct older_base base = {0, NULL, 2, list}, odd = {1, NULL, 2, list}, without = {0, NULL, 2, NULL};
    EXPECT(older(b, &odd), CL_INVALID_VALUE);
    EXPECT(older(b, &without), CL_INVALID_VALUE);
    EXPECT(older(NULL, &base), CL_INVALID_COMMAND_BUFFER_KHR);
    run_and_expect(&c, b, m, 2, "as recorded");
    EXPECT(older(b, &base), CL_SUCCESS);
    run_and_expect(&c, b, m, 20, "both");
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void shared_memory_arguments(void) {
    struct cl c = open_mutable();
    if (!(load_svm(&c) & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER))
        skip("no shared virtual memory");
    cl_int *p = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, BYTES, 0),
           *q = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, BYTES, 0);
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_mutable(&c);

    if (!p || !q)
        fail("no shared virtual memory");
    cl_mutable_command_khr h = record(b, k, NULL, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    for (int i = 0; i < 2; i++) {
        cl_int *target = i == 0 ? p : q;
        const cl_mutable_dispatch_arg_khr arg = {0, 0, target};
        OK(clEnqueueSVMMemFill(c.q, target, &(cl_int){20 + i}, 4, BYTES, 0, NULL, NULL));
        EXPECT(change(b, &(struct config){.command = h, .num_svm_args = 1, .svm_args = &arg}), CL_SUCCESS);
        OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
        OK(clEnqueueSVMMap(c.q, CL_TRUE, CL_MAP_READ, target, BYTES, 0, NULL, NULL));
        check(target[0] == 21 + i && target[INTS - 1] == 21 + i, "it worked on the new memory");
        OK(clEnqueueSVMUnmap(c.q, target, 0, NULL, NULL));
    }
    OK(clFinish(c.q));
    clSVMFree(c.ctx, p);
    clSVMFree(c.ctx, q);
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(arguments),   CASE(many_updates),    CASE(sizes),
    CASE(all_or_none), CASE(late_arguments),  CASE(queries),
    CASE(immutable),   CASE(older_signature), CASE(shared_memory_arguments),
    END_OF_CASES,
};

const struct test_group group_command_buffer_updates = {"command_buffer_updates", cases};
