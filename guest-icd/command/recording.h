// SPDX-License-Identifier: MIT
/*
 * The recording functions of command buffers as programs call them. Since 0.9.5 of cl_khr_command_buffer they
 * take `properties` behind the queue, and which headers a program was built with is nowhere to be seen: each of
 * these functions takes calls of both kinds. Where the older signature has a memory object, or shared virtual
 * memory, the newer one has a list of properties, or NULL.
 *
 * All parameters are integers and pointers, which the ABIs of x86-64 and AArch64 hand over in the same places
 * whatever their types, also to functions with `...`; and a function with `...` writes to no place on the stack
 * that a caller with one argument less has not made for it.
 */
#ifndef GUEST_ICD_COMMAND_RECORDING_H
#define GUEST_ICD_COMMAND_RECORDING_H

#include <stdint.h>

#include <CL/cl.h>

typedef uintptr_t icd_word;

cl_int CL_API_CALL icd_either_CommandBarrierWithWaitListKHR(icd_word command_buffer, icd_word command_queue,
                                                            ...);
cl_int CL_API_CALL icd_either_CommandCopyBufferKHR(icd_word command_buffer, icd_word command_queue, ...);
cl_int CL_API_CALL icd_either_CommandCopyBufferRectKHR(icd_word command_buffer, icd_word command_queue, ...);
cl_int CL_API_CALL icd_either_CommandCopyBufferToImageKHR(icd_word command_buffer, icd_word command_queue,
                                                          ...);
cl_int CL_API_CALL icd_either_CommandCopyImageKHR(icd_word command_buffer, icd_word command_queue, ...);
cl_int CL_API_CALL icd_either_CommandCopyImageToBufferKHR(icd_word command_buffer, icd_word command_queue,
                                                          ...);
cl_int CL_API_CALL icd_either_CommandFillBufferKHR(icd_word command_buffer, icd_word command_queue, ...);
cl_int CL_API_CALL icd_either_CommandFillImageKHR(icd_word command_buffer, icd_word command_queue, ...);
cl_int CL_API_CALL icd_either_CommandSVMMemcpyKHR(icd_word command_buffer, icd_word command_queue, ...);
cl_int CL_API_CALL icd_either_CommandSVMMemFillKHR(icd_word command_buffer, icd_word command_queue, ...);

/* Until 0.9.2 of cl_khr_command_buffer_mutable_dispatch: (command_buffer, base configuration). Two more words are
 * read then, which are no arguments and are not used. */
cl_int CL_API_CALL icd_either_UpdateMutableCommandsKHR(icd_word command_buffer, icd_word second,
                                                       icd_word types, icd_word configs);

#endif
