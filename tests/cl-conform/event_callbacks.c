// SPDX-License-Identifier: MIT
/* Events: user events, callbacks, and errors that spread. */
#include "events.h"

/* ---- user events
 * ------------------------------------------------------------------------------------------------------ */

static void user_event_gates(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_event gate = user_event_new(&c), done;
    cl_int value = 5, zero = 0, got = -1;

    OK(clEnqueueWriteBuffer(c.q, m, CL_TRUE, 0, 4, &zero, 0, NULL, NULL));
    check(event_status(gate) == CL_SUBMITTED, "a user event begins as CL_SUBMITTED");
    OK(clEnqueueWriteBuffer(c.q, m, CL_FALSE, 0, 4, &value, 1, &gate, &done));
    OK(clFlush(c.q));
    usleep(20000);
    check(event_status(done) > CL_RUNNING, "what waits for it does not run");
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    check(event_status(gate) == CL_COMPLETE, "set");
    OK(clWaitForEvents(1, &done));
    OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    check(got == 5, "then it runs");
    OK(clReleaseEvent(gate));
    OK(clReleaseEvent(done));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void user_event_errors(void) {
    struct cl c = cl_open();
    cl_event ev = user_event_new(&c), command;
    cl_int e;

    EXPECT((clCreateUserEvent(NULL, &e), e), CL_INVALID_CONTEXT);
    EXPECT(clSetUserEventStatus(NULL, CL_COMPLETE), CL_INVALID_EVENT);
    EXPECT(clSetUserEventStatus(ev, CL_RUNNING), CL_INVALID_VALUE);
    EXPECT(clSetUserEventStatus(ev, CL_QUEUED), CL_INVALID_VALUE);
    EXPECT(clSetUserEventStatus(ev, 5), CL_INVALID_VALUE);
    EXPECT(clSetUserEventStatus(ev, CL_COMPLETE), CL_SUCCESS);
    EXPECT(clSetUserEventStatus(ev, CL_COMPLETE), CL_INVALID_OPERATION);
    EXPECT(clSetUserEventStatus(ev, -5), CL_INVALID_OPERATION);
    OK(clEnqueueMarkerWithWaitList(c.q, 0, NULL, &command));
    EXPECT(clSetUserEventStatus(command, CL_COMPLETE), CL_INVALID_EVENT);
    OK(clReleaseEvent(command));
    OK(clReleaseEvent(ev));
    EXPECT(clRetainEvent(NULL), CL_INVALID_EVENT);
    EXPECT(clReleaseEvent(NULL), CL_INVALID_EVENT);
    cl_close(&c);
}

static void *open_gate_later(void *arg) {
    usleep(30000);
    clSetUserEventStatus(arg, CL_COMPLETE);
    return NULL;
}

/* A thread in clWaitForEvents, clFinish or a blocking read must not keep another from setting the event it
 * depends on. */
static void gate_opened_by_another_thread(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_int value = 9, got = 0;
    pthread_t t;

    for (int way = 0; way < 3; way++) {
        cl_event gate = user_event_new(&c), done;

        OK(clEnqueueWriteBuffer(c.q, m, CL_FALSE, 0, 4, &value, 1, &gate, &done));
        OK(clFlush(c.q));
        pthread_create(&t, NULL, open_gate_later, gate);
        if (way == 0)
            OK(clWaitForEvents(1, &done));
        else if (way == 1)
            OK(clFinish(c.q));
        else
            OK(clEnqueueReadBuffer(c.q, m, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
        pthread_join(t, NULL);
        check(event_status(done) == CL_COMPLETE, "%s",
              way == 0   ? "clWaitForEvents"
              : way == 1 ? "clFinish"
                         : "a blocking read");
        OK(clReleaseEvent(gate));
        OK(clReleaseEvent(done));
    }
    check(got == 9, "the value arrived");
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void wait_for_a_user_event(void) {
    struct cl c = cl_open();
    cl_event ev = user_event_new(&c);
    pthread_t t;

    pthread_create(&t, NULL, open_gate_later, ev);
    OK(clWaitForEvents(1, &ev));
    pthread_join(t, NULL);
    check(event_status(ev) == CL_COMPLETE, "waited for");
    OK(clReleaseEvent(ev));
    cl_close(&c);
}

static void negative_status_spreads(void) {
    struct cl c = cl_open_out_of_order();
    cl_command_queue ooo = queue_new(&c, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_event gate = user_event_new(&c), first, second, independent;
    cl_int value = 1, got = 0;

    OK(clEnqueueWriteBuffer(ooo, m, CL_FALSE, 0, 4, &value, 1, &gate, &first));
    OK(clEnqueueMarkerWithWaitList(ooo, 1, &first, &second));
    OK(clEnqueueWriteBuffer(ooo, m, CL_FALSE, 4, 4, &value, 0, NULL, &independent));
    OK(clFlush(ooo));
    OK(clSetUserEventStatus(gate, -42));
    check(event_status(gate) == -42, "the user event has the status that was set");
    EXPECT(clWaitForEvents(1, &first), CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
    EXPECT(clWaitForEvents(1, &second), CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
    EXPECT(clWaitForEvents(1, &gate), CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
    check(event_status(first) < 0, "a command that waits for it fails");
    check(event_status(second) < 0, "and one that waits for that");
    see("status of the command", "%s", error_name(event_status(first)));
    EXPECT(clWaitForEvents(1, &independent), CL_SUCCESS);
    check(event_status(independent) == CL_COMPLETE, "others are not touched");
    EXPECT(clEnqueueReadBuffer(ooo, m, CL_TRUE, 4, 4, &got, 0, NULL, NULL), CL_SUCCESS);
    check(got == 1, "the queue goes on");
    EXPECT(clEnqueueReadBuffer(ooo, m, CL_TRUE, 4, 4, &got, 1, &first, NULL),
           CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
    cl_event all[] = {gate, first, second, independent};
    for (int i = 0; i < 4; i++)
        OK(clReleaseEvent(all[i]));
    OK(clReleaseCommandQueue(ooo));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

/* Of an in-order queue, and commands that the driver already has. */
static void negative_status_reaches_an_in_order_queue(void) {
    struct cl c = cl_open();
    cl_command_queue in_order = queue_new(&c, 0);
    cl_kernel k = kernel_new(&c, step_source, "step_up");
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_event gate = user_event_new(&c), events[4];
    cl_int one_int = 1;
    size_t one = 1;

    OK(clSetKernelArg(k, 0, sizeof(m), &m));
    OK(clSetKernelArg(k, 1, sizeof(one_int), &one_int));
    for (int i = 0; i < 4; i++)
        OK(clEnqueueNDRangeKernel(in_order, k, 1, NULL, &one, NULL, 1, &gate, &events[i]));
    OK(clSetUserEventStatus(gate, -1));
    EXPECT(clWaitForEvents(4, events), CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
    for (int i = 0; i < 4; i++) {
        check(event_status(events[i]) < 0, "kernel %d fails", i);
        OK(clReleaseEvent(events[i]));
    }
    OK(clReleaseEvent(gate));
    OK(clReleaseKernel(k));
    OK(clReleaseMemObject(m));
    OK(clReleaseCommandQueue(in_order));
    cl_close(&c);
}

/* ---- callbacks
 * ----------------------------------------------------------------------------------------------------------
 */

struct note {
    _Atomic int calls;
    _Atomic int status;
    _Atomic(cl_event) event;
};

static void CL_CALLBACK on_event(cl_event ev, cl_int status, void *data) {
    struct note *n = data;

    atomic_store(&n->status, status);
    atomic_store(&n->event, ev);
    atomic_fetch_add(&n->calls, 1);
}

static void callbacks_at_every_status(void) {
    struct cl c = cl_open();
    cl_mem m = buffer_new(&c, 0, 4096, NULL);
    cl_int zero = 0;
    cl_event gate = user_event_new(&c), ev;
    static struct note submitted, running, complete;

    OK(clEnqueueFillBuffer(c.q, m, &zero, 4, 0, 4096, 1, &gate, &ev));
    OK(clSetEventCallback(ev, CL_SUBMITTED, on_event, &submitted));
    OK(clSetEventCallback(ev, CL_RUNNING, on_event, &running));
    OK(clSetEventCallback(ev, CL_COMPLETE, on_event, &complete));
    OK(clFlush(c.q));
    usleep(10000);
    check(atomic_load(&complete.calls) == 0, "nothing is complete before the gate opens");
    OK(clSetUserEventStatus(gate, CL_COMPLETE));
    OK(clFinish(c.q));
    check(wait_for(&submitted.calls, 1) && wait_for(&running.calls, 1) && wait_for(&complete.calls, 1),
          "all three came");
    check(submitted.status == CL_SUBMITTED || submitted.status == CL_RUNNING ||
              submitted.status == CL_COMPLETE,
          "status of the first");
    check(complete.status == CL_COMPLETE, "status of the last");
    check(atomic_load(&complete.event) == ev, "with the event");
    usleep(5000);
    check(submitted.calls == 1 && running.calls == 1 && complete.calls == 1, "each once");
    OK(clReleaseEvent(ev));
    OK(clReleaseEvent(gate));
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static void callback_on_a_complete_event(void) {
    struct cl c = cl_open();
    cl_event ev;
    static struct note n;

    OK(clEnqueueMarkerWithWaitList(c.q, 0, NULL, &ev));
    OK(clFinish(c.q));
    for (int i = 0; i < 3; i++)
        OK(clSetEventCallback(ev, CL_COMPLETE, on_event, &n));
    check(wait_for(&n.calls, 3), "called though it was complete already");
    OK(clReleaseEvent(ev));
    cl_close(&c);
}

static void callback_of_a_failed_event(void) {
    struct cl c = cl_open();
    cl_event gate = user_event_new(&c), ev;
    static struct note of_gate, of_command;

    OK(clEnqueueMarkerWithWaitList(c.q, 1, &gate, &ev));
    OK(clSetEventCallback(gate, CL_COMPLETE, on_event, &of_gate));
    OK(clSetEventCallback(ev, CL_COMPLETE, on_event, &of_command));
    OK(clFlush(c.q));
    OK(clSetUserEventStatus(gate, -7));
    check(wait_for(&of_gate.calls, 1), "called for the user event");
    check(of_gate.status == -7, "with its status");
    check(wait_for(&of_command.calls, 1), "called for the command that fails by it");
    check(of_command.status < 0, "with a negative status");
    OK(clReleaseEvent(ev));
    OK(clReleaseEvent(gate));
    OK(clReleaseCommandQueue(c.q));
    OK(clReleaseContext(c.ctx));
}

static void many_callbacks(void) {
    struct cl c = cl_open();
    enum { N = 500 };
    static struct note n;
    cl_mem m = buffer_new(&c, 0, 64, NULL);
    cl_int zero = 0;

    for (int i = 0; i < N; i++) {
        cl_event ev;

        OK(clEnqueueFillBuffer(c.q, m, &zero, 4, 0, 64, 0, NULL, &ev));
        OK(clSetEventCallback(ev, CL_COMPLETE, on_event, &n));
        OK(clReleaseEvent(ev)); /* the callback still comes */
    }
    OK(clFinish(c.q));
    check(wait_for(&n.calls, N), "500 callbacks");
    OK(clReleaseMemObject(m));
    cl_close(&c);
}

static _Atomic int enqueued_from_callback;
static struct cl callback_cl;
static cl_mem callback_mem;

static void CL_CALLBACK enqueue_more(cl_event ev, cl_int status, void *data) {
    static cl_int seven = 7;

    (void)ev;
    (void)status;
    (void)data;
    atomic_store(&enqueued_from_callback, clEnqueueWriteBuffer(callback_cl.q, callback_mem, CL_FALSE, 0, 4,
                                                               &seven, 0, NULL, NULL) == CL_SUCCESS &&
                                                  clFlush(callback_cl.q) == CL_SUCCESS
                                              ? 1
                                              : -1);
}

static void callback_enqueues(void) {
    struct cl c = cl_open();
    cl_event ev;
    cl_int got = 0;

    callback_cl = c;
    callback_mem = buffer_new(&c, 0, 64, NULL);
    OK(clEnqueueMarkerWithWaitList(c.q, 0, NULL, &ev));
    OK(clSetEventCallback(ev, CL_COMPLETE, enqueue_more, NULL));
    OK(clFlush(c.q));
    check(wait_for(&enqueued_from_callback, 1), "a callback may enqueue");
    OK(clEnqueueReadBuffer(c.q, callback_mem, CL_TRUE, 0, 4, &got, 0, NULL, NULL));
    check(got == 7, "and what it enqueued ran");
    OK(clReleaseEvent(ev));
    OK(clReleaseMemObject(callback_mem));
    cl_close(&c);
}

static void callback_errors(void) {
    struct cl c = cl_open();
    static struct note n;
    cl_event ev;

    OK(clEnqueueMarkerWithWaitList(c.q, 0, NULL, &ev));
    EXPECT(clSetEventCallback(NULL, CL_COMPLETE, on_event, &n), CL_INVALID_EVENT);
    EXPECT(clSetEventCallback(ev, CL_COMPLETE, NULL, &n), CL_INVALID_VALUE);
    EXPECT(clSetEventCallback(ev, CL_QUEUED, on_event, &n), CL_INVALID_VALUE);
    EXPECT(clSetEventCallback(ev, 77, on_event, &n), CL_INVALID_VALUE);
    EXPECT(clSetEventCallback(ev, -1, on_event, &n), CL_INVALID_VALUE);
    OK(clReleaseEvent(ev));
    cl_close(&c);
}

static const struct test_case cases[] = {
    CASE(user_event_gates),
    CASE(user_event_errors),
    CASE(gate_opened_by_another_thread),
    CASE(wait_for_a_user_event),
    LONG_CASE(negative_status_spreads, 4),
    LONG_CASE(negative_status_reaches_an_in_order_queue, 4),
    CASE(callbacks_at_every_status),
    CASE(callback_on_a_complete_event),
    LONG_CASE(callback_of_a_failed_event, 4),
    CASE(many_callbacks),
    CASE(callback_enqueues),
    CASE(callback_errors),
    END_OF_CASES,
};

const struct test_group group_event_callbacks = {"event_callbacks", cases};
