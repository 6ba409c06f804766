// SPDX-License-Identifier: MIT
/*
 * Shared memory whose pages nobody has made yet, and a descriptor of each piece of it until it is filled. Writing to the
 * descriptor makes pages and fills them in one go; through a mapping each is faulted in and cleared before it is written, which
 * takes about as long again as the copy itself.
 *
 * Threads: any.
 */
#ifndef SVGA_MODEL_FRESH_H
#define SVGA_MODEL_FRESH_H

#include <stddef.h>
#include <stdint.h>

#include "svga-model/lock.h"
#include "svga-model/own-fd.h"

enum {
    SVGA_FRESH_PIECES = 8,            /* at most: descriptors are the application's */
    SVGA_FRESH_LEAST_BYTES = 1 << 20, /* of a piece; smaller ones are not worth a descriptor */
};

struct svga_fresh {
    struct svga_lock lock; /* guards what follows */
    struct svga_fresh_piece {
        char *ptr; /* its mapping; NULL: a free place */
        uint64_t size, written;
        struct svga_own_fd fd;
    } pieces[SVGA_FRESH_PIECES];
    unsigned next; /* the place that is taken next: the one taken longest ago */
};

void svga_fresh_init(struct svga_fresh *f);
/* Takes `fd` over, a file of `size` bytes that is mapped at `ptr`. */
void svga_fresh_add(struct svga_fresh *f, void *ptr, uint64_t size, int fd);
/* The memory goes: its descriptor is closed, if there still is one. */
void svga_fresh_drop(struct svga_fresh *f, const void *ptr);
/* Closes all descriptors: they are wanted elsewhere. */
void svga_fresh_forget(struct svga_fresh *f);
void svga_fresh_close(struct svga_fresh *f);

/* As memcpy, into memory that was added. Returns how many bytes from the start it has copied: 0 of other memory, and fewer than
 * `size` where the system does not write more. */
size_t svga_fresh_fill(struct svga_fresh *f, void *to, const void *from, size_t size);

#endif
