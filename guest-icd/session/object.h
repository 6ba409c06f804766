// SPDX-License-Identifier: MIT
/*
 * What all OpenCL objects of this driver have in common, and the structs of each kind that other families
 * look into. A struct is defined in its family's header (platform.h, context.h, queue.h, memory.h, program.h,
 * kernel.h, event.h, sampler.h).
 *
 * Every handle points at a struct that starts with struct icd_object; the loader needs `dispatch` to be the
 * first member. Reference counts are atomic; an object is destroyed by the release that brings its count to 0
 * (internal references count too: what an object needs to stay alive it retains).
 */
#ifndef GUEST_ICD_SESSION_OBJECT_H
#define GUEST_ICD_SESSION_OBJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <CL/cl.h>
#include <CL/cl_icd.h>

#include "guest-icd/session/locks.h"

enum icd_magic {
    ICD_PLATFORM = 0x504c4154,
    ICD_DEVICE = 0x44455649,
    ICD_CONTEXT = 0x434f4e54,
    ICD_QUEUE = 0x51554555,
    ICD_MEM = 0x4d454d4f,
    ICD_SAMPLER = 0x53414d50,
    ICD_PROGRAM = 0x50524f47,
    ICD_KERNEL = 0x4b45524e,
    ICD_EVENT = 0x4556454e,
    ICD_COMMAND_BUFFER = 0x434d4442,
    ICD_MUTABLE_COMMAND = 0x4d555441,
};

struct icd_object {
    const struct _cl_icd_dispatch *dispatch;
    uint32_t magic;
    _Atomic uint32_t refs;     /* the application's references (CL_*_REFERENCE_COUNT) */
    _Atomic uint32_t internal; /* the driver's own references */
    uint32_t id;               /* host object, 0 for none */
    _Atomic uint32_t weak;     /* who may still look at this struct, though the object may be gone */
};

/* The dispatch table of all objects (icd.c). */
extern const struct _cl_icd_dispatch *icd_dispatch;
/* Chooses it, once, before there is any object: do calls say why they fail? */
void icd_choose_calls(bool debug);
/* The address of an extension's function by its name, NULL if there is none (icd.c). */
void *icd_function_address(const char *name);

static inline void icd_object_init(struct icd_object *o, enum icd_magic magic, uint32_t id) {
    o->dispatch = icd_dispatch;
    o->magic = magic;
    atomic_init(&o->refs, 1);
    atomic_init(&o->internal, 1); /* held by the application's references together */
    o->id = id;
    atomic_init(&o->weak, 1); /* held by the internal references together */
}

/*
 * Is it a live object of that kind? NULL is not. What the application has released lives on as long as another object
 * needs it: a kernel its program, a queue its context, a sub-buffer its parent. Those tell the application its handle,
 * which may retain it anew (OpenCL 3.0, clReleaseProgram and its kin: "and all objects attached to it are released").
 */
static inline bool icd_valid(const void *handle, enum icd_magic magic) {
    const struct icd_object *o = handle;
    return o && o->magic == (uint32_t)magic && atomic_load_explicit(&o->internal, memory_order_relaxed) > 0;
}

/* Is it, and does the application hold it? Nobody else's reference is its to release. */
static inline bool icd_held(const void *handle, enum icd_magic magic) {
    return icd_valid(handle, magic) &&
           atomic_load_explicit(&((const struct icd_object *)handle)->refs, memory_order_relaxed) > 0;
}

/*
 * Internal references. icd_unref destroys by the family's destroy function once none are left. clRelease*
 * drops the application's reference and, with the last one, the internal reference that they hold together:
 * icd_app_release does both.
 */
static inline void icd_ref(void *handle) {
    struct icd_object *o = handle;
    atomic_fetch_add_explicit(&o->internal, 1, memory_order_relaxed);
}
/* True if that was the last internal reference: the caller destroys the object. */
static inline bool icd_unref_is_last(void *handle) {
    struct icd_object *o = handle;
    return atomic_fetch_sub_explicit(&o->internal, 1, memory_order_acq_rel) == 1;
}
/* A reference of the application's, also one that the driver takes in its name; the first again has an internal
 * one go with it. */
static inline void icd_app_retain(void *handle) {
    struct icd_object *o = handle;
    if (atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed) == 0)
        icd_ref(handle);
}
/* True if that was the application's last reference: the caller drops the internal one that went with it. */
static inline bool icd_app_release_is_last(void *handle) {
    struct icd_object *o = handle;
    return atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) == 1;
}

/*
 * Weak references: they keep the struct's memory but not the object, so that its holder may ask icd_valid. A
 * kernel holds its memory objects, samplers and queues so: clSetKernelArg must not keep them alive, and one that
 * is gone must be noticed. So families free memory objects, samplers and queues with icd_weak_unref,
 * after setting magic to 0.
 */
static inline void icd_weak_ref(void *handle) {
    struct icd_object *o = handle;
    atomic_fetch_add_explicit(&o->weak, 1, memory_order_relaxed);
}
static inline void icd_weak_unref(void *handle) {
    struct icd_object *o = handle;
    if (atomic_fetch_sub_explicit(&o->weak, 1, memory_order_acq_rel) == 1)
        free(handle);
}

/* The rules of clGet*Info for a value that is at hand. */
cl_int icd_info(const void *data, size_t data_size, size_t size, void *value, size_t *size_ret);
#define ICD_INFO_VALUE(type, expression)                                                                     \
    icd_info(&(type){expression}, sizeof(type), param_value_size, param_value, param_value_size_ret)
#define ICD_INFO_STRING(string)                                                                              \
    icd_info((string), strlen(string) + 1, param_value_size, param_value, param_value_size_ret)

/* Internal references by family: retain is icd_ref; these drop one. NULL is ignored. */
void icd_context_unref(cl_context context);
void icd_queue_unref(cl_command_queue queue);
void icd_mem_unref(cl_mem mem);
void icd_sampler_unref(cl_sampler sampler);
void icd_program_unref(cl_program program);
void icd_kernel_unref(cl_kernel kernel);
void icd_event_unref(cl_event event);

/* Drops a reference of the application's to a valid object. Queues have more to do then: queue.h. */
#define ICD_RELEASE(type, name)                                                                              \
    static inline void icd_##name##_release(type object) {                                                   \
        if (icd_app_release_is_last(object))                                                                 \
            icd_##name##_unref(object);                                                                      \
    }
ICD_RELEASE(cl_mem, mem)
ICD_RELEASE(cl_sampler, sampler)
ICD_RELEASE(cl_program, program)
ICD_RELEASE(cl_kernel, kernel)
ICD_RELEASE(cl_event, event)
#undef ICD_RELEASE

#endif
