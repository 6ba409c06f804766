// SPDX-License-Identifier: MIT
/* Buffer objects: creation flags and their errors, info, sub-buffers, the meaning of host pointers,
 * destructors. */
#include "conform.h"

#include <stdatomic.h>

static void create_flags(void) {
    struct cl c = cl_open();
    static const cl_mem_flags valid[] = {
        0,
        CL_MEM_READ_WRITE,
        CL_MEM_READ_ONLY,
        CL_MEM_WRITE_ONLY,
        CL_MEM_ALLOC_HOST_PTR,
        CL_MEM_READ_ONLY | CL_MEM_ALLOC_HOST_PTR,
        CL_MEM_HOST_READ_ONLY,
        CL_MEM_HOST_WRITE_ONLY,
        CL_MEM_HOST_NO_ACCESS,
        CL_MEM_READ_WRITE | CL_MEM_HOST_NO_ACCESS,
    };

    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
        cl_int e;
        cl_mem m = clCreateBuffer(c.ctx, valid[i], 1000, NULL, &e);
        cl_mem_flags flags = 0;
        size_t size = 0;

        if (!check(e == CL_SUCCESS, "flags %#llx are valid", (unsigned long long)valid[i]))
            continue;
        OK(clGetMemObjectInfo(m, CL_MEM_FLAGS, sizeof(flags), &flags, NULL));
        /* CL_MEM_READ_WRITE is the default: a driver may spell it out. */
        check((flags & ~(cl_mem_flags)CL_MEM_READ_WRITE) == (valid[i] & ~(cl_mem_flags)CL_MEM_READ_WRITE),
              "flags %#llx come back", (unsigned long long)valid[i]);
        loose("flags", "%#llx", (unsigned long long)flags);
        OK(clGetMemObjectInfo(m, CL_MEM_SIZE, sizeof(size), &size, NULL));
        check(size == 1000, "size comes back");
        OK(clReleaseMemObject(m));
    }
    cl_close(&c);
}

static void create_bad_flags(void) {
    struct cl c = cl_open();
    char data[64] = {0};
    cl_int e;

    EXPECT((clCreateBuffer(c.ctx, (cl_mem_flags)1 << 50, 64, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateBuffer(c.ctx, CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, 64, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateBuffer(c.ctx, CL_MEM_READ_WRITE | CL_MEM_WRITE_ONLY, 64, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateBuffer(c.ctx, CL_MEM_READ_WRITE | CL_MEM_READ_ONLY, 64, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateBuffer(c.ctx, CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR, 64, data, &e), e),
           CL_INVALID_VALUE);
    EXPECT((clCreateBuffer(c.ctx, CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR, 64, data, &e), e),
           CL_INVALID_VALUE);
    EXPECT((clCreateBuffer(c.ctx, CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_WRITE_ONLY, 64, NULL, &e), e),
           CL_INVALID_VALUE);
    EXPECT((clCreateBuffer(c.ctx, CL_MEM_HOST_NO_ACCESS | CL_MEM_HOST_READ_ONLY, 64, NULL, &e), e),
           CL_INVALID_VALUE);
    cl_close(&c);
}

static void create_errors(void) {
    struct cl c = cl_open();
    char data[64] = {0};
    cl_int e;

    EXPECT((clCreateBuffer(NULL, 0, 64, NULL, &e), e), CL_INVALID_CONTEXT);
    EXPECT((clCreateBuffer(c.ctx, 0, 0, NULL, &e), e), CL_INVALID_BUFFER_SIZE);
    EXPECT((clCreateBuffer(c.ctx, CL_MEM_USE_HOST_PTR, 64, NULL, &e), e), CL_INVALID_HOST_PTR);
    EXPECT((clCreateBuffer(c.ctx, CL_MEM_COPY_HOST_PTR, 64, NULL, &e), e), CL_INVALID_HOST_PTR);
    EXPECT((clCreateBuffer(c.ctx, 0, 64, data, &e), e), CL_INVALID_HOST_PTR);
    EXPECT((clCreateBuffer(c.ctx, CL_MEM_ALLOC_HOST_PTR, 64, data, &e), e), CL_INVALID_HOST_PTR);
    check(clCreateBuffer(c.ctx, 0, 0, NULL, NULL) == NULL, "a null errcode_ret is allowed");
    cl_close(&c);
}

static void create_too_large(void) {
    struct cl c = cl_open();
    cl_ulong max = device_ulong(c.device, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    cl_int e;

    EXPECT((clCreateBuffer(c.ctx, 0, (size_t)max + 1, NULL, &e), e), CL_INVALID_BUFFER_SIZE);
    EXPECT((clCreateBuffer(c.ctx, 0, SIZE_MAX, NULL, &e), e), CL_INVALID_BUFFER_SIZE);
    EXPECT((clCreateBuffer(c.ctx, 0, SIZE_MAX - 4095, NULL, &e), e), CL_INVALID_BUFFER_SIZE);
    cl_close(&c);
}

static void with_properties(void) {
    struct cl c = cl_open();
    cl_mem_properties none[] = {0}, unknown[] = {0x7777, 1, 0}, back[4] = {5, 5, 5, 5};
    size_t size = 99;
    cl_int e;
    cl_mem m;

    if (device_version(c.device) < 300)
        skip("wants OpenCL 3.0");
    m = clCreateBufferWithProperties(c.ctx, NULL, CL_MEM_READ_ONLY, 128, NULL, &e);
    OK(e);
    OK(clGetMemObjectInfo(m, CL_MEM_PROPERTIES, 0, NULL, &size));
    check(size == 0, "no list: no properties");
    OK(clReleaseMemObject(m));
    m = clCreateBufferWithProperties(c.ctx, none, CL_MEM_READ_ONLY, 128, NULL, &e);
    OK(e);
    OK(clGetMemObjectInfo(m, CL_MEM_PROPERTIES, sizeof(back), back, &size));
    check(size == sizeof(none[0]) && back[0] == 0, "an empty list comes back as {0}");
    OK(clReleaseMemObject(m));
    m = buffer_new(&c, 0, 64, NULL);
    OK(clGetMemObjectInfo(m, CL_MEM_PROPERTIES, 0, NULL, &size));
    check(size == 0, "clCreateBuffer: no properties");
    OK(clReleaseMemObject(m));
    EXPECT((clCreateBufferWithProperties(c.ctx, unknown, 0, 128, NULL, &e), e), CL_INVALID_PROPERTY);
    EXPECT((clCreateBufferWithProperties(c.ctx, NULL, 0, 0, NULL, &e), e), CL_INVALID_BUFFER_SIZE);
    cl_close(&c);
}

static void info(void) {
    struct cl c = cl_open();
    char data[256] = {0};
    cl_mem m = buffer_new(&c, CL_MEM_COPY_HOST_PTR | CL_MEM_READ_ONLY, sizeof(data), data);
    cl_mem_object_type type = 0;
    cl_uint count = 77;
    cl_context ctx = NULL;
    cl_mem parent = m;
    void *ptr = data;
    size_t offset = 77, size = 0;
    cl_bool svm = 77;
    cl_image_format format;

    OK(clGetMemObjectInfo(m, CL_MEM_TYPE, sizeof(type), &type, &size));
    check(type == CL_MEM_OBJECT_BUFFER && size == sizeof(type), "CL_MEM_TYPE");
    OK(clGetMemObjectInfo(m, CL_MEM_CONTEXT, sizeof(ctx), &ctx, &size));
    check(ctx == c.ctx && size == sizeof(ctx), "CL_MEM_CONTEXT");
    OK(clGetMemObjectInfo(m, CL_MEM_REFERENCE_COUNT, sizeof(count), &count, &size));
    check(count == 1 && size == sizeof(count), "CL_MEM_REFERENCE_COUNT");
    OK(clGetMemObjectInfo(m, CL_MEM_MAP_COUNT, sizeof(count), &count, &size));
    check(count == 0 && size == sizeof(count), "CL_MEM_MAP_COUNT");
    OK(clGetMemObjectInfo(m, CL_MEM_HOST_PTR, sizeof(ptr), &ptr, &size));
    check(ptr == NULL && size == sizeof(ptr), "CL_MEM_HOST_PTR is NULL without USE_HOST_PTR");
    OK(clGetMemObjectInfo(m, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof(parent), &parent, &size));
    check(parent == NULL && size == sizeof(parent), "CL_MEM_ASSOCIATED_MEMOBJECT");
    OK(clGetMemObjectInfo(m, CL_MEM_OFFSET, sizeof(offset), &offset, &size));
    check(offset == 0 && size == sizeof(offset), "CL_MEM_OFFSET");
    OK(clGetMemObjectInfo(m, CL_MEM_USES_SVM_POINTER, sizeof(svm), &svm, &size));
    check(svm == CL_FALSE && size == sizeof(svm), "CL_MEM_USES_SVM_POINTER");
    EXPECT(clGetMemObjectInfo(m, CL_MEM_TYPE, sizeof(type) - 1, &type, NULL), CL_INVALID_VALUE);
    EXPECT(clGetMemObjectInfo(m, 0x7777, sizeof(type), &type, NULL), CL_INVALID_VALUE);
    EXPECT(clGetMemObjectInfo(NULL, CL_MEM_TYPE, sizeof(type), &type, NULL), CL_INVALID_MEM_OBJECT);
    EXPECT(clGetImageInfo(m, CL_IMAGE_FORMAT, sizeof(format), &format, NULL), CL_INVALID_MEM_OBJECT);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void reference_counts(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 64, NULL);

    check(refcount_of_mem(m) == 1, "1 at first");
    for (int i = 0; i < 5; i++)
        OK(clRetainMemObject(m));
    check(refcount_of_mem(m) == 6, "5 retains");
    for (int i = 0; i < 5; i++)
        OK(clReleaseMemObject(m));
    check(refcount_of_mem(m) == 1, "5 releases");
    OK(clReleaseMemObject(m));
    EXPECT(clRetainMemObject(NULL), CL_INVALID_MEM_OBJECT);
    EXPECT(clReleaseMemObject(NULL), CL_INVALID_MEM_OBJECT);
    cl_close(&c);
}

static void copy_host_ptr(void) {
    struct cl c = cl_open();
    static unsigned char data[10007], want[10007], got[10007];
    cl_mem m;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = want[i] = (unsigned char)(i * 31);
    m = buffer_new(&c, CL_MEM_COPY_HOST_PTR, sizeof(data), data);
    memset(data, 0xee, sizeof(data)); /* the copy was made at the call */
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check_bytes("a copy, made at the call", got, want, sizeof(want));
    OK(clReleaseMemObject(m));
    m = buffer_new(&c, CL_MEM_COPY_HOST_PTR | CL_MEM_ALLOC_HOST_PTR, sizeof(want), want);
    memset(got, 0, sizeof(got));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check_bytes("together with ALLOC_HOST_PTR", got, want, sizeof(want));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static const char add_one[] = "kernel void add_one(global int *a) { a[get_global_id(0)] += 1; }";

static void run_add_one(struct cl *c, cl_mem m, size_t n) {
    cl_kernel k = kernel_new(c, add_one, "add_one");

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clEnqueueNDRangeKernel(c->q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
    OK(clReleaseKernel(k));
}

static void use_host_ptr_once(struct cl *c, cl_int *memory, size_t n, const char *alignment) {
    char what[96];
    void *ptr = NULL;
    cl_int *mapped, e, *want = malloc(n * 4);
    cl_mem m;

    for (size_t i = 0; i < n; i++)
        memory[i] = (cl_int)i;
    for (size_t i = 0; i < n; i++)
        want[i] = (cl_int)i + 1;
    m = buffer_new(c, CL_MEM_USE_HOST_PTR, n * 4, memory);
    OK(clGetMemObjectInfo(m, CL_MEM_HOST_PTR, sizeof(ptr), &ptr, NULL));
    check(ptr == memory, "%s: CL_MEM_HOST_PTR", alignment);
    run_add_one(c, m, n);
    mapped = clEnqueueMapBuffer(c->q, m, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, n * 4, 0, NULL, NULL, &e);
    OK(e);
    /* 5.4.3: a mapping of a USE_HOST_PTR buffer lies within host_ptr, which then holds the latest bits. */
    check(mapped == memory, "%s: the mapping is host_ptr itself", alignment);
    snprintf(what, sizeof(what), "%s: host_ptr holds the kernel's results while mapped", alignment);
    check_ints(what, memory, want, n);
    for (size_t i = 0; i < n; i++)
        memory[i] = 1000 - (cl_int)i;
    OK(clEnqueueUnmapMemObject(c->q, m, mapped, 0, NULL, NULL));
    run_add_one(c, m, n);
    for (size_t i = 0; i < n; i++)
        want[i] = 1001 - (cl_int)i;
    cl_int *got = calloc(n, 4);
    OK(clEnqueueReadBuffer(c->q, m, CL_TRUE, 0, n * 4, got, 0, NULL, NULL));
    snprintf(what, sizeof(what), "%s: what was written through the mapping reaches the kernel", alignment);
    check_ints(what, got, want, n);
    mapped = clEnqueueMapBuffer(c->q, m, CL_TRUE, CL_MAP_READ, 16, n * 4 - 16, 0, NULL, NULL, &e);
    OK(e);
    check(mapped == memory + 4, "%s: a mapping at an offset is host_ptr + offset", alignment);
    OK(clEnqueueUnmapMemObject(c->q, m, mapped, 0, NULL, NULL));
    OK(clFinish(c->q));
    OK(clReleaseMemObject(m));
    free(got);
    free(want);
}

static void use_host_ptr(void) {
    struct cl c = cl_open();
    size_t n = 3000;
    cl_int *memory = aligned_alloc(4096, 65536);

    use_host_ptr_once(&c, memory, n, "page-aligned");
    use_host_ptr_once(&c, memory + 32, n, "128-byte-aligned");
    /* The kernel's type is a scalar int, which 4 bytes suffice for. */
    use_host_ptr_once(&c, memory + 1, n, "4-byte-aligned");
    free(memory);
    cl_close(&c);
}

static void use_host_ptr_on_the_stack(void) {
    struct cl c = cl_open();
    cl_int memory[64] __attribute__((aligned(128)));

    use_host_ptr_once(&c, memory, 64, "stack");
    cl_close(&c);
}

static void alloc_host_ptr(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, CL_MEM_ALLOC_HOST_PTR, 4096, NULL);
    cl_int *p, *again, e, want[1024], got[1024];

    p = clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_WRITE, 0, 4096, 0, NULL, NULL, &e);
    OK(e);
    check(((uintptr_t)p & 127) == 0, "the mapping is aligned for every type");
    for (int i = 0; i < 1024; i++) {
        p[i] = i;
        want[i] = i + 1;
    }
    OK(clEnqueueUnmapMemObject(c.q, m, p, 0, NULL, NULL));
    run_add_one(&c, m, 1024);
    again = clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_READ, 0, 4096, 0, NULL, NULL, &e);
    OK(e);
    memcpy(got, again, sizeof(got));
    check_ints("written and read through mappings", got, want, 1024);
    OK(clEnqueueUnmapMemObject(c.q, m, again, 0, NULL, NULL));
    OK(clFinish(c.q));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void host_access_flags(void) {
    struct cl c = cl_open();
    char data[64] = {0};
    size_t zero[3] = {0, 0, 0}, region[3] = {8, 2, 1};
    cl_mem read_only = buffer_new(&c, CL_MEM_HOST_READ_ONLY, 64, NULL);
    cl_mem write_only = buffer_new(&c, CL_MEM_HOST_WRITE_ONLY, 64, NULL);
    cl_mem none = buffer_new(&c, CL_MEM_HOST_NO_ACCESS, 64, NULL);
    cl_int e;

    EXPECT(clEnqueueReadBuffer(c.q, read_only, CL_TRUE, 0, 64, data, 0, NULL, NULL), CL_SUCCESS);
    EXPECT(clEnqueueWriteBuffer(c.q, read_only, CL_TRUE, 0, 64, data, 0, NULL, NULL), CL_INVALID_OPERATION);
    EXPECT(clEnqueueWriteBuffer(c.q, write_only, CL_TRUE, 0, 64, data, 0, NULL, NULL), CL_SUCCESS);
    EXPECT(clEnqueueReadBuffer(c.q, write_only, CL_TRUE, 0, 64, data, 0, NULL, NULL), CL_INVALID_OPERATION);
    EXPECT(clEnqueueReadBuffer(c.q, none, CL_TRUE, 0, 64, data, 0, NULL, NULL), CL_INVALID_OPERATION);
    EXPECT(clEnqueueWriteBuffer(c.q, none, CL_TRUE, 0, 64, data, 0, NULL, NULL), CL_INVALID_OPERATION);
    EXPECT(clEnqueueReadBufferRect(c.q, write_only, CL_TRUE, zero, zero, region, 0, 0, 0, 0, data, 0, NULL,
                                   NULL),
           CL_INVALID_OPERATION);
    EXPECT(clEnqueueWriteBufferRect(c.q, read_only, CL_TRUE, zero, zero, region, 0, 0, 0, 0, data, 0, NULL,
                                    NULL),
           CL_INVALID_OPERATION);
    EXPECT((clEnqueueMapBuffer(c.q, write_only, CL_TRUE, CL_MAP_READ, 0, 64, 0, NULL, NULL, &e), e),
           CL_INVALID_OPERATION);
    EXPECT((clEnqueueMapBuffer(c.q, read_only, CL_TRUE, CL_MAP_WRITE, 0, 64, 0, NULL, NULL, &e), e),
           CL_INVALID_OPERATION);
    EXPECT((clEnqueueMapBuffer(c.q, read_only, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, 0, 64, 0, NULL, NULL,
                               &e),
            e),
           CL_INVALID_OPERATION);
    EXPECT((clEnqueueMapBuffer(c.q, none, CL_TRUE, CL_MAP_READ, 0, 64, 0, NULL, NULL, &e), e),
           CL_INVALID_OPERATION);
    OK(clReleaseMemObject(read_only));
    OK(clReleaseMemObject(write_only));
    OK(clReleaseMemObject(none));
    cl_close(&c);
}

/* ---- sub-buffers
 * -------------------------------------------------------------------------------------------------- */

static size_t sub_alignment(struct cl *c) {
    return device_uint(c->device, CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8;
}

static cl_mem sub_new(cl_mem parent, cl_mem_flags flags, size_t origin, size_t size, cl_int *e) {
    cl_buffer_region region = {origin, size};

    return clCreateSubBuffer(parent, flags, CL_BUFFER_CREATE_TYPE_REGION, &region, e);
}

static void sub_buffer_shares(void) {
    struct cl c = cl_open();
    size_t align = sub_alignment(&c), total = align * 4;
    cl_mem m = buffer_new(&c, 0, total, NULL), sub;
    unsigned char *data = malloc(total), *got = malloc(total);
    cl_int e, value = 0x01020304;

    for (size_t i = 0; i < total; i++)
        data[i] = (unsigned char)i;
    OK(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, total, data, 0, NULL, NULL));
    sub = sub_new(m, 0, align, align * 2, &e);
    OK(e);
    OK(clEnqueueReadBuffer(c.q, sub, CL_TRUE, 0, align * 2, got, 0, NULL, NULL));
    check_bytes("reads the parent's bytes", got, data + align, align * 2);
    OK(clEnqueueFillBuffer(c.q, sub, &value, 4, 4, 8, 0, NULL, NULL));
    memcpy(data + align + 4, &value, 4);
    memcpy(data + align + 8, &value, 4);
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, total, got, 0, NULL, NULL));
    check_bytes("writes the parent's bytes", got, data, total);
    run_add_one(&c, sub, align / 4);
    for (size_t i = 0; i < align / 4; i++) {
        cl_int v;

        memcpy(&v, data + align + i * 4, 4);
        v = (cl_int)((cl_uint)v + 1);
        memcpy(data + align + i * 4, &v, 4);
    }
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, total, got, 0, NULL, NULL));
    check_bytes("a kernel writes the parent's bytes", got, data, total);
    unsigned char *p =
        clEnqueueMapBuffer(c.q, sub, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, align * 2, 0, NULL, NULL, &e);
    OK(e);
    check_bytes("mapped", p, data + align, align * 2);
    p[0] = 0x77;
    data[align] = 0x77;
    OK(clEnqueueUnmapMemObject(c.q, sub, p, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, total, got, 0, NULL, NULL));
    check_bytes("written through a mapping", got, data, total);
    OK(clReleaseMemObject(sub));
    OK(clReleaseMemObject(m));
    free(data);
    free(got);
    cl_close(&c);
}

static void sub_buffer_info(void) {
    struct cl c = cl_open();
    size_t align = sub_alignment(&c), value = 0;
    char *data = aligned_alloc(4096, 1 << 20);
    cl_mem m = buffer_new(&c, CL_MEM_USE_HOST_PTR | CL_MEM_READ_ONLY, align * 4, data), parent = NULL, sub;
    cl_mem_flags flags = 0;
    cl_mem_object_type type = 0;
    void *ptr = NULL;
    cl_int e;

    sub = sub_new(m, 0, align, align, &e);
    OK(e);
    OK(clGetMemObjectInfo(sub, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof(parent), &parent, NULL));
    check(parent == m, "CL_MEM_ASSOCIATED_MEMOBJECT");
    OK(clGetMemObjectInfo(sub, CL_MEM_OFFSET, sizeof(value), &value, NULL));
    check(value == align, "CL_MEM_OFFSET");
    OK(clGetMemObjectInfo(sub, CL_MEM_SIZE, sizeof(value), &value, NULL));
    check(value == align, "CL_MEM_SIZE");
    OK(clGetMemObjectInfo(sub, CL_MEM_TYPE, sizeof(type), &type, NULL));
    check(type == CL_MEM_OBJECT_BUFFER, "CL_MEM_TYPE");
    OK(clGetMemObjectInfo(sub, CL_MEM_FLAGS, sizeof(flags), &flags, NULL));
    check((flags & CL_MEM_READ_ONLY) && (flags & CL_MEM_USE_HOST_PTR), "flags are inherited");
    OK(clGetMemObjectInfo(sub, CL_MEM_HOST_PTR, sizeof(ptr), &ptr, NULL));
    check(ptr == data + align, "CL_MEM_HOST_PTR is the parent's plus the origin");
    check(refcount_of_mem(sub) == 1, "reference count");
    OK(clReleaseMemObject(m)); /* the sub-buffer keeps its parent alive */
    OK(clEnqueueReadBuffer(c.q, sub, CL_TRUE, 0, align, data + align * 5, 0, NULL, NULL));
    OK(clReleaseMemObject(sub));
    free(data);
    cl_close(&c);
}

static void sub_buffer_errors(void) {
    struct cl c = cl_open();
    size_t align = sub_alignment(&c);
    cl_mem m = buffer_new(&c, 0, align * 4, NULL), sub, write_only, read_only, no_access;
    cl_buffer_region region = {0, align};
    cl_int e;

    EXPECT((sub_new(m, 0, 0, 0, &e), e), CL_INVALID_BUFFER_SIZE);
    EXPECT((sub_new(m, 0, 0, align * 4 + 1, &e), e), CL_INVALID_VALUE);
    EXPECT((sub_new(m, 0, align * 4, align, &e), e), CL_INVALID_VALUE);
    EXPECT((sub_new(m, 0, align, SIZE_MAX - 1, &e), e), CL_INVALID_VALUE);
    EXPECT((sub_new(m, 0, 1, 16, &e), e), CL_MISALIGNED_SUB_BUFFER_OFFSET);
    EXPECT((sub_new(m, CL_MEM_COPY_HOST_PTR, 0, align, &e), e), CL_INVALID_VALUE);
    EXPECT((sub_new(m, CL_MEM_USE_HOST_PTR, 0, align, &e), e), CL_INVALID_VALUE);
    EXPECT((sub_new(m, CL_MEM_ALLOC_HOST_PTR, 0, align, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateSubBuffer(m, 0, 0x7777, &region, &e), e), CL_INVALID_VALUE);
    EXPECT((clCreateSubBuffer(m, 0, CL_BUFFER_CREATE_TYPE_REGION, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((sub_new(NULL, 0, 0, align, &e), e), CL_INVALID_MEM_OBJECT);
    write_only = buffer_new(&c, CL_MEM_WRITE_ONLY, align, NULL);
    EXPECT((sub_new(write_only, CL_MEM_READ_ONLY, 0, align, &e), e), CL_INVALID_VALUE);
    EXPECT((sub_new(write_only, CL_MEM_READ_WRITE, 0, align, &e), e), CL_INVALID_VALUE);
    read_only = buffer_new(&c, CL_MEM_READ_ONLY | CL_MEM_HOST_READ_ONLY, align, NULL);
    EXPECT((sub_new(read_only, CL_MEM_WRITE_ONLY, 0, align, &e), e), CL_INVALID_VALUE);
    EXPECT((sub_new(read_only, CL_MEM_HOST_WRITE_ONLY, 0, align, &e), e), CL_INVALID_VALUE);
    no_access = buffer_new(&c, CL_MEM_HOST_NO_ACCESS, align, NULL);
    EXPECT((sub_new(no_access, CL_MEM_HOST_READ_ONLY, 0, align, &e), e), CL_INVALID_VALUE);
    sub = sub_new(m, 0, 0, align * 2, &e);
    OK(e);
    EXPECT((sub_new(sub, 0, 0, align, &e), e), CL_INVALID_MEM_OBJECT); /* no sub-buffer of a sub-buffer */
    OK(clReleaseMemObject(no_access));
    OK(clReleaseMemObject(read_only));
    OK(clReleaseMemObject(write_only));
    OK(clReleaseMemObject(sub));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* ---- destructor callbacks
 * ------------------------------------------------------------------------------------------ */

static _Atomic int destructor_order[4];
static _Atomic int destructors_run;

static void CL_CALLBACK on_destroy(cl_mem mem, void *data) {
    (void)mem;
    int at = atomic_fetch_add(&destructors_run, 1);

    if (at < 4)
        atomic_store(&destructor_order[at], (int)(intptr_t)data);
}

static bool wait_destructors(int count) {
    for (double end = now_s() + 20; now_s() < end;)
        if (atomic_load(&destructors_run) >= count)
            return true;
    return false;
}

static void destructor_callbacks(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 64, NULL);

    atomic_store(&destructors_run, 0);
    for (intptr_t i = 1; i <= 3; i++)
        OK(clSetMemObjectDestructorCallback(m, on_destroy, (void *)i));
    EXPECT(clSetMemObjectDestructorCallback(m, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clSetMemObjectDestructorCallback(NULL, on_destroy, NULL), CL_INVALID_MEM_OBJECT);
    OK(clRetainMemObject(m));
    OK(clReleaseMemObject(m));
    check(atomic_load(&destructors_run) == 0, "not called while a reference is left");
    OK(clReleaseMemObject(m));
    check(wait_destructors(3), "called after the last release");
    check(destructor_order[0] == 3 && destructor_order[1] == 2 && destructor_order[2] == 1,
          "in reverse order");
    cl_close(&c);
}

/* A buffer that a command uses lives until the command is done; the callback says when host_ptr may be freed.
 */
static void destructor_waits_for_commands(void) {
    struct cl c = cl_open();
    cl_int *memory = aligned_alloc(4096, 4096), e, one = 1, got[1024];
    cl_mem m, other = buffer_new(&c, 0, 4096, NULL);
    cl_event gate = clCreateUserEvent(c.ctx, &e);

    OK(e);
    for (int i = 0; i < 1024; i++)
        memory[i] = 7;
    m = buffer_new(&c, CL_MEM_USE_HOST_PTR, 4096, memory);
    atomic_store(&destructors_run, 0);
    OK(clSetMemObjectDestructorCallback(m, on_destroy, NULL));
    OK(clEnqueueFillBuffer(c.q, m, &one, 4, 0, 4096, 1, &gate, NULL));
    OK(clEnqueueCopyBuffer(c.q, m, other, 0, 0, 4096, 0, NULL, NULL));
    OK(clReleaseMemObject(m));
    check(atomic_load(&destructors_run) == 0, "not called while a command needs the buffer");
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clEnqueueReadBuffer(c.q, other, CL_TRUE, 0, 4096, got, 0, NULL, NULL));
    check(got[0] == 1 && got[1023] == 1, "the commands ran");
    check(wait_destructors(1), "called once they are done");
    OK(clReleaseEvent(gate));
    OK(clReleaseMemObject(other));
    free(memory);
    cl_close(&c);
}

static void context_destructor(void) {
    struct cl c = cl_open();

    if (device_version(c.device) < 300)
        skip("wants OpenCL 3.0");
    EXPECT(clSetContextDestructorCallback(c.ctx, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clSetContextDestructorCallback(NULL, (void (*)(cl_context, void *))on_destroy, NULL),
           CL_INVALID_CONTEXT);
    atomic_store(&destructors_run, 0);
    for (intptr_t i = 1; i <= 3; i++)
        OK(clSetContextDestructorCallback(c.ctx, (void (*)(cl_context, void *))on_destroy, (void *)i));
    cl_close(&c);
    check(wait_destructors(3), "called");
    check(destructor_order[0] == 3 && destructor_order[1] == 2 && destructor_order[2] == 1,
          "in reverse order");
}

static void migrate(void) {
    struct cl c = cl_open();
    cl_mem m[2] = {buffer_new(&c, 0, 4096, NULL), buffer_new(&c, 0, 4096, NULL)};
    cl_int pattern = 99, got[1024];
    cl_event event;
    cl_command_type type = 0;

    OK(clEnqueueFillBuffer(c.q, m[0], &pattern, 4, 0, 4096, 0, NULL, NULL));
    OK(clEnqueueMigrateMemObjects(c.q, 2, m, 0, 0, NULL, &event));
    OK(clGetEventInfo(event, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL));
    check(type == CL_COMMAND_MIGRATE_MEM_OBJECTS, "command type");
    OK(clReleaseEvent(event));
    OK(clEnqueueMigrateMemObjects(c.q, 1, m, CL_MIGRATE_MEM_OBJECT_HOST, 0, NULL, NULL));
    OK(clEnqueueMigrateMemObjects(c.q, 1, m + 1, CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m[0], CL_TRUE, 0, 4096, got, 0, NULL, NULL));
    check(got[0] == 99 && got[1023] == 99, "contents survive");
    EXPECT(clEnqueueMigrateMemObjects(c.q, 0, m, 0, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueMigrateMemObjects(c.q, 1, NULL, 0, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueMigrateMemObjects(c.q, 1, m, (cl_mem_migration_flags)1 << 20, 0, NULL, NULL),
           CL_INVALID_VALUE);
    EXPECT(clEnqueueMigrateMemObjects(NULL, 1, m, 0, 0, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
    OK(clReleaseMemObject(m[0]));
    OK(clReleaseMemObject(m[1]));
    cl_close(&c);
}

static void other_context(void) {
    struct cl a = cl_open(), b = cl_open();
    cl_mem m = buffer_new(&b, 0, 64, NULL), mine = buffer_new(&a, 0, 64, NULL);
    char data[64] = {0};
    cl_int e;

    EXPECT(clEnqueueReadBuffer(a.q, m, CL_TRUE, 0, 64, data, 0, NULL, NULL), CL_INVALID_CONTEXT);
    EXPECT(clEnqueueWriteBuffer(a.q, m, CL_TRUE, 0, 64, data, 0, NULL, NULL), CL_INVALID_CONTEXT);
    EXPECT(clEnqueueFillBuffer(a.q, m, data, 4, 0, 64, 0, NULL, NULL), CL_INVALID_CONTEXT);
    EXPECT(clEnqueueCopyBuffer(a.q, mine, m, 0, 0, 64, 0, NULL, NULL), CL_INVALID_CONTEXT);
    EXPECT(clEnqueueCopyBuffer(a.q, m, mine, 0, 0, 64, 0, NULL, NULL), CL_INVALID_CONTEXT);
    EXPECT((clEnqueueMapBuffer(a.q, m, CL_TRUE, CL_MAP_READ, 0, 64, 0, NULL, NULL, &e), e),
           CL_INVALID_CONTEXT);
    EXPECT(clEnqueueMigrateMemObjects(a.q, 1, &m, 0, 0, NULL, NULL), CL_INVALID_CONTEXT);
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(mine));
    cl_close(&a);
    cl_close(&b);
}

static const struct test_case cases[] = {
    CASE(create_flags),
    CASE(create_bad_flags),
    CASE(create_errors),
    CASE(create_too_large),
    CASE(with_properties),
    CASE(info),
    CASE(reference_counts),
    CASE(copy_host_ptr),
    CASE(use_host_ptr),
    CASE(use_host_ptr_on_the_stack),
    CASE(alloc_host_ptr),
    CASE(host_access_flags),
    CASE(sub_buffer_shares),
    CASE(sub_buffer_info),
    CASE(sub_buffer_errors),
    CASE(destructor_callbacks),
    CASE(destructor_waits_for_commands),
    CASE(context_destructor),
    CASE(migrate),
    CASE(other_context),
    END_OF_CASES,
};

const struct test_group group_buffers = {"buffers", cases};
