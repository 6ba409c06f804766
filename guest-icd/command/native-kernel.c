// SPDX-License-Identifier: MIT
/*
 * clEnqueueNativeKernel. The function is the application's, so it runs in its process, on buffers that live
 * in memory which guest and kernels share. On the host a user event stands for it, the gate: a marker that
 * waits for the gate takes the function's place in the queue, and carries the application's event; so its
 * profiling times are those of the function's end. It is the function's turn,
 *
 *   - in an in-order queue, when another marker, put there before, has ended: all commands before it have,
 *     and the wait list;
 *   - in an out-of-order queue, when the events of the wait list have ended.
 *
 * Then a thread of its own calls the function and opens the gate. (Not the thread of service.c: callbacks of
 * other events must not wait for what the application does here.) Other commands that the guest carries out itself
 * take the same way (native-kernel.h).
 */
#include "guest-icd/command/native-kernel.h"

#include <pthread.h>

#include "guest-icd/api.h"
#include "guest-icd/command/prepare.h"
#include "guest-icd/memory/memory.h"
#include "guest-icd/queue/event.h"
#include "guest-icd/queue/queue.h"
#include "guest-icd/queue/service.h"
#include "guest-icd/queue/user-event.h"
#include "guest-icd/session/debug.h"
#include "guest-icd/session/thread.h"

struct native {
    cl_command_queue queue; /* internally referenced */
    cl_command_type type;
    void(CL_CALLBACK *function)(void *);
    void *args;    /* a copy, with pointers in place of the memory objects; NULL: none */
    cl_event gate; /* owned */
    cl_mem *mems;  /* internally referenced */
    cl_uint mem_count;
    _Atomic uint32_t open; /* events that are still to end, and one for whoever registers with them */
    _Atomic bool failed;   /* one of them failed */
};

/* ---- when its turn has come ---- */

static void free_native(struct native *n) {
    for (cl_uint i = 0; i < n->mem_count; i++)
        icd_mem_unref(n->mems[i]);
    icd_queue_unref(n->queue);
    free(n->mems);
    free(n->args);
    free(n);
}

static void open_gate(struct native *n, cl_int status) {
    cl_event gate = n->gate;
    free_native(n);
    icd_user_event_set(gate, status);
    icd_event_release(gate);
}

static void *run(void *opaque) {
    struct native *n = opaque;
    n->function(n->args);
    open_gate(n, CL_COMPLETE);
    return NULL;
}

static void ready(struct native *n) {
    if (atomic_load(&n->failed)) {
        open_gate(n, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
        return;
    }
    if (!icd_thread_start(run, n, "trillium-native"))
        run(n);
}

static void one_ended(struct native *n) {
    if (atomic_fetch_sub(&n->open, 1) == 1)
        ready(n);
}

static void CL_CALLBACK on_end(cl_event event, cl_int status, void *opaque) {
    struct native *n = opaque;
    (void)event;
    if (status < CL_COMPLETE)
        atomic_store(&n->failed, true);
    one_ended(n);
}

static void wait_for(struct native *n, cl_uint count, const cl_event *events) {
    for (cl_uint i = 0; i < count; i++) {
        atomic_fetch_add(&n->open, 1);
        if (icd_service_add(events[i], CL_COMPLETE, on_end, n) != CL_SUCCESS)
            on_end(events[i], CL_OUT_OF_HOST_MEMORY, n);
    }
    one_ended(n);
}

/* ---- putting it into its queue ---- */

static struct native *native_new(cl_command_queue queue, cl_command_type type,
                                 void(CL_CALLBACK *function)(void *)) {
    struct native *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->queue = queue;
    icd_ref(queue);
    n->type = type;
    n->function = function;
    atomic_init(&n->open, 1);
    atomic_init(&n->failed, false);
    return n;
}

/* Takes `n` over if all is well. */
static cl_int put_gate(struct native *n, cl_uint wait_count, const cl_event *waits, cl_event *event) {
    cl_command_queue queue = n->queue;
    bool in_order = icd_queue_in_order(queue);
    cl_event turn = NULL;
    cl_int r = CL_SUCCESS;

    if (in_order)
        r = icd_enqueue_marker(queue, CL_COMMAND_MARKER, wait_count, waits, &turn);
    if (r == CL_SUCCESS)
        n->gate = icd_user_event_new(queue->context, &r);
    if (r == CL_SUCCESS) {
        r = icd_enqueue_marker(queue, n->type, 1, &n->gate, event);
        if (r != CL_SUCCESS)
            icd_event_release(n->gate);
    }
    if (r == CL_SUCCESS)
        wait_for(n, in_order ? 1 : wait_count, in_order ? &turn : waits);
    if (turn)
        icd_event_release(turn);
    return r;
}

/* Takes `n` over. */
static cl_int enqueue(struct native *n, cl_uint wait_count, const cl_event *waits, cl_event *event) {
    enum icd_waits state;
    cl_int r = icd_waits_check(n->queue->context, wait_count, waits, &state);
    if (r == CL_SUCCESS && state != ICD_WAITS_FAILED) {
        r = put_gate(n, wait_count, waits, event);
        if (r == CL_SUCCESS)
            return r;
    } else if (r == CL_SUCCESS) { /* it will not run: the host need not wait for it */
        r = icd_enqueue_marker(n->queue, n->type, wait_count, waits, event);
    }
    free_native(n);
    return r;
}

/* ---- its arguments ---- */

static cl_int copy_args(struct native *n, const void *args, size_t size) {
    if (size == 0)
        return CL_SUCCESS;
    n->args = malloc(size);
    if (!n->args)
        return CL_OUT_OF_HOST_MEMORY;
    memcpy(n->args, args, size);
    return CL_SUCCESS;
}

cl_int icd_enqueue_in_guest(cl_command_queue queue, cl_command_type type, void(CL_CALLBACK *function)(void *),
                            const void *args, size_t size, cl_uint wait_count, const cl_event *waits,
                            cl_event *event) {
    struct native *n = native_new(queue, type, function);
    cl_int r = n ? copy_args(n, args, size) : CL_OUT_OF_HOST_MEMORY;
    if (r == CL_SUCCESS)
        return enqueue(n, wait_count, waits, event);
    if (n)
        free_native(n);
    return r;
}

/* Puts pointers where memory objects were. */
static cl_int take_mems(struct native *n, const char *args, size_t size, cl_uint count, const cl_mem *mems,
                        const void *const *places) {
    n->mems = calloc((size_t)count + 1, sizeof *n->mems);
    if (!n->mems)
        return CL_OUT_OF_HOST_MEMORY;
    for (cl_uint i = 0; i < count; i++) {
        uintptr_t offset = (uintptr_t)places[i] - (uintptr_t)args;
        if (!icd_valid(mems[i], ICD_MEM) || !icd_mem_is_buffer(mems[i]))
            return CL_INVALID_MEM_OBJECT;
        if (offset > size || sizeof(void *) > size - offset)
            return icd_fail(CL_INVALID_VALUE, "args_mem_loc[%u] does not point into the arguments", i);
        if (!mems[i]->data)
            return icd_fail(CL_MEM_OBJECT_ALLOCATION_FAILURE, "buffer %u is not in memory of the guest", i);
        memcpy((char *)n->args + offset, &mems[i]->data, sizeof mems[i]->data);
        icd_ref(mems[i]);
        n->mems[n->mem_count++] = mems[i];
    }
    return CL_SUCCESS;
}

static bool has_native_kernels(cl_device_id device) {
    cl_device_exec_capabilities capabilities = 0;
    return icd_device_info(device, CL_DEVICE_EXECUTION_CAPABILITIES, sizeof capabilities, &capabilities,
                           NULL) == CL_SUCCESS &&
           (capabilities & CL_EXEC_NATIVE_KERNEL);
}

cl_int CL_API_CALL icd_EnqueueNativeKernel(cl_command_queue command_queue,
                                           void(CL_CALLBACK *user_func)(void *), void *args, size_t cb_args,
                                           cl_uint num_mem_objects, const cl_mem *mem_list,
                                           const void **args_mem_loc, cl_uint num_events_in_wait_list,
                                           const cl_event *event_wait_list, cl_event *event) {
    if (!icd_valid(command_queue, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    if (!has_native_kernels(command_queue->device))
        return CL_INVALID_OPERATION;
    bool some = num_mem_objects > 0;
    if (!user_func || (args == NULL) != (cb_args == 0) || (some && !args) || some != (mem_list != NULL) ||
        some != (args_mem_loc != NULL))
        return CL_INVALID_VALUE;
    struct native *n = native_new(command_queue, CL_COMMAND_NATIVE_KERNEL, user_func);
    if (!n)
        return CL_OUT_OF_HOST_MEMORY;
    enum icd_waits state;
    cl_int r = icd_waits_check(command_queue->context, num_events_in_wait_list, event_wait_list, &state);
    if (r == CL_SUCCESS)
        r = copy_args(n, args, cb_args);
    if (r == CL_SUCCESS)
        r = take_mems(n, args, cb_args, num_mem_objects, mem_list, args_mem_loc);
    if (r == CL_SUCCESS)
        return enqueue(n, num_events_in_wait_list, event_wait_list, event);
    free_native(n);
    return r;
}
