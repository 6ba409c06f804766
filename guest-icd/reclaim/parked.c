// SPDX-License-Identifier: MIT
#include "guest-icd/reclaim/parked.h"

#include <stdlib.h>

#include "guest-icd/session/session.h"

static struct svga_lock park_lock = SVGA_LOCK(ICD_LOCK_PARKED); /* guards the ring */
static uint32_t *parked;
static size_t park_first, park_count, park_cap; /* a ring; cap is a power of two */

static bool park_grow(void) {
    size_t cap = park_cap ? 2 * park_cap : 64;
    uint32_t *bigger = malloc(cap * sizeof *bigger);
    if (!bigger)
        return false;
    for (size_t i = 0; i < park_count; i++)
        bigger[i] = parked[(park_first + i) & (park_cap - 1)];
    free(parked);
    parked = bigger;
    park_first = 0;
    park_cap = cap;
    return true;
}

void icd_slot_park(uint32_t slot) {
    if (svga_locks_forked)
        return;
    svga_lock_take(&park_lock);
    /* Gives back what has become final among the oldest ones. */
    for (int i = 0; i < 4 && park_count > 0; i++) {
        uint32_t oldest = parked[park_first];
        park_first = (park_first + 1) & (park_cap - 1);
        if (icd_slot_status(icd_slot(oldest)) <= CL_COMPLETE) {
            icd_slot_free(oldest);
            park_count--;
        } else {
            parked[(park_first + park_count - 1) & (park_cap - 1)] = oldest; /* to the end */
        }
    }
    if (park_count < park_cap || park_grow()) /* else the slot is never used again */
        parked[(park_first + park_count++) & (park_cap - 1)] = slot;
    svga_lock_give(&park_lock);
}
