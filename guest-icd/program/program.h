// SPDX-License-Identifier: MIT
/*
 * Programs. The host's program is made from the text at the first build, not when the application hands the
 * source over: only then the options say where the files lie that the source includes, and those lie in the
 * guest (include.h).
 *
 * Threads: any. A build has the program to itself (`building`); everybody else sees its outcome under the
 * lock.
 */
#ifndef GUEST_ICD_PROGRAM_PROGRAM_H
#define GUEST_ICD_PROGRAM_PROGRAM_H

#include <pthread.h>

#include "guest-icd/platform/context.h"
#include "guest-icd/session/session.h"

struct icd_function; /* function.h */
struct icd_visa;     /* visa.h */

/* What a program is for one of its devices. */
struct icd_program_device {
    cl_device_id device;
    cl_build_status status;
    cl_program_binary_type type; /* after a build that succeeded */
    char *options;               /* of the last build, as the application gave them; NULL: none yet */
    char *log;                   /* what the guest itself has to say of the last build; NULL: ask the host */
    size_t
        told_size; /* of its binary, as the application last heard: so much room there is for it. SIZE_MAX: it
                         never asked, and has room of which it is sure */
    bool non_uniform; /* the language of the build lets a work-group be smaller at the edge of the NDRange */
};

struct _cl_program {
    struct icd_object object; /* id: 0 until the host has the program */
    cl_context context;       /* retained */
    enum tr_ir ir;
    char *source; /* NULL: not made from source */
    size_t source_size;
    void *il; /* NULL: not made from IL */
    size_t il_size;
    cl_uint device_count;
    struct icd_program_device *devices; /* statuses guarded by lock */
    struct svga_lock lock;              /* guards building, kernels, functions, devices */
    pthread_cond_t built;               /* `building` became false */
    bool building;
    uint32_t kernels;               /* kernel objects made from it */
    struct icd_function *functions; /* that somebody made a kernel of; of the last build */
    char *text; /* what the host's program was made from; NULL: `source` itself. The builder's. */
    size_t text_size;
    bool arg_info;         /* clGetKernelArgInfo may tell: the last build said so, or it has no source */
    struct icd_visa *visa; /* the SVGA baseline's part; NULL: none */
};

/* Makes the guest's struct for devices of the context (NULL: all). NULL if memory is out. */
cl_program icd_program_new(cl_context context, enum tr_ir ir, cl_uint device_count,
                           const cl_device_id *devices);

/* The program's entry of the device, or NULL. */
struct icd_program_device *icd_program_device(cl_program program, cl_device_id device);

/*
 * Is there something to take kernels from? While the program is being built, waits for the end: drivers whose
 * clBuildProgram calls pfn_notify before it returns have taught programs not to wait themselves. lock is
 * held.
 */
bool icd_program_is_executable(cl_program program);

/* Makes the host's program from this text, or keeps the one that it has if that was made from the same text.
 * The builder's. */
cl_int icd_program_ship(cl_program program, const char *text, size_t size);

/* The payload of a program that is not source. */
struct icd_payload {
    const void *bytes;
    size_t size;
    cl_uint device_count; /* TR_IR_BINARY, TR_IR_BUILTIN */
    const cl_device_id *devices;
    const size_t *lengths; /* TR_IR_BINARY */
    cl_int *statuses;      /* TR_IR_BINARY; NULL: not wanted */
};
/* Makes the host's program from that and waits for the answer. */
cl_int icd_program_create_on_host(cl_program program, const struct icd_payload *payload);

/*
 * CL_PROGRAM_NUM_KERNELS or CL_PROGRAM_KERNEL_NAMES as clGetProgramInfo says it.
 */
cl_int icd_program_kernels(cl_program program, cl_program_info param, size_t size, void *value,
                           size_t *size_ret);

/*
 * A list of devices as clBuildProgram and its kin take it. CL_SUCCESS; CL_INVALID_VALUE if only one of the
 * two is given; CL_INVALID_DEVICE if the program does not have one of them.
 */
cl_int icd_program_check_devices(cl_program program, cl_uint count, const cl_device_id *list);

/* All of the program's information that a new build makes void. lock is held. */
void icd_program_forget(cl_program program);

#endif
