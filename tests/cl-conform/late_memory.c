// SPDX-License-Identifier: MIT
/*
 * Memory of the application that commands meet later than at their call: a write behind a user event reads what is
 * there once the event is set, which is how a thread that fetches data tells that it has arrived.
 */
#include "conform.h"

#include <pthread.h>

enum { SIZE = 256 << 10 };

static void fill(unsigned char *memory, size_t size, unsigned seed) {
    for (size_t i = 0; i < size; i++)
        memory[i] = (unsigned char)(seed + i * 7 + i / 251);
}

static cl_event gate_new(struct cl *c) {
    cl_int e;
    cl_event gate = clCreateUserEvent(c->ctx, &e);
    OK(e);
    return gate;
}

static void write_filled_before_its_gate(void) {
    static unsigned char memory[SIZE], got[SIZE];
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, SIZE, NULL);
    cl_event gate = gate_new(&c), done;

    memset(memory, 0, SIZE);
    OK(clEnqueueWriteBuffer(c.q, m, CL_FALSE, 0, SIZE, memory, 1, &gate, &done));
    OK(clFlush(c.q));
    fill(memory, SIZE, 1);
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clWaitForEvents(1, &done));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, SIZE, got, 0, NULL, NULL));
    check_bytes("what was there when the gate opened", got, memory, SIZE);
    OK(clReleaseEvent(done));
    OK(clReleaseEvent(gate));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void rectangle_behind_two_gates(void) {
    static unsigned char memory[SIZE], got[64 * 64], want[64 * 64];
    const size_t buffer_origin[3] = {0, 0, 0}, host_origin[3] = {16, 3, 0}, region[3] = {64, 64, 1};
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, 64 * 64, NULL);
    cl_event gates[2] = {gate_new(&c), gate_new(&c)}, done;

    memset(memory, 0, SIZE);
    OK(clEnqueueWriteBufferRect(c.q, m, CL_FALSE, buffer_origin, host_origin, region, 64, 0, 256, 0, memory,
                                2, gates, &done));
    OK(clSetUserEventStatus(gates[1], CL_COMPLETE));
    fill(memory, SIZE, 2);
    for (size_t y = 0; y < 64; y++)
        memcpy(want + 64 * y, memory + 16 + 256 * (y + 3), 64);
    OK(clSetUserEventStatus(gates[0], CL_COMPLETE));
    OK(clFinish(c.q));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check_bytes("the rectangle as it was when the second gate opened", got, want, sizeof(got));
    OK(clReleaseEvent(done));
    for (int i = 0; i < 2; i++)
        OK(clReleaseEvent(gates[i]));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void image_filled_before_its_gate(void) {
    static unsigned char memory[64 * 64 * 4], got[64 * 64 * 4];
    const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
    const cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 64, .image_height = 64};
    const size_t origin[3] = {0, 0, 0}, region[3] = {64, 64, 1};
    struct cl c = cl_open();
    cl_int e;

    need_images(&c);
    cl_mem image = clCreateImage(c.ctx, CL_MEM_READ_WRITE, &format, &desc, NULL, &e);
    OK(e);
    cl_event gate = gate_new(&c);
    memset(memory, 0, sizeof(memory));
    OK(clEnqueueWriteImage(c.q, image, CL_FALSE, origin, region, 0, 0, memory, 1, &gate, NULL));
    fill(memory, sizeof(memory), 3);
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clEnqueueReadImage(c.q, image, CL_TRUE, origin, region, 0, 0, got, 0, NULL, NULL));
    check_bytes("the image as it was when the gate opened", got, memory, sizeof(got));
    OK(clReleaseEvent(gate));
    OK(clReleaseMemObject(image));
    cl_close(&c);
}

struct fetch {
    unsigned char *memory;
    cl_event arrived;
};

static void *fetch(void *opaque) {
    struct fetch *f = opaque;
    fill(f->memory, SIZE, 4);
    return (void *)(intptr_t)clSetUserEventStatus(f->arrived, CL_COMPLETE);
}

/* Threads fetch pieces, each of which is written once it is there. */
static void fetched_by_threads(void) {
    enum { PIECES = 8 };
    static unsigned char memory[PIECES][SIZE], got[SIZE];
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, (size_t)PIECES * SIZE, NULL);
    struct fetch fetches[PIECES];
    pthread_t threads[PIECES];

    for (int i = 0; i < PIECES; i++) {
        fetches[i] = (struct fetch){memory[i], gate_new(&c)};
        memset(memory[i], 0, SIZE);
        OK(clEnqueueWriteBuffer(c.q, m, CL_FALSE, (size_t)i * SIZE, SIZE, memory[i], 1, &fetches[i].arrived,
                                NULL));
    }
    for (int i = 0; i < PIECES; i++)
        if (pthread_create(&threads[i], NULL, fetch, &fetches[i]) != 0)
            fail("no thread");
    for (int i = 0; i < PIECES; i++) {
        void *r;
        pthread_join(threads[i], &r);
        OK((cl_int)(intptr_t)r);
    }
    OK(clFinish(c.q));
    for (int i = 0; i < PIECES; i++) {
        OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, (size_t)i * SIZE, SIZE, got, 0, NULL, NULL));
        check_bytes("a piece", got, memory[i], SIZE);
        OK(clReleaseEvent(fetches[i].arrived));
    }
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* A gate that fails, and one that is never set: nothing is written, and what waited can go. */
static void gates_that_never_open(void) {
    static unsigned char memory[SIZE];
    struct cl c = cl_open_out_of_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, SIZE, NULL);
    cl_event gates[2] = {gate_new(&c), gate_new(&c)}, done;
    unsigned char got = 9;

    OK(clEnqueueFillBuffer(c.q, m, &got, 1, 0, SIZE, 0, NULL, NULL));
    OK(clFinish(c.q));
    OK(clEnqueueWriteBuffer(c.q, m, CL_FALSE, 0, SIZE, memory, 2, gates, &done));
    OK(clSetUserEventStatus(gates[0], -5));
    OK(clSetUserEventStatus(gates[1], CL_COMPLETE));
    check(clWaitForEvents(1, &done) != CL_SUCCESS, "the write failed");
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 5, 1, &got, 0, NULL, NULL));
    check(got == 9, "and wrote nothing");
    OK(clReleaseEvent(done));
    for (int i = 0; i < 2; i++)
        OK(clReleaseEvent(gates[i]));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(write_filled_before_its_gate), CASE(rectangle_behind_two_gates), CASE(image_filled_before_its_gate),
    CASE(fetched_by_threads),           CASE(gates_that_never_open),      END_OF_CASES,
};

const struct test_group group_late_memory = {"late_memory", cases};
