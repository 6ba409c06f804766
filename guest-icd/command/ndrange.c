// SPDX-License-Identifier: MIT
/*
 * clEnqueueNDRangeKernel. Everything that the specification wants reported at the call is found from what the
 * guest knows of the device, the program and the kernel; then it is one write into the FIFO.
 */
#include "guest-icd/api.h"
#include "guest-icd/command/prepare.h"
#include "guest-icd/memory/memory.h"
#include "guest-icd/program/kernel.h"
#include "guest-icd/queue/event.h"
#include "guest-icd/queue/queue.h"
#include "guest-icd/session/debug.h"

/* The sizes of one NDRange, unused dimensions filled in. */
struct ndrange {
    cl_uint dim;
    bool has_offset, has_local;
    enum icd_doubt doubt;
    bool empty; /* a size of 0: nothing to run, since OpenCL 2.1 */
    size_t offset[3], global[3], local[3];
};

/* ---- arguments ---- */

static bool image_fits(const struct icd_device_limits *l, cl_mem mem) {
    const cl_image_desc *d = &mem->desc;
    switch (mem->type) {
    case CL_MEM_OBJECT_IMAGE2D:
        return d->image_width <= l->image2d_max_width && d->image_height <= l->image2d_max_height;
    case CL_MEM_OBJECT_IMAGE3D:
        return d->image_width <= l->image3d_max_width && d->image_height <= l->image3d_max_height &&
               d->image_depth <= l->image3d_max_depth;
    default:
        return true;
    }
}

/* Objects among the arguments: still there, and of a kind that this device can use. */
static cl_int check_objects(cl_kernel kernel, cl_command_queue queue) {
    const struct icd_device_limits *limits = &queue->device->limits;
    bool several = queue->context->device_count > 1; /* else the object was checked when it was made */
    for (cl_uint i = 0; i < kernel->arg_count; i++) {
        const struct icd_arg *a = &kernel->args[i];
        if (a->state != ICD_ARG_IS_OBJECT)
            continue;
        const struct icd_object *o = a->object;
        if (!icd_valid(o, o->magic))
            return icd_fail(CL_INVALID_KERNEL_ARGS,
                            "argument %u of %s is gone: it was released after it was set", i,
                            kernel->function->kernel->name);
        if (o->magic != ICD_MEM)
            continue;
        cl_mem mem = a->object;
        if (mem->type == CL_MEM_OBJECT_BUFFER) {
            if (mem->parent && mem->origin % (limits->mem_base_addr_align / 8) != 0)
                return icd_fail(
                    CL_MISALIGNED_SUB_BUFFER_OFFSET,
                    "argument %u of %s starts %zu bytes into its buffer; the device wants multiples of %u", i,
                    kernel->function->kernel->name, mem->origin, limits->mem_base_addr_align / 8);
        } else if (several && !image_fits(limits, mem)) {
            return icd_fail(CL_INVALID_IMAGE_SIZE,
                            "the image in argument %u of %s is larger than the device takes", i,
                            kernel->function->kernel->name);
        }
    }
    return CL_SUCCESS;
}

/* ---- sizes ---- */

static cl_int read_sizes(struct ndrange *n, const struct icd_device_limits *limits, cl_uint dim,
                         const size_t *offset, const size_t *global, const size_t *local) {
    *n = (struct ndrange){.dim = dim,
                          .doubt = ICD_NO_DOUBT,
                          .has_offset = offset != NULL,
                          .local = {1, 1, 1},
                          .global = {1, 1, 1}};
    if (dim < 1 || dim > 3 || dim > limits->max_work_item_dimensions)
        return icd_fail(CL_INVALID_WORK_DIMENSION, "work_dim is %u, the device takes 1 to %u", dim,
                        limits->max_work_item_dimensions);
    bool zero = !global;
    for (cl_uint i = 0; i < dim; i++) {
        n->offset[i] = offset ? offset[i] : 0;
        n->global[i] = global ? global[i] : 0;
        zero = zero || n->global[i] == 0;
        n->has_local = n->has_local || (local && local[i] != 0); /* all zeros: as if there were none */
    }
    for (cl_uint i = 0; i < dim && n->has_local; i++)
        n->local[i] = local[i];
    if (zero && limits->version < 21)
        return icd_fail(CL_INVALID_GLOBAL_WORK_SIZE, "an empty NDRange needs OpenCL 2.1");
    n->empty = zero;
    size_t most = limits->address_bits == 32 ? UINT32_MAX : SIZE_MAX;
    for (cl_uint i = 0; i < dim; i++) {
        if (n->global[i] > most)
            return icd_fail(CL_INVALID_GLOBAL_WORK_SIZE, "global_work_size[%u] is %zu", i, n->global[i]);
        if (n->offset[i] > most - n->global[i])
            return icd_fail(CL_INVALID_GLOBAL_OFFSET, "global_work_offset[%u] %zu and size %zu overflow", i,
                            n->offset[i], n->global[i]);
    }
    return CL_SUCCESS;
}

/* The work-group's size against the kernel and the device. */
static cl_int check_local(struct ndrange *n, const struct icd_device_limits *limits,
                          const struct icd_function_device *f, bool non_uniform) {
    bool required = f->required[0] > 0;
    size_t items = 1;
    if (!n->has_local) { /* the driver chooses */
        n->doubt = required ? ICD_DOUBT_NO_LOCAL : ICD_NO_DOUBT;
        return CL_SUCCESS;
    }
    for (cl_uint i = 0; i < n->dim; i++) {
        if (n->local[i] == 0 || n->local[i] > limits->max_work_group_size / items)
            return icd_fail(CL_INVALID_WORK_GROUP_SIZE,
                            "local_work_size[%u] is %zu; the device takes work-groups of %zu", i, n->local[i],
                            limits->max_work_group_size);
        items *= n->local[i];
    }
    if (f->work_group_size > 0 && items > f->work_group_size)
        n->doubt = ICD_DOUBT_BEYOND_KERNEL;
    for (cl_uint i = 0; i < 3; i++)
        if (required && n->local[i] != f->required[i])
            return icd_fail(CL_INVALID_WORK_GROUP_SIZE, "local_work_size[%u] is %zu, the kernel requires %zu",
                            i, n->local[i], f->required[i]);
    for (cl_uint i = 0; i < n->dim; i++) {
        if (n->local[i] > limits->max_work_item_sizes[i])
            return icd_fail(CL_INVALID_WORK_ITEM_SIZE, "local_work_size[%u] is %zu, the device takes %zu", i,
                            n->local[i], limits->max_work_item_sizes[i]);
        if (!non_uniform && n->global[i] % n->local[i] != 0)
            return icd_fail(CL_INVALID_WORK_GROUP_SIZE,
                            "local_work_size[%u] %zu does not divide the global size %zu", i, n->local[i],
                            n->global[i]);
    }
    return CL_SUCCESS;
}

static struct icd_function_device *function_device(cl_command_queue queue, cl_kernel kernel) {
    cl_program program = kernel->program;
    return &kernel->function->devices[icd_program_device(program, queue->device) - program->devices];
}

/* ---- the whole check ---- */

/* `later`: arguments may still be set later. */
static cl_int check(cl_command_queue queue, cl_kernel kernel, bool later, struct ndrange *n, cl_uint dim,
                    const size_t *offset, const size_t *global, const size_t *local) {
    cl_program program = kernel->program;
    const struct icd_program_device *d = icd_program_device(program, queue->device);
    if (queue->context != program->context)
        return icd_fail(CL_INVALID_CONTEXT, "kernel %s and the queue are of different contexts",
                        kernel->function->kernel->name);
    /* A program with kernels is not built again, so its statuses stay as they are. */
    if (!d || d->status != CL_BUILD_SUCCESS || d->type != CL_PROGRAM_BINARY_TYPE_EXECUTABLE)
        return icd_fail(CL_INVALID_PROGRAM_EXECUTABLE,
                        "the program of %s is not built for the queue's device",
                        kernel->function->kernel->name);
    if (kernel->unset > 0 && !later)
        return icd_fail(CL_INVALID_KERNEL_ARGS, "%u arguments of %s are not set", kernel->unset,
                        kernel->function->kernel->name);
    cl_int r = read_sizes(n, &queue->device->limits, dim, offset, global, local);
    if (r == CL_SUCCESS && !n->empty)
        r = check_local(n, &queue->device->limits, &kernel->function->devices[d - program->devices],
                        d->non_uniform);
    if (r == CL_SUCCESS && kernel->object_args > 0)
        r = check_objects(kernel, queue);
    return r;
}

/* For enqueue and record: without an event, event is 0 and slot TR_NO_SLOT. */
#define WIRE(queue, the_kernel, n, its_event, its_slot, count)                                               \
    (struct tr_enqueue_kernel) {                                                                             \
        .queue = (queue)->object.id, .kernel = (the_kernel)->object.id, .event = (its_event),                \
        .event_slot = (its_slot), .work_dim = (n)->dim,                                                      \
        .has = ((n)->has_offset ? TR_HAS_OFFSET : 0) | ((n)->has_local ? TR_HAS_LOCAL : 0),                  \
        .offset = {(n)->offset[0], (n)->offset[1], (n)->offset[2]},                                          \
        .global = {(n)->global[0], (n)->global[1], (n)->global[2]},                                          \
        .local = {(n)->local[0], (n)->local[1], (n)->local[2]}, .waits_count = (count),                      \
    }

/* This kernel, over about so many items. There is work for all CPUs where it has several work-groups; where the driver chooses these, it
 * makes several of so many items. */
static uint32_t kind_of(cl_kernel kernel, const struct ndrange *n) {
    enum { ITEMS = 1024 };
    size_t items = 1;
    bool wide = false;

    for (cl_uint i = 0; i < n->dim; i++) {
        wide |= n->has_local && n->local[i] < n->global[i];
        if (__builtin_mul_overflow(items, n->global[i], &items))
            items = SIZE_MAX;
    }
    wide |= !n->has_local && items >= ITEMS;
    return icd_kind_of_work(kernel->object.id, items) | (wide ? SVGA_WAITS_WIDE : 0);
}

/* Writes the command. */
static cl_int enqueue(cl_command_queue queue, cl_kernel kernel, cl_command_type type, const struct ndrange *n,
                      cl_uint wait_count, const cl_event *waits, cl_event *event) {
    struct icd_enqueue e;
    struct svga_guest *g = icd_session->g;
    cl_int r = icd_enqueue_begin(&e, queue, type, wait_count, waits, event);
    if (r != CL_SUCCESS)
        return r;
    if (icd_session->settings.pace)
        svga_guest_set_kind(g, (queue->device->type & CL_DEVICE_TYPE_CPU) ? kind_of(kernel, n) : 0);
    svga_guest_lock(g);
    if (n->empty) {
        icd_trace_put(&e.trace);
        TR_PUT(g, MARKER, marker, &e.waits, .queue = queue->object.id, .event = e.event_id,
               .event_slot = e.event_slot, .barrier = 0);
        return icd_enqueue_end(&e, event);
    }
    icd_kernel_flush(kernel);
    icd_trace_put(&e.trace);
    uint32_t wait_bytes = e.waits.count * (uint32_t)sizeof(uint32_t);
    if (n->dim == 1 && !n->has_offset) {
        const struct tr_enqueue_kernel_1d c = {.queue = queue->object.id,
                                               .kernel = kernel->object.id,
                                               .event = e.event_id,
                                               .event_slot = e.event_slot,
                                               .global = n->global[0],
                                               .local = n->has_local ? n->local[0] : 0,
                                               .waits_count = e.waits.count};
        tr_put_tail(g, TR_CMD_ENQUEUE_KERNEL_1D, &c, sizeof c, e.waits.data, wait_bytes);
    } else {
        tr_put_tail(g, TR_CMD_ENQUEUE_KERNEL,
                    &WIRE(queue, kernel, n, e.event_id, e.event_slot, e.waits.count),
                    sizeof(struct tr_enqueue_kernel), e.waits.data, wait_bytes);
    }
    return icd_enqueue_end(&e, event);
}

/* ---- where drivers differ ---- */

/*
 * local_work_size NULL for a kernel with a required size: some drivers take the required one, for some it is
 * CL_INVALID_WORK_GROUP_SIZE. Work-groups beyond CL_KERNEL_WORK_GROUP_SIZE: some drivers report less than
 * they take. The first time, the command is written and its status asked for at once: a driver that refuses
 * it has said so by then.
 */
static cl_int ask_driver(cl_command_queue queue, cl_kernel kernel, const struct ndrange *n,
                         cl_uint wait_count, const cl_event *waits, cl_event *event) {
    _Atomic int *verdict = &function_device(queue, kernel)->verdicts[n->doubt];
    int known = atomic_load_explicit(verdict, memory_order_relaxed);
    cl_event own;
    cl_int status;
    if (known < 0)
        return icd_fail(CL_INVALID_WORK_GROUP_SIZE, "the driver does not take this local_work_size for %s",
                        kernel->function->kernel->name);
    if (known > 0)
        return enqueue(queue, kernel, CL_COMMAND_NDRANGE_KERNEL, n, wait_count, waits, event);
    cl_int r = enqueue(queue, kernel, CL_COMMAND_NDRANGE_KERNEL, n, wait_count, waits, &own);
    if (r != CL_SUCCESS)
        return r;
    r = icd_event_ask(own, &status);
    if (r == CL_SUCCESS && status == CL_INVALID_WORK_GROUP_SIZE)
        r = status;
    if (r == CL_SUCCESS || r == CL_INVALID_WORK_GROUP_SIZE)
        atomic_store_explicit(verdict, r == CL_SUCCESS ? 1 : -1, memory_order_relaxed);
    if (r == CL_SUCCESS && event)
        *event = own;
    else
        icd_event_release(own);
    return r;
}

/* What the driver says can only be known by running it: where it has not said so yet, no local size means the
 * required one, and larger work-groups are taken. */
cl_int icd_prepare_kernel(cl_command_queue queue, cl_kernel kernel, bool later, cl_uint work_dim,
                          const size_t *global_work_offset, const size_t *global_work_size,
                          const size_t *local_work_size, struct tr_enqueue_kernel *c) {
    struct ndrange n;
    cl_int r =
        check(queue, kernel, later, &n, work_dim, global_work_offset, global_work_size, local_work_size);
    if (r == CL_SUCCESS && n.doubt != ICD_NO_DOUBT) {
        struct icd_function_device *f = function_device(queue, kernel);
        int verdict = atomic_load_explicit(&f->verdicts[n.doubt], memory_order_relaxed);
        if (verdict < 0)
            r = CL_INVALID_WORK_GROUP_SIZE;
        else if (verdict == 0 && n.doubt == ICD_DOUBT_NO_LOCAL)
            r = check(queue, kernel, later, &n, work_dim, global_work_offset, global_work_size, f->required);
    }
    if (r == CL_SUCCESS)
        *c = WIRE(queue, kernel, &n, 0, TR_NO_SLOT, 0);
    if (r == CL_SUCCESS && n.empty)
        c->work_dim = 0;
    return r;
}

cl_int CL_API_CALL icd_EnqueueNDRangeKernel(cl_command_queue command_queue, cl_kernel kernel,
                                            cl_uint work_dim, const size_t *global_work_offset,
                                            const size_t *global_work_size, const size_t *local_work_size,
                                            cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                            cl_event *event) {
    struct ndrange n;
    if (!icd_valid(command_queue, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    if (!icd_valid(kernel, ICD_KERNEL))
        return CL_INVALID_KERNEL;
    cl_int r = check(command_queue, kernel, false, &n, work_dim, global_work_offset, global_work_size,
                     local_work_size);
    if (r != CL_SUCCESS)
        return r;
    if (n.doubt != ICD_NO_DOUBT)
        return ask_driver(command_queue, kernel, &n, num_events_in_wait_list, event_wait_list, event);
    return enqueue(command_queue, kernel, CL_COMMAND_NDRANGE_KERNEL, &n, num_events_in_wait_list,
                   event_wait_list, event);
}

cl_int CL_API_CALL icd_EnqueueTask(cl_command_queue command_queue, cl_kernel kernel,
                                   cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
                                   cl_event *event) {
    static const size_t one = 1;
    struct ndrange n;
    if (!icd_valid(command_queue, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    if (!icd_valid(kernel, ICD_KERNEL))
        return CL_INVALID_KERNEL;
    cl_int r = check(command_queue, kernel, false, &n, 1, NULL, &one, &one);
    return r == CL_SUCCESS ? enqueue(command_queue, kernel, CL_COMMAND_TASK, &n, num_events_in_wait_list,
                                     event_wait_list, event)
                           : r;
}

/* ---- cl_khr_suggested_local_work_size ---- */

cl_int CL_API_CALL icd_GetKernelSuggestedLocalWorkSizeKHR(cl_command_queue command_queue, cl_kernel kernel,
                                                          cl_uint work_dim, const size_t *global_work_offset,
                                                          const size_t *global_work_size,
                                                          size_t *suggested_local_work_size) {
    struct ndrange n;
    uint64_t answer[3];
    if (!icd_valid(command_queue, ICD_QUEUE))
        return CL_INVALID_COMMAND_QUEUE;
    if (!icd_valid(kernel, ICD_KERNEL))
        return CL_INVALID_KERNEL;
    cl_int r = check(command_queue, kernel, false, &n, work_dim, global_work_offset, global_work_size, NULL);
    if (r != CL_SUCCESS)
        return r;
    if (n.empty)
        return CL_INVALID_GLOBAL_WORK_SIZE;
    if (!suggested_local_work_size)
        return CL_INVALID_VALUE;
    const uint64_t input[7] = {n.dim,       n.offset[0], n.offset[1], n.offset[2],
                               n.global[0], n.global[1], n.global[2]};
    svga_guest_lock(icd_session->g);
    icd_kernel_flush(kernel);
    svga_guest_unlock(icd_session->g);
    r = icd_query(&(struct icd_query){.what = TR_INFO_SUGGESTED_LOCAL,
                                      .object = kernel->object.id,
                                      .index = command_queue->object.id,
                                      .input = input,
                                      .input_size = sizeof input},
                  sizeof answer, answer, NULL);
    for (cl_uint i = 0; r == CL_SUCCESS && i < n.dim; i++)
        suggested_local_work_size[i] = answer[i];
    return r;
}
