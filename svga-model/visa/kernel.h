// SPDX-License-Identifier: MIT
/*
 * What is known of a kernel, whoever found it out: the guest's compiler, who reads its SPIR-V, or the host's driver,
 * whose answers are kept. Enough to answer clGetKernelInfo and clGetKernelArgInfo, and to check clSetKernelArg in the
 * guest.
 *
 * Values are OpenCL's own (cl.h), given here as numbers so that this header needs no OpenCL headers.
 */
#ifndef SVGA_MODEL_VISA_KERNEL_H
#define SVGA_MODEL_VISA_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum visa_arg_kind {
    VISA_ARG_VALUE = 0, /* passed by value; `size` bytes */
    VISA_ARG_POINTER =
        1, /* __global or __constant memory object: `size` is the size of a cl_mem handle's slot, a pointer */
    VISA_ARG_LOCAL = 2, /* __local memory: the application sets its size */
    VISA_ARG_IMAGE = 3,
    VISA_ARG_SAMPLER = 4,
    VISA_ARG_PIPE = 5,
    VISA_ARG_QUEUE = 6,
    VISA_ARG_UNKNOWN = 7, /* a driver keeps no argument information: told by the values that are set */
};

struct visa_arg {
    uint32_t kind;              /* enum visa_arg_kind */
    uint32_t size;              /* bytes of a VISA_ARG_VALUE; bytes of a device pointer otherwise */
    uint32_t address_qualifier; /* CL_KERNEL_ARG_ADDRESS_*: 0x119B global, 0x119C local, 0x119D constant,
                                   0x119E private */
    uint32_t access_qualifier;  /* CL_KERNEL_ARG_ACCESS_*: 0x11A0 read only, 0x11A1 write only, 0x11A2 read
                                   write, 0x11A3 none */
    uint64_t type_qualifiers;   /* CL_KERNEL_ARG_TYPE_*: 1 const, 2 restrict, 4 volatile, 8 pipe */
    char *type_name; /* as CL_KERNEL_ARG_TYPE_NAME: "float4*"; "" where unknown. NULL: nothing is known but
                                   the kind */
    char *name;      /* "" where unknown */
};

struct visa_kernel {
    char *name;
    char
        *attributes; /* as CL_KERNEL_ATTRIBUTES: "reqd_work_group_size(8,8,1) vec_type_hint(float4)", or "" */
    uint32_t reqd_work_group_size[3]; /* zeros: none */
    uint32_t work_group_size_hint[3]; /* zeros: none */
    uint64_t local_size;              /* bytes of its own __local variables; 0 where only SPIR-V is known */
    uint32_t arg_count;
    struct visa_arg *args;
};

/* clGetKernelArgInfo and clGetKernelInfo of CL_KERNEL_ATTRIBUTES, by their rules. OpenCL's error codes. */
int visa_arg_info(const struct visa_kernel *kernel, uint32_t index, uint32_t param, size_t size, void *value,
                  size_t *size_ret);
int visa_attributes(const struct visa_kernel *kernel, size_t size, void *value, size_t *size_ret);

/* What an argument is that drivers describe so. */
enum visa_arg_kind visa_arg_kind_of(uint32_t address_qualifier, uint64_t type_qualifiers,
                                    const char *type_name);

/* Frees the strings and arguments of `count` kernels and the array itself. Takes NULL. */
void visa_kernels_free(struct visa_kernel *kernels, size_t count);

#ifdef __cplusplus
}
#endif

#endif
