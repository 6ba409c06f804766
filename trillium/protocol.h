// SPDX-License-Identifier: MIT
/*
 * What guest and host agree on besides the command table: version, kinds of objects, and the small records
 * that commands carry.
 */
#ifndef TRILLIUM_PROTOCOL_H
#define TRILLIUM_PROTOCOL_H

#include <stdint.h>

/*
 * Protocol version. The guest writes its own to SVGA_REG_GUEST_ID, the host shows its own in
 * SVGA_REG_DEV_CAP; the host refuses a guest of another major version, and a guest newer than itself.
 */
#define TR_VERSION_MAJOR 1u
#define TR_VERSION_MINOR 4u
#define TR_VERSION ((TR_VERSION_MAJOR << 16) | TR_VERSION_MINOR)

/* Kinds of objects. Ids are chosen by the guest, from 1, in one space for all kinds. */
enum tr_kind {
    TR_KIND_NONE = 0,
    TR_KIND_CONTEXT,
    TR_KIND_QUEUE,
    TR_KIND_MEM,
    TR_KIND_SAMPLER,
    TR_KIND_PROGRAM,
    TR_KIND_KERNEL,
    TR_KIND_EVENT,
    TR_KIND_BATCH,
    TR_KIND_ANY, /* in the table: any of the above */
};

/* Ids go up to here: 4 Mi objects at once. */
#define TR_MAX_ID (1u << 22)

/* The longest name of a kernel, in bytes without the final 0. */
#define TR_MAX_KERNEL_NAME 16383u

/* What one batch takes: commands, and bytes in the two arrays of its RECORDs. */
#define TR_BATCH_COMMANDS (1u << 16)
#define TR_BATCH_BYTES (64u << 20)

/* Bytes in a guest memory region. */
struct tr_span {
    uint32_t region;
    uint32_t reserved;
    uint64_t offset;
    uint64_t length;
};

#define TR_NO_SLOT UINT32_MAX

/* What ENUMERATE answers with, one per device. Platforms and devices are numbered from 0 by the host. */
struct tr_device_entry {
    uint32_t platform;
    uint32_t device;
    uint64_t type;   /* cl_device_type */
    uint32_t shares; /* 1: kernels on it read and write guest memory in place (placed buffers) */
    uint32_t target; /* enum visa_target of the SVGA baseline, 0 if it cannot take SPIR-V */
};

/* GET_INFO: which query. */
enum tr_info {
    TR_INFO_PLATFORM = 1,      /* clGetPlatformInfo(object) */
    TR_INFO_DEVICE,            /* clGetDeviceInfo(object) */
    TR_INFO_PROGRAM,           /* clGetProgramInfo */
    TR_INFO_PROGRAM_BUILD,     /* clGetProgramBuildInfo(object, device) */
    TR_INFO_KERNEL,            /* clGetKernelInfo */
    TR_INFO_KERNEL_ARG,        /* clGetKernelArgInfo(object, index) */
    TR_INFO_KERNEL_WORK_GROUP, /* clGetKernelWorkGroupInfo(object, device) */
    TR_INFO_KERNEL_SUB_GROUP,  /* clGetKernelSubGroupInfo(object, device, input) */
    TR_INFO_MEM,               /* clGetMemObjectInfo */
    TR_INFO_IMAGE,             /* clGetImageInfo */
    TR_INFO_PIPE,              /* clGetPipeInfo */
    TR_INFO_EVENT_PROFILING,   /* clGetEventProfilingInfo */
    TR_INFO_DEVICE_TIMER,      /* clGetDeviceAndHostTimer(object): two u64 */
    TR_INFO_HOST_TIMER,        /* clGetHostTimer(object): u64 */
    TR_INFO_SUGGESTED_LOCAL,   /* clGetKernelSuggestedLocalWorkSizeKHR; object kernel, index queue id; input:
                                  u64 dim, offset[3],   global[3]; answer: u64[3] */
    TR_INFO_COUNT
};

/* A program's IR. */
enum tr_ir {
    TR_IR_SOURCE = 1, /* OpenCL C text: Trillium's way, "the code is the IR" */
    TR_IR_SPIRV,      /* the SVGA baseline: the words come with SET_SPIRV, per build */
    TR_IR_BINARY,     /* the driver's own binaries */
    TR_IR_IL,         /* clCreateProgramWithIL: the application's own IL */
    TR_IR_BUILTIN,    /* clCreateProgramWithBuiltInKernels: kernel names */
};

/* SET_ARG */
enum tr_arg {
    TR_ARG_VALUE = 1, /* size bytes */
    TR_ARG_NULL,      /* arg_value is NULL: local memory of `size` bytes, or a null buffer */
    TR_ARG_OBJECT,    /* the handle of an object */
    TR_ARG_SVM,       /* clSetKernelArgSVMPointer: 8 bytes, an address */
};

/* ENQUEUE_KERNEL: which are given. */
enum tr_has { TR_HAS_OFFSET = 1, TR_HAS_LOCAL = 2 };

#endif
