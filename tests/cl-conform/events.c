// SPDX-License-Identifier: MIT
/* Events: wait lists across queues, waiting, profiling, markers and barriers. */
#include "events.h"

static void chain_across_queues(void) {
    struct cl c = cl_open_out_of_order();
    cl_command_queue q[4];
    cl_kernel k = kernel_new(&c, step_source, "step_up");
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_int zero = 0, want = 0, got = -1;
    cl_event last = NULL;
    size_t one = 1;

    for (int i = 0; i < 4; i++)
        q[i] = queue_new(&c, i % 2 ? CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE : 0);
    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clEnqueueWriteBuffer(q[0], m, CL_FALSE, 0, 4, &zero, 0, NULL, &last));
    OK(clFlush(q[0]));
    for (cl_int i = 0; i < 60; i++) {
        cl_event next;

        OK(clSetKernelArg(k, 1, sizeof(i), &i));
        OK(clEnqueueNDRangeKernel(q[i % 4], k, 1, NULL, &one, NULL, 1, &last, &next));
        OK(clFlush(q[i % 4])); /* or another queue may not wait for it */
        OK(clReleaseEvent(last));
        last = next;
        want = (cl_int)((cl_uint)want * 3u + (cl_uint)i);
    }
    OK(clEnqueueReadBuffer(q[1], m, CL_TRUE, 0, 4, &got, 1, &last, NULL));
    check(got == want, "60 kernels, each waits for the one before in another queue");
    OK(clReleaseEvent(last));
    for (int i = 0; i < 4; i++)
        OK(clReleaseCommandQueue(q[i]));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void wait_list_of_many(void) {
    struct cl c = cl_open_out_of_order();
    enum { N = 200 };
    cl_command_queue ooo = queue_new(&c, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    cl_mem m = buffer_new(&c, 0, N * 4, NULL);
    cl_event events[N];
    cl_int values[N], got[N];

    for (int i = 0; i < N; i++) {
        values[i] = i * 5 + 1;
        OK(clEnqueueWriteBuffer(ooo, m, CL_FALSE, (size_t)i * 4, 4, &values[i], 0, NULL, &events[i]));
    }
    OK(clFlush(ooo));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, N, events, NULL));
    check_ints("a read that waits for 200 writes", got, values, N);
    OK(clWaitForEvents(N, events));
    for (int i = 0; i < N; i++)
        OK(clReleaseEvent(events[i]));
    OK(clReleaseCommandQueue(ooo));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* ---- waiting
 * ----------------------------------------------------------------------------------------------------------------
 */

static void wait_errors(void) {
    struct cl a = cl_open(), b = cl_open();
    cl_event of_a = user_event_new(&a), of_b = user_event_new(&b), both[2], with_null[2];
    cl_mem m = buffer_new(&a, 0, 64, NULL);
    char data[64] = {0};

    both[0] = of_a;
    both[1] = of_b;
    with_null[0] = of_a;
    with_null[1] = NULL;
    OK(clSetUserEventStatus(of_a, CL_COMPLETE));
    OK(clSetUserEventStatus(of_b, CL_COMPLETE));
    EXPECT(clWaitForEvents(0, both), CL_INVALID_VALUE);
    EXPECT(clWaitForEvents(1, NULL), CL_INVALID_VALUE);
    EXPECT(clWaitForEvents(2, with_null), CL_INVALID_EVENT);
    EXPECT(clWaitForEvents(2, both), CL_INVALID_CONTEXT);
    EXPECT(clEnqueueReadBuffer(a.q, m, CL_TRUE, 0, 64, data, 1, &of_b, NULL), CL_INVALID_CONTEXT);
    EXPECT(clEnqueueMarkerWithWaitList(a.q, 1, &of_b, NULL), CL_INVALID_CONTEXT);
    EXPECT(clEnqueueBarrierWithWaitList(a.q, 2, with_null, NULL), CL_INVALID_EVENT_WAIT_LIST);
    EXPECT(clEnqueueMarkerWithWaitList(a.q, 1, NULL, NULL), CL_INVALID_EVENT_WAIT_LIST);
    EXPECT(clEnqueueMarkerWithWaitList(a.q, 0, both, NULL), CL_INVALID_EVENT_WAIT_LIST);
    OK(clReleaseEvent(of_a));
    OK(clReleaseEvent(of_b));
    OK(clReleaseMemObject(m));
    cl_close(&a);
    cl_close(&b);
}

static void *open_gate_much_later(void *arg) {
    sleep(1);
    clSetUserEventStatus(arg, CL_COMPLETE);
    return NULL;
}

/* Blocking calls wait without burning a core: measured as CPU time of the whole process while nothing can
 * happen. */
static void waiting_is_idle(void) {
    struct cl c = cl_open();
    cl_event gate = user_event_new(&c), done;
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_int zero = 0;
    pthread_t t;
    struct timespec before, after;

    OK(clEnqueueFillBuffer(c.q, m, &zero, 4, 0, 64, 1, &gate, &done));
    OK(clFlush(c.q));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    pthread_create(&t, NULL, open_gate_much_later, gate);
    OK(clWaitForEvents(1, &done));
    pthread_join(t, NULL);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    double cpu = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) * 1e-9;
    loose("CPU seconds while waiting one second", "%.3f", cpu);
    check(cpu < 0.3, "waiting one second costs less than 0.3 s of CPU");
    OK(clReleaseEvent(gate));
    OK(clReleaseEvent(done));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* ---- profiling
 * ------------------------------------------------------------------------------------------------------------------
 */

static void profiling(void) {
    struct cl c = cl_open();
    static const cl_profiling_info names[] = {CL_PROFILING_COMMAND_QUEUED, CL_PROFILING_COMMAND_SUBMIT,
                                              CL_PROFILING_COMMAND_START, CL_PROFILING_COMMAND_END};
    cl_kernel k = kernel_new(
        &c,
        "kernel void k(global int *a, int n) { int s = *a; for (int i = 0; i < n; i++) s = s * 3 + i; "
        "*a = s; }",
        "k");
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_int n = 100000;
    cl_event events[3];
    cl_ulong t[3][4], complete = 0;
    size_t one = 1;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clSetKernelArg(k, 1, sizeof(n), &n));
    for (int i = 0; i < 3; i++)
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, &one, NULL, 0, NULL, &events[i]));
    OK(clWaitForEvents(3, events));
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 4; j++)
            OK(clGetEventProfilingInfo(events[i], names[j], sizeof(cl_ulong), &t[i][j], NULL));
        check(t[i][0] <= t[i][1] && t[i][1] <= t[i][2] && t[i][2] <= t[i][3],
              "queued <= submit <= start <= end");
        check(t[i][0] > 0, "times are there");
        check(t[i][3] - t[i][2] < 60000000000ull, "the kernel took less than a minute");
        if (clGetEventProfilingInfo(events[i], CL_PROFILING_COMMAND_COMPLETE, sizeof(complete), &complete,
                                    NULL) == CL_SUCCESS)
            check(complete >= t[i][3], "complete >= end");
    }
    check(t[0][3] <= t[1][2] && t[1][3] <= t[2][2], "an in-order queue runs one after the other");
    check(t[0][0] <= t[1][0] && t[1][0] <= t[2][0], "queued in order");
    for (int i = 0; i < 3; i++)
        OK(clReleaseEvent(events[i]));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static cl_ulong own_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (cl_ulong)t.tv_sec * 1000000000u + (cl_ulong)t.tv_nsec;
}

/* The times of events go as fast as the program's clock, and are of the clock that clGetDeviceAndHostTimer shows as the
 * device's, where a driver has that. */
static void profiling_and_clocks(void) {
    struct cl c = cl_open();
    cl_ulong before = 0, after = 0, host = 0, queued = 0, end = 0, begin = own_clock();
    cl_event ev;
    cl_int e = clGetDeviceAndHostTimer(c.device, &before, &host);

    see("clGetDeviceAndHostTimer", "%s", error_name(e));
    OK(clEnqueueMarkerWithWaitList(c.q, 0, NULL, &ev));
    OK(clWaitForEvents(1, &ev));
    if (e == CL_SUCCESS)
        OK(clGetDeviceAndHostTimer(c.device, &after, &host));
    cl_ulong took = own_clock() - begin;
    OK(clGetEventProfilingInfo(ev, CL_PROFILING_COMMAND_QUEUED, sizeof(queued), &queued, NULL));
    OK(clGetEventProfilingInfo(ev, CL_PROFILING_COMMAND_END, sizeof(end), &end, NULL));
    check(end >= queued && end - queued <= took + took / 100,
          "a command takes no longer than the calls around it");
    if (e == CL_SUCCESS)
        check(before <= queued && end <= after, "a command lies between two looks at the timer");
    OK(clReleaseEvent(ev));
    cl_close(&c);
}

static void profiling_errors(void) {
    struct cl c = cl_open();
    cl_command_queue plain = queue_new(&c, 0);
    cl_event ev, gate = user_event_new(&c), waiting;
    cl_ulong t;

    OK(clEnqueueMarkerWithWaitList(plain, 0, NULL, &ev));
    OK(clFinish(plain));
    EXPECT(clGetEventProfilingInfo(ev, CL_PROFILING_COMMAND_END, sizeof(t), &t, NULL),
           CL_PROFILING_INFO_NOT_AVAILABLE);
    OK(clReleaseEvent(ev));
    OK(clEnqueueMarkerWithWaitList(c.q, 1, &gate, &waiting));
    OK(clFlush(c.q));
    EXPECT(clGetEventProfilingInfo(waiting, CL_PROFILING_COMMAND_END, sizeof(t), &t, NULL),
           CL_PROFILING_INFO_NOT_AVAILABLE);
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clWaitForEvents(1, &waiting));
    EXPECT(clGetEventProfilingInfo(waiting, CL_PROFILING_COMMAND_END, sizeof(t), &t, NULL), CL_SUCCESS);
    EXPECT(clGetEventProfilingInfo(waiting, 0x7777, sizeof(t), &t, NULL), CL_INVALID_VALUE);
    EXPECT(clGetEventProfilingInfo(waiting, CL_PROFILING_COMMAND_END, 4, &t, NULL), CL_INVALID_VALUE);
    EXPECT(clGetEventProfilingInfo(gate, CL_PROFILING_COMMAND_END, sizeof(t), &t, NULL),
           CL_PROFILING_INFO_NOT_AVAILABLE);
    OK(clReleaseEvent(waiting));
    OK(clReleaseEvent(gate));
    OK(clReleaseCommandQueue(plain));
    cl_close(&c);
}

/* ---- markers and barriers
 * -------------------------------------------------------------------------------------------------------- */

static void marker_waits_for_all(void) {
    struct cl c = cl_open_out_of_order();
    cl_command_queue ooo = queue_new(&c, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    cl_mem m = buffer_new(&c, 0, 4096, NULL);
    cl_event gate = user_event_new(&c), marker;
    cl_int value = 3;

    OK(clEnqueueFillBuffer(ooo, m, &value, 4, 0, 2048, 1, &gate, NULL));
    OK(clEnqueueFillBuffer(ooo, m, &value, 4, 2048, 2048, 0, NULL, NULL));
    OK(clEnqueueMarkerWithWaitList(ooo, 0, NULL, &marker));
    OK(clFlush(ooo));
    usleep(20000);
    check(event_status(marker) > CL_COMPLETE, "a marker waits for everything before it");
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clWaitForEvents(1, &marker));
    check(event_status(marker) == CL_COMPLETE, "and then completes");
    OK(clReleaseEvent(marker));
    OK(clReleaseEvent(gate));
    OK(clReleaseCommandQueue(ooo));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void marker_with_a_list(void) {
    struct cl c = cl_open_out_of_order();
    cl_command_queue ooo = queue_new(&c, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    cl_mem m = buffer_new(&c, 0, 4096, NULL);
    cl_event gate = user_event_new(&c), quick, marker;
    cl_int value = 3;

    OK(clEnqueueFillBuffer(ooo, m, &value, 4, 0, 2048, 1, &gate, NULL));
    OK(clEnqueueFillBuffer(ooo, m, &value, 4, 2048, 2048, 0, NULL, &quick));
    OK(clEnqueueMarkerWithWaitList(ooo, 1, &quick, &marker));
    EXPECT(clWaitForEvents(1, &marker), CL_SUCCESS); /* although the first fill still waits */
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clFinish(ooo));
    OK(clReleaseEvent(marker));
    OK(clReleaseEvent(quick));
    OK(clReleaseEvent(gate));
    OK(clReleaseCommandQueue(ooo));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void barrier_holds_back(void) {
    struct cl c = cl_open_out_of_order();
    cl_command_queue ooo = queue_new(&c, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    cl_mem m = buffer_new(&c, 0, 4096, NULL);
    cl_event gate = user_event_new(&c), barrier, after;
    cl_int one = 1, two = 2, got[1024], want[1024];

    OK(clEnqueueFillBuffer(ooo, m, &one, 4, 0, 4096, 1, &gate, NULL));
    OK(clEnqueueBarrierWithWaitList(ooo, 0, NULL, &barrier));
    OK(clEnqueueFillBuffer(ooo, m, &two, 4, 0, 2048, 0, NULL, &after));
    OK(clFlush(ooo));
    usleep(20000);
    check(event_status(barrier) > CL_COMPLETE && event_status(after) > CL_COMPLETE,
          "a barrier holds back what comes after it");
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clWaitForEvents(1, &after));
    OK(clEnqueueReadBuffer(ooo, m, CL_TRUE, 0, 4096, got, 0, NULL, NULL));
    for (int i = 0; i < 1024; i++)
        want[i] = i < 512 ? 2 : 1;
    check_ints("in this order", got, want, 1024);
    OK(clReleaseEvent(after));
    OK(clReleaseEvent(barrier));
    OK(clReleaseEvent(gate));
    OK(clReleaseCommandQueue(ooo));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void deprecated_ways(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_int value = 4, got = 0;
    cl_event write, marker;
    cl_command_type type = 0;

    OK(clEnqueueWriteBuffer(c.q, m, CL_FALSE, 0, 4, &value, 0, NULL, &write));
    OK(clEnqueueMarker(c.q, &marker));
    OK(clEnqueueBarrier(c.q));
    OK(clEnqueueWaitForEvents(c.q, 1, &write));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    check(got == 4, "clEnqueueMarker, clEnqueueBarrier, clEnqueueWaitForEvents");
    OK(clGetEventInfo(marker, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL));
    check(type == CL_COMMAND_MARKER, "type of the marker");
    EXPECT(clEnqueueMarker(c.q, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueBarrier(NULL), CL_INVALID_COMMAND_QUEUE);
    EXPECT(clEnqueueWaitForEvents(c.q, 0, &write), CL_INVALID_VALUE);
    OK(clReleaseEvent(write));
    OK(clReleaseEvent(marker));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void types_of_markers(void) {
    struct cl c = cl_open();
    cl_event ev[2];
    static const cl_command_type want[] = {CL_COMMAND_MARKER, CL_COMMAND_BARRIER};

    OK(clEnqueueMarkerWithWaitList(c.q, 0, NULL, &ev[0]));
    OK(clEnqueueBarrierWithWaitList(c.q, 0, NULL, &ev[1]));
    OK(clFinish(c.q));
    for (int i = 0; i < 2; i++) {
        cl_command_type type = 0;

        OK(clGetEventInfo(ev[i], CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL));
        check(type == want[i], "%s", i ? "CL_COMMAND_BARRIER" : "CL_COMMAND_MARKER");
        OK(clReleaseEvent(ev[i]));
    }
    cl_close(&c);
}

static void reference_counts(void) {
    struct cl c = cl_open();
    cl_event ev = user_event_new(&c);
    cl_uint count = 0;

    OK(clRetainEvent(ev));
    OK(clGetEventInfo(ev, CL_EVENT_REFERENCE_COUNT, sizeof(count), &count, NULL));
    check(count == 2, "retained");
    OK(clReleaseEvent(ev));
    OK(clSetUserEventStatus(ev, CL_COMPLETE));
    OK(clReleaseEvent(ev));
    cl_close(&c);
}

static void polling(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 1 << 20, NULL);
    cl_int zero = 0;
    cl_event ev;
    cl_int status = CL_QUEUED, last = CL_QUEUED;
    bool falls = true;

    OK(clEnqueueFillBuffer(c.q, m, &zero, 4, 0, 1 << 20, 0, NULL, &ev));
    OK(clFlush(c.q));
    for (double end = now_s() + 20; now_s() < end && status != CL_COMPLETE;) {
        status = event_status(ev);
        falls = falls && status <= last && status >= CL_COMPLETE;
        last = status;
    }
    check(status == CL_COMPLETE, "after a flush polling sees the end");
    check(falls, "the status only ever falls");
    OK(clReleaseEvent(ev));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(chain_across_queues),
    CASE(wait_list_of_many),
    CASE(wait_errors),
    CASE(waiting_is_idle),
    CASE(profiling),
    CASE(profiling_and_clocks),
    CASE(profiling_errors),
    CASE(marker_waits_for_all),
    LONG_CASE(marker_with_a_list, 4),
    CASE(barrier_holds_back),
    LONG_CASE(deprecated_ways, 4),
    CASE(types_of_markers),
    CASE(reference_counts),
    CASE(polling),
    END_OF_CASES,
};

const struct test_group group_events = {"events", cases};
