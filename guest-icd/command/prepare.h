// SPDX-License-Identifier: MIT
/*
 * The checks of commands that can be enqueued and recorded alike. Each finds every error that the
 * specification wants of the enqueue function but those of wait list and event, and fills in the command's
 * wire struct: without event, slot and waits.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_COMMAND_PREPARE_H
#define GUEST_ICD_COMMAND_PREPARE_H

#include "guest-icd/memory/memory.h"
#include "guest-icd/program/kernel.h"
#include "guest-icd/queue/enqueue.h"

/* copy.c. A fill of 0 bytes passes; it must not be sent. */
cl_int icd_prepare_copy_buffer(cl_command_queue queue, cl_mem source, cl_mem target, size_t source_offset,
                               size_t target_offset, size_t size, struct tr_copy_buffer *c);
cl_int icd_prepare_copy_rect(cl_command_queue queue, cl_mem source, cl_mem target,
                             const size_t *source_origin, const size_t *target_origin, const size_t *region,
                             size_t source_row_pitch, size_t source_slice_pitch, size_t target_row_pitch,
                             size_t target_slice_pitch, struct tr_copy_rect *c);
cl_int icd_prepare_fill_buffer(cl_command_queue queue, cl_mem buffer, const void *pattern,
                               size_t pattern_size, size_t offset, size_t size, struct tr_fill_buffer *c);

/* image-transfer.c. `color` is what goes with FILL_IMAGE. */
cl_int icd_prepare_copy_image(cl_command_queue queue, cl_mem source, cl_mem target,
                              const size_t *source_origin, const size_t *target_origin, const size_t *region,
                              struct tr_copy_image *c);
cl_int icd_prepare_copy_image_buffer(cl_command_queue queue, bool to_image, cl_mem image, cl_mem buffer,
                                     const size_t *origin, const size_t *region, size_t offset,
                                     struct tr_copy_image_buffer *c);
cl_int icd_prepare_fill_image(cl_command_queue queue, cl_mem image, const void *fill_color,
                              const size_t *origin, const size_t *region, struct tr_fill_image *c,
                              cl_uint color[4]);

/* svm.c: copies and fills of shared virtual memory alone, by the buffers that lie over it. 0 bytes
 * pass; they must not be sent, and there need be no buffers. */
cl_int icd_prepare_svm_copy(cl_command_queue queue, void *target, const void *source, size_t size,
                            cl_mem *target_buffer, cl_mem *source_buffer, struct tr_copy_buffer *c);
cl_int icd_prepare_svm_fill(cl_command_queue queue, void *target, const void *pattern, size_t pattern_size,
                            size_t size, cl_mem *buffer, struct tr_fill_buffer *c);

/* ndrange.c. work_dim 0 in the command: there is nothing to run. `later`: arguments may still be missing. */
cl_int icd_prepare_kernel(cl_command_queue queue, cl_kernel kernel, bool later, cl_uint work_dim,
                          const size_t *global_work_offset, const size_t *global_work_size,
                          const size_t *local_work_size, struct tr_enqueue_kernel *c);

#endif
