// SPDX-License-Identifier: MIT
/*
 * What a command moves, where guest and host share no memory: the bytes of guest memory that it reads, those that it
 * writes, and the slots in which its answers come. The guest's end of a stream (svga-model/stream.h) and the host's both ask
 * here. Nothing but the command's own bytes is looked at; what it names may not exist.
 *
 * Threads: any.
 */
#ifndef TRILLIUM_MOVES_H
#define TRILLIUM_MOVES_H

#include <stdbool.h>

#include "svga-model/stream.h"
#include "trillium/wire.h"

enum { TR_MOVES_SLOTS = 2 };

struct tr_moves {
    struct tr_span in, out; /* length 0: none */
    uint32_t slots[TR_MOVES_SLOTS];
    unsigned slot_count;
    bool awaited;    /* somebody is about to wait for its answer, or for the events that it names */
    bool sized;      /* the answer's value is the size of what was written to `out` */
    bool shared;     /* it wants memory that both sides see */
    bool all_before; /* its end is the end of everything before it in its queue, in whatever order that ran */
    uint32_t queue;  /* where it is enqueued; 0: nowhere */
};

/* False if it is no command of the table, or cut short. */
bool tr_moves_of(const void *command, uint32_t size, struct tr_moves *moves);

/* The same as a guest's carrier asks for it. False also for what cannot be moved. */
svga_needs_of tr_needs_of;

#endif
