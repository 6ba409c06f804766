// SPDX-License-Identifier: MIT
/*
 * Kernel functions: what the guest knows of a function of a built program. Learnt from the host when the
 * first kernel object is made of it, and shared by all; gone with the program's next build.
 */
#ifndef GUEST_ICD_PROGRAM_FUNCTION_H
#define GUEST_ICD_PROGRAM_FUNCTION_H

#include "guest-icd/platform/context.h"
#include "guest-icd/program/program.h"
#include "guest-icd/session/info-cache.h"
#include "svga-model/visa/kernel.h"

/* NDRanges on which drivers differ (command/ndrange.c). */
enum icd_doubt {
    ICD_NO_DOUBT = -1,
    ICD_DOUBT_NO_LOCAL,      /* no local size for a kernel with a required one */
    ICD_DOUBT_BEYOND_KERNEL, /* work-groups larger than CL_KERNEL_WORK_GROUP_SIZE, but not than the device's
                              */
    ICD_DOUBTS,
};

/* What holds for one of the program's devices. */
struct icd_function_device {
    size_t work_group_size; /* CL_KERNEL_WORK_GROUP_SIZE; 0: not known */
    size_t required[3];     /* CL_KERNEL_COMPILE_WORK_GROUP_SIZE; zeros: none */
    _Atomic int
        verdicts[ICD_DOUBTS]; /* what the driver does: 1: takes it, -1: refuses it, 0: not known yet */
};

struct icd_function {
    struct icd_function *next;
    const struct visa_kernel *kernel; /* what is known of it: */
    struct visa_kernel
        *own; /* by the host's answers; NULL: all of it, by the guest's compiler (program->visa) */
    /*
     * By parameter: what the host has accepted once, so that it need not be asked again: for values their size, for
     * local memory anything but 0, for objects their class (kernel-args.c). 0: nothing yet. Relaxed: it only saves a
     * question.
     */
    _Atomic uint64_t *accepted;
    struct icd_function_device *devices; /* in the order of the program's devices */
    struct icd_info_cache info;          /* answers to queries: key by kernel-info.c */
};

/*
 * Makes the host's kernel `id` (new) from the program's function, waits, and learns what there is to know
 * about it. CL_SUCCESS, or clCreateKernel's errors; then `id` is not in use. The program cannot be built
 * meanwhile: the caller has counted itself into `kernels`.
 */
cl_int icd_function_learn(cl_program program, const char *name, uint32_t id, struct icd_function **function);

struct icd_function *icd_function_find(struct icd_function *list, const char *name);
void icd_functions_free(struct icd_function *list);

#endif
