// SPDX-License-Identifier: MIT
/*
 * Mappings, common to buffers and images: the list of those that the application has, and what a map and an
 * unmap have to move.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_COMMAND_MAP_H
#define GUEST_ICD_COMMAND_MAP_H

#include "guest-icd/memory/memory.h"
#include "guest-icd/command/staging.h"

/* CL_INVALID_VALUE for flags that clEnqueueMap* does not take. CL_INVALID_OPERATION if the object's host
 * flags forbid it. */
cl_int icd_map_check_flags(cl_mem mem, cl_map_flags flags);

/* Does the map give the application contents, and does the unmap take any back? */
static inline bool icd_map_reads(cl_map_flags flags) {
    return !(flags & CL_MAP_WRITE_INVALIDATE_REGION);
}
static inline bool icd_map_writes(cl_map_flags flags) {
    return flags & (CL_MAP_WRITE | CL_MAP_WRITE_INVALIDATE_REGION);
}

/*
 * The event of a map or an unmap that moves nothing: t's queue, mem (a buffer, or any object on an in-order
 * queue), type, blocking, wait list and event count. Blocking: all that the command had to wait for has
 * ended. Puts a command only where one is needed.
 */
cl_int icd_map_order(const struct icd_transfer *t);

/* Moves t's bytes between the object and `shadow`, which stays the caller's. *seq gets the command's number.
 */
cl_int icd_map_move(const struct icd_transfer *t, const struct icd_block *shadow, uint64_t *seq);

/* image-map.c: fills in what moves the bytes of a mapping of an image. */
void icd_map_image_transfer(struct icd_transfer *t, const struct icd_map *map);

#endif
