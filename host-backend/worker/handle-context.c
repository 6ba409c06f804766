// SPDX-License-Identifier: MIT
/* Contexts, queues, sub-devices. */
#include <stdlib.h>
#include <string.h>

#include "host-backend/worker/handlers.h"
#include "host-backend/worker/trace.h"
#include "host-backend/worker/turn.h"

bool devices_of(struct session *s, const struct driver_platform *platform, const uint32_t *numbers,
                uint32_t count, cl_device_id *out) {
    if (count > DRIVER_MAX_DEVICES) {
        session_violation(s, "a list of %u devices", count);
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!driver_shows(s->driver, numbers[i])) {
            session_violation(s, "no device %u", numbers[i]);
            return false;
        }
        if (s->driver->devices[numbers[i]]->platform != platform) {
            session_violation(s, "device %u is another platform's", numbers[i]);
            return false;
        }
        out[i] = s->driver->devices[numbers[i]]->id;
    }
    return true;
}

void do_create_context(struct session *s, const struct tr_create_context *c, const struct tr_view *v) {
    const uint32_t *numbers = v->arrays[0];
    cl_device_id devices[DRIVER_MAX_DEVICES];
    cl_int r;

    if (c->devices_count == 0) {
        session_violation(s, "create_context: no devices");
        return;
    }
    if (!driver_shows(s->driver, numbers[0])) {
        session_violation(s, "no device %u", numbers[0]);
        return;
    }
    struct driver_platform *platform = s->driver->devices[numbers[0]]->platform;
    if (!devices_of(s, platform, numbers, c->devices_count, devices))
        return;
    s->platform = s->driver->devices[numbers[0]]->platform_number + 1; /* a device's number is no object's */
    struct context *context =
        object_new(TR_KIND_CONTEXT, sizeof *context + c->devices_count * sizeof context->devices[0]);
    if (!put_object(s, c->context, context))
        return;
    context->platform = platform;
    context->version = platform->version;
    context->device_count = c->devices_count;
    for (uint32_t i = 0; i < c->devices_count; i++)
        context->devices[i] = s->driver->devices[numbers[i]];
    cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)platform->id, 0};
    if (context->object.refused)
        r = CL_OUT_OF_HOST_MEMORY;
    else
        context->cl = clCreateContext(properties, c->devices_count, devices, NULL, NULL, &r);
    session_answer(s, session_slot(s, c->slot), r, 0);
}

/* A queue of the driver's; `profiled` or not, whatever the guest asked for. */
static cl_command_queue driver_queue(const struct queue *q, bool profiled, cl_int *r) {
    cl_queue_properties list[QUEUE_PROPERTIES + 3] = {0};
    cl_command_queue_properties flags = 0;
    uint32_t count = q->given_count, flags_at = count;

    for (uint32_t i = 0; i < count; i += 2) {
        list[i] = q->given[i];
        list[i + 1] = q->given[i + 1];
        if (list[i] == CL_QUEUE_PROPERTIES) {
            flags = list[i + 1];
            flags_at = i;
        }
    }
    if (profiled)
        flags |= CL_QUEUE_PROFILING_ENABLE;
    if (q->context->version < 200)
        return clCreateCommandQueue(q->context->cl, q->device->id, flags, r);
    if (flags_at == count && flags == 0)
        return clCreateCommandQueueWithProperties(q->context->cl, q->device->id, count ? list : NULL, r);
    list[flags_at] = CL_QUEUE_PROPERTIES;
    list[flags_at + 1] = flags;
    return clCreateCommandQueueWithProperties(q->context->cl, q->device->id, list, r);
}

/* What the guest asks for. */
static cl_int take_properties(struct queue *q, const uint64_t *given, uint32_t count) {
    cl_command_queue_properties flags = 0;

    if (count > QUEUE_PROPERTIES || count % 2 != 0)
        return CL_INVALID_VALUE;
    for (uint32_t i = 0; i < count; i++)
        q->given[i] = given[i];
    q->given_count = count;
    for (uint32_t i = 0; i < count; i += 2)
        if (given[i] == CL_QUEUE_PROPERTIES)
            flags = given[i + 1];
    q->in_order = !(flags & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    q->profiled = (flags & CL_QUEUE_PROFILING_ENABLE) != 0;
    /* those on the device: their commands come from kernels only */
    return flags & CL_QUEUE_ON_DEVICE ? CL_INVALID_QUEUE_PROPERTIES : CL_SUCCESS;
}

bool queue_profile(struct session *s, struct queue *q, bool on) {
    cl_event gap;
    cl_int r;

    if (!q->cl || q->profiled || q->host_profiled == on || q->context->version < 120)
        return true;
    if (queue_gated(q) || q->behind > 0)
        return false;
    if (!q->twin) {
        q->twin = driver_queue(q, on, &r);
        if (q->twin && on)
            trace_calibrate(s->trace, q->device, q->context->version, q->twin);
    }
    if (!q->twin || clEnqueueMarkerWithWaitList(q->cl, 0, NULL, &gap) != CL_SUCCESS)
        return true;
    clFlush(q->cl);
    if (clEnqueueBarrierWithWaitList(q->twin, 1, &gap, NULL) == CL_SUCCESS) {
        cl_command_queue other = q->cl;
        q->cl = q->twin;
        q->twin = other;
        q->host_profiled = on;
    }
    clReleaseEvent(gap);
    return true;
}

void do_create_queue(struct session *s, const struct tr_create_queue *c, const struct tr_view *v) {
    struct context *context = context_of(s, c->context);
    cl_int r = CL_OUT_OF_RESOURCES;

    const uint32_t number = c->device;
    cl_device_id id;
    if (!devices_of(s, context->platform, &number, 1, &id))
        return;
    struct queue *q = object_new(TR_KIND_QUEUE, sizeof *q);
    if (!put_object(s, c->queue, q))
        return;
    object_ref(context);
    q->context = context;
    q->device = s->driver->devices[c->device];
    q->id = c->queue;
    q->turn = turns_of(s->turns, s->driver, q->device);
    q->board = q->turn->board;
    q->by_callback = session_by_callback(s, q->device);
    if (q->object.refused)
        r = CL_OUT_OF_HOST_MEMORY;
    else if (context->cl)
        r = take_properties(q, v->arrays[0], c->properties_count);
    q->host_profiled = q->profiled || trace_is_on(s->trace);
    if (context->cl && r == CL_SUCCESS)
        q->cl = driver_queue(q, q->host_profiled, &r);
    if (q->cl && trace_is_on(s->trace))
        trace_calibrate(s->trace, q->device, context->version, q->cl);
    session_answer(s, session_slot(s, c->slot), r, 0);
}

void do_create_sub_devices(struct session *s, const struct tr_create_sub_devices *c,
                           const struct tr_view *v) {
    cl_device_partition_property properties[64];
    const uint64_t *given = v->arrays[0];
    uint32_t count = 0;

    if (!driver_shows(s->driver, c->device) || c->first != s->driver->device_count ||
        c->properties_count == 0 || c->properties_count > 64 || given[c->properties_count - 1] != 0) {
        session_violation(s, "create_sub_devices: device %u, first %u of %u, %u properties", c->device,
                          c->first, s->driver->device_count, c->properties_count);
        return;
    }
    for (uint32_t i = 0; i < c->properties_count; i++)
        properties[i] = (cl_device_partition_property)given[i];
    cl_int r = driver_add_sub_devices(s->driver, c->device, properties, c->capacity, &count);
    session_answer(s, session_slot(s, c->slot), r, count);
}
