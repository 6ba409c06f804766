// SPDX-License-Identifier: MIT
/* Commands that may run at the same time, and how they end up: out-of-order queues, several queues, several
 * threads. */
#include "conform.h"

#include <pthread.h>
#include <stdatomic.h>

/* An out-of-order queue must not let a command that waits hold up one that need not. */
static void overtakes(void) {
    struct cl c = cl_open_out_of_order();
    cl_command_queue ooo = queue_new(&c, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_int one = 1, two = 2, e, got = 0;
    cl_event gate = clCreateUserEvent(c.ctx, &e), held, free_one;

    OK(e);
    OK(clEnqueueWriteBuffer(ooo, m, CL_FALSE, 0, 4, &one, 1, &gate, &held));
    OK(clEnqueueWriteBuffer(ooo, m, CL_FALSE, 4, 4, &two, 0, NULL, &free_one));
    OK(clFlush(ooo));
    EXPECT(clWaitForEvents(1, &free_one), CL_SUCCESS);
    check(event_status(held) > CL_COMPLETE, "the earlier one still waits");
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 4, 4, &got, 1, &free_one, NULL));
    check(got == 2, "the later one has run");
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clFinish(ooo));
    check(event_status(held) == CL_COMPLETE, "clFinish waits for all");
    OK(clReleaseEvent(gate));
    OK(clReleaseEvent(held));
    OK(clReleaseEvent(free_one));
    OK(clReleaseCommandQueue(ooo));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Whoever learns that a command has ended, by whatever call, must find all ended that had to end before it:
 * also those that were looked at too early. */
static void an_end_tells_of_the_ends_before(void) {
    enum { ROUNDS = 300 };
    struct cl c = cl_open_out_of_order();
    cl_command_queue ooo = queue_new(&c, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_int word = 1, e, late_finish = 0, late_wait = 0, early = 0;

    for (int round = 0; round < ROUNDS; round++) {
        cl_event gate = clCreateUserEvent(c.ctx, &e), first, second;

        OK(e);
        OK(clEnqueueWriteBuffer(ooo, m, CL_FALSE, 0, 4, &word, 1, &gate, &first));
        OK(clEnqueueWriteBuffer(c.q, m, CL_FALSE, 4, 4, &word, 1, &first, &second));
        OK(clFlush(ooo));
        OK(clFlush(c.q));
        early += event_status(first) <= CL_COMPLETE || event_status(second) <= CL_COMPLETE;
        OK(clSetUserEventStatus(gate, CL_COMPLETE));
        if (round % 2) {
            OK(clFinish(ooo));
            late_finish += event_status(first) != CL_COMPLETE;
            OK(clFinish(c.q));
            late_finish += event_status(second) != CL_COMPLETE;
        } else {
            OK(clWaitForEvents(1, &second));
            late_wait += event_status(first) != CL_COMPLETE;
        }
        OK(clReleaseEvent(gate));
        OK(clReleaseEvent(first));
        OK(clReleaseEvent(second));
    }
    check(early == 0, "commands wait for the user event");
    check(late_finish == 0, "after clFinish they have ended");
    check(late_wait == 0, "what an ended command waited for has ended");
    OK(clReleaseCommandQueue(ooo));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* A random graph of dependent commands on out-of-order queues, against a model. */
static void random_graph(void) {
    static const char source[] =
        "kernel void blend(global int *a, int from, int to, int k) { a[to] = a[from] * 5 + a[to] + k; }";
    enum { CELLS = 16, STEPS = 400 };
    struct cl c = cl_open_out_of_order();
    cl_command_queue q[3];
    cl_kernel k = kernel_new(&c, source, "blend");
    cl_mem m = buffer_new(&c, 0, CELLS * 4, NULL);
    cl_uint model[CELLS];
    cl_int got[CELLS], start[CELLS];
    cl_event last[CELLS] = {NULL}, all[STEPS]; /* last[i]: the command that last touched cell i */
    uint32_t seed = 4711;
    size_t one = 1;

    for (int i = 0; i < 3; i++)
        q[i] = queue_new(&c, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    for (int i = 0; i < CELLS; i++)
        start[i] = (cl_int)(model[i] = (cl_uint)i * 3 + 1);
    OK(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, sizeof(start), start, 0, NULL, NULL));
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    for (int step = 0; step < STEPS; step++) {
        cl_int from = (cl_int)(prng(&seed) % CELLS), to = (cl_int)(prng(&seed) % CELLS),
               add = (cl_int)(prng(&seed) % 100);
        cl_event waits[2];
        cl_uint n = 0;

        if (last[from])
            waits[n++] = last[from];
        if (last[to] && last[to] != last[from])
            waits[n++] = last[to];
        OK(clSetKernelArg(k, 1, sizeof(from), &from));
        OK(clSetKernelArg(k, 2, sizeof(to), &to));
        OK(clSetKernelArg(k, 3, sizeof(add), &add));
        OK(clEnqueueNDRangeKernel(q[prng(&seed) % 3], k, 1, NULL, &one, NULL, n, n ? waits : NULL,
                                  &all[step]));
        for (int i = 0; i < 3; i++) /* or other queues may not wait for it */
            OK(clFlush(q[i]));
        last[from] = last[to] = all[step];
        model[to] = model[from] * 5u + model[to] + (cl_uint)add;
    }
    for (int i = 0; i < 3; i++)
        OK(clFlush(q[i]));
    OK(clWaitForEvents(STEPS, all));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check_ints("400 commands in a random graph", got, (cl_int *)model, CELLS);
    for (int i = 0; i < STEPS; i++)
        OK(clReleaseEvent(all[i]));
    for (int i = 0; i < 3; i++)
        OK(clReleaseCommandQueue(q[i]));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* ---- threads
 * ---------------------------------------------------------------------------------------------------------
 */

enum { THREADS = 8 };

struct worker {
    struct cl *c;
    cl_program program;
    int number;
    bool own_queue, own_context;
    _Atomic int errors, wrong;
};

static void count_error(struct worker *w, cl_int e) {
    if (e != CL_SUCCESS)
        atomic_fetch_add(&w->errors, 1);
}

/* A life of its own: buffers, a kernel, launches, reads, events; nothing of it printed from here. */
static void *work(void *arg) {
    struct worker *w = arg;
    struct cl c = *w->c;
    cl_program p = w->program;
    cl_int e;
    size_t n = 256;

    if (w->own_context) {
        const char *source =
            "kernel void k(global int *a, int x) { a[get_global_id(0)] = (int)get_global_id(0) * x; }";

        c.ctx = clCreateContext(NULL, 1, &c.device, NULL, NULL, &e);
        count_error(w, e);
        p = clCreateProgramWithSource(c.ctx, 1, &source, NULL, &e);
        count_error(w, e);
        count_error(w, clBuildProgram(p, 0, NULL, "", NULL, NULL));
    }
    if (w->own_queue || w->own_context) {
        c.q = clCreateCommandQueueWithProperties(c.ctx, c.device, NULL, &e);
        count_error(w, e);
    }
    cl_kernel k = clCreateKernel(p, "k", &e);
    count_error(w, e);
    for (cl_int round = 0; round < 40; round++) {
        cl_mem m = clCreateBuffer(c.ctx, 0, n * 4, NULL, &e);
        cl_int x = w->number * 1000 + round, got[256];
        cl_event ev;

        count_error(w, e);
        count_error(w, clSetKernelArg(k, 0, sizeof(m), &m));
        count_error(w, clSetKernelArg(k, 1, sizeof(x), &x));
        count_error(w, clEnqueueNDRangeKernel(c.q, k, 1, NULL, &n, NULL, 0, NULL, &ev));
        if (round % 3 == 0) {
            cl_int *p_mapped = clEnqueueMapBuffer(c.q, m, CL_TRUE, CL_MAP_READ, 0, n * 4, 1, &ev, NULL, &e);

            count_error(w, e);
            if (p_mapped)
                memcpy(got, p_mapped, sizeof(got));
            count_error(w, clEnqueueUnmapMemObject(c.q, m, p_mapped, 0, NULL, NULL));
        } else {
            count_error(w, clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, n * 4, got, 1, &ev, NULL));
        }
        for (cl_int i = 0; i < 256; i++)
            if (got[i] != i * x)
                atomic_fetch_add(&w->wrong, 1);
        count_error(w, clReleaseEvent(ev));
        count_error(w, clReleaseMemObject(m));
    }
    count_error(w, clReleaseKernel(k));
    if (c.q != w->c->q)
        count_error(w, clReleaseCommandQueue(c.q));
    if (w->own_context) {
        count_error(w, clReleaseProgram(p));
        count_error(w, clReleaseContext(c.ctx));
    }
    return NULL;
}

static void run_threads(bool own_queue, bool own_context) {
    struct cl c = cl_open();
    cl_program p = program_new(
        &c, "kernel void k(global int *a, int x) { a[get_global_id(0)] = (int)get_global_id(0) * x; }", "");
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    int errors = 0, wrong = 0;

    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){
            .c = &c, .program = p, .number = i, .own_queue = own_queue, .own_context = own_context};
        pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        errors += workers[i].errors;
        wrong += workers[i].wrong;
    }
    check(errors == 0, "no call fails");
    check(wrong == 0, "every result is right");
    OK(clReleaseProgram(p));
    cl_close(&c);
}

static void threads_share_a_queue(void) {
    run_threads(false, false);
}

static void threads_with_queues(void) {
    run_threads(true, false);
}

static void threads_with_contexts(void) {
    run_threads(true, true);
}

struct retainer {
    cl_mem m;
    cl_event ev;
    _Atomic int errors;
};

static void *retain_and_release(void *arg) {
    struct retainer *r = arg;

    for (int i = 0; i < 3000; i++)
        if (clRetainMemObject(r->m) || clRetainEvent(r->ev) || clReleaseMemObject(r->m) ||
            clReleaseEvent(r->ev))
            atomic_fetch_add(&r->errors, 1);
    return NULL;
}

static void threads_count_references(void) {
    struct cl c = cl_open();
    cl_int e;
    struct retainer r = {.m = buffer_new(&c, 0, 64, NULL), .ev = clCreateUserEvent(c.ctx, &e)};
    pthread_t threads[4];

    OK(e);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, retain_and_release, &r);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    check(r.errors == 0 && refcount_of_mem(r.m) == 1, "reference counts are exact");
    OK(clSetUserEventStatus(r.ev, CL_COMPLETE));
    OK(clReleaseEvent(r.ev));
    OK(clReleaseMemObject(r.m));
    cl_close(&c);
}

struct builder {
    struct cl *c;
    int number;
    _Atomic int good;
};

static void *build(void *arg) {
    struct builder *b = arg;
    char source[200];
    const char *text = source;
    cl_int e;

    snprintf(source, sizeof(source), "kernel void k%d(global int *a) { *a = %d; }", b->number,
             b->number * 11);
    cl_program p = clCreateProgramWithSource(b->c->ctx, 1, &text, NULL, &e);
    if (e || clBuildProgram(p, 0, NULL, "", NULL, NULL))
        return NULL;
    snprintf(source, sizeof(source), "k%d", b->number);
    cl_kernel k = clCreateKernel(p, source, &e);
    if (e)
        return NULL;
    clReleaseKernel(k);
    clReleaseProgram(p);
    b->good = 1;
    return NULL;
}

static void threads_build(void) {
    struct cl c = cl_open();
    struct builder b[4];
    pthread_t threads[4];
    int good = 0;

    for (int i = 0; i < 4; i++) {
        b[i] = (struct builder){.c = &c, .number = i};
        pthread_create(&threads[i], NULL, build, &b[i]);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        good += b[i].good;
    }
    check(good == 4, "four builds at once");
    cl_close(&c);
}

static const struct test_case cases[] = {
    LONG_CASE(overtakes, 4),
    LONG_CASE(an_end_tells_of_the_ends_before, 4),
    CASE(random_graph),
    CASE(threads_share_a_queue),
    CASE(threads_with_queues),
    CASE(threads_with_contexts),
    CASE(threads_count_references),
    CASE(threads_build),
    END_OF_CASES,
};

const struct test_group group_overlap = {"overlap", cases};
