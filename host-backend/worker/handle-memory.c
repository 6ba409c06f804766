// SPDX-License-Identifier: MIT
/* Memory objects and samplers. */
#include <stdlib.h>
#include <string.h>

#include "host-backend/worker/enqueue.h"
#include "host-backend/worker/handlers.h"
#include "host-backend/worker/span-check.h"
#include "host-backend/worker/turn.h"

/* Flags by which the driver would take a pointer from the guest: placement is this side's affair. */
#define POINTER_FLAGS (CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR)

static struct mem *new_mem(struct session *s, uint32_t id, struct mem *parent) {
    struct mem *m = object_new(TR_KIND_MEM, sizeof *m);
    if (!put_object(s, id, m))
        return NULL;
    if (parent) {
        object_ref(parent);
        m->parent = parent;
    }
    return m;
}

/* Puts an object that is about to be made on the guest's account. False: it may have no more. */
static bool take(struct session *s, struct mem *m, uint64_t bytes) {
    if (!turns_take(s->turns, BOARD_MEMORY, bytes, TR_KIND_MEM))
        return false;
    m->turns = s->turns;
    m->taken = bytes;
    return true;
}

/* It was not made: takes it off the account. */
static void untake(struct mem *m) {
    if (m->cl || !m->turns)
        return;
    turns_give(m->turns, BOARD_MEMORY, m->taken);
    m->turns = NULL;
}

/* The driver's object is gone, and so are the commands that used it. */
static void CL_CALLBACK let_go(cl_mem cl, void *range) {
    (void)cl;
    svga_device_let_go(range);
}

/* The driver's object uses the region: its addresses get no other meaning before the driver has let go of
 * them. */
static void hold(struct session *s, cl_mem cl, uint32_t region) {
    struct svga_range *range = svga_device_hold(&s->device, region);

    /* Where the driver cannot tell, they stay reserved for as long as the session lasts. */
    if (range)
        (void)clSetMemObjectDestructorCallback(cl, let_go, range);
}

void do_create_buffer(struct session *s, const struct tr_create_buffer *c, const struct tr_view *v) {
    struct context *context = context_of(s, c->context);
    void *placed = session_span(s, c->placed);
    cl_int r = CL_OUT_OF_RESOURCES;
    (void)v;

    if (placed && c->placed.length < c->size) {
        session_violation(s, "create_buffer: %llu bytes of memory for a buffer of %llu",
                          (unsigned long long)c->placed.length, (unsigned long long)c->size);
        return;
    }
    struct mem *m = new_mem(s, c->mem, NULL);
    if (!m)
        return;
    m->is_buffer = true;
    m->size = c->size;
    cl_mem_flags flags = c->flags & ~(cl_mem_flags)POINTER_FLAGS;
    if (m->object.refused)
        r = CL_OUT_OF_HOST_MEMORY;
    else if (context->cl && !take(s, m, c->size))
        r = CL_MEM_OBJECT_ALLOCATION_FAILURE;
    else if (context->cl)
        m->cl =
            clCreateBuffer(context->cl, placed ? flags | CL_MEM_USE_HOST_PTR : flags, c->size, placed, &r);
    untake(m);
    if (m->cl && placed)
        hold(s, m->cl, c->placed.region);
    session_answer(s, session_slot(s, c->slot), r, 0);
}

void do_create_sub_buffer(struct session *s, const struct tr_create_sub_buffer *c, const struct tr_view *v) {
    struct mem *parent = mem_of(s, c->parent);
    cl_buffer_region region = {c->origin, c->size};
    cl_int r = CL_OUT_OF_RESOURCES;
    (void)v;

    struct mem *m = new_mem(s, c->mem, parent);
    if (!m)
        return;
    m->is_buffer = true;
    m->size = c->size;
    if (m->object.refused)
        r = CL_OUT_OF_HOST_MEMORY;
    else if (parent->cl)
        m->cl = clCreateSubBuffer(parent->cl, c->flags & ~(cl_mem_flags)POINTER_FLAGS,
                                  CL_BUFFER_CREATE_TYPE_REGION, &region, &r);
    session_answer(s, session_slot(s, c->slot), r, 0);
}

/* Who is told of an object's end. */
struct farewell {
    struct session *session; /* it lasts as long as the process */
    struct tr_slot *slot;
};

static void CL_CALLBACK say_farewell(cl_mem cl, void *opaque) {
    struct farewell *f = opaque;
    (void)cl;
    session_answer(f->session, f->slot, CL_SUCCESS, 0);
    free(f);
}

void do_release_mem(struct session *s, const struct tr_release_mem *c, const struct tr_view *v) {
    struct mem *m = objects_take(&s->objects, c->mem);
    struct tr_slot *slot = session_slot(s, c->slot);
    struct farewell *f = malloc(sizeof *f);
    cl_int r = f ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
    (void)v;

    if (f)
        *f = (struct farewell){s, slot};
    if (f && m->cl)
        r = clSetMemObjectDestructorCallback(m->cl, say_farewell, f);
    if (!m->cl || r != CL_SUCCESS) {
        session_answer(s, slot, m->cl ? r : CL_SUCCESS, 0);
        free(f);
    }
    for (uint32_t id = 0; id < s->objects.cap; id++) {
        struct object *o = objects_get(&s->objects, id);
        if (o && o->kind == TR_KIND_QUEUE)
            queue_forget_last((struct queue *)o);
    }
    object_unref(m);
    session_answer(s, session_slot(s, c->carried_out), CL_SUCCESS, 0);
}

static size_t element_size(const cl_image_format *f) {
    size_t channels, bytes;

    switch (f->image_channel_data_type) {
    case CL_UNORM_SHORT_565:
    case CL_UNORM_SHORT_555:
        return 2;
    case CL_UNORM_INT_101010:
    case CL_UNORM_INT_101010_2:
        return 4;
    case CL_SNORM_INT8:
    case CL_UNORM_INT8:
    case CL_SIGNED_INT8:
    case CL_UNSIGNED_INT8:
        bytes = 1;
        break;
    case CL_SNORM_INT16:
    case CL_UNORM_INT16:
    case CL_SIGNED_INT16:
    case CL_UNSIGNED_INT16:
    case CL_HALF_FLOAT:
        bytes = 2;
        break;
    default:
        bytes = 4;
        break;
    }
    switch (f->image_channel_order) {
    case CL_RG:
    case CL_RA:
    case CL_RGx:
        channels = 2;
        break;
    case CL_RGB:
    case CL_sRGB:
        channels = 3;
        break;
    case CL_RGBA:
    case CL_BGRA:
    case CL_ARGB:
    case CL_ABGR:
    case CL_RGBx:
    case CL_sRGBx:
    case CL_sRGBA:
    case CL_sBGRA:
        channels = 4;
        break;
    default:
        channels = 1;
        break;
    }
    return channels * bytes;
}

/* Is the initial data all inside `length` bytes? */
static bool initial_fits(const struct tr_create_image *c, const cl_image_format *format, uint64_t length) {
    uint64_t element = element_size(format), height = 1, slices = 1, total = 0;

    switch (c->image_type) {
    case CL_MEM_OBJECT_IMAGE2D:
        height = c->height;
        break;
    case CL_MEM_OBJECT_IMAGE3D:
        height = c->height;
        slices = c->depth;
        break;
    case CL_MEM_OBJECT_IMAGE1D_ARRAY:
        slices = c->array_size;
        break;
    case CL_MEM_OBJECT_IMAGE2D_ARRAY:
        height = c->height;
        slices = c->array_size;
        break;
    default:
        break;
    }
    if (c->width == 0 || height == 0 || slices == 0)
        return true; /* the driver refuses it before it reads anything */
    uint64_t row = c->row_pitch, slice = c->slice_pitch;
    if (row == 0 && __builtin_mul_overflow(c->width, element, &row))
        return false;
    if (slice == 0 && __builtin_mul_overflow(row, height, &slice))
        return false;
    return span_extend(&total, c->width, element) && span_extend(&total, height - 1, row) &&
           span_extend(&total, slices - 1, slice) && total <= length;
}

/* What it needs at least; more than there is where that is no number. */
static uint64_t image_bytes(const struct tr_create_image *c, const cl_image_format *format) {
    const uint64_t sizes[] = {c->height, c->depth, c->array_size};
    uint64_t bytes = 0;

    if (__builtin_mul_overflow(element_size(format), c->width, &bytes))
        return BOARD_UNLIMITED;
    for (int i = 0; i < 3; i++)
        if (sizes[i] > 1 && __builtin_mul_overflow(bytes, sizes[i], &bytes))
            return BOARD_UNLIMITED;
    return bytes;
}

void do_create_image(struct session *s, const struct tr_create_image *c, const struct tr_view *v) {
    struct context *context = context_of(s, c->context);
    struct mem *parent = mem_of(s, c->parent);
    void *initial = session_span(s, c->initial);
    const cl_image_format format = {c->channel_order, c->channel_type};
    cl_image_desc desc = {
        .image_type = c->image_type,
        .image_width = c->width,
        .image_height = c->height,
        .image_depth = c->depth,
        .image_array_size = c->array_size,
        .image_row_pitch = c->row_pitch,
        .image_slice_pitch = c->slice_pitch,
        .num_mip_levels = c->num_mip_levels,
        .num_samples = c->num_samples,
    };
    cl_int r = CL_OUT_OF_RESOURCES;
    (void)v;

    if (initial && !initial_fits(c, &format, c->initial.length)) {
        session_violation(s, "create_image: the initial contents are cut short");
        return;
    }
    struct mem *m = new_mem(s, c->mem, parent);
    if (!m)
        return;
    cl_mem_flags flags = c->flags & ~(cl_mem_flags)POINTER_FLAGS;
    if (m->object.refused) {
        r = CL_OUT_OF_HOST_MEMORY;
    } else if (context->cl && (!parent || parent->cl)) {
        if (parent)
            desc.mem_object = parent->cl;
        if (context->version < 120)
            r = CL_INVALID_OPERATION;
        else if (!parent && !take(s, m, image_bytes(c, &format)))
            r = CL_MEM_OBJECT_ALLOCATION_FAILURE;
        else
            m->cl = clCreateImage(context->cl, initial ? flags | CL_MEM_COPY_HOST_PTR : flags, &format, &desc,
                                  initial, &r);
        untake(m);
    }
    session_answer(s, session_slot(s, c->slot), r, 0);
}

void do_get_image_formats(struct session *s, const struct tr_get_image_formats *c, const struct tr_view *v) {
    struct context *context = context_of(s, c->context);
    cl_int r = CL_OUT_OF_RESOURCES;
    cl_uint count = 0;
    (void)v;

    if (context->cl)
        r = clGetSupportedImageFormats(context->cl, c->flags, c->image_type, 0, NULL, &count);
    if (r == CL_SUCCESS && count > 0 && c->out.length / sizeof(cl_image_format) >= count) {
        cl_image_format *formats = calloc(count, sizeof *formats);
        r = formats ? clGetSupportedImageFormats(context->cl, c->flags, c->image_type, count, formats, NULL)
                    : CL_OUT_OF_HOST_MEMORY;
        if (r == CL_SUCCESS)
            memcpy(session_span(s, c->out), formats, count * sizeof *formats);
        free(formats);
    }
    session_answer(s, session_slot(s, c->slot), r, count * sizeof(cl_image_format));
}

void do_create_sampler(struct session *s, const struct tr_create_sampler *c, const struct tr_view *v) {
    struct context *context = context_of(s, c->context);
    cl_int r = CL_OUT_OF_RESOURCES;
    (void)v;

    struct sampler *sampler = object_new(TR_KIND_SAMPLER, sizeof *sampler);
    if (!put_object(s, c->sampler, sampler))
        return;
    if (sampler->object.refused) {
        r = CL_OUT_OF_HOST_MEMORY;
    } else if (context->cl && context->version >= 200) {
        cl_sampler_properties properties[] = {CL_SAMPLER_NORMALIZED_COORDS,
                                              c->normalized,
                                              CL_SAMPLER_ADDRESSING_MODE,
                                              c->addressing,
                                              CL_SAMPLER_FILTER_MODE,
                                              c->filter,
                                              0};
        sampler->cl = clCreateSamplerWithProperties(context->cl, properties, &r);
    } else if (context->cl) {
        sampler->cl = clCreateSampler(context->cl, c->normalized, c->addressing, c->filter, &r);
    }
    session_answer(s, session_slot(s, c->slot), r, 0);
}

void do_create_pipe(struct session *s, const struct tr_create_pipe *c, const struct tr_view *v) {
    struct context *context = context_of(s, c->context);
    cl_int r = CL_OUT_OF_RESOURCES;
    (void)v;

    struct mem *m = new_mem(s, c->mem, NULL);
    if (!m)
        return;
    if (m->object.refused)
        r = CL_OUT_OF_HOST_MEMORY;
    else if (context->cl && context->version < 200)
        r = CL_INVALID_OPERATION;
    else if (context->cl && !take(s, m, (uint64_t)c->packet_size * c->max_packets))
        r = CL_MEM_OBJECT_ALLOCATION_FAILURE;
    else if (context->cl)
        m->cl = clCreatePipe(context->cl, c->flags, c->packet_size, c->max_packets, NULL, &r);
    untake(m);
    session_answer(s, session_slot(s, c->slot), r, 0);
}
