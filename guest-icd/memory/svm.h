// SPDX-License-Identifier: MIT
/*
 * Shared virtual memory: allocations that lie at the same address in this process, in the host's worker and
 * so in kernels. Coarse- and fine-grained buffers, on contexts whose devices work on guest memory in place;
 * elsewhere it is unsupported.
 *
 * An allocation is a region placed in one of SVGA_PLACED_RANGES. Addresses ascend, and are used again only
 * when all of them have been, so that a stale pointer faults instead of reading something else.
 */
#ifndef GUEST_ICD_MEMORY_SVM_H
#define GUEST_ICD_MEMORY_SVM_H

#include "guest-icd/platform/context.h"
#include "guest-icd/session/pool.h"

/* If [ptr, ptr + size) lies in one live allocation: true, and *span says where that is in guest memory. */
bool icd_svm_find(const void *ptr, size_t size, struct tr_span *span);

/* The buffer over the allocation that holds the bytes, and where in it they start. NULL: the bytes are not
 * SVM. Borrowed: good while the application keeps the allocation. */
cl_mem icd_svm_buffer(const void *ptr, size_t size, size_t *offset);

/* Gives an allocation back; what is none is ignored. */
void icd_svm_free(void *pointer);

/* Does any device of the context have SVM? */
bool icd_svm_in_context(cl_context context);

#endif
