// SPDX-License-Identifier: MIT
/*
 * Memory that guest and host share, in pieces of any size. Small blocks come from slabs, large ones are
 * regions of their own; both are recycled, because fresh shared pages are slow and announcing a region costs
 * a round trip.
 *
 * A block may be freed only when the host no longer touches it.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_SESSION_POOL_H
#define GUEST_ICD_SESSION_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <CL/cl.h>

#include "trillium/protocol.h"

struct icd_block {
    void *ptr;       /* at least 128-byte aligned: the driver's vector stores rely on it */
    uint64_t size;   /* bytes asked for */
    uint64_t offset; /* in the region */
    uint32_t region; /* 0: no block */
    uint32_t size_class;
    void *owner; /* the pool's */
};

/* CL_SUCCESS, CL_MEM_OBJECT_ALLOCATION_FAILURE or icd_session_error(). Contents are undefined. */
cl_int icd_pool_alloc(uint64_t size, struct icd_block *block);
void icd_pool_free(struct icd_block *block);
/* Is a block of that size at hand that was used before? */
bool icd_pool_has(uint64_t size);
/* Is all of this inside one region: memory that the application has mapped, which the host reaches as it is? Then *block says where.
 * It is no block of the caller's, and not to be freed. */
bool icd_pool_find(const void *ptr, uint64_t size, struct icd_block *block);
/* Forgets all there is: for a forked child, where it is its parent's. */
void icd_pool_start_over(void);

/* `length` bytes at `offset` of the block. */
static inline struct tr_span icd_block_span(const struct icd_block *block, uint64_t offset, uint64_t length) {
    return (struct tr_span){.region = block->region, .offset = block->offset + offset, .length = length};
}

#endif
