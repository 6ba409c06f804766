// SPDX-License-Identifier: MIT
/* Command buffers: enqueueing, states, events, profiling, and how long things live. */
#include "command_buffers.h"

#include <stdatomic.h>
#include <time.h>

/* ---- enqueueing ---- */

static void enqueue_errors(void) {
    struct cl c = open_in_order();
    cl_context other = clCreateContext(NULL, 1, &c.device, NULL, NULL, NULL);
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_command_queue plain = queue_new(&c, 0), same = queue_new(&c, CL_QUEUE_PROFILING_ENABLE),
                     two[] = {c.q, c.q};
    cl_queue_properties list[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE, 0};
    cl_command_queue foreign = clCreateCommandQueueWithProperties(other, c.device, list, NULL);
    cl_event foreign_event = clCreateUserEvent(other, NULL), event = NULL, none = NULL;

    fill(b, m, 4);
    OK(clFinalizeCommandBufferKHR(b));
    EXPECT(clEnqueueCommandBufferKHR(0, NULL, NULL, 0, NULL, NULL), CL_INVALID_COMMAND_BUFFER_KHR);
    EXPECT(clEnqueueCommandBufferKHR(1, NULL, b, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueCommandBufferKHR(0, &c.q, b, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueCommandBufferKHR(2, two, b, 0, NULL, NULL), CL_INVALID_VALUE);
    EXPECT(clEnqueueCommandBufferKHR(1, (cl_command_queue[]){NULL}, b, 0, NULL, NULL),
           CL_INVALID_COMMAND_QUEUE);
    EXPECT(clEnqueueCommandBufferKHR(1, &plain, b, 0, NULL, NULL),
           has_version(c.device, CL_MAKE_VERSION(0, 9, 7)) ? CL_SUCCESS : CL_INCOMPATIBLE_COMMAND_QUEUE_KHR);
    OK(clFinish(plain));
    EXPECT(clEnqueueCommandBufferKHR(1, &foreign, b, 0, NULL, NULL), CL_INVALID_CONTEXT);
    EXPECT(clEnqueueCommandBufferKHR(0, NULL, b, 1, &foreign_event, NULL), CL_INVALID_CONTEXT);
    EXPECT(clEnqueueCommandBufferKHR(0, NULL, b, 1, NULL, NULL), CL_INVALID_EVENT_WAIT_LIST);
    EXPECT(clEnqueueCommandBufferKHR(0, NULL, b, 0, &foreign_event, NULL), CL_INVALID_EVENT_WAIT_LIST);
    EXPECT(clEnqueueCommandBufferKHR(0, NULL, b, 1, &none, NULL), CL_INVALID_EVENT_WAIT_LIST);
    check(state_of(b) == CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR, "still executable");
    OK(clEnqueueCommandBufferKHR(1, &same, b, 0, NULL, &event));
    cl_command_queue queue = NULL;
    OK(clGetEventInfo(event, CL_EVENT_COMMAND_QUEUE, sizeof(queue), &queue, NULL));
    check(queue == same, "a compatible queue");
    OK(clWaitForEvents(1, &event));
    OK(clReleaseEvent(event));
    run_and_expect(&c, b, m, 4, "and its own");
    OK(clSetUserEventStatus(foreign_event, CL_COMPLETE));
    OK(clReleaseEvent(foreign_event));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    OK(clReleaseCommandQueue(plain));
    OK(clReleaseCommandQueue(same));
    OK(clReleaseCommandQueue(foreign));
    OK(clReleaseContext(other));
    cl_close(&c);
}

static void CL_CALLBACK note_status(cl_event event, cl_int status, void *seen) {
    (void)event;
    atomic_store((_Atomic cl_int *)seen, status);
}

/* Since 0.9.8 it may be enqueued again at any time, and there is no state for that it runs. */
static cl_command_buffer_state_khr running_state(cl_device_id device) {
    return has_version(device, CL_MAKE_VERSION(0, 9, 8)) ? CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR
                                                         : CL_COMMAND_BUFFER_STATE_PENDING_KHR;
}

static void states_and_events(struct cl c) {
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_event gate = clCreateUserEvent(c.ctx, NULL), event;
    cl_command_buffer_state_khr running = running_state(c.device);
    _Atomic cl_int seen = 99;
    cl_command_type type = 0;
    cl_sync_point_khr point = fill(b, m, 4);
    cl_kernel k = add_kernel(&c, m, 3);
    cl_int zero = 0, got[INTS];

    run_kernel(b, k, 1, &point);
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueFillBuffer(c.q, m, &zero, sizeof(zero), 0, BYTES, 0, NULL, NULL));
    OK(clFinish(c.q));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 1, &gate, &event));
    OK(clSetEventCallback(event, CL_COMPLETE, note_status, &seen));
    OK(clFlush(c.q));
    OK(clGetEventInfo(event, CL_EVENT_COMMAND_TYPE, sizeof(type), &type, NULL));
    check(type == CL_COMMAND_COMMAND_BUFFER_KHR, "the event's type");
    check(event_status(event) > CL_COMPLETE, "the gate holds");
    check(state_of(b) == running, "the state while it runs");
    EXPECT(clEnqueueCommandBufferKHR(0, NULL, b, 1, &event, NULL),
           running == CL_COMMAND_BUFFER_STATE_PENDING_KHR ? CL_INVALID_OPERATION : CL_SUCCESS);
    EXPECT(clFinalizeCommandBufferKHR(b), CL_INVALID_OPERATION);
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clWaitForEvents(1, &event));
    check(event_status(event) == CL_COMPLETE, "complete");
    check(state_of(b) == CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR, "executable again");
    OK(clFinish(c.q));
    for (int i = 0; i < 5000 && atomic_load(&seen) == 99; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    check(atomic_load(&seen) == CL_COMPLETE, "the callback came");
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, BYTES, got, 0, NULL, NULL));
    check(got[0] == 7 && got[INTS - 1] == 7, "it ran");
    OK(clReleaseEvent(gate));
    OK(clReleaseEvent(event));
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}
static void states_in_order(void) {
    states_and_events(open_in_order());
}
static void states_out_of_order(void) {
    states_and_events(open_out_of_order());
}

/* Without events: finishing the queue, or reading in it, is enough to enqueue the next run. */
static void runs_without_events(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_command_queue same = queue_new(&c, CL_QUEUE_PROFILING_ENABLE);
    cl_int zero = 0, got[2];
    cl_event event;

    OK(clEnqueueFillBuffer(c.q, m, &zero, sizeof(zero), 0, BYTES, 0, NULL, NULL));
    run_kernel(b, k, 0, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clFinish(c.q));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clEnqueueMarkerWithWaitList(c.q, 0, NULL, &event));
    OK(clFlush(c.q));
    OK(clWaitForEvents(1, &event));
    OK(clReleaseEvent(event));
    OK(clEnqueueCommandBufferKHR(1, &same, b, 0, NULL, NULL));
    OK(clFinish(same));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check(got[0] == 5 && got[1] == 5, "five runs");
    OK(clReleaseCommandQueue(same));
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Many runs at once, in an in-order queue. */
static void simultaneous_use(void) {
    struct cl c = open_in_order();
    cl_device_command_buffer_capabilities_khr capabilities = 0;
    OK(clGetDeviceInfo(c.device, CL_DEVICE_COMMAND_BUFFER_CAPABILITIES_KHR, sizeof(capabilities),
                       &capabilities, NULL));
    if (!(capabilities & CL_COMMAND_BUFFER_CAPABILITY_SIMULTANEOUS_USE_KHR))
        skip("no simultaneous use");
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_buffer(&c, true);
    cl_event gate = clCreateUserEvent(c.ctx, NULL), last;
    cl_int zero = 0, got[2];

    OK(clEnqueueFillBuffer(c.q, m, &zero, sizeof(zero), 0, BYTES, 0, NULL, NULL));
    run_kernel(b, k, 0, NULL);
    run_kernel(b, k, 0, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 1, &gate, NULL));
    for (int i = 0; i < 98; i++)
        OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, &last));
    OK(clFlush(c.q));
    check(state_of(b) == running_state(c.device), "the state while it runs");
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clWaitForEvents(1, &last));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, sizeof(got), got, 0, NULL, NULL));
    check(got[0] == 200 && got[1] == 200, "a hundred runs");
    check(state_of(b) == CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR, "executable");
    OK(clReleaseEvent(gate));
    OK(clReleaseEvent(last));
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* From the start of the first to the end of the last. */
static void profiling(struct cl c) {
    static const char slow[] =
        "kernel void slow(global int *x) {\n"
        "    for (int i = 0; i < 2000; i++) x[get_global_id(0)] = x[get_global_id(0)] * 3 + i; }";
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = kernel_new(&c, slow, "slow");
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_ulong alone = CL_ULONG_MAX, t[4];
    cl_event event;
    cl_sync_point_khr point;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    point = run_kernel(b, k, 0, NULL);
    for (int i = 0; i < 19; i++)
        point = run_kernel(b, k, 1, &point);
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, all, NULL, 0, NULL,
                              &event)); /* the first one may be compiled */
    OK(clWaitForEvents(1, &event));
    OK(clReleaseEvent(event));
    for (int i = 0; i < 5; i++) { /* the shortest of some */
        OK(clEnqueueNDRangeKernel(c.q, k, 1, NULL, all, NULL, 0, NULL, &event));
        OK(clWaitForEvents(1, &event));
        for (cl_uint p = 0; p < 4; p++)
            OK(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_QUEUED + p, sizeof(t[p]), &t[p], NULL));
        OK(clReleaseEvent(event));
        if (t[3] - t[2] < alone)
            alone = t[3] - t[2];
    }
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, &event));
    OK(clWaitForEvents(1, &event));
    for (cl_uint p = 0; p < 4; p++)
        OK(clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_QUEUED + p, sizeof(t[p]), &t[p], NULL));
    check(t[0] <= t[1] && t[1] <= t[2] && t[2] < t[3], "times are in order");
    loose("times longer than one command", "%.1f", (double)(t[3] - t[2]) / (double)alone);
    if (alone > 1000) /* some drivers' times mean nothing */
        check(t[3] - t[2] > 4 * alone, "twenty commands take longer than four of them");
    OK(clReleaseEvent(event));
    OK(clReleaseKernel(k));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}
static void profiling_in_order(void) {
    profiling(open_in_order());
}
static void profiling_out_of_order(void) {
    profiling(open_out_of_order());
}

/* A gate that fails fails the run. */
static void failed_wait(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_event gate = clCreateUserEvent(c.ctx, NULL), event;

    fill(b, m, 4);
    OK(clFinalizeCommandBufferKHR(b));
    OK(clSetUserEventStatus(gate, -77));
    cl_int e = clEnqueueCommandBufferKHR(0, NULL, b, 1, &gate, &event);
    loose("enqueue", "%s", error_name(e));
    if (e == CL_SUCCESS) {
        EXPECT(clWaitForEvents(1, &event), CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
        check(event_status(event) < 0, "the run has failed");
        check(state_of(b) == CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR, "executable");
        OK(clReleaseEvent(event));
        run_and_expect(&c, b, m, 4, "the next run is well");
    }
    OK(clReleaseEvent(gate));
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void empty(void) {
    struct cl c = open_in_order();
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_event event;

    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, &event));
    OK(clWaitForEvents(1, &event));
    check(event_status(event) == CL_COMPLETE, "complete");
    OK(clReleaseEvent(event));
    OK(clReleaseCommandBufferKHR(b));
    cl_close(&c);
}

/* ---- life ---- */

static cl_uint refcount_of_kernel(cl_kernel k) {
    cl_uint count = 0;
    OK(clGetKernelInfo(k, CL_KERNEL_REFERENCE_COUNT, sizeof(count), &count, NULL));
    return count;
}

/* What commands need they retain: the application may release it all. */
static void objects_are_retained(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 5);
    cl_command_buffer_khr b = new_buffer(&c, false);

    fill(b, m, 3);
    run_kernel(b, k, 0, NULL);
    OK(clCommandCopyBufferKHR(b, NULL, m, o, 0, 0, BYTES, 0, NULL, NULL, NULL));
    OK(clFinalizeCommandBufferKHR(b));
    check(refcount_of_kernel(k) > 1, "the kernel");
    check(refcount_of_mem(m) > 1, "the buffer");
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    for (int i = 0; i < 3; i++)
        run_and_expect(&c, b, o, 8, "it has all that it needs");
    OK(clReleaseCommandBufferKHR(b));
    check(refcount_of_mem(o) == 1, "released with the command buffer");
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

/* The command buffer may go while it runs. */
static void release_while_pending(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL),
           o = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 5);
    cl_command_buffer_khr b = new_buffer(&c, false);
    cl_event gate = clCreateUserEvent(c.ctx, NULL), event;
    cl_int got[INTS];

    fill(b, m, 3);
    run_kernel(b, k, 0, NULL);
    OK(clCommandCopyBufferKHR(b, NULL, m, o, 0, 0, BYTES, 0, NULL, NULL, NULL));
    OK(clFinalizeCommandBufferKHR(b));
    OK(clEnqueueCommandBufferKHR(0, NULL, b, 1, &gate, &event));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    OK(clReleaseCommandBufferKHR(b));
    for (int i = 0; i < 8; i++) /* memory that is given back too early would be found here */
        OK(clReleaseMemObject(buffer_new(&c, CL_MEM_COPY_HOST_PTR, BYTES, got)));
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clEnqueueReadBuffer(c.q, o, CL_TRUE, 0, BYTES, got, 1, &event, NULL));
    check(got[0] == 8 && got[INTS - 1] == 8, "it ran");
    OK(clReleaseEvent(gate));
    OK(clReleaseEvent(event));
    OK(clReleaseMemObject(o));
    cl_close(&c);
}

/* More commands than one page of anything, and many buffers. */
static void long_ones(void) {
    struct cl c = open_in_order();
    cl_mem m = buffer_new(&c, CL_MEM_READ_WRITE, BYTES, NULL);
    cl_kernel k = add_kernel(&c, m, 1);
    cl_command_buffer_khr b = new_buffer(&c, false);

    fill(b, m, 0);
    for (int i = 0; i < 1000; i++)
        run_kernel(b, k, 0, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    run_and_expect(&c, b, m, 1000, "a thousand additions");
    run_and_expect(&c, b, m, 1000, "once more");
    OK(clReleaseCommandBufferKHR(b));
    for (int i = 0; i < 100; i++) {
        b = new_buffer(&c, false);
        fill(b, m, i);
        OK(clFinalizeCommandBufferKHR(b));
        OK(clEnqueueCommandBufferKHR(0, NULL, b, 0, NULL, NULL));
        OK(clReleaseCommandBufferKHR(b));
    }
    b = new_buffer(&c, false);
    run_kernel(b, k, 0, NULL);
    OK(clFinalizeCommandBufferKHR(b));
    run_and_expect(&c, b, m, 100, "the last of a hundred, and one more");
    OK(clReleaseCommandBufferKHR(b));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(enqueue_errors),
    CASE(states_in_order),
    CASE(states_out_of_order),
    CASE(runs_without_events),
    CASE(simultaneous_use),
    CASE(profiling_in_order),
    CASE(profiling_out_of_order),
    LONG_CASE(failed_wait, 10),
    CASE(empty),
    CASE(objects_are_retained),
    CASE(release_while_pending),
    CASE(long_ones),
    END_OF_CASES,
};

const struct test_group group_command_buffer_runs = {"command_buffer_runs", cases};
