// SPDX-License-Identifier: MIT
/*
 * Commands of a queue that the guest's process carries out itself: native kernels, and what concerns memory that the
 * host cannot see.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_COMMAND_NATIVE_KERNEL_H
#define GUEST_ICD_COMMAND_NATIVE_KERNEL_H

#include "guest-icd/queue/queue.h"

/*
 * Has `function` called, on a thread of the driver's own, when its turn in the queue has come; the command, whose
 * event is of that type, ends when the function returns. It gets a copy of the `size` bytes at args. Never waits. If
 * something that it waits for fails it is not called, and fails. CL_SUCCESS, what is wrong with the wait list, or no
 * memory.
 */
cl_int icd_enqueue_in_guest(cl_command_queue queue, cl_command_type type, void(CL_CALLBACK *function)(void *),
                            const void *args, size_t size, cl_uint wait_count, const cl_event *waits,
                            cl_event *event);

#endif
