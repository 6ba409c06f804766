// SPDX-License-Identifier: MIT
#include "guest-icd/queue/queue.h"

#include <CL/cl_ext.h>
#include <stdlib.h>
#include <string.h>

#include "guest-icd/api.h"
#include "guest-icd/reclaim/limbo.h"
#include "guest-icd/session/session.h"

static void flush(cl_command_queue q) {
    struct svga_guest *g = icd_session->g;
    svga_guest_lock(g);
    uint64_t submitted = atomic_load_explicit(&q->progress.submitted, memory_order_relaxed);
    if (q->progress.flushed != submitted && !icd_queue_idle(q)) {
        TR_PUT(g, FLUSH, flush, NULL, .queue = q->object.id);
        q->progress.flushed = submitted;
    }
    svga_guest_unlock(g);
}

/* ---- life ---- */

static void destroy(cl_command_queue q) {
    cl_context context = q->context;
    icd_progress_leave(&q->progress);
    icd_release_id(q->object.id);
    free(q->property_list);
    q->object.magic = 0;
    icd_weak_unref(q);
    icd_context_unref(context);
}

void icd_queue_unref(cl_command_queue q) {
    if (q && icd_unref_is_last(q))
        destroy(q);
}

/* CL_SUCCESS if the list makes sense by itself; *bits gets CL_QUEUE_PROPERTIES, *count the numbers in front
 * of the final 0. */
static cl_int check_properties(const cl_queue_properties *list, cl_command_queue_properties *bits,
                               size_t *count) {
    const cl_command_queue_properties all = CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE |
                                            CL_QUEUE_PROFILING_ENABLE | CL_QUEUE_ON_DEVICE |
                                            CL_QUEUE_ON_DEVICE_DEFAULT;
    bool sized = false;

    *bits = 0;
    *count = 0;
    for (; list && list[*count] != 0; *count += 2) {
        if (*count >= 64)
            return CL_INVALID_VALUE;
        if (list[*count] == CL_QUEUE_PROPERTIES)
            *bits = list[*count + 1];
        else if (list[*count] == CL_QUEUE_SIZE)
            sized = true;
        else if (list[*count] != CL_QUEUE_PRIORITY_KHR && list[*count] != CL_QUEUE_THROTTLE_KHR)
            return CL_INVALID_VALUE; /* of these two, the host's driver says whether it has them */
    }
    if (*bits & ~all)
        return CL_INVALID_VALUE;
    if ((*bits & CL_QUEUE_ON_DEVICE_DEFAULT) && !(*bits & CL_QUEUE_ON_DEVICE))
        return CL_INVALID_VALUE;
    if ((*bits & CL_QUEUE_ON_DEVICE) && !(*bits & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE))
        return CL_INVALID_VALUE;
    if (sized && !(*bits & CL_QUEUE_ON_DEVICE))
        return CL_INVALID_VALUE;
    return CL_SUCCESS;
}

static cl_int create_on_host(cl_command_queue q, const cl_queue_properties *list, size_t count) {
    struct tr_array properties = {list, (uint32_t)count};
    struct icd_call call;
    cl_int r = icd_call_begin(&call);
    if (r != CL_SUCCESS)
        return r;
    TR_SEND(icd_session->g, CREATE_QUEUE, create_queue, &properties, .queue = q->object.id,
            .context = q->context->object.id, .slot = call.slot, .device = q->device->number);
    r = icd_call_wait(&call);
    if (r != CL_SUCCESS)
        icd_release_id(q->object.id); /* a dead object has the id */
    return r;
}

/* `keep`: the list is what CL_QUEUE_PROPERTIES_ARRAY shows. */
static cl_command_queue create(cl_context context, cl_device_id device, const cl_queue_properties *list,
                               bool keep, cl_int *errcode_ret) {
    cl_command_queue_properties bits = 0;
    cl_command_queue q = NULL;
    size_t count = 0;
    cl_int r;

    if (!icd_valid(context, ICD_CONTEXT))
        r = CL_INVALID_CONTEXT;
    else if (!icd_valid(device, ICD_DEVICE) || !icd_context_has_device(context, device))
        r = CL_INVALID_DEVICE;
    else
        r = check_properties(list, &bits, &count);
    /* What host queues cannot do; the host's driver knows about on-device queues and keys of extensions. */
    if (r == CL_SUCCESS && !(bits & CL_QUEUE_ON_DEVICE) && (bits & ~device->limits.queue_properties))
        r = CL_INVALID_QUEUE_PROPERTIES;
    if (r == CL_SUCCESS) {
        icd_limbo_reap();
        q = calloc(1, sizeof *q);
        if (!q)
            r = CL_OUT_OF_HOST_MEMORY;
    }
    if (q) {
        icd_object_init(&q->object, ICD_QUEUE, icd_id_alloc());
        q->context = context;
        q->device = device;
        q->properties = bits;
        if (keep && list) {
            q->property_count = count + 1;
            q->property_list = malloc(q->property_count * sizeof *list);
            if (q->property_list)
                memcpy(q->property_list, list, q->property_count * sizeof *list);
            else
                r = CL_OUT_OF_HOST_MEMORY;
        }
        if (r == CL_SUCCESS)
            r = q->object.id ? create_on_host(q, list, count) : CL_OUT_OF_RESOURCES;
        if (r == CL_SUCCESS) {
            icd_ref(context);
            icd_progress_enter(&q->progress, &context->ledger, q, q->object.id, icd_queue_in_order(q));
        } else {
            free(q->property_list);
            free(q);
            q = NULL;
        }
    }
    if (errcode_ret)
        *errcode_ret = r;
    return q;
}

cl_command_queue CL_API_CALL icd_CreateCommandQueueWithProperties(cl_context context, cl_device_id device,
                                                                  const cl_queue_properties *properties,
                                                                  cl_int *errcode_ret) {
    return create(context, device, properties, true, errcode_ret);
}

cl_command_queue CL_API_CALL icd_CreateCommandQueueWithPropertiesKHR(cl_context context, cl_device_id device,
                                                                     const cl_queue_properties *properties,
                                                                     cl_int *errcode_ret) {
    return create(context, device, properties, true, errcode_ret);
}

cl_command_queue CL_API_CALL icd_CreateCommandQueue(cl_context context, cl_device_id device,
                                                    cl_command_queue_properties properties,
                                                    cl_int *errcode_ret) {
    const cl_command_queue_properties old =
        CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE | CL_QUEUE_PROFILING_ENABLE;
    cl_queue_properties list[] = {CL_QUEUE_PROPERTIES, properties, 0};
    if (icd_valid(context, ICD_CONTEXT) && icd_valid(device, ICD_DEVICE) &&
        icd_context_has_device(context, device) && (properties & ~old)) {
        if (errcode_ret)
            *errcode_ret = CL_INVALID_VALUE;
        return NULL;
    }
    return create(context, device, list, false, errcode_ret);
}

cl_int CL_API_CALL icd_RetainCommandQueue(cl_command_queue q) {
    if (!icd_valid(q, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    icd_app_retain(q);
    return CL_SUCCESS;
}

void icd_queue_release(cl_command_queue q) {
    if (!icd_queue_idle(q))
        flush(q);
    if (!icd_app_release_is_last(q))
        return;
    if (icd_queue_idle(q))
        icd_queue_unref(q);
    else
        icd_limbo_queue(&q->progress);
    icd_limbo_reap();
}

cl_int CL_API_CALL icd_ReleaseCommandQueue(cl_command_queue q) {
    if (!icd_held(q, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    icd_queue_release(q);
    return CL_SUCCESS;
}

cl_int CL_API_CALL icd_GetCommandQueueInfo(cl_command_queue q, cl_command_queue_info param_name,
                                           size_t param_value_size, void *param_value,
                                           size_t *param_value_size_ret) {
    if (!icd_valid(q, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    switch (param_name) {
    case CL_QUEUE_CONTEXT:
        return ICD_INFO_VALUE(cl_context, q->context);
    case CL_QUEUE_DEVICE:
        return ICD_INFO_VALUE(cl_device_id, q->device);
    case CL_QUEUE_REFERENCE_COUNT:
        return ICD_INFO_VALUE(cl_uint, atomic_load(&q->object.refs));
    case CL_QUEUE_PROPERTIES:
        return ICD_INFO_VALUE(cl_command_queue_properties, q->properties);
    case CL_QUEUE_PROPERTIES_ARRAY:
        return icd_info(q->property_list, q->property_count * sizeof *q->property_list, param_value_size,
                        param_value, param_value_size_ret);
    case CL_QUEUE_SIZE:
        return CL_INVALID_COMMAND_QUEUE; /* for on-device queues only */
    case CL_QUEUE_DEVICE_DEFAULT:
        return ICD_INFO_VALUE(cl_command_queue, NULL);
    default:
        return CL_INVALID_VALUE;
    }
}

cl_int CL_API_CALL icd_SetCommandQueueProperty(cl_command_queue q, cl_command_queue_properties properties,
                                               cl_bool enable, cl_command_queue_properties *old_properties) {
    (void)properties, (void)enable, (void)old_properties;
    return icd_valid(q, ICD_QUEUE) ? CL_INVALID_OPERATION : CL_INVALID_COMMAND_QUEUE;
}

cl_int CL_API_CALL icd_SetDefaultDeviceCommandQueue(cl_context context, cl_device_id device,
                                                    cl_command_queue q) {
    if (!icd_valid(context, ICD_CONTEXT))
        return CL_INVALID_CONTEXT;
    if (!icd_valid(device, ICD_DEVICE) || !icd_context_has_device(context, device))
        return CL_INVALID_DEVICE;
    (void)q;
    return CL_INVALID_OPERATION; /* no device here has a replaceable default queue (UNSUPPORTED.md) */
}

cl_int CL_API_CALL icd_Flush(cl_command_queue q) {
    if (!icd_valid(q, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    if (svga_guest_lost(icd_session->g))
        return icd_session_error();
    if (!icd_queue_idle(q))
        flush(q);
    return CL_SUCCESS;
}
