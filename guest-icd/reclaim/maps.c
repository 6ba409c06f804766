// SPDX-License-Identifier: MIT
#include "guest-icd/reclaim/maps.h"

#include "guest-icd/reclaim/limbo.h"

/* The lock is held. */
static void count(struct icd_maps *maps, cl_uint number) {
    __atomic_store_n(&maps->count, number, __ATOMIC_RELAXED);
}

void icd_maps_add(struct icd_maps *maps, struct svga_lock *lock, struct icd_map *map) {
    svga_lock_take(lock);
    map->next = maps->newest;
    maps->newest = map;
    count(maps, maps->count + 1);
    svga_lock_give(lock);
}

struct icd_map *icd_maps_take(struct icd_maps *maps, struct svga_lock *lock, const void *ptr) {
    struct icd_map *found = NULL;
    svga_lock_take(lock);
    for (struct icd_map **p = &maps->newest; *p; p = &(*p)->next)
        if ((*p)->ptr == ptr) {
            found = *p;
            *p = found->next;
            count(maps, maps->count - 1);
            break;
        }
    svga_lock_give(lock);
    return found;
}

void icd_maps_drop(struct icd_maps *maps, struct icd_ledger *l) {
    while (maps->newest) {
        struct icd_map *map = maps->newest;
        maps->newest = map->next;
        icd_limbo_block(l, &map->shadow);
        free(map);
    }
}
