// SPDX-License-Identifier: MIT
/* Reading, writing, copying and filling buffers, linear and by rectangles, and the errors of each. */
#include "conform.h"

enum { SIZE = 64 * 1024 };

static void fill_random(void *p, size_t size, uint32_t seed) {
    unsigned char *b = p;

    for (size_t i = 0; i < size; i++)
        b[i] = (unsigned char)(prng(&seed) >> 8);
}

/* Writes and reads back at odd offsets and sizes, blocking and not. */
static void read_write(void) {
    static const struct {
        size_t offset, size;
    } parts[] = {{0, 1}, {1, 1}, {3, 5}, {4095, 2}, {4096, 4096}, {1000, 10000}, {SIZE - 1, 1}, {0, SIZE}};
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, SIZE, NULL);
    static unsigned char model[SIZE], data[SIZE], got[SIZE];

    fill_random(model, SIZE, 1);
    OK(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, SIZE, model, 0, NULL, NULL));
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        for (int blocking = 0; blocking < 2; blocking++) {
            char what[64];

            fill_random(data, parts[i].size, (uint32_t)(i * 2 + 7) + (uint32_t)blocking);
            OK(clEnqueueWriteBuffer(c.q, m, blocking ? CL_TRUE : CL_FALSE, parts[i].offset, parts[i].size,
                                    data, 0, NULL, NULL));
            memset(got, 0, sizeof(got));
            OK(clEnqueueReadBuffer(c.q, m, blocking ? CL_TRUE : CL_FALSE, parts[i].offset, parts[i].size, got,
                                   0, NULL, NULL));
            OK(clFinish(c.q));
            memcpy(model + parts[i].offset, data, parts[i].size);
            snprintf(what, sizeof(what), "%zu bytes at %zu%s", parts[i].size, parts[i].offset,
                     blocking ? ", blocking" : "");
            check_bytes(what, got, data, parts[i].size);
        }
    }
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, SIZE, got, 0, NULL, NULL));
    check_bytes("nothing else was touched", got, model, SIZE);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* The memory of a non-blocking write may be reused once its event is complete, and a blocking one's at once.
 */
static void write_takes_a_copy_in_time(void) {
    struct cl c = cl_open();
    enum { N = 100 };
    cl_mem m[N];
    cl_int got;
    bool good = true;

    for (int i = 0; i < N; i++) {
        cl_int value = i;

        m[i] = buffer_new(&c, 0, 4, NULL);
        OK(clEnqueueWriteBuffer(c.q, m[i], CL_TRUE, 0, 4, &value, 0, NULL, NULL));
        value = -1;
    }
    for (int i = 0; i < N; i++) {
        OK(clEnqueueReadBuffer(c.q, m[i], CL_TRUE, 0, 4, &got, 0, NULL, NULL));
        good = good && got == i;
        OK(clReleaseMemObject(m[i]));
    }
    check(good, "each buffer has its own value");
    cl_close(&c);
}

static void read_write_errors(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    char data[128] = {0};
    cl_event none = NULL;

    EXPECT(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 65, data, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueReadBuffer(c.q, m, CL_TRUE, 64, 1, data, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueReadBuffer(c.q, m, CL_TRUE, 1, SIZE_MAX, data, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueReadBuffer(c.q, m, CL_TRUE, SIZE_MAX, 2, data, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 64, NULL, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueReadBuffer(c.q, NULL, CL_TRUE, 0, 64, data, 0, NULL, NULL), CL_INVALID_MEM_OBJECT);
    EXPECT(clEnqueueReadBuffer(NULL, m, CL_TRUE, 0, 64, data, 0, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 64, data, 1, NULL, NULL), CL_INVALID_EVENT_WAIT_LIST);
    EXPECT(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 64, data, 0, &none, NULL), CL_INVALID_EVENT_WAIT_LIST);
    EXPECT(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 64, data, 1, &none, NULL), CL_INVALID_EVENT_WAIT_LIST);
    EXPECT(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, 65, data, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 64, 1, data, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueWriteBuffer(c.q, m, CL_TRUE, SIZE_MAX, 2, data, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, 64, NULL, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueWriteBuffer(c.q, NULL, CL_TRUE, 0, 64, data, 0, NULL, NULL), CL_INVALID_MEM_OBJECT);
    EXPECT(clEnqueueWriteBuffer(NULL, m, CL_TRUE, 0, 64, data, 0, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, 64, data, 1, NULL, NULL), CL_INVALID_EVENT_WAIT_LIST);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Whether a size of zero is an error changed between versions of the specification. */
static void zero_size(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 64, NULL), other = buffer_new(&c, 0, 64, NULL);
    char data[64] = {0};

    see("read", "%s", error_name(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 0, data, 0, NULL, NULL)));
    see("write", "%s", error_name(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, 0, data, 0, NULL, NULL)));
    loose("copy", "%s", error_name(clEnqueueCopyBuffer(c.q, m, other, 0, 0, 0, 0, NULL, NULL)));
    see("fill", "%s", error_name(clEnqueueFillBuffer(c.q, m, data, 4, 0, 0, 0, NULL, NULL)));
    OK(clFinish(c.q));
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(other));
    cl_close(&c);
}

static void copy(void) {
    struct cl c = cl_open();
    static unsigned char a[SIZE], b[SIZE], got[SIZE];
    cl_mem ma, mb;

    fill_random(a, SIZE, 11);
    fill_random(b, SIZE, 12);
    ma = buffer_new(&c, CL_MEM_COPY_HOST_PTR, SIZE, a);
    mb = buffer_new(&c, CL_MEM_COPY_HOST_PTR, SIZE, b);
    OK(clEnqueueCopyBuffer(c.q, ma, mb, 17, 4099, 30001, 0, NULL, NULL));
    memcpy(b + 4099, a + 17, 30001);
    OK(clEnqueueReadBuffer(c.q, mb, CL_TRUE, 0, SIZE, got, 0, NULL, NULL));
    check_bytes("between buffers", got, b, SIZE);
    OK(clEnqueueCopyBuffer(c.q, ma, ma, 0, SIZE / 2, SIZE / 2, 0, NULL, NULL));
    memcpy(a + SIZE / 2, a, SIZE / 2);
    OK(clEnqueueReadBuffer(c.q, ma, CL_TRUE, 0, SIZE, got, 0, NULL, NULL));
    check_bytes("within one buffer", got, a, SIZE);
    OK(clReleaseMemObject(ma));
    OK(clReleaseMemObject(mb));
    cl_close(&c);
}

static void copy_errors(void) {
    struct cl c = cl_open();
    size_t align = device_uint(c.device, CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8;
    cl_mem a = buffer_new(&c, 0, align * 4, NULL), b = buffer_new(&c, 0, 64, NULL), sub1, sub2;
    cl_buffer_region r1 = {0, align * 2}, r2 = {align, align * 2};
    cl_int e;

    EXPECT(clEnqueueCopyBuffer(c.q, a, b, 0, 0, 65, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueCopyBuffer(c.q, b, a, 60, 0, 5, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueCopyBuffer(c.q, b, a, 0, align * 4, 1, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueCopyBuffer(c.q, b, a, SIZE_MAX, 0, 2, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueCopyBuffer(c.q, a, a, 0, 8, 16, 0, NULL, NULL), CL_MEM_COPY_OVERLAP);
    EXPECT(clEnqueueCopyBuffer(c.q, a, a, 8, 0, 16, 0, NULL, NULL), CL_MEM_COPY_OVERLAP);
    EXPECT(clEnqueueCopyBuffer(c.q, NULL, a, 0, 0, 8, 0, NULL, NULL), CL_INVALID_MEM_OBJECT);
    EXPECT(clEnqueueCopyBuffer(c.q, a, NULL, 0, 0, 8, 0, NULL, NULL), CL_INVALID_MEM_OBJECT);
    EXPECT(clEnqueueCopyBuffer(NULL, a, b, 0, 0, 8, 0, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(clEnqueueCopyBuffer(c.q, a, b, 0, 0, 8, 1, NULL, NULL), CL_INVALID_EVENT_WAIT_LIST);
    sub1 = clCreateSubBuffer(a, 0, CL_BUFFER_CREATE_TYPE_REGION, &r1, &e);
    OK(e);
    sub2 = clCreateSubBuffer(a, 0, CL_BUFFER_CREATE_TYPE_REGION, &r2, &e);
    OK(e);
    EXPECT(clEnqueueCopyBuffer(c.q, sub1, sub2, align, 0, 16, 0, NULL, NULL), CL_MEM_COPY_OVERLAP);
    OK(clEnqueueCopyBuffer(c.q, sub1, sub2, 0, 0, 16, 0, NULL, NULL));
    OK(clReleaseMemObject(sub1));
    OK(clReleaseMemObject(sub2));
    OK(clReleaseMemObject(a));
    OK(clReleaseMemObject(b));
    cl_close(&c);
}

static void fill_sizes(void) {
    struct cl c = cl_open();
    static unsigned char model[SIZE], got[SIZE];
    unsigned char pattern[128];
    cl_mem m;

    fill_random(model, SIZE, 21);
    fill_random(pattern, sizeof(pattern), 22);
    m = buffer_new(&c, CL_MEM_COPY_HOST_PTR, SIZE, model);
    for (size_t p = 1; p <= 128; p *= 2) {
        size_t offset = p * 3, size = p * 37;

        OK(clEnqueueFillBuffer(c.q, m, pattern, p, offset, size, 0, NULL, NULL));
        for (size_t i = 0; i < size; i++)
            model[offset + i] = pattern[i % p];
        OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, SIZE, got, 0, NULL, NULL));
        char what[48];
        snprintf(what, sizeof(what), "pattern of %zu bytes", p);
        check_bytes(what, got, model, SIZE);
    }
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void fill_takes_the_pattern_at_the_call(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 4096, NULL);
    cl_int pattern = 41, got[1024], e;
    cl_event gate = clCreateUserEvent(c.ctx, &e);

    OK(e);
    OK(clEnqueueFillBuffer(c.q, m, &pattern, 4, 0, 4096, 1, &gate, NULL));
    pattern = 0;
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4096, got, 0, NULL, NULL));
    check(got[0] == 41 && got[1023] == 41, "the pattern may be reused after the call");
    OK(clReleaseEvent(gate));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void fill_errors(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    char pattern[256] = {0};

    EXPECT(clEnqueueFillBuffer(c.q, m, NULL, 4, 0, 64, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueFillBuffer(c.q, m, pattern, 0, 0, 64, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueFillBuffer(c.q, m, pattern, 3, 0, 63, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueFillBuffer(c.q, m, pattern, 256, 0, 64, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueFillBuffer(c.q, m, pattern, 4, 2, 8, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueFillBuffer(c.q, m, pattern, 4, 0, 6, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueFillBuffer(c.q, m, pattern, 4, 64, 4, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueFillBuffer(c.q, m, pattern, 4, 0, 68, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueFillBuffer(c.q, NULL, pattern, 4, 0, 64, 0, NULL, NULL), CL_INVALID_MEM_OBJECT);
    EXPECT(clEnqueueFillBuffer(NULL, m, pattern, 4, 0, 64, 0, NULL, NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(clEnqueueFillBuffer(c.q, m, pattern, 4, 0, 64, 1, NULL, NULL), CL_INVALID_EVENT_WAIT_LIST);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* ---- rectangles
 * ---------------------------------------------------------------------------------------------------- */

struct rect {
    size_t origin[3];
    size_t row, slice; /* pitches; 0: tight */
};

static size_t rect_at(const struct rect *r, const size_t region[3], size_t y, size_t z) {
    size_t row = r->row ? r->row : region[0], slice = r->slice ? r->slice : row * region[1];

    return (r->origin[2] + z) * slice + (r->origin[1] + y) * row + r->origin[0];
}

static void model_copy(unsigned char *to, const struct rect *tr, const unsigned char *from,
                       const struct rect *fr, const size_t region[3]) {
    for (size_t z = 0; z < region[2]; z++)
        for (size_t y = 0; y < region[1]; y++)
            memcpy(to + rect_at(tr, region, y, z), from + rect_at(fr, region, y, z), region[0]);
}

static const struct {
    struct rect buffer, host;
    size_t region[3];
} rects[] = {
    {{{0, 0, 0}, 0, 0}, {{0, 0, 0}, 0, 0}, {16, 4, 2}},
    {{{3, 1, 0}, 32, 0}, {{0, 0, 0}, 0, 0}, {16, 4, 1}},
    {{{3, 1, 1}, 32, 32 * 8}, {{5, 2, 1}, 40, 40 * 9}, {16, 4, 3}},
    {{{0, 0, 0}, 16, 16 * 4}, {{1, 0, 0}, 17, 17 * 5}, {16, 4, 3}},
    {{{31, 0, 0}, 64, 0}, {{0, 0, 0}, 1, 0}, {1, 50, 1}},
    {{{0, 3, 2}, 100, 1000}, {{0, 0, 0}, 100, 700}, {100, 7, 5}},
};

static void rect_read_write(void) {
    struct cl c = cl_open();
    static unsigned char device[SIZE], host[SIZE], got[SIZE];
    cl_mem m;
    char what[64];

    fill_random(device, SIZE, 31);
    fill_random(host, SIZE, 32);
    m = buffer_new(&c, CL_MEM_COPY_HOST_PTR, SIZE, device);
    for (size_t i = 0; i < sizeof(rects) / sizeof(rects[0]); i++) {
        const struct rect *b = &rects[i].buffer, *h = &rects[i].host;

        for (int blocking = 0; blocking < 2; blocking++) {
            OK(clEnqueueWriteBufferRect(c.q, m, blocking ? CL_TRUE : CL_FALSE, b->origin, h->origin,
                                        rects[i].region, b->row, b->slice, h->row, h->slice, host, 0, NULL,
                                        NULL));
            model_copy(device, b, host, h, rects[i].region);
            OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, SIZE, got, 0, NULL, NULL));
            snprintf(what, sizeof(what), "write %zu%s", i, blocking ? ", blocking" : "");
            check_bytes(what, got, device, SIZE);
            memset(got, 0x5c, sizeof(got));
            OK(clEnqueueReadBufferRect(c.q, m, blocking ? CL_TRUE : CL_FALSE, b->origin, h->origin,
                                       rects[i].region, b->row, b->slice, h->row, h->slice, got, 0, NULL,
                                       NULL));
            OK(clFinish(c.q));
            static unsigned char want[SIZE];
            memset(want, 0x5c, sizeof(want));
            model_copy(want, h, device, b, rects[i].region);
            snprintf(what, sizeof(what), "read %zu%s", i, blocking ? ", blocking" : "");
            check_bytes(what, got, want, SIZE);
            fill_random(host, SIZE, 33 + (uint32_t)i);
        }
    }
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void rect_copy(void) {
    struct cl c = cl_open();
    static unsigned char from[SIZE], to[SIZE], got[SIZE];
    cl_mem mf, mt;
    char what[64];

    fill_random(from, SIZE, 41);
    fill_random(to, SIZE, 42);
    mf = buffer_new(&c, CL_MEM_COPY_HOST_PTR, SIZE, from);
    mt = buffer_new(&c, CL_MEM_COPY_HOST_PTR, SIZE, to);
    for (size_t i = 0; i < sizeof(rects) / sizeof(rects[0]); i++) {
        const struct rect *b = &rects[i].buffer, *h = &rects[i].host;

        OK(clEnqueueCopyBufferRect(c.q, mf, mt, b->origin, h->origin, rects[i].region, b->row, b->slice,
                                   h->row, h->slice, 0, NULL, NULL));
        model_copy(to, h, from, b, rects[i].region);
        OK(clEnqueueReadBuffer(c.q, mt, CL_TRUE, 0, SIZE, got, 0, NULL, NULL));
        snprintf(what, sizeof(what), "copy %zu", i);
        check_bytes(what, got, to, SIZE);
    }
    OK(clReleaseMemObject(mf));
    OK(clReleaseMemObject(mt));
    cl_close(&c);
}

static void rect_copy_within(void) {
    struct cl c = cl_open();
    static unsigned char data[SIZE], got[SIZE];
    /* Side by side in the same rows: interleaved in memory, but not overlapping. */
    struct rect left = {{0, 0, 0}, 64, 0}, right = {{32, 0, 0}, 64, 0};
    size_t region[3] = {32, 16, 1};
    cl_mem m;

    fill_random(data, SIZE, 51);
    m = buffer_new(&c, CL_MEM_COPY_HOST_PTR, SIZE, data);
    EXPECT(clEnqueueCopyBufferRect(c.q, m, m, left.origin, right.origin, region, 64, 0, 64, 0, 0, NULL, NULL),
           CL_SUCCESS);
    model_copy(data, &right, data, &left, region);
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, SIZE, got, 0, NULL, NULL));
    check_bytes("interleaved halves", got, data, SIZE);
    right.origin[0] = 31;
    EXPECT(clEnqueueCopyBufferRect(c.q, m, m, left.origin, right.origin, region, 64, 0, 64, 0, 0, NULL, NULL),
           CL_MEM_COPY_OVERLAP);
    EXPECT(
        clEnqueueCopyBufferRect(c.q, m, m, left.origin, right.origin, region, 64, 0, 128, 0, 0, NULL, NULL),
        CL_INVALID_VALUE);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void rect_errors(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 1024, NULL), other = buffer_new(&c, 0, 1024, NULL);
    static char data[4096];
    size_t zero[3] = {0, 0, 0}, region[3] = {16, 4, 2}, empty[3] = {16, 0, 2}, large[3] = {16, 4, 17};
    size_t far_away[3] = {1024, 0, 0};

#define READ(bo, r, br, bs, hr, hs, p)                                                                       \
    clEnqueueReadBufferRect(c.q, m, CL_TRUE, bo, zero, r, br, bs, hr, hs, p, 0, NULL, NULL)
#define WRITE(bo, r, br, bs, hr, hs, p)                                                                      \
    clEnqueueWriteBufferRect(c.q, m, CL_TRUE, bo, zero, r, br, bs, hr, hs, p, 0, NULL, NULL)
    EXPECT(READ(zero, region, 0, 0, 0, 0, data), CL_SUCCESS);
    EXPECT(READ(zero, empty, 0, 0, 0, 0, data), CL_INVALID_VALUE);
    EXPECT(READ(zero, large, 0, 0, 0, 0, data), CL_INVALID_VALUE);
    EXPECT(READ(far_away, region, 0, 0, 0, 0, data), CL_INVALID_VALUE);
    EXPECT(READ(zero, region, 15, 0, 0, 0, data), CL_INVALID_VALUE);
    EXPECT(READ(zero, region, 0, 0, 15, 0, data), CL_INVALID_VALUE);
    EXPECT(READ(zero, region, 16, 63, 0, 0, data), CL_INVALID_VALUE);
    EXPECT(READ(zero, region, 16, 65, 0, 0, data), CL_INVALID_VALUE);
    EXPECT(READ(zero, region, 0, 0, 16, 63, data), CL_INVALID_VALUE);
    EXPECT(READ(zero, region, 0, 0, 0, 0, NULL), CL_INVALID_VALUE);
    EXPECT(WRITE(zero, region, 0, 0, 0, 0, data), CL_SUCCESS);
    EXPECT(WRITE(zero, empty, 0, 0, 0, 0, data), CL_INVALID_VALUE);
    EXPECT(WRITE(zero, large, 0, 0, 0, 0, data), CL_INVALID_VALUE);
    EXPECT(WRITE(zero, region, 15, 0, 0, 0, data), CL_INVALID_VALUE);
    EXPECT(WRITE(zero, region, 0, 0, 16, 65, data), CL_INVALID_VALUE);
    EXPECT(WRITE(zero, region, 0, 0, 0, 0, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueReadBufferRect(NULL, m, CL_TRUE, zero, zero, region, 0, 0, 0, 0, data, 0, NULL, NULL),
           CL_INVALID_COMMAND_QUEUE);
    EXPECT(clEnqueueReadBufferRect(c.q, NULL, CL_TRUE, zero, zero, region, 0, 0, 0, 0, data, 0, NULL, NULL),
           CL_INVALID_MEM_OBJECT);
    EXPECT(clEnqueueCopyBufferRect(c.q, m, other, zero, zero, empty, 0, 0, 0, 0, 0, NULL, NULL),
           CL_INVALID_VALUE);
    EXPECT(clEnqueueCopyBufferRect(c.q, m, other, zero, zero, large, 0, 0, 0, 0, 0, NULL, NULL),
           CL_INVALID_VALUE);
    EXPECT(clEnqueueCopyBufferRect(c.q, m, other, zero, zero, region, 15, 0, 0, 0, 0, NULL, NULL),
           CL_INVALID_VALUE);
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(other));
    cl_close(&c);
}

/* Apart from rect_errors, since some drivers look at the arrays before they check them. */
static void rect_null_arrays(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 1024, NULL);
    static char data[4096];
    size_t zero[3] = {0, 0, 0}, region[3] = {16, 4, 2};

    EXPECT(READ(NULL, region, 0, 0, 0, 0, data), CL_INVALID_VALUE);
    EXPECT(READ(zero, NULL, 0, 0, 0, 0, data), CL_INVALID_VALUE);
    EXPECT(WRITE(NULL, region, 0, 0, 0, 0, data), CL_INVALID_VALUE);
    EXPECT(WRITE(zero, NULL, 0, 0, 0, 0, data), CL_INVALID_VALUE);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void rect_null_target(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 1024, NULL);
    size_t zero[3] = {0, 0, 0}, region[3] = {16, 4, 2};

    EXPECT(clEnqueueCopyBufferRect(c.q, m, NULL, zero, zero, region, 0, 0, 0, 0, 0, NULL, NULL),
           CL_INVALID_MEM_OBJECT);
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Sizes beyond any single FIFO or staging area. */
static void large(void) {
    struct cl c = cl_open();
    size_t size = 48u << 20;
    unsigned char *data = malloc(size), *got = malloc(size);
    cl_mem m = buffer_new(&c, 0, size, NULL), other = buffer_new(&c, 0, size, NULL);

    for (size_t i = 0; i < size; i += 8)
        memcpy(data + i, &(uint64_t){i * 0x9e3779b97f4a7c15u}, 8);
    OK(clEnqueueWriteBuffer(c.q, m, CL_FALSE, 0, size, data, 0, NULL, NULL));
    OK(clEnqueueCopyBuffer(c.q, m, other, 0, 0, size, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, other, CL_TRUE, 0, size, got, 0, NULL, NULL));
    check(memcmp(data, got, size) == 0, "48 MiB there, across and back");
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(other));
    free(data);
    free(got);
    cl_close(&c);
}

/* A random walk of all transfer commands on a few buffers, against a model. */
static void random_walk(void) {
    struct cl c = cl_open();
    enum { BUFFERS = 4, BYTES = 20000 };
    static unsigned char model[BUFFERS][BYTES], data[BYTES], got[BYTES];
    cl_mem m[BUFFERS];
    uint32_t seed = 12345;
    bool good = true;

    for (int i = 0; i < BUFFERS; i++) {
        fill_random(model[i], BYTES, (uint32_t)i + 100);
        m[i] = buffer_new(&c, CL_MEM_COPY_HOST_PTR, BYTES, model[i]);
    }
    for (int step = 0; step < 600; step++) {
        uint32_t a = prng(&seed) % BUFFERS, b = prng(&seed) % BUFFERS;
        size_t offset = prng(&seed) % BYTES, size = 1 + prng(&seed) % (BYTES - offset), to;
        cl_int e;

        switch (prng(&seed) % 5) {
        case 0:
            fill_random(data, size, seed);
            OK(clEnqueueWriteBuffer(c.q, m[a], CL_TRUE, offset, size, data, 0, NULL, NULL));
            memcpy(model[a] + offset, data, size);
            break;
        case 1:
            OK(clEnqueueReadBuffer(c.q, m[a], CL_TRUE, offset, size, got, 0, NULL, NULL));
            good = good && memcmp(got, model[a] + offset, size) == 0;
            break;
        case 2:
            if (a == b)
                break;
            to = prng(&seed) % (BYTES - size + 1);
            OK(clEnqueueCopyBuffer(c.q, m[a], m[b], offset, to, size, 0, NULL, NULL));
            memcpy(model[b] + to, model[a] + offset, size);
            break;
        case 3:
            data[0] = (unsigned char)step;
            OK(clEnqueueFillBuffer(c.q, m[a], data, 1, offset, size, 0, NULL, NULL));
            memset(model[a] + offset, data[0], size);
            break;
        default: {
            unsigned char *p = clEnqueueMapBuffer(c.q, m[a], CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, offset,
                                                  size, 0, NULL, NULL, &e);

            OK(e);
            good = good && memcmp(p, model[a] + offset, size) == 0;
            p[0] = model[a][offset] = (unsigned char)~step;
            OK(clEnqueueUnmapMemObject(c.q, m[a], p, 0, NULL, NULL));
        }
        }
    }
    check(good, "every read and map on the way saw the model's bytes");
    for (int i = 0; i < BUFFERS; i++) {
        char what[32];

        OK(clEnqueueReadBuffer(c.q, m[i], CL_TRUE, 0, BYTES, got, 0, NULL, NULL));
        snprintf(what, sizeof(what), "buffer %d at the end", i);
        check_bytes(what, got, model[i], BYTES);
        OK(clReleaseMemObject(m[i]));
    }
    cl_close(&c);
}

static void command_types(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 1024, NULL), other = buffer_new(&c, 0, 1024, NULL);
    size_t zero[3] = {0, 0, 0}, region[3] = {16, 4, 1};
    char data[1024] = {0};
    cl_int e;
    struct {
        cl_event event;
        cl_command_type want;
        const char *name;
    } seen[8];
    int n = 0;

#define TYPE(call, type)                                                                                     \
    do {                                                                                                     \
        OK(call);                                                                                            \
        seen[n].want = type;                                                                                 \
        seen[n++].name = #type;                                                                              \
    } while (0)
    TYPE(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 64, data, 0, NULL, &seen[n].event), CL_COMMAND_READ_BUFFER);
    TYPE(clEnqueueWriteBuffer(c.q, m, CL_FALSE, 0, 64, data, 0, NULL, &seen[n].event),
         CL_COMMAND_WRITE_BUFFER);
    TYPE(clEnqueueCopyBuffer(c.q, m, other, 0, 0, 64, 0, NULL, &seen[n].event), CL_COMMAND_COPY_BUFFER);
    TYPE(clEnqueueFillBuffer(c.q, m, data, 4, 0, 64, 0, NULL, &seen[n].event), CL_COMMAND_FILL_BUFFER);
    TYPE(clEnqueueReadBufferRect(c.q, m, CL_TRUE, zero, zero, region, 0, 0, 0, 0, data, 0, NULL,
                                 &seen[n].event),
         CL_COMMAND_READ_BUFFER_RECT);
    TYPE(clEnqueueWriteBufferRect(c.q, m, CL_TRUE, zero, zero, region, 0, 0, 0, 0, data, 0, NULL,
                                  &seen[n].event),
         CL_COMMAND_WRITE_BUFFER_RECT);
    TYPE(clEnqueueCopyBufferRect(c.q, m, other, zero, zero, region, 0, 0, 0, 0, 0, NULL, &seen[n].event),
         CL_COMMAND_COPY_BUFFER_RECT);
    (void)e;
    OK(clFinish(c.q));
    for (int i = 0; i < n; i++) {
        cl_command_type type = 0;
        cl_command_queue q = NULL;
        cl_context ctx = NULL;

        OK(clGetEventInfo(seen[i].event, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL));
        OK(clGetEventInfo(seen[i].event, CL_EVENT_COMMAND_QUEUE, sizeof(q), &q, NULL));
        OK(clGetEventInfo(seen[i].event, CL_EVENT_CONTEXT, sizeof(ctx), &ctx, NULL));
        check(type == seen[i].want && q == c.q && ctx == c.ctx, "%s", seen[i].name);
        check(event_status(seen[i].event) == CL_COMPLETE, "complete after clFinish");
        OK(clReleaseEvent(seen[i].event));
    }
    OK(clReleaseMemObject(m));
    OK(clReleaseMemObject(other));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(read_write),
    CASE(write_takes_a_copy_in_time),
    CASE(read_write_errors),
    CASE(zero_size),
    CASE(copy),
    CASE(copy_errors),
    CASE(fill_sizes),
    CASE(fill_takes_the_pattern_at_the_call),
    CASE(fill_errors),
    CASE(rect_read_write),
    CASE(rect_copy),
    CASE(rect_copy_within),
    CASE(rect_errors),
    CASE(rect_null_arrays),
    CASE(rect_null_target),
    CASE(large),
    CASE(random_walk),
    CASE(command_types),
    END_OF_CASES,
};

const struct test_group group_transfers = {"transfers", cases};
