// SPDX-License-Identifier: MIT
/*
 * The memory of a guest whose device is fuzzed, with the rings of its queues: RINGS_NUM descriptors each, which lie in it from
 * queue * RINGS_EACH on. It is the same memory in every run, and zeroes at its beginning.
 */
#ifndef TESTS_FUZZ_RINGS_RINGS_H
#define TESTS_FUZZ_RINGS_RINGS_H

#include <stdint.h>

#include "host-backend/vhost-user/backend.h"

enum {
    RINGS_RAM = 1 << 20,
    RINGS_BASE = 0x10000, /* where the guest has it */
    RINGS_NUM = 16,
    RINGS_EACH = 0x4000,
    RINGS_AVAIL = 0x1000, /* in a queue's part; descriptors are at 0 */
    RINGS_USED = 0x2000,
    RINGS_FREE = 0x3000, /* not used by the ring */
};

/* The memory. Also opens the loop, the first time. */
uint8_t *rings_begin(struct vu_loop *loop);

/* Gives it to a device that has just been made, with so many queues. */
void rings_attach(struct vu_backend *b, unsigned queues);

/* The queue's descriptors, and the place in its ring that is offered next. */
struct vring_desc *rings_descriptors(unsigned queue);
unsigned rings_next(unsigned queue);
/* Offers the chain that begins with this descriptor. */
void rings_offer(unsigned queue, unsigned head);

#endif
