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
    context->cl = clCreateContext(properties, c->devices_count, devices, NULL, NULL, &r);
    session_answer(s, session_slot(s, c->slot), r, 0);
}

/* The properties as the driver gets them: profiling is on too while the worker itself profiles. */
static cl_command_queue host_queue(struct session *s, struct queue *q, const uint64_t *given, uint32_t count,
                                   cl_int *r) {
    cl_queue_properties list[16 + 3] = {0};
    cl_command_queue_properties flags = 0;
    uint32_t flags_at = count;

    if (count > 16 || count % 2 != 0) {
        *r = CL_INVALID_VALUE;
        return NULL;
    }
    for (uint32_t i = 0; i < count; i += 2) {
        list[i] = given[i];
        list[i + 1] = given[i + 1];
        if (given[i] == CL_QUEUE_PROPERTIES) {
            flags = given[i + 1];
            flags_at = i;
        }
    }
    if (flags & CL_QUEUE_ON_DEVICE) { /* its commands come from kernels only */
        *r = CL_INVALID_QUEUE_PROPERTIES;
        return NULL;
    }
    q->in_order = !(flags & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    q->profiled = (flags & CL_QUEUE_PROFILING_ENABLE) != 0;
    if (s->trace)
        flags |= CL_QUEUE_PROFILING_ENABLE;
    q->host_profiled = (flags & CL_QUEUE_PROFILING_ENABLE) != 0;
    if (q->context->version < 200)
        return clCreateCommandQueue(q->context->cl, q->device->id, flags, r);
    if (flags_at == count && flags == 0)
        return clCreateCommandQueueWithProperties(q->context->cl, q->device->id, count ? list : NULL, r);
    list[flags_at] = CL_QUEUE_PROPERTIES;
    list[flags_at + 1] = flags;
    return clCreateCommandQueueWithProperties(q->context->cl, q->device->id, list, r);
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
    if (context->cl)
        q->cl = host_queue(s, q, v->arrays[0], c->properties_count, &r);
    if (q->cl && s->trace)
        trace_calibrate(s->trace, q);
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
