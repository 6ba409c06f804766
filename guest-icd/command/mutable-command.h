// SPDX-License-Identifier: MIT
/*
 * Mutable commands (cl_khr_command_buffer_mutable_dispatch 0.9.5): recorded NDRanges whose arguments and sizes
 * change between runs. Each has a kernel of its own anyway (command-buffer.h); an update sets that kernel's
 * arguments, and sends the command anew where its sizes change. The host's driver need not know the extension.
 *
 * Names and structs of the specification that differ between headers, or that older ones lack, are spelled out here.
 *
 * Threads: any; the command buffer's lock guards its commands.
 */
#ifndef GUEST_ICD_COMMAND_MUTABLE_COMMAND_H
#define GUEST_ICD_COMMAND_MUTABLE_COMMAND_H

#include "guest-icd/program/kernel.h"
#include "guest-icd/command/command-buffer.h"

enum {
    ICD_COMMAND_BUFFER_ASSERTS = 0x12B7,     /* CL_COMMAND_BUFFER_MUTABLE_DISPATCH_ASSERTS_KHR */
    ICD_MUTABLE_ASSERTS = 0x12B8,            /* CL_MUTABLE_DISPATCH_ASSERTS_KHR */
    ICD_ASSERT_NO_MORE_GROUPS = 1,           /* CL_MUTABLE_DISPATCH_ASSERT_NO_ADDITIONAL_WORK_GROUPS_KHR */
    ICD_MUTABLE_COMMAND_PROPERTIES = 0x12A2, /* CL_MUTABLE_COMMAND_PROPERTIES_ARRAY_KHR */
};

/* All that cl_mutable_dispatch_fields_khr knows. */
#define ICD_MUTABLE_FIELDS                                                                                   \
    (CL_MUTABLE_DISPATCH_GLOBAL_OFFSET_KHR | CL_MUTABLE_DISPATCH_GLOBAL_SIZE_KHR |                           \
     CL_MUTABLE_DISPATCH_LOCAL_SIZE_KHR | CL_MUTABLE_DISPATCH_ARGUMENTS_KHR |                                \
     (cl_properties)CL_MUTABLE_DISPATCH_EXEC_INFO_KHR)

/* cl_mutable_dispatch_config_khr since 0.9.3; before, two words stood in front. */
struct icd_mutable_config {
    cl_mutable_command_khr command;
    cl_uint num_args, num_svm_args, num_exec_infos, work_dim;
    const cl_mutable_dispatch_arg_khr *arg_list, *arg_svm_list;
    const cl_mutable_dispatch_exec_info_khr *exec_info_list;
    const size_t *global_work_offset, *global_work_size, *local_work_size;
};

/* The sizes of an NDRange, as the application gave them. */
struct icd_mutable_range {
    cl_uint dim;
    bool has_offset, has_local;
    size_t offset[3], global[3], local[3];
};

struct _cl_mutable_command_khr {
    struct icd_object object;     /* no host object */
    cl_mutable_command_khr next;  /* recorded before, in the same buffer */
    cl_command_buffer_khr buffer; /* it owns the command */
    uint32_t number;              /* in the batch, from 0 */
    cl_kernel kernel;             /* the application's, and */
    cl_kernel own;                /* the command's: the buffer holds both */
    struct icd_mutable_range range;
    cl_bitfield fields;           /* cl_mutable_dispatch_fields_khr: what may change */
    cl_properties *property_list; /* as given, with its 0; NULL: none */
    size_t property_count;
    void **objects; /* among own's arguments, retained for the application */
    size_t object_count;
};

/* The properties of clCommandNDRangeKernelKHR. */
struct icd_mutable_properties {
    cl_bitfield fields;
    bool fields_given; /* else all that the device can change */
    bool no_more_groups;
    size_t count; /* with the final 0; 0: no list */
};
/* CL_SUCCESS, CL_INVALID_VALUE or CL_INVALID_OPERATION. */
cl_int icd_mutable_read_properties(const cl_properties *list, cl_device_id device,
                                   struct icd_mutable_properties *properties);

/* A command that nobody knows yet; NULL when out of memory. `own` has its arguments. */
cl_mutable_command_khr icd_mutable_new(cl_command_buffer_khr buffer, cl_kernel kernel, cl_kernel own,
                                       const struct icd_mutable_range *range,
                                       const struct icd_mutable_properties *properties,
                                       const cl_properties *list);
void icd_mutable_free(cl_mutable_command_khr m);

#endif
