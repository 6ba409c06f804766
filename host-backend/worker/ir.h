// SPDX-License-Identifier: MIT
/*
 * A program's IR as bytes that several may hold: the program, and the builds seen before.
 */
#ifndef HOST_BACKEND_WORKER_IR_H
#define HOST_BACKEND_WORKER_IR_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "svga-model/shared.h"

struct ir {
    _Atomic uint32_t refs;
    size_t size;
    _Alignas(8) char bytes[]; /* and a NUL */
};

/* A private copy with one reference; NULL when out of memory. */
static inline struct ir *ir_new(const void *bytes, size_t size) {
    struct ir *ir = malloc(sizeof *ir + size + 1);
    if (!ir)
        return NULL;
    atomic_init(&ir->refs, 1);
    ir->size = size;
    svga_copy_in(ir->bytes, bytes, size); /* they may lie in the guest's memory */
    ir->bytes[size] = '\0';
    return ir;
}

static inline struct ir *ir_ref(struct ir *ir) {
    atomic_fetch_add_explicit(&ir->refs, 1, memory_order_relaxed);
    return ir;
}

/* NULL is ignored. */
static inline void ir_unref(struct ir *ir) {
    if (ir && atomic_fetch_sub_explicit(&ir->refs, 1, memory_order_acq_rel) == 1)
        free(ir);
}

#endif
