// SPDX-License-Identifier: MIT
/*
 * What the application has mapped of a memory object. A map that is never unmapped is given back with the object.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_RECLAIM_MAPS_H
#define GUEST_ICD_RECLAIM_MAPS_H

#include "guest-icd/reclaim/ledger.h"
#include "guest-icd/session/pool.h"

/* One mapping. */
struct icd_map {
    struct icd_map *next;
    void *ptr; /* what the application got */
    cl_map_flags flags;
    size_t origin[3], region[3];   /* buffers: bytes, in [0] */
    size_t row_pitch, slice_pitch; /* images */
    struct icd_block shadow;       /* region 0: ptr is not memory of our own */
};

/* Those of one object; the object's lock guards them. */
struct icd_maps {
    struct icd_map *newest;
    cl_uint count;
};

/* Enters the mapping. */
void icd_maps_add(struct icd_maps *maps, struct svga_lock *lock, struct icd_map *map);
/* Takes the newest mapping with that pointer out, or returns NULL. */
struct icd_map *icd_maps_take(struct icd_maps *maps, struct svga_lock *lock, const void *ptr);
/* How many there are (CL_MEM_MAP_COUNT). */
static inline cl_uint icd_maps_count(const struct icd_maps *maps) {
    return __atomic_load_n(&maps->count, __ATOMIC_RELAXED);
}

/* The object goes: frees what was never unmapped, its memory when commands of the context no longer use it. */
void icd_maps_drop(struct icd_maps *maps, struct icd_ledger *l);

#endif
