// SPDX-License-Identifier: MIT
/*
 * What commands on memory objects check first.
 */
#ifndef GUEST_ICD_COMMAND_CHECK_H
#define GUEST_ICD_COMMAND_CHECK_H

#include "guest-icd/memory/memory.h"
#include "guest-icd/queue/queue.h"

/* Queue, then objects, then that they are of one context. Their kinds
 * come after that. CL_SUCCESS, CL_INVALID_COMMAND_QUEUE, CL_INVALID_MEM_OBJECT or CL_INVALID_CONTEXT. */
cl_int icd_mem_check(cl_command_queue queue, cl_uint count, const cl_mem *mems);

/* The same for one object that must be a buffer, in the order of the functions where drivers look at the kind
 * before the context. */
cl_int icd_mem_check_buffer(cl_command_queue queue, cl_mem buffer);

/* Queue, image and context of a command; CL_INVALID_OPERATION if the device has no images. */
cl_int icd_image_check(cl_command_queue queue, cl_mem image);

#endif
