// SPDX-License-Identifier: MIT
/* Life of command buffers, enqueueing them, and queries. Recording is in command-buffer-record.c. */
#include "guest-icd/command/command-buffer.h"

#include <stdlib.h>

#include "guest-icd/api.h"
#include "guest-icd/command/mutable-command.h"
#include "guest-icd/queue/enqueue.h"
#include "guest-icd/session/debug.h"

/* ---- life ---- */

void icd_command_buffer_release(void *object) {
    switch (((const struct icd_object *)object)->magic) {
    case ICD_MEM:
        icd_mem_release(object);
        break;
    case ICD_KERNEL:
        icd_kernel_release(object);
        break;
    case ICD_SAMPLER:
        icd_sampler_release(object);
        break;
    }
}

static void destroy(cl_command_buffer_khr b) {
    b->object.magic = 0;
    icd_release_id(b->object.id);
    for (cl_mutable_command_khr m = b->mutables, next; m; m = next) {
        next = m->next;
        icd_mutable_free(m);
    }
    for (size_t i = 0; i < b->held_count; i++)
        icd_command_buffer_release(b->held[i]);
    icd_queue_release(b->queue);
    svga_lock_destroy(&b->lock);
    free(b->held);
    free(b->property_list);
    free(b);
}

/* What a list of clCreateCommandBufferKHR says. */
struct properties {
    size_t count; /* with the final 0 */
    bool changes, no_more_groups;
};

static cl_int read_properties(const cl_command_buffer_properties_khr *list, struct properties *p) {
    const cl_command_buffer_flags_khr known =
        CL_COMMAND_BUFFER_SIMULTANEOUS_USE_KHR | CL_COMMAND_BUFFER_MUTABLE_KHR;
    bool seen = false, asserted = false;

    *p = (struct properties){0};
    if (!list)
        return CL_SUCCESS;
    for (; list[p->count] != 0; p->count += 2) {
        cl_bitfield value = list[p->count + 1];
        if (list[p->count] == CL_COMMAND_BUFFER_FLAGS_KHR && !seen && !(value & ~known)) {
            p->changes = (value & CL_COMMAND_BUFFER_MUTABLE_KHR) != 0;
            seen = true;
        } else if (list[p->count] == ICD_COMMAND_BUFFER_ASSERTS && !asserted &&
                   !(value & ~(cl_bitfield)ICD_ASSERT_NO_MORE_GROUPS)) {
            p->no_more_groups = value != 0;
            asserted = true;
        } else {
            return CL_INVALID_VALUE;
        }
    }
    p->count++;
    return CL_SUCCESS;
}

static cl_int create(cl_command_queue queue, const cl_command_buffer_properties_khr *properties,
                     cl_command_buffer_khr *buffer) {
    struct properties p;
    cl_int r = read_properties(properties, &p);
    if (r != CL_SUCCESS)
        return r;
    if (svga_guest_lost(icd_session->g))
        return icd_session_error();
    cl_command_buffer_khr b = calloc(1, sizeof *b);
    uint32_t id = b ? icd_id_alloc() : 0;
    if (!b)
        return CL_OUT_OF_HOST_MEMORY;
    if (id == 0) {
        free(b);
        return icd_id_error();
    }
    if (p.count > 0) {
        b->property_list = malloc(p.count * sizeof *properties);
        if (!b->property_list) {
            icd_id_free(id);
            free(b);
            return CL_OUT_OF_HOST_MEMORY;
        }
        memcpy(b->property_list, properties, p.count * sizeof *properties);
    }
    icd_object_init(&b->object, ICD_COMMAND_BUFFER, id);
    b->queue = queue;
    b->property_count = p.count;
    b->changes = p.changes;
    b->no_more_groups = p.no_more_groups;
    svga_lock_init(&b->lock, ICD_LOCK_COMMAND_BUFFER);
    icd_app_retain(queue);
    TR_SEND(icd_session->g, CREATE_BATCH, create_batch, NULL, .batch = id);
    *buffer = b;
    return CL_SUCCESS;
}

cl_command_buffer_khr CL_API_CALL
icd_CreateCommandBufferKHR(cl_uint num_queues, const cl_command_queue *queues,
                           const cl_command_buffer_properties_khr *properties, cl_int *errcode_ret) {
    cl_command_buffer_khr b = NULL;
    cl_int r;

    if (num_queues != 1 || !queues)
        r = CL_INVALID_VALUE;
    else if (!icd_valid(queues[0], ICD_QUEUE))
        r = CL_INVALID_COMMAND_QUEUE;
    else if (queues[0]->device->limits.version < 12)
        r = icd_fail(CL_INCOMPATIBLE_COMMAND_QUEUE_KHR, "command buffers need a device of OpenCL 1.2");
    else
        r = create(queues[0], properties, &b);
    if (errcode_ret)
        *errcode_ret = r;
    return b;
}

cl_int CL_API_CALL icd_RetainCommandBufferKHR(cl_command_buffer_khr b) {
    if (!icd_valid(b, ICD_COMMAND_BUFFER))
        return CL_INVALID_COMMAND_BUFFER_KHR;
    icd_app_retain(b);
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_ReleaseCommandBufferKHR(cl_command_buffer_khr b) {
    if (!icd_held(b, ICD_COMMAND_BUFFER))
        return CL_INVALID_COMMAND_BUFFER_KHR;
    if (icd_app_release_is_last(b) && icd_unref_is_last(b))
        destroy(b);
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_FinalizeCommandBufferKHR(cl_command_buffer_khr b) {
    if (!icd_valid(b, ICD_COMMAND_BUFFER))
        return CL_INVALID_COMMAND_BUFFER_KHR;
    svga_lock_take(&b->lock);
    bool before = b->finalized;
    b->finalized = true;
    svga_lock_give(&b->lock);
    return before ? CL_INVALID_OPERATION : CL_SUCCESS;
}

/* ---- running ---- */

static cl_int check_queue(cl_command_buffer_khr b, cl_command_queue queue) {
    if (!icd_valid(queue, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    if (queue->context != b->queue->context)
        return CL_INVALID_CONTEXT;
    return queue->device == b->queue->device ? CL_SUCCESS : CL_INVALID_DEVICE;
}

/* lock is held. */
static cl_int run(cl_command_buffer_khr b, cl_command_queue queue, cl_uint wait_count, const cl_event *waits,
                  cl_event *event) {
    struct icd_enqueue e;

    if (!b->finalized)
        return CL_INVALID_OPERATION;
    if (b->incomplete > 0)
        return icd_fail(CL_INVALID_OPERATION, "%u recorded commands lack arguments", b->incomplete);
    cl_int r = icd_enqueue_begin(&e, queue, CL_COMMAND_COMMAND_BUFFER_KHR, wait_count, waits, event);
    if (r != CL_SUCCESS)
        return r;
    svga_guest_lock(icd_session->g);
    icd_trace_put(&e.trace);
    TR_PUT(icd_session->g, RUN_BATCH, run_batch, &e.waits, .batch = b->object.id, .queue = queue->object.id,
           .event = e.event_id, .event_slot = e.event_slot);
    return icd_enqueue_end(&e, event);
}

cl_int CL_API_CALL icd_EnqueueCommandBufferKHR(cl_uint num_queues, cl_command_queue *queues,
                                               cl_command_buffer_khr b, cl_uint num_events_in_wait_list,
                                               const cl_event *event_wait_list, cl_event *event) {
    if (!icd_valid(b, ICD_COMMAND_BUFFER))
        return CL_INVALID_COMMAND_BUFFER_KHR;
    if ((num_queues == 0) != (queues == NULL) || num_queues > 1)
        return CL_INVALID_VALUE;
    cl_command_queue queue = queues ? queues[0] : b->queue;
    cl_int r = check_queue(b, queue);
    if (r != CL_SUCCESS)
        return r;
    svga_lock_take(&b->lock);
    r = run(b, queue, num_events_in_wait_list, event_wait_list, event);
    svga_lock_give(&b->lock);
    return r;
}

/* ---- queries ---- */

/* CL_COMMAND_BUFFER_CONTEXT_KHR: of 0.9.2, which Debian 12's headers are older than. */
enum { COMMAND_BUFFER_CONTEXT = 0x1299 };

/* CL_COMMAND_BUFFER_STATE_FINALIZED_KHR of mutable dispatch 0.9.5: arguments are missing. */
enum { COMMAND_BUFFER_STATE_FINALIZED = 2 };

static cl_command_buffer_state_khr state_of(cl_command_buffer_khr b) {
    svga_lock_take(&b->lock);
    cl_command_buffer_state_khr state = !b->finalized       ? CL_COMMAND_BUFFER_STATE_RECORDING_KHR
                                        : b->incomplete > 0 ? COMMAND_BUFFER_STATE_FINALIZED
                                                            : CL_COMMAND_BUFFER_STATE_EXECUTABLE_KHR;
    svga_lock_give(&b->lock);
    return state;
}

cl_int CL_API_CALL icd_GetCommandBufferInfoKHR(cl_command_buffer_khr b, cl_command_buffer_info_khr param_name,
                                               size_t param_value_size, void *param_value,
                                               size_t *param_value_size_ret) {
    if (!icd_valid(b, ICD_COMMAND_BUFFER))
        return CL_INVALID_COMMAND_BUFFER_KHR;
    switch (param_name) {
    case CL_COMMAND_BUFFER_QUEUES_KHR:
        return ICD_INFO_VALUE(cl_command_queue, b->queue);
    case CL_COMMAND_BUFFER_NUM_QUEUES_KHR:
        return ICD_INFO_VALUE(cl_uint, 1);
    case CL_COMMAND_BUFFER_REFERENCE_COUNT_KHR:
        return ICD_INFO_VALUE(cl_uint, atomic_load(&b->object.refs));
    case CL_COMMAND_BUFFER_STATE_KHR:
        return ICD_INFO_VALUE(cl_command_buffer_state_khr, state_of(b));
    case COMMAND_BUFFER_CONTEXT:
        return ICD_INFO_VALUE(cl_context, b->queue->context);
    case CL_COMMAND_BUFFER_PROPERTIES_ARRAY_KHR:
        return icd_info(b->property_list, b->property_count * sizeof *b->property_list, param_value_size,
                        param_value, param_value_size_ret);
    default:
        return CL_INVALID_VALUE;
    }
}
