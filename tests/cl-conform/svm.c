// SPDX-License-Identifier: MIT
/* Shared virtual memory, pipes and sub-devices: where the device has them; else the errors for what is not
 * there. */
#include "conform.h"

static cl_device_svm_capabilities svm_caps(struct cl *c) {
    cl_device_svm_capabilities caps = 0;

    OK(clGetDeviceInfo(c->device, CL_DEVICE_SVM_CAPABILITIES, sizeof(caps), &caps, NULL));
    return caps;
}

static void need_svm(struct cl *c) {
    if (!(svm_caps(c) & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER))
        skip("the device has no shared virtual memory");
}

/* Reported as unsupported means: nothing of it works. */
static void unsupported(void) {
    struct cl c = cl_open();
    cl_kernel k = kernel_new(&c, "kernel void k(global int *a) { *a = 1; }", "k");
    char data[64];

    if (svm_caps(&c))
        skip("the device has shared virtual memory");
    check(clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 64, 0) == NULL, "clSVMAlloc");
    EXPECT(clSetKernelArgSVMPointer(k, 0, data), CL_INVALID_OPERATION);
    EXPECT(clEnqueueSVMMemcpy(c.q, CL_TRUE, data, data + 32, 16, 0, NULL, NULL), CL_INVALID_OPERATION);
    EXPECT(clEnqueueSVMMemFill(c.q, data, data, 1, 16, 0, NULL, NULL), CL_INVALID_OPERATION);
    EXPECT(clEnqueueSVMMap(c.q, CL_TRUE, CL_MAP_READ, data, 16, 0, NULL, NULL), CL_INVALID_OPERATION);
    EXPECT(clEnqueueSVMUnmap(c.q, data, 0, NULL, NULL), CL_INVALID_OPERATION);
    OK(clReleaseKernel(k));
    cl_close(&c);
}

static void one_address(void) {
    static const char source[] = "kernel void k(global int *a, int n) { size_t i = get_global_id(0); if (i < "
                                 "n) a[i] = a[i] * 2 + 1; }";
    struct cl c = cl_open();
    enum { N = 5000 };
    cl_int n = N;
    size_t global = N;
    bool good = true;

    need_svm(&c);
    cl_kernel k = kernel_new(&c, source, "k");
    cl_int *p = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, N * 4, 0);
    if (!check(p != NULL, "clSVMAlloc"))
        return;
    check(((uintptr_t)p & 127) == 0, "aligned for every type");
    OK(clEnqueueSVMMap(c.q, CL_TRUE, CL_MAP_WRITE, p, N * 4, 0, NULL, NULL));
    for (int i = 0; i < N; i++)
        p[i] = i;
    OK(clEnqueueSVMUnmap(c.q, p, 0, NULL, NULL));
    OK(clSetKernelArgSVMPointer(k, 0, p));
    OK(clSetKernelArg(k, 1, sizeof(n), &n));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &global, NULL, 0, NULL, NULL));
    OK(clEnqueueSVMMap(c.q, CL_TRUE, CL_MAP_READ, p, N * 4, 0, NULL, NULL));
    for (int i = 0; i < N; i++)
        good = good && p[i] == i * 2 + 1;
    check(good, "program and kernel share it");
    OK(clEnqueueSVMUnmap(c.q, p, 0, NULL, NULL));
    /* A pointer into the middle. */
    n = 10;
    OK(clSetKernelArgSVMPointer(k, 0, p + 100));
    OK(clSetKernelArg(k, 1, sizeof(n), &n));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &global, NULL, 0, NULL, NULL));
    OK(clEnqueueSVMMap(c.q, CL_TRUE, CL_MAP_READ, p, N * 4, 0, NULL, NULL));
    check(p[99] == 199 && p[100] == 403 && p[109] == 439 && p[110] == 221, "a pointer into the middle");
    OK(clEnqueueSVMUnmap(c.q, p, 0, NULL, NULL));
    OK(clFinish(c.q));
    clSVMFree(c.ctx, p);
    clSVMFree(c.ctx, NULL);
    OK(clReleaseKernel(k));
    cl_close(&c);
}

/* A list whose links are addresses: they hold on both sides. */
static void pointers_in_memory(void) {
    static const char source[] = "typedef struct node { global struct node *next; int value; } node;\n"
                                 "kernel void sum(global node *n, global int *out) { int s = 0; for (; n; n "
                                 "= n->next) { s += n->value; n->value = -n->value; } "
                                 "*out = s; }";
    struct node {
        struct node *next;
        cl_int value;
    };
    struct cl c = cl_open();
    size_t one = 1;

    need_svm(&c);
    cl_kernel k = kernel_new(&c, source, "sum");
    struct node *nodes = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 100 * sizeof(*nodes), 0);
    cl_int *out = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 64, 64);
    if (!check(nodes && out, "clSVMAlloc"))
        return;
    OK(clEnqueueSVMMap(c.q, CL_TRUE, CL_MAP_WRITE, nodes, 100 * sizeof(*nodes), 0, NULL, NULL));
    for (int i = 0; i < 100; i++) {
        nodes[i].value = i;
        nodes[i].next = i == 0 ? NULL : &nodes[i - 1];
    }
    OK(clEnqueueSVMUnmap(c.q, nodes, 0, NULL, NULL));
    OK(clSetKernelArgSVMPointer(k, 0, &nodes[99]));
    OK(clSetKernelArgSVMPointer(k, 1, out));
    void *used[] = {nodes};
    OK(clSetKernelExecInfo(k, CL_KERNEL_EXEC_INFO_SVM_PTRS, sizeof(used), used));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, NULL, 0, NULL, NULL));
    OK(clEnqueueSVMMap(c.q, CL_TRUE, CL_MAP_READ, out, 4, 0, NULL, NULL));
    OK(clEnqueueSVMMap(c.q, CL_TRUE, CL_MAP_READ, nodes, 100 * sizeof(*nodes), 0, NULL, NULL));
    check(*out == 4950, "the kernel follows the links");
    check(nodes[7].value == -7, "and its changes are seen");
    OK(clEnqueueSVMUnmap(c.q, out, 0, NULL, NULL));
    OK(clEnqueueSVMUnmap(c.q, nodes, 0, NULL, NULL));
    OK(clFinish(c.q));
    clSVMFree(c.ctx, nodes);
    clSVMFree(c.ctx, out);
    OK(clReleaseKernel(k));
    cl_close(&c);
}

static void copy_and_fill(void) {
    struct cl c = cl_open();
    cl_int pattern = 0x11223344, plain[256], back[256];
    bool good = true;
    cl_event ev;
    cl_command_type type = 0;

    need_svm(&c);
    cl_int *a = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 1024, 0),
           *b = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 1024, 0);
    if (!check(a && b, "clSVMAlloc"))
        return;
    OK(clEnqueueSVMMemFill(c.q, a, &pattern, 4, 1024, 0, NULL, &ev));
    OK(clEnqueueSVMMemcpy(c.q, CL_FALSE, b, a, 1024, 0, NULL, NULL));
    OK(clEnqueueSVMMemcpy(c.q, CL_TRUE, back, b, 1024, 0, NULL, NULL));
    for (int i = 0; i < 256; i++)
        good = good && back[i] == pattern;
    check(good, "fill, copy, copy to plain memory");
    OK(clGetEventInfo(ev, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL));
    check(type == CL_COMMAND_SVM_MEMFILL, "command type");
    OK(clReleaseEvent(ev));
    for (int i = 0; i < 256; i++)
        plain[i] = i;
    OK(clEnqueueSVMMemcpy(c.q, CL_TRUE, a, plain, 1024, 0, NULL, NULL));
    OK(clEnqueueSVMMemcpy(c.q, CL_TRUE, back, a, 1024, 0, NULL, NULL));
    check_ints("copy from plain memory", back, plain, 256);
    EXPECT(clEnqueueSVMMemcpy(c.q, CL_TRUE, a, (char *)a + 16, 64, 0, NULL, NULL), CL_MEM_COPY_OVERLAP);
    clSVMFree(c.ctx, a);
    clSVMFree(c.ctx, b);
    cl_close(&c);
}

static void null_pointers(void) {
    struct cl c = cl_open();
    cl_int pattern = 1;

    need_svm(&c);
    cl_int *a = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 1024, 0);
    EXPECT(clEnqueueSVMMemcpy(c.q, CL_TRUE, NULL, a, 64, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueSVMMemcpy(c.q, CL_TRUE, a, NULL, 64, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueSVMMemFill(c.q, NULL, &pattern, 4, 64, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueSVMMemFill(c.q, a, NULL, 4, 64, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueSVMMemFill(c.q, a, &pattern, 3, 63, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueSVMMap(c.q, CL_TRUE, CL_MAP_READ, NULL, 64, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueSVMUnmap(c.q, NULL, 0, NULL, NULL), CL_INVALID_VALUE);
    clSVMFree(c.ctx, a);
    cl_close(&c);
}

static void alloc_errors(void) {
    struct cl c = cl_open();

    need_svm(&c);
    check(clSVMAlloc(NULL, CL_MEM_READ_WRITE, 64, 0) == NULL, "no context");
    check(clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 0, 0) == NULL, "no size");
    check(clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 64, 3) == NULL, "an alignment that is no power of two");
    check(clSVMAlloc(c.ctx, CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, 64, 0) == NULL, "contradicting flags");
    check(clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, SIZE_MAX / 2, 0) == NULL, "too much");
    cl_close(&c);
}

/* A buffer over shared virtual memory. */
static void buffer_over_svm(void) {
    struct cl c = cl_open();
    cl_bool uses = CL_FALSE;
    cl_int value = 31;

    need_svm(&c);
    cl_int *p = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 4096, 0);
    if (!check(p != NULL, "clSVMAlloc"))
        return;
    cl_mem m = buffer_new(&c, CL_MEM_USE_HOST_PTR, 4096, p);
    OK(clGetMemObjectInfo(m, CL_MEM_USES_SVM_POINTER, sizeof(uses), &uses, NULL));
    check(uses == CL_TRUE, "CL_MEM_USES_SVM_POINTER");
    OK(clEnqueueFillBuffer(c.q, m, &value, 4, 0, 4096, 0, NULL, NULL));
    OK(clFinish(c.q));
    OK(clEnqueueSVMMap(c.q, CL_TRUE, CL_MAP_READ, p, 4096, 0, NULL, NULL));
    check(p[0] == 31 && p[1023] == 31, "what the buffer is filled with");
    OK(clEnqueueSVMUnmap(c.q, p, 0, NULL, NULL));
    OK(clFinish(c.q));
    OK(clReleaseMemObject(m));
    clSVMFree(c.ctx, p);
    cl_close(&c);
}

static void CL_CALLBACK on_free(cl_command_queue q, cl_uint n, void **pointers, void *data) {
    cl_context ctx;

    clGetCommandQueueInfo(q, CL_QUEUE_CONTEXT, sizeof(ctx), &ctx, NULL);
    for (cl_uint i = 0; i < n; i++)
        clSVMFree(ctx, pointers[i]);
    *(volatile int *)data += (int)n;
}

static void enqueued_free(void) {
    struct cl c = cl_open();
    int freed = 0;

    need_svm(&c);
    void *p[2] = {clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 4096, 0),
                  clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 4096, 0)};
    if (!check(p[0] && p[1], "clSVMAlloc"))
        return;
    OK(clEnqueueSVMFree(c.q, 2, p, on_free, &freed, 0, NULL, NULL));
    OK(clFinish(c.q));
    check(freed == 2, "the callback got both");
    p[0] = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 4096, 0);
    OK(clEnqueueSVMFree(c.q, 1, p, NULL, NULL, 0, NULL, NULL));
    OK(clFinish(c.q));
    cl_close(&c);
}

static void migrate(void) {
    struct cl c = cl_open();

    need_svm(&c);
    if (device_version(c.device) < 210)
        skip("wants OpenCL 2.1");
    cl_int *p = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 4096, 0);
    const void *pointers[] = {p};
    if (!check(p != NULL, "clSVMAlloc"))
        return;
    EXPECT(clEnqueueSVMMigrateMem(c.q, 1, pointers, NULL, 0, 0, NULL, NULL), CL_SUCCESS);
    EXPECT(clEnqueueSVMMigrateMem(c.q, 0, pointers, NULL, 0, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueSVMMigrateMem(c.q, 1, NULL, NULL, 0, 0, NULL, NULL), CL_INVALID_VALUE);
    OK(clFinish(c.q));
    clSVMFree(c.ctx, p);
    cl_close(&c);
}

/* A program from a binary, of whose parameters drivers tell less. */
static void kernel_of_a_binary(void) {
    static const char source[] = "kernel void k(global int *a, int n) { a[get_global_id(0)] += n; }";
    struct cl c = cl_open();
    size_t size = 0, global = 16;
    cl_int e, n = 5, back[16], want[16];

    need_svm(&c);
    cl_program p = program_new(&c, source, "");
    OK(clGetProgramInfo(p, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, NULL));
    unsigned char *binary = malloc(size + 1);
    OK(clGetProgramInfo(p, CL_PROGRAM_BINARIES, sizeof(binary), &binary, NULL));
    OK(clReleaseProgram(p));
    p = clCreateProgramWithBinary(c.ctx, 1, &c.device, &size, (const unsigned char **)&binary, NULL, &e);
    OK(e);
    OK(clBuildProgram(p, 0, NULL, NULL, NULL, NULL));
    cl_kernel k = clCreateKernel(p, "k", &e);
    OK(e);
    cl_int *a = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, sizeof(back), 0);
    cl_mem m = buffer_new(&c, 0, sizeof(back), NULL);
    if (!check(a != NULL, "clSVMAlloc"))
        return;
    for (int i = 0; i < 16; i++)
        want[i] = i;
    OK(clEnqueueSVMMemcpy(c.q, CL_TRUE, a, want, sizeof(back), 0, NULL, NULL));
    OK(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, sizeof(back), want, 0, NULL, NULL));
    for (int i = 0; i < 16; i++)
        want[i] = i + n;
    OK(clSetKernelArg(k, 1, sizeof(n), &n));
    /* SVM and buffers by turns: neither is taken for the other. */
    for (int round = 0; round < 2; round++) {
        OK(clSetKernelArgSVMPointer(k, 0, a));
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &global, NULL, 0, NULL, NULL));
        OK(clEnqueueSVMMemcpy(c.q, CL_TRUE, back, a, sizeof(back), 0, NULL, NULL));
        check_ints("in shared memory", back, want, 16);
        OK(clSetKernelArg(k, 0, sizeof(m), &m));
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &global, NULL, 0, NULL, NULL));
        OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(back), back, 0, NULL, NULL));
        check_ints("in a buffer", back, want, 16);
        for (int i = 0; i < 16; i++)
            want[i] += n;
    }
    EXPECT(clSetKernelArgSVMPointer(k, 2, a), CL_INVALID_ARG_INDEX);
    clSVMFree(c.ctx, a);
    OK(clReleaseMemObject(m));
    OK(clReleaseKernel(k));
    OK(clReleaseProgram(p));
    free(binary);
    cl_close(&c);
}

/* Copies and fills of memory that is not shared have their turn, too, and nobody waits for it inside of the call
 * (SYCL's copies between pointers of any kind). */
static void ordinary_memory_behind_a_gate(void) {
    static cl_int from[1024], to[1024];
    struct cl c = cl_open();
    cl_int e, nine = 9;
    cl_event copied, filled;

    need_svm(&c);
    cl_event gate = clCreateUserEvent(c.ctx, &e);
    OK(e);
    for (int i = 0; i < 1024; i++)
        from[i] = i;
    OK(clEnqueueSVMMemcpy(c.q, CL_FALSE, to, from, sizeof(to), 1, &gate, &copied));
    OK(clEnqueueSVMMemFill(c.q, to, &nine, sizeof(nine), 400, 0, NULL, &filled));
    check(to[500] == 0, "its turn has not come");
    from[500] = 77;
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clFinish(c.q));
    check(to[99] == 9 && to[100] == 100 && to[1023] == 1023, "copied, then filled");
    check(to[500] == 77, "what was there when its turn came");
    OK(clReleaseEvent(copied));
    OK(clReleaseEvent(filled));
    OK(clReleaseEvent(gate));
    cl_close(&c);
}

/* A kernel waits for what the host does after clEnqueueSVMFree, which therefore must not wait for the kernel. */
static void free_beside_a_kernel_that_waits(void) {
    static const char source[] =
        "kernel void k(volatile global atomic_int *f) {\n"
        " while (atomic_load_explicit(f, memory_order_acquire, memory_scope_device) == 0) {}\n"
        " atomic_store_explicit(f + 1, 5, memory_order_release, memory_scope_device); }";
    struct cl c = cl_open();
    cl_device_svm_capabilities has = 0;
    const size_t one = 1;
    cl_int e;

    need_svm(&c);
    OK(clGetDeviceInfo(c.device, CL_DEVICE_SVM_CAPABILITIES, sizeof(has), &has, NULL));
    if (!(has & CL_DEVICE_SVM_FINE_GRAIN_BUFFER) || !(has & CL_DEVICE_SVM_ATOMICS) ||
        device_version(c.device) < 300)
        skip("wants atomics that host and device share, and OpenCL C 3.0");
    cl_int *flags =
        clSVMAlloc(c.ctx, CL_MEM_READ_WRITE | CL_MEM_SVM_FINE_GRAIN_BUFFER | CL_MEM_SVM_ATOMICS, 64, 0);
    void *other = clSVMAlloc(c.ctx, CL_MEM_READ_WRITE, 4096, 0);
    if (!check(flags && other, "clSVMAlloc"))
        return;
    memset(flags, 0, 64);
    cl_program p = program_new(&c, source, "-cl-std=CL3.0");
    cl_kernel k = clCreateKernel(p, "k", &e);
    OK(e);
    OK(clSetKernelArgSVMPointer(k, 0, flags));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, &one, 0, NULL, NULL));
    OK(clFlush(c.q));
    OK(clEnqueueSVMFree(c.q, 1, &other, NULL, NULL, 0, NULL, NULL));
    __atomic_store_n(&flags[0], 1, __ATOMIC_RELEASE);
    OK(clFinish(c.q));
    check(flags[1] == 5, "the kernel went on");
    OK(clReleaseKernel(k));
    OK(clReleaseProgram(p));
    clSVMFree(c.ctx, flags);
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(unsupported),
    CASE(one_address),
    CASE(pointers_in_memory),
    CASE(copy_and_fill),
    CASE(null_pointers),
    CASE(alloc_errors),
    CASE(buffer_over_svm),
    CASE(enqueued_free),
    CASE(migrate),
    CASE(kernel_of_a_binary),
    CASE(ordinary_memory_behind_a_gate),
    LONG_CASE(free_beside_a_kernel_that_waits, 60),
    END_OF_CASES,
};

const struct test_group group_svm = {"svm", cases};
