// SPDX-License-Identifier: MIT
/*
 * Reading memory that a hostile other side may change at any time.
 *
 * What is to be checked is copied first, and the copy is what is checked and used. A plain memcpy promises
 * less than that: the compiler may drop the copy and read the shared memory again. Threads: any.
 */
#ifndef SVGA_MODEL_SHARED_H
#define SVGA_MODEL_SHARED_H

#include <string.h>

/* Copies out of shared memory, once. */
static inline void svga_copy_in(void *to, const void *from, size_t size) {
    memcpy(to, from, size);
    /* As far as the compiler knows, this changes the copy: what is read later comes from there. */
    __asm__ volatile("" : : "r"(to) : "memory");
}

#endif
