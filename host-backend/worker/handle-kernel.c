// SPDX-License-Identifier: MIT
/* Kernels and their arguments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host-backend/worker/facts.h"
#include "host-backend/worker/handlers.h"
#include "host-backend/worker/kernel.h"
#include "host-backend/worker/program.h"
#include "host-backend/worker/turn.h"

/* What an argument takes, as far as the driver tells. */
enum arg_class {
    ARG_UNKNOWN, /* not asked yet, or the driver does not know */
    ARG_VALUE,
    ARG_HANDLE, /* the value is a handle: a memory object, a sampler or a queue */
    ARG_LOCAL,
};

static struct kernel *new_kernel(struct session *s, uint32_t id, struct program *p) {
    struct kernel *k = object_new(TR_KIND_KERNEL, sizeof *k);
    if (!put_object(s, id, k))
        return NULL;
    object_ref(p);
    k->program = p;
    return k;
}

static void learn(struct kernel *k) {
    cl_uint count = 0;
    if (clGetKernelInfo(k->cl, CL_KERNEL_NUM_ARGS, sizeof count, &count, NULL) == CL_SUCCESS)
        k->arg_count = count;
}

void do_create_kernel(struct session *s, const struct tr_create_kernel *c, const struct tr_view *v) {
    struct program *p = program_of(s, c->program);
    cl_int r = CL_OUT_OF_RESOURCES;
    char name[TR_MAX_KERNEL_NAME + 1];

    if (c->name_count >= sizeof name) {
        session_violation(s, "create_kernel: a name of %u bytes", c->name_count);
        return;
    }
    memcpy(name, v->arrays[0], c->name_count);
    name[c->name_count] = '\0';
    struct kernel *k = new_kernel(s, c->kernel, p);
    if (!k)
        return;
    snprintf(k->name, sizeof k->name, "%.*s", (int)sizeof k->name - 1, name);
    k->meter = turns_kernel(s->turns, k->name);
    if (k->object.refused)
        r = CL_OUT_OF_HOST_MEMORY;
    else if (program_busy(p))
        r = CL_INVALID_PROGRAM_EXECUTABLE;
    else if (p->cl)
        k->cl = clCreateKernel(p->cl, name, &r);
    if (k->cl) {
        learn(k);
        k->facts = facts_ref(p->facts);
        k->own_facts = facts_kernel(p->facts, name);
    }
    session_answer(s, session_slot(s, c->slot), r, 0);
}

void do_clone_kernel(struct session *s, const struct tr_clone_kernel *c, const struct tr_view *v) {
    struct kernel *source = kernel_of(s, c->source);
    cl_int r = CL_OUT_OF_RESOURCES;
    (void)v;

    struct kernel *k = new_kernel(s, c->kernel, source->program);
    if (!k)
        return;
    memcpy(k->name, source->name, sizeof k->name);
    k->meter = source->meter;
    if (k->object.refused)
        r = CL_OUT_OF_HOST_MEMORY;
    else if (source->program->context->version < 210)
        r = CL_INVALID_OPERATION;
    else if (source->cl)
        k->cl = clCloneKernel(source->cl, &r);
    if (k->cl) {
        learn(k);
        k->facts = facts_ref(source->facts);
        k->own_facts = source->own_facts;
    }
    session_answer(s, session_slot(s, c->slot), r, 0);
}

/* ---- what is known of it ---- */

cl_int kernel_arg_info(const struct kernel *k, cl_uint index, cl_kernel_arg_info param, size_t size,
                       void *value, size_t *size_ret) {
    if (k->own_facts)
        return visa_arg_info(k->own_facts, index, param, size, value, size_ret);
    if (k->program->context->version < 120)
        return CL_KERNEL_ARG_INFO_NOT_AVAILABLE;
    return clGetKernelArgInfo(k->cl, index, param, size, value, size_ret);
}

cl_int kernel_info(const struct kernel *k, cl_kernel_info param, size_t size, void *value, size_t *size_ret) {
    return k->own_facts && param == CL_KERNEL_ATTRIBUTES
               ? visa_attributes(k->own_facts, size, value, size_ret)
               : clGetKernelInfo(k->cl, param, size, value, size_ret);
}

/* ---- arguments ---- */

/* A type that the driver takes by handle although its address qualifier is private. */
static bool is_handle_type(const char *type) {
    static const char *const names[] = {"image",       "sampler_t",    "queue_t", "event_t",
                                        "clk_event_t", "reserve_id_t", "pipe"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strstr(type, names[i]))
            return true;
    return false;
}

static enum arg_class ask_class(struct kernel *k, uint32_t index) {
    cl_kernel_arg_address_qualifier space;
    cl_kernel_arg_type_qualifier qualifier = 0;
    char type[256] = "";

    if (kernel_arg_info(k, index, CL_KERNEL_ARG_ADDRESS_QUALIFIER, sizeof space, &space, NULL) != CL_SUCCESS)
        return ARG_UNKNOWN;
    if (space == CL_KERNEL_ARG_ADDRESS_LOCAL)
        return ARG_LOCAL;
    if (space != CL_KERNEL_ARG_ADDRESS_PRIVATE)
        return ARG_HANDLE;
    kernel_arg_info(k, index, CL_KERNEL_ARG_TYPE_QUALIFIER, sizeof qualifier, &qualifier, NULL);
    kernel_arg_info(k, index, CL_KERNEL_ARG_TYPE_NAME, sizeof type - 1, type, NULL);
    /* A struct of the guest's own may have such a word in its name; it has another size than a handle, or bad
     * luck. */
    return (qualifier & CL_KERNEL_ARG_TYPE_PIPE) || is_handle_type(type) ? ARG_HANDLE : ARG_VALUE;
}

/*
 * Drivers take handles as plain bytes. A guest's bytes must never come to be one, so where a value has a
 * handle's size the driver is asked what the argument is; that it does not know means that it keeps no
 * argument info, and then values pass.
 */
static enum arg_class class_of(struct kernel *k, uint32_t index) {
    if (index >= k->arg_count)
        return ARG_UNKNOWN;
    if (!k->arg_classes) {
        k->arg_classes = calloc(k->arg_count, 1);
        if (!k->arg_classes)
            return ARG_UNKNOWN;
        for (uint32_t i = 0; i < k->arg_count; i++)
            k->arg_classes[i] = (uint8_t)ask_class(k, i);
    }
    return k->arg_classes[index];
}

static cl_int set_object(struct session *s, struct kernel *k, const struct tr_set_arg *c) {
    struct object *o = objects_get(&s->objects, c->object);

    if (class_of(k, c->index) == ARG_VALUE || class_of(k, c->index) == ARG_LOCAL)
        return CL_INVALID_ARG_VALUE;
    switch (o ? o->kind : TR_KIND_NONE) {
    case TR_KIND_MEM: {
        struct mem *m = (struct mem *)o;
        return m->cl ? clSetKernelArg(k->cl, c->index, sizeof m->cl, &m->cl) : CL_OUT_OF_RESOURCES;
    }
    case TR_KIND_SAMPLER: {
        struct sampler *sampler = (struct sampler *)o;
        return sampler->cl ? clSetKernelArg(k->cl, c->index, sizeof sampler->cl, &sampler->cl)
                           : CL_OUT_OF_RESOURCES;
    }
    case TR_KIND_QUEUE: {
        struct queue *q = (struct queue *)o;
        return q->cl ? clSetKernelArg(k->cl, c->index, sizeof q->cl, &q->cl) : CL_OUT_OF_RESOURCES;
    }
    default:
        session_violation(s, "set_arg: object %u can be no argument", c->object);
        return CL_INVALID_ARG_VALUE;
    }
}

/* An address in a region that lies at the same place on both sides (a driver's own SVM is not offered to
 * guests). */
static cl_int set_svm(struct session *s, struct kernel *k, const struct tr_set_arg *c, const void *value) {
    uint64_t address;

    if (c->value_count != sizeof address) {
        session_violation(s, "set_arg: an SVM pointer of %u bytes", c->value_count);
        return CL_INVALID_ARG_VALUE;
    }
    if (k->program->context->version < 200)
        return CL_INVALID_OPERATION;
    memcpy(&address, value, sizeof address);
    return clSetKernelArgSVMPointer(k->cl, c->index, (const void *)(uintptr_t)address);
}

static cl_int set_arg(struct session *s, struct kernel *k, const struct tr_set_arg *c, const void *value) {
    switch (c->kind) {
    case TR_ARG_VALUE:
        if (c->size != c->value_count) {
            session_violation(s, "set_arg: %u bytes for a value of %llu", c->value_count,
                              (unsigned long long)c->size);
            return CL_INVALID_ARG_SIZE;
        }
        if (c->size == sizeof(void *) && class_of(k, c->index) == ARG_HANDLE)
            return CL_INVALID_ARG_VALUE;
        return clSetKernelArg(k->cl, c->index, c->size, value);
    case TR_ARG_NULL:
        return clSetKernelArg(k->cl, c->index, c->size, NULL);
    case TR_ARG_OBJECT:
        return set_object(s, k, c);
    case TR_ARG_SVM:
        return set_svm(s, k, c, value);
    default:
        session_violation(s, "set_arg: unknown kind %u", c->kind);
        return CL_INVALID_ARG_VALUE;
    }
}

void do_set_arg(struct session *s, const struct tr_set_arg *c, const struct tr_view *v) {
    struct kernel *k = kernel_of(s, c->kernel);
    cl_int r = k->cl ? set_arg(s, k, c, v->arrays[0]) : CL_OUT_OF_RESOURCES;

    /* Nobody hears of it here: no enqueue of the kernel may run with the argument of before. */
    uint64_t bit = UINT64_C(1) << (c->index < 63 ? c->index : 63);
    if (r != CL_SUCCESS && c->slot == TR_NO_SLOT) {
        k->failed_args |= bit;
        k->error = k->error != CL_SUCCESS ? k->error : r;
    } else if (r == CL_SUCCESS && c->index < 63) {
        k->failed_args &= ~bit;
        k->error = k->failed_args != 0 ? k->error : CL_SUCCESS;
    }
    if (!s->over)
        session_answer(s, session_slot(s, c->slot), r, 0);
}
