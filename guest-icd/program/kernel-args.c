// SPDX-License-Identifier: MIT
/*
 * clSetKernelArg. What a driver says of a size or an object is asked once per function and remembered, so
 * that errors are the driver's own and the usual call is a comparison and a copy.
 */
#include <sys/uio.h>
#include <unistd.h>

#include "guest-icd/api.h"
#include "guest-icd/memory/memory.h"
#include "guest-icd/memory/sampler.h"
#include "guest-icd/memory/svm.h"
#include "guest-icd/program/kernel.h"
#include "guest-icd/queue/queue.h"
#include "guest-icd/session/debug.h"

/* The longest value that a command carries. */
enum { VALUE_MAX = 24 << 10 };

/* icd_parameter.accepted of a parameter of unknown kind that takes SVM pointers: neither a size nor a class.
 */
#define ACCEPTED_SVM UINT64_MAX

/* ---- what an argument holds ---- */

static void drop_object(struct icd_arg *a) {
    if (a->state == ICD_ARG_IS_OBJECT)
        icd_weak_unref(a->object);
    a->object = NULL;
}

void icd_kernel_free_args(cl_kernel kernel) {
    for (cl_uint i = 0; i < kernel->arg_count; i++) {
        drop_object(&kernel->args[i]);
        if (kernel->args[i].bytes != kernel->args[i].few)
            free(kernel->args[i].bytes);
    }
}

/* Room for a value of this size. */
static bool make_room(struct icd_arg *a, size_t size) {
    if (size <= a->room)
        return true;
    void *bytes = malloc(size);
    if (!bytes)
        return false;
    if (a->bytes != a->few)
        free(a->bytes);
    a->bytes = bytes;
    a->room = size;
    return true;
}

bool icd_kernel_copy_args(cl_kernel to, cl_kernel from) {
    for (cl_uint i = 0; i < from->arg_count; i++) {
        const struct icd_arg *a = &from->args[i];
        struct icd_arg *b = &to->args[i];
        if (a->state == ICD_ARG_IS_VALUE || a->state == ICD_ARG_IS_SVM) {
            if (!make_room(b, a->size))
                return false;
            memcpy(b->bytes, a->bytes, a->size);
        } else if (a->state == ICD_ARG_IS_OBJECT) {
            b->object = a->object;
            icd_weak_ref(b->object);
        }
        b->state = a->state;
        b->size = a->size;
        b->id = a->id;
    }
    to->unset = from->unset;
    return true;
}

/* ---- telling the host ---- */

static uint32_t wire_kind(const struct icd_arg *a) {
    return a->state == ICD_ARG_IS_VALUE    ? TR_ARG_VALUE
           : a->state == ICD_ARG_IS_OBJECT ? TR_ARG_OBJECT
           : a->state == ICD_ARG_IS_SVM    ? TR_ARG_SVM
                                           : TR_ARG_NULL;
}

static void put(cl_kernel kernel, cl_uint index, const struct icd_arg *a, uint32_t slot) {
    bool has_bytes = a->state == ICD_ARG_IS_VALUE || a->state == ICD_ARG_IS_SVM;
    uint32_t bytes = has_bytes ? (uint32_t)a->size : 0;
    TR_PUT_TAIL(icd_session->g, SET_ARG, set_arg, a->bytes, bytes, .kernel = kernel->object.id,
                .index = index, .kind = wire_kind(a), .object = a->state == ICD_ARG_IS_OBJECT ? a->id : 0,
                .size = a->size, .slot = slot, .value_count = bytes);
}

void icd_kernel_flush(cl_kernel kernel) {
    for (cl_uint i = 0; i < kernel->dirty_count; i++) {
        struct icd_arg *a = &kernel->args[kernel->dirty[i]];
        /* An object that is gone has no id any more; the enqueue that needs it has failed already. */
        if (a->state != ICD_ARG_IS_OBJECT || icd_valid(a->object, ((struct icd_object *)a->object)->magic))
            put(kernel, kernel->dirty[i], a, TR_NO_SLOT);
        a->dirty = false;
    }
    kernel->dirty_count = 0;
}

static void mark_dirty(cl_kernel kernel, cl_uint index) {
    struct icd_arg *a = &kernel->args[index];
    if (!a->dirty) {
        a->dirty = true;
        kernel->dirty[kernel->dirty_count++] = index;
    }
}

void icd_kernel_all_dirty(cl_kernel kernel) {
    for (cl_uint i = 0; i < kernel->arg_count; i++)
        if (kernel->args[i].state != ICD_ARG_UNSET)
            mark_dirty(kernel, i);
}

void icd_kernel_restore_args(cl_kernel kernel, cl_kernel saved) {
    for (cl_uint i = 0; i < kernel->arg_count; i++) {
        struct icd_arg *a = &kernel->args[i], *b = &saved->args[i], swap = *a;
        bool dirty = a->dirty;
        *a = *b;
        *b = swap;
        a->dirty = dirty;
        b->dirty = false;
        /* short values lie inside */
        if (a->bytes == b->few)
            a->bytes = a->few;
        if (b->bytes == a->few)
            b->bytes = b->few;
    }
    kernel->unset = saved->unset;
    icd_kernel_all_dirty(kernel);
}

static void was_set(cl_kernel kernel, struct icd_arg *a, enum icd_arg_state state, size_t size) {
    if (a->state == ICD_ARG_UNSET)
        kernel->unset--;
    a->state = state;
    a->size = size;
}

/* Sets the argument on the host and waits for its verdict. */
static cl_int ask_host(cl_kernel kernel, cl_uint index, const struct icd_arg *wanted) {
    struct icd_call call;
    cl_int r = icd_call_begin(&call);
    if (r != CL_SUCCESS)
        return r;
    svga_guest_lock(icd_session->g);
    put(kernel, index, wanted, call.slot);
    svga_guest_unlock(icd_session->g);
    r = icd_call_wait(&call);
    if (r != CL_SUCCESS)
        icd_debug(r, "the driver refuses argument %u of %s (%zu bytes)", index,
                  kernel->function->kernel->name, wanted->size);
    return r;
}

/* ---- by kind of parameter ---- */

static enum visa_arg_kind kind_of(cl_kernel kernel, cl_uint index) {
    return (enum visa_arg_kind)kernel->function->kernel->args[index].kind;
}

/* memcmp, without a call for the usual sizes. */
static inline bool same_bytes(const void *a, const void *b, size_t size) {
    switch (size) {
    case 4:
        return memcmp(a, b, 4) == 0;
    case 8:
        return memcmp(a, b, 8) == 0;
    default:
        return memcmp(a, b, size) == 0;
    }
}

static inline void copy_bytes(void *to, const void *from, size_t size) {
    switch (size) {
    case 4:
        memcpy(to, from, 4);
        break;
    case 8:
        memcpy(to, from, 8);
        break;
    default:
        memcpy(to, from, size);
    }
}

static cl_int set_value(cl_kernel kernel, cl_uint index, size_t size, const void *value) {
    _Atomic uint64_t *accepted = &kernel->function->accepted[index];
    struct icd_arg *a = &kernel->args[index];
    if (!value || size == 0 || size > VALUE_MAX) { /* never right: the driver says why */
        struct icd_arg wrong = {.state = ICD_ARG_IS_NULL, .size = size};
        cl_int r = value ? CL_INVALID_ARG_SIZE : ask_host(kernel, index, &wrong);
        return r != CL_SUCCESS ? r : CL_INVALID_ARG_VALUE;
    }
    if (atomic_load_explicit(accepted, memory_order_relaxed) != size) {
        struct icd_arg wanted = {.state = ICD_ARG_IS_VALUE, .size = size, .bytes = (void *)value};
        cl_int r = ask_host(kernel, index, &wanted);
        if (r != CL_SUCCESS)
            return r;
        atomic_store_explicit(accepted, size, memory_order_relaxed);
    }
    if (a->state == ICD_ARG_IS_VALUE && a->size == size && same_bytes(a->bytes, value, size))
        return CL_SUCCESS;
    if (!make_room(a, size))
        return CL_OUT_OF_HOST_MEMORY;
    drop_object(a);
    copy_bytes(a->bytes, value, size);
    was_set(kernel, a, ICD_ARG_IS_VALUE, size);
    mark_dirty(kernel, index);
    return CL_SUCCESS;
}

static cl_int set_null(cl_kernel kernel, cl_uint index, size_t size) {
    _Atomic uint64_t *accepted = &kernel->function->accepted[index];
    struct icd_arg *a = &kernel->args[index];
    /* A null buffer is always right; local memory after the first time; null images and samplers the driver
     * judges each time. */
    bool known = kind_of(kernel, index) == VISA_ARG_POINTER ||
                 (kind_of(kernel, index) == VISA_ARG_LOCAL &&
                  atomic_load_explicit(accepted, memory_order_relaxed) != 0);
    if (a->state == ICD_ARG_IS_NULL && a->size == size)
        return CL_SUCCESS;
    if (!known) {
        struct icd_arg wanted = {.state = ICD_ARG_IS_NULL, .size = size};
        cl_int r = ask_host(kernel, index, &wanted);
        if (r != CL_SUCCESS)
            return r;
        atomic_store_explicit(accepted, 1, memory_order_relaxed);
    }
    drop_object(a);
    was_set(kernel, a, ICD_ARG_IS_NULL, size);
    mark_dirty(kernel, index);
    return CL_SUCCESS;
}

static cl_int set_local(cl_kernel kernel, cl_uint index, size_t size, const void *value) {
    if (value)
        return CL_INVALID_ARG_VALUE;
    return size == 0 ? CL_INVALID_ARG_SIZE : set_null(kernel, index, size);
}

/* An object: `class` tells apart what the driver may judge differently. */
static cl_int set_object(cl_kernel kernel, cl_uint index, size_t size, void *object, uint64_t class) {
    _Atomic uint64_t *accepted = &kernel->function->accepted[index];
    struct icd_arg *a = &kernel->args[index];
    uint32_t id = ((struct icd_object *)object)->id;
    if (a->state == ICD_ARG_IS_OBJECT && a->object == object && a->id == id)
        return CL_SUCCESS;
    if (atomic_load_explicit(accepted, memory_order_relaxed) != class) {
        struct icd_arg wanted = {.state = ICD_ARG_IS_OBJECT, .size = size, .id = id};
        cl_int r = ask_host(kernel, index, &wanted);
        if (r != CL_SUCCESS)
            return r;
        atomic_store_explicit(accepted, class, memory_order_relaxed);
    }
    icd_weak_ref(object);
    drop_object(a);
    a->object = object;
    a->id = id;
    was_set(kernel, a, ICD_ARG_IS_OBJECT, size);
    mark_dirty(kernel, index);
    return CL_SUCCESS;
}

/* What a driver looks at when it judges a memory object: never 0. */
static uint64_t mem_class(cl_mem mem) {
    return (uint64_t)mem->type << 32 | (mem->flags & 0xffff) << 1 | 1;
}

static cl_int set_mem(cl_kernel kernel, cl_uint index, size_t size, const void *value) {
    if (size != sizeof(cl_mem))
        return icd_fail(CL_INVALID_ARG_SIZE, "argument %u of %s is a memory object, %zu bytes are no handle",
                        index, kernel->function->kernel->name, size);
    cl_mem mem = value ? *(const cl_mem *)value : NULL;
    if (!mem && (!value || kind_of(kernel, index) == VISA_ARG_POINTER))
        return set_null(kernel, index, size);
    if (!icd_valid(mem, ICD_MEM) || mem->context != kernel->program->context)
        return icd_fail(CL_INVALID_MEM_OBJECT, "argument %u of %s is no memory object of its context", index,
                        kernel->function->kernel->name);
    return set_object(kernel, index, size, mem, mem_class(mem));
}

static cl_int set_sampler(cl_kernel kernel, cl_uint index, size_t size, const void *value) {
    if (size != sizeof(cl_sampler))
        return CL_INVALID_ARG_SIZE;
    if (!value)
        return set_null(kernel, index, size);
    cl_sampler sampler = *(const cl_sampler *)value;
    if (!icd_valid(sampler, ICD_SAMPLER) || sampler->context != kernel->program->context)
        return icd_fail(CL_INVALID_SAMPLER, "argument %u of %s is no sampler of its context", index,
                        kernel->function->kernel->name);
    return set_object(kernel, index, size, sampler, 1);
}

static cl_int set_queue(cl_kernel kernel, cl_uint index, size_t size, const void *value) {
    if (size != sizeof(cl_command_queue))
        return CL_INVALID_ARG_SIZE;
    cl_command_queue queue = value ? *(const cl_command_queue *)value : NULL;
    if (!icd_valid(queue, ICD_QUEUE) || queue->context != kernel->program->context)
        return CL_INVALID_DEVICE_QUEUE;
    return set_object(kernel, index, size, queue, 1);
}

/*
 * What a pointer-sized value of a parameter of unknown kind is: the magic of a live object of ours, or 0. The
 * value may be anything, so it is not followed: the kernel reads for us and fails where there is no memory.
 */
static uint32_t magic_behind(const void *value) {
    struct icd_object *candidate = *(struct icd_object *const *)value, copy;
    struct iovec local = {&copy, sizeof copy}, remote = {candidate, sizeof copy};
    if (!candidate || (uintptr_t)candidate % _Alignof(struct icd_object) != 0 ||
        process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)sizeof copy)
        return 0;
    return copy.dispatch == icd_dispatch && icd_valid(&copy, copy.magic) ? copy.magic : 0;
}

static cl_int set_unknown(cl_kernel kernel, cl_uint index, size_t size, const void *value) {
    uint32_t magic = value && size == sizeof(void *) ? magic_behind(value) : 0;
    switch (magic) {
    case ICD_MEM:
        return set_mem(kernel, index, size, value);
    case ICD_SAMPLER:
        return set_sampler(kernel, index, size, value);
    case ICD_QUEUE:
        return set_queue(kernel, index, size, value);
    default:
        return value ? set_value(kernel, index, size, value) : set_null(kernel, index, size);
    }
}

cl_int icd_kernel_set_arg(cl_kernel kernel, cl_uint arg_index, size_t arg_size, const void *arg_value) {
    if (arg_index >= kernel->arg_count)
        return icd_fail(CL_INVALID_ARG_INDEX, "%s has %u arguments, not one with index %u",
                        kernel->function->kernel->name, kernel->arg_count, arg_index);
    switch (kind_of(kernel, arg_index)) {
    case VISA_ARG_VALUE:
        return set_value(kernel, arg_index, arg_size, arg_value);
    case VISA_ARG_POINTER:
    case VISA_ARG_IMAGE:
    case VISA_ARG_PIPE:
        return set_mem(kernel, arg_index, arg_size, arg_value);
    case VISA_ARG_LOCAL:
        return set_local(kernel, arg_index, arg_size, arg_value);
    case VISA_ARG_SAMPLER:
        return set_sampler(kernel, arg_index, arg_size, arg_value);
    case VISA_ARG_QUEUE:
        return set_queue(kernel, arg_index, arg_size, arg_value);
    case VISA_ARG_UNKNOWN:
        break;
    }
    return set_unknown(kernel, arg_index, arg_size, arg_value);
}

cl_int icd_kernel_set_svm(cl_kernel kernel, cl_uint arg_index, const void *arg_value) {
    if (!icd_svm_in_context(kernel->program->context))
        return CL_INVALID_OPERATION;
    if (arg_index >= kernel->arg_count)
        return CL_INVALID_ARG_INDEX;
    _Atomic uint64_t *accepted = &kernel->function->accepted[arg_index];
    struct icd_arg *a = &kernel->args[arg_index];
    uint64_t address = (uintptr_t)arg_value;
    if (kind_of(kernel, arg_index) ==
        VISA_ARG_UNKNOWN) { /* of a binary: the driver may well know that it is a pointer */
        if (atomic_load_explicit(accepted, memory_order_relaxed) != ACCEPTED_SVM) {
            struct icd_arg wanted = {
                .state = ICD_ARG_IS_SVM, .size = sizeof address, .bytes = (unsigned char *)&address};
            cl_int r = ask_host(kernel, arg_index, &wanted);
            if (r != CL_SUCCESS)
                return r;
            atomic_store_explicit(accepted, ACCEPTED_SVM, memory_order_relaxed);
        }
    } else if (kind_of(kernel, arg_index) != VISA_ARG_POINTER) {
        return icd_fail(CL_INVALID_ARG_VALUE, "argument %u of %s is no pointer to global memory", arg_index,
                        kernel->function->kernel->name);
    }
    if (!make_room(a, sizeof address))
        return CL_OUT_OF_HOST_MEMORY;
    drop_object(a);
    memcpy(a->bytes, &address, sizeof address);
    was_set(kernel, a, ICD_ARG_IS_SVM, sizeof address);
    mark_dirty(kernel, arg_index);
    return CL_SUCCESS;
}

/* Kernels reach every SVM allocation of their context whether it is named here or not: the worker has them
 * all mapped. */
cl_int icd_kernel_set_exec_info(cl_kernel kernel, cl_kernel_exec_info param_name, size_t param_value_size,
                                const void *param_value) {
    if (!icd_svm_in_context(kernel->program->context))
        return CL_INVALID_OPERATION;
    switch (param_name) {
    case CL_KERNEL_EXEC_INFO_SVM_PTRS: /* an empty list takes back an earlier one */
        return param_value_size % sizeof(void *) == 0 && (param_value || param_value_size == 0)
                   ? CL_SUCCESS
                   : CL_INVALID_VALUE;
    case CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM:
        if (!param_value || param_value_size != sizeof(cl_bool))
            return CL_INVALID_VALUE;
        return *(const cl_bool *)param_value ? CL_INVALID_OPERATION : CL_SUCCESS;
    default:
        return CL_INVALID_VALUE;
    }
}

/* ---- OpenCL ---- */

cl_int CL_API_CALL icd_SetKernelArg(cl_kernel kernel, cl_uint arg_index, size_t arg_size,
                                    const void *arg_value) {
    return icd_valid(kernel, ICD_KERNEL) ? icd_kernel_set_arg(kernel, arg_index, arg_size, arg_value)
                                         : CL_INVALID_KERNEL;
}

cl_int CL_API_CALL icd_SetKernelArgSVMPointer(cl_kernel kernel, cl_uint arg_index, const void *arg_value) {
    return icd_valid(kernel, ICD_KERNEL) ? icd_kernel_set_svm(kernel, arg_index, arg_value)
                                         : CL_INVALID_KERNEL;
}

cl_int CL_API_CALL icd_SetKernelExecInfo(cl_kernel kernel, cl_kernel_exec_info param_name,
                                         size_t param_value_size, const void *param_value) {
    return icd_valid(kernel, ICD_KERNEL)
               ? icd_kernel_set_exec_info(kernel, param_name, param_value_size, param_value)
               : CL_INVALID_KERNEL;
}
