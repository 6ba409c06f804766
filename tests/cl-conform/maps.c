// SPDX-License-Identifier: MIT
/* Mapping buffers: what the flags mean, overlapping maps, map counts, events and errors. */
#include "conform.h"

#include <sys/mman.h>

enum { SIZE = 16384 };

static void *map(struct cl *c, cl_mem m, cl_map_flags flags, size_t offset, size_t size) {
    cl_int e;
    void *p = clEnqueueMapBuffer(c->q, m, CL_TRUE, flags, offset, size, 0, NULL, NULL, &e);

    OK(e);
    return p;
}

static void unmap(struct cl *c, cl_mem m, void *p) {
    OK(clEnqueueUnmapMemObject(c->q, m, p, 0, NULL, NULL));
}

static cl_uint map_count(cl_mem m) {
    cl_uint count = 99;

    OK(clGetMemObjectInfo(m, CL_MEM_MAP_COUNT, sizeof(count), &count, NULL));
    return count;
}

static cl_mem counted_buffer(struct cl *c, cl_mem_flags flags, unsigned char *model) {
    for (int i = 0; i < SIZE; i++)
        model[i] = (unsigned char)(i ^ (i >> 8));
    return buffer_new(c, CL_MEM_COPY_HOST_PTR | flags, SIZE, model);
}

static void read_map(void) {
    struct cl c = cl_open();
    static unsigned char model[SIZE];
    cl_mem m = counted_buffer(&c, 0, model);
    unsigned char *p = map(&c, m, CL_MAP_READ, 0, SIZE);

    check_bytes("whole", p, model, SIZE);
    unmap(&c, m, p);
    p = map(&c, m, CL_MAP_READ, 333, 777);
    check_bytes("part", p, model + 333, 777);
    unmap(&c, m, p);
    OK(clFinish(c.q));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void write_map(void) {
    static const cl_map_flags flags[] = {CL_MAP_WRITE, CL_MAP_READ | CL_MAP_WRITE,
                                         CL_MAP_WRITE_INVALIDATE_REGION};
    static const cl_mem_flags mem[] = {0, CL_MEM_ALLOC_HOST_PTR};
    struct cl c = cl_open();
    static unsigned char model[SIZE], got[SIZE];

    for (size_t k = 0; k < 2; k++) {
        cl_mem m = counted_buffer(&c, mem[k], model);

        for (size_t i = 0; i < 3; i++) {
            char what[64];
            unsigned char *p = map(&c, m, flags[i], 100 + i, 2000);

            for (size_t j = 0; j < 2000; j++)
                p[j] = model[100 + i + j] = (unsigned char)(j * 7 + i + k);
            unmap(&c, m, p);
            OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, SIZE, got, 0, NULL, NULL));
            snprintf(what, sizeof(what), "memory flags %zu, map flags %zu", k, i);
            check_bytes(what, got, model, SIZE);
        }
        OK(clReleaseMemObject(m));
    }
    cl_close(&c);
}

/* What a program does not write through a CL_MAP_WRITE mapping keeps its contents. */
static void write_map_keeps_the_rest(void) {
    struct cl c = cl_open();
    static unsigned char model[SIZE], got[SIZE];
    cl_mem m = counted_buffer(&c, 0, model);
    unsigned char *p = map(&c, m, CL_MAP_WRITE, 0, SIZE);

    p[5] = model[5] = 200;
    p[9999] = model[9999] = 201;
    unmap(&c, m, p);
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, SIZE, got, 0, NULL, NULL));
    check_bytes("only two bytes changed", got, model, SIZE);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void overlapping_reads(void) {
    struct cl c = cl_open();
    static unsigned char model[SIZE];
    cl_mem m = counted_buffer(&c, 0, model);
    unsigned char *a = map(&c, m, CL_MAP_READ, 0, 8192), *b = map(&c, m, CL_MAP_READ, 4096, 8192),
                  *same = map(&c, m, CL_MAP_READ, 0, 8192);

    check(map_count(m) == 3, "three maps count");
    check_bytes("first", a, model, 8192);
    check_bytes("second", b, model + 4096, 8192);
    check_bytes("third", same, model, 8192);
    unmap(&c, m, a);
    OK(clFinish(c.q));
    check(map_count(m) == 2, "two are left");
    check_bytes("second, after the first is gone", b, model + 4096, 8192);
    check_bytes("third, after the first is gone", same, model, 8192);
    unmap(&c, m, same);
    unmap(&c, m, b);
    OK(clFinish(c.q));
    check(map_count(m) == 0, "none is left");
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void disjoint_writes(void) {
    struct cl c = cl_open();
    static unsigned char model[SIZE], got[SIZE];
    cl_mem m = counted_buffer(&c, 0, model);
    unsigned char *p[8];

    for (size_t i = 0; i < 8; i++)
        p[i] = map(&c, m, CL_MAP_WRITE, i * 2000, 1000);
    for (size_t i = 0; i < 8; i++) {
        memset(p[i], (int)i + 50, 1000);
        memset(model + i * 2000, (int)i + 50, 1000);
    }
    for (size_t i = 0; i < 8; i++)
        unmap(&c, m, p[(i * 3) % 8]);
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, SIZE, got, 0, NULL, NULL));
    check_bytes("eight parts mapped at once", got, model, SIZE);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void invalidate_whole(void) {
    struct cl c = cl_open();
    static unsigned char model[SIZE], got[SIZE];
    cl_mem m = counted_buffer(&c, 0, model);

    for (int round = 0; round < 10; round++) {
        unsigned char *p = map(&c, m, CL_MAP_WRITE_INVALIDATE_REGION, 0, SIZE);

        memset(p, round, SIZE);
        unmap(&c, m, p);
    }
    memset(model, 9, SIZE);
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, SIZE, got, 0, NULL, NULL));
    check_bytes("the last round's bytes", got, model, SIZE);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void non_blocking(void) {
    struct cl c = cl_open();
    static unsigned char model[SIZE];
    cl_mem m = counted_buffer(&c, 0, model);
    cl_event mapped, unmapped;
    cl_command_type type = 0;
    cl_int e;
    unsigned char *p = clEnqueueMapBuffer(c.q, m, CL_FALSE, CL_MAP_READ, 0, SIZE, 0, NULL, &mapped, &e);

    OK(e);
    check(p != NULL, "a pointer at once");
    OK(clWaitForEvents(1, &mapped));
    check_bytes("contents once the event is complete", p, model, SIZE);
    OK(clGetEventInfo(mapped, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL));
    check(type == CL_COMMAND_MAP_BUFFER, "CL_COMMAND_MAP_BUFFER");
    OK(clEnqueueUnmapMemObject(c.q, m, p, 0, NULL, &unmapped));
    OK(clWaitForEvents(1, &unmapped));
    OK(clGetEventInfo(unmapped, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL));
    check(type == CL_COMMAND_UNMAP_MEM_OBJECT, "CL_COMMAND_UNMAP_MEM_OBJECT");
    check(map_count(m) == 0, "unmapped");
    OK(clReleaseEvent(mapped));
    OK(clReleaseEvent(unmapped));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* A non-blocking map behind a gate sees what the commands before it wrote. */
static void non_blocking_behind_a_gate(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, SIZE, NULL);
    cl_int one = 1, two = 2, e, *p;
    cl_event gate = clCreateUserEvent(c.ctx, &e), mapped;

    OK(e);
    OK(clEnqueueFillBuffer(c.q, m, &one, 4, 0, SIZE, 0, NULL, NULL));
    OK(clFinish(c.q));
    OK(clEnqueueFillBuffer(c.q, m, &two, 4, 0, SIZE, 1, &gate, NULL));
    p = clEnqueueMapBuffer(c.q, m, CL_FALSE, CL_MAP_READ, 0, SIZE, 0, NULL, &mapped, &e);
    OK(e);
    check(event_status(mapped) > CL_COMPLETE, "the map waits for the fill");
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clWaitForEvents(1, &mapped));
    check(p[0] == 2 && p[SIZE / 4 - 1] == 2, "the map sees the fill");
    unmap(&c, m, p);
    OK(clFinish(c.q));
    OK(clReleaseEvent(mapped));
    OK(clReleaseEvent(gate));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Kernels between maps: both directions, many times. */
static void kernel_between_maps(void) {
    static const char source[] = "kernel void twice(global int *a) { a[get_global_id(0)] *= 2; }";
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, SIZE, NULL);
    cl_kernel k = kernel_new(&c, source, "twice");
    size_t n = SIZE / 4;
    bool good = true;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    for (cl_int round = 1; round <= 50; round++) {
        cl_int *p = map(&c, m, CL_MAP_WRITE_INVALIDATE_REGION, 0, SIZE);

        for (size_t i = 0; i < n; i++)
            p[i] = round + (cl_int)i;
        unmap(&c, m, p);
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, NULL));
        p = map(&c, m, CL_MAP_READ, 0, SIZE);
        for (size_t i = 0; i < n; i++)
            good = good && p[i] == 2 * (round + (cl_int)i);
        unmap(&c, m, p);
    }
    check(good, "50 rounds");
    OK(clFinish(c.q));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void errors(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    char other[64];
    void *p;
    cl_int e;

    EXPECT((clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_READ, 0, 65, 0, NULL, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_READ, 64, 1, 0, NULL, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_READ, 1, SIZE_MAX, 0, NULL, NULL, &e), e),
           CL_INVALID_VALUE);
    EXPECT((clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_READ, 0, 0, 0, NULL, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clEnqueueMapBuffer(c.q, m, CL_TRUE, 0x80, 0, 64, 0, NULL, NULL, &e), e), CL_INVALID_VALUE);
    EXPECT((clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE_INVALIDATE_REGION, 0, 64, 0, NULL,
                               NULL, &e),
            e),
           CL_INVALID_VALUE);
    EXPECT((clEnqueueMapBuffer(c.q, NULL, CL_TRUE, CL_MAP_READ, 0, 64, 0, NULL, NULL, &e), e),
           CL_INVALID_MEM_OBJECT);
    EXPECT((clEnqueueMapBuffer(NULL, m, CL_TRUE, CL_MAP_READ, 0, 64, 0, NULL, NULL, &e), e),
           CL_INVALID_COMMAND_QUEUE);
    EXPECT((clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_READ, 0, 64, 1, NULL, NULL, &e), e),
           CL_INVALID_EVENT_WAIT_LIST);
    check(clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_READ, 0, 65, 0, NULL, NULL, NULL) == NULL,
          "NULL on error");
    EXPECT(clEnqueueUnmapMemObject(c.q, m, other, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueUnmapMemObject(c.q, m, NULL, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueUnmapMemObject(c.q, NULL, other, 0, NULL, NULL), CL_INVALID_MEM_OBJECT);
    EXPECT(clEnqueueUnmapMemObject(NULL, m, other, 0, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
    p = map(&c, m, CL_MAP_READ, 0, 64);
    EXPECT(clEnqueueUnmapMemObject(c.q, m, p, 1, NULL, NULL), CL_INVALID_EVENT_WAIT_LIST);
    unmap(&c, m, p);
    OK(clFinish(c.q));
    EXPECT(clEnqueueUnmapMemObject(c.q, m, p, 0, NULL, NULL), CL_INVALID_VALUE); /* a second time */
    check(map_count(m) == 0, "errors leave the map count alone");
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void release_while_mapped(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, SIZE, NULL);
    unsigned char *p = map(&c, m, CL_MAP_READ | CL_MAP_WRITE, 0, SIZE);

    p[0] = 1;
    OK(clEnqueueUnmapMemObject(c.q, m, p, 0, NULL, NULL));
    OK(clReleaseMemObject(m)); /* the unmap may still be pending */
    OK(clFinish(c.q));
    check(true, "survived");
    cl_close(&c);
}

static void many_maps(void) {
    struct cl c = cl_open();
    static unsigned char model[SIZE];
    cl_mem m = counted_buffer(&c, 0, model);
    enum { N = 500 };
    unsigned char *p[N];
    bool good = true;

    for (size_t i = 0; i < N; i++)
        p[i] = map(&c, m, CL_MAP_READ, i * 8, 4096);
    check(map_count(m) == N, "500 maps at once");
    for (size_t i = 0; i < N; i++)
        good = good && memcmp(p[i], model + i * 8, 4096) == 0;
    check(good, "each shows its part");
    for (size_t i = 0; i < N; i++)
        unmap(&c, m, p[i]);
    OK(clFinish(c.q));
    check(map_count(m) == 0, "and is gone again");
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* A table in memory that nobody may write: a file mapped for reading, or constants. */
static void read_only_host_memory(void) {
    struct cl c = cl_open();
    unsigned char *table = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cl_int e;

    if (table == MAP_FAILED)
        fail("no memory");
    for (int i = 0; i < SIZE; i++)
        table[i] = (unsigned char)(i * 7);
    mprotect(table, SIZE, PROT_READ);
    cl_mem m = clCreateBuffer(c.ctx, CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, SIZE, table, &e);
    OK(e);
    for (int blocking = 0; blocking < 2; blocking++) {
        unsigned char *p = clEnqueueMapBuffer(c.q, m, blocking ? CL_TRUE : CL_FALSE, CL_MAP_READ, 16, 4096, 0,
                                              NULL, NULL, &e);
        OK(e);
        OK(clFinish(c.q));
        check(p == table + 16, "a map is the program's memory");
        check(p[1] == (unsigned char)(17 * 7), "with its values");
        unmap(&c, m, p);
    }
    OK(clFinish(c.q));
    OK(clReleaseMemObject(m));
    cl_bool images = CL_FALSE;
    OK(clGetDeviceInfo(c.device, CL_DEVICE_IMAGE_SUPPORT, sizeof(images), &images, NULL));
    if (images) {
        const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
        const cl_image_desc desc = {
            .image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 32, .image_height = 16};
        const size_t origin[3] = {0, 2, 0}, region[3] = {32, 3, 1};
        size_t pitch;
        m = clCreateImage(c.ctx, CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, &format, &desc, table, &e);
        OK(e);
        unsigned char *p =
            clEnqueueMapImage(c.q, m, CL_TRUE, CL_MAP_READ, origin, region, &pitch, NULL, 0, NULL, NULL, &e);
        OK(e);
        check(p[0] == table[2 * 32 * 4], "an image's map has its values");
        unmap(&c, m, p);
        OK(clFinish(c.q));
        OK(clReleaseMemObject(m));
    }
    munmap(table, SIZE);
    cl_close(&c);
}

/* Memory that is mapped from one buffer is what others are written from and read to, as programs do that want "pinned" memory. */
static void transfers_of_mapped_memory(void) {
    struct cl c = cl_open();
    static unsigned char model[SIZE], expected[SIZE];
    const cl_uint nines = 0x09090909;
    cl_mem pinned = buffer_new(&c, CL_MEM_ALLOC_HOST_PTR, 4 * SIZE, NULL);
    cl_mem m = counted_buffer(&c, 0, model);
    unsigned char *p = map(&c, pinned, CL_MAP_READ | CL_MAP_WRITE, 0, 4 * SIZE);
    cl_event written, read;

    /* Each behind something that is still to be done, so that nobody can have done it at once. */
    for (int i = 0; i < SIZE; i++)
        p[i] = expected[i] = (unsigned char)(i * 3 + 1);
    OK(clEnqueueFillBuffer(c.q, m, &nines, 4, 0, SIZE, 0, NULL, NULL));
    OK(clEnqueueWriteBuffer(c.q, m, CL_FALSE, 0, SIZE, p, 0, NULL, &written));
    OK(clEnqueueReadBuffer(c.q, m, CL_FALSE, 0, SIZE, p + SIZE, 1, &written, &read));
    OK(clWaitForEvents(1, &read));
    check_bytes("written and read", p + SIZE, expected, SIZE);
    OK(clReleaseEvent(written));
    OK(clReleaseEvent(read));

    /* A part at no round address, by commands without events. */
    OK(clEnqueueFillBuffer(c.q, m, &nines, 4, 0, SIZE, 0, NULL, NULL));
    OK(clEnqueueWriteBuffer(c.q, m, CL_FALSE, 77, 9001, p + 5, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_FALSE, 0, SIZE, p + 2 * SIZE, 0, NULL, NULL));
    OK(clFinish(c.q));
    memset(expected, 9, SIZE);
    memcpy(expected + 77, p + 5, 9001);
    check_bytes("a part", p + 2 * SIZE, expected, SIZE);

    /* A blocking one is over when it returns, whatever becomes of the memory then. */
    OK(clEnqueueFillBuffer(c.q, m, &nines, 4, 0, SIZE, 0, NULL, NULL));
    OK(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, SIZE, p, 0, NULL, &written));
    memcpy(expected, p, SIZE);
    memset(p, 1, SIZE);
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, SIZE, p + 3 * SIZE, 0, NULL, NULL));
    check_bytes("blocking", p + 3 * SIZE, expected, SIZE);
    OK(clReleaseEvent(written));

    /* Unmapped while its transfer waits: the queue's order holds. */
    memset(p, 2, SIZE);
    memset(expected, 2, SIZE);
    OK(clEnqueueFillBuffer(c.q, m, &nines, 4, 0, SIZE, 0, NULL, NULL));
    OK(clEnqueueWriteBuffer(c.q, m, CL_FALSE, 0, SIZE, p, 0, NULL, NULL));
    unmap(&c, pinned, p);
    OK(clEnqueueFillBuffer(c.q, pinned, &nines, 4, 0, SIZE, 0, NULL, NULL));
    OK(clReleaseMemObject(pinned));
    static unsigned char got[SIZE];
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, SIZE, got, 0, NULL, NULL));
    check_bytes("unmapped behind it", got, expected, SIZE);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* The same behind an event that the program sets when it has filled the memory. */
static void mapped_memory_filled_late(void) {
    struct cl c = cl_open();
    static unsigned char model[SIZE], got[SIZE];
    cl_mem pinned = buffer_new(&c, CL_MEM_ALLOC_HOST_PTR, SIZE, NULL);
    cl_mem m = counted_buffer(&c, 0, model);
    unsigned char *p = map(&c, pinned, CL_MAP_WRITE, 0, SIZE);
    cl_int e;
    cl_event gate = clCreateUserEvent(c.ctx, &e);

    OK(e);
    memset(p, 3, SIZE);
    OK(clEnqueueWriteBuffer(c.q, m, CL_FALSE, 0, SIZE, p, 1, &gate, NULL));
    for (int i = 0; i < SIZE; i++)
        p[i] = model[i] = (unsigned char)(i * 5);
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, SIZE, got, 0, NULL, NULL));
    check_bytes("as it was when the event was set", got, model, SIZE);
    unmap(&c, pinned, p);
    OK(clFinish(c.q));
    OK(clReleaseEvent(gate));
    OK(clReleaseMemObject(pinned));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(read_map),
    CASE(write_map),
    CASE(write_map_keeps_the_rest),
    CASE(overlapping_reads),
    CASE(disjoint_writes),
    CASE(invalidate_whole),
    CASE(non_blocking),
    CASE(non_blocking_behind_a_gate),
    CASE(kernel_between_maps),
    CASE(errors),
    CASE(release_while_mapped),
    CASE(many_maps),
    CASE(read_only_host_memory),
    CASE(transfers_of_mapped_memory),
    CASE(mapped_memory_filled_late),
    END_OF_CASES,
};

const struct test_group group_maps = {"maps", cases};
