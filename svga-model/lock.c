// SPDX-License-Identifier: MIT
#include "svga-model/lock.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

bool svga_locks_forked;

#ifdef SVGA_CHECK_LOCKS
static _Thread_local uint64_t held; /* bit n: a lock of order n */

void svga_lock_check_take(unsigned order) {
    if (held >> order != 0) {
        fprintf(stderr, "trillium: lock %u is taken while lock %d is held: they are in the wrong order\n",
                order, 63 - __builtin_clzll(held));
        abort();
    }
    held |= (uint64_t)1 << order;
}

void svga_lock_check_give(unsigned order) {
    held &= ~((uint64_t)1 << order);
}
#endif
