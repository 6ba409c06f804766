// SPDX-License-Identifier: MIT
/*
 * Kernels and their arguments. Arguments are kept in the guest; the host hears of those that have changed
 * with the next enqueue.
 *
 * Threads: as OpenCL has it: everything but clSetKernelArg and its kin may be called for the same kernel by
 * several threads at once.
 */
#ifndef GUEST_ICD_PROGRAM_KERNEL_H
#define GUEST_ICD_PROGRAM_KERNEL_H

#include "guest-icd/program/function.h"
#include "guest-icd/program/program.h"

enum icd_arg_state { ICD_ARG_UNSET, ICD_ARG_IS_VALUE, ICD_ARG_IS_NULL, ICD_ARG_IS_OBJECT, ICD_ARG_IS_SVM };

struct icd_arg {
    uint8_t state;   /* enum icd_arg_state */
    bool dirty;      /* the host does not have it yet; then it is in the kernel's list */
    uint32_t id;     /* of the object */
    size_t size;     /* as the application gave it */
    void *object;    /* weakly held (object.h): cl_mem, cl_sampler or cl_command_queue */
    size_t room;     /* of `bytes` */
    void *bytes;     /* the value */
    uint64_t few[2]; /* where short values are */
};

struct _cl_kernel {
    struct icd_object object;
    cl_program program; /* retained */
    struct icd_function *function;
    cl_uint arg_count;
    cl_uint unset;       /* arguments without a value */
    cl_uint object_args; /* parameters that may take objects: only then an enqueue looks at them */
    cl_uint dirty_count;
    cl_uint
        *dirty; /* the numbers of dirty arguments; changed by clSetKernelArg, emptied under svga_guest_lock */
    struct icd_arg args[];
};

/*
 * A kernel of the driver's own with the same function and the arguments as they are now, for what the
 * application may change no more (command buffers). Needs nothing of the host but clCreateKernel, and no
 * answer. The caller drops it with icd_kernel_unref.
 */
cl_int icd_kernel_snapshot(cl_kernel kernel, cl_kernel *snapshot);

/* What clSetKernelArg, clSetKernelArgSVMPointer and clSetKernelExecInfo do to a valid kernel. */
cl_int icd_kernel_set_arg(cl_kernel kernel, cl_uint arg_index, size_t arg_size, const void *arg_value);
cl_int icd_kernel_set_svm(cl_kernel kernel, cl_uint arg_index, const void *arg_value);
cl_int icd_kernel_set_exec_info(cl_kernel kernel, cl_kernel_exec_info param_name, size_t param_value_size,
                                const void *param_value);

/* The arguments as they are now, as a kernel that the host does not know; NULL when out of memory. The caller drops
 * it with icd_kernel_unref. */
cl_kernel icd_kernel_save_args(cl_kernel kernel);
/* Takes them back out of it: the host is to be told all of them with the next flush. */
void icd_kernel_restore_args(cl_kernel kernel, cl_kernel saved);

/* Sends the host every dirty argument. svga_guest_lock is held. */
void icd_kernel_flush(cl_kernel kernel);

/* Copies the arguments' values (clCloneKernel): the host's kernel has them already. */
bool icd_kernel_copy_args(cl_kernel to, cl_kernel from);
/* The host is to be told all that are set with the next flush: its kernel is a new one. */
void icd_kernel_all_dirty(cl_kernel kernel);
/* Drops what the arguments hold. */
void icd_kernel_free_args(cl_kernel kernel);

#endif
