// SPDX-License-Identifier: MIT
/*
 * Those among whom the broker shares itself out: users of this machine, and the VM. Each has a part of what
 * there is of workers and descriptors, and who has least of it is served next.
 *
 * Threads: the broker's.
 */
#ifndef HOST_BACKEND_BROKER_PEERS_H
#define HOST_BACKEND_BROKER_PEERS_H

#include <stdint.h>

struct peer {
    struct peer *next;
    uint64_t key;
    unsigned refs;
    unsigned silent; /* connections that have said nothing yet */
    unsigned asking; /* guests that wait for a worker */
    unsigned served; /* guests that have one */
};

struct peer_limits {
    unsigned sessions; /* in all: asking and served */
    unsigned of_one;   /* of one peer */
    unsigned silent;   /* of one peer */
};

/* What this process' descriptors are enough for. */
struct peer_limits peer_limits_find(unsigned max_workers);

/* Counts a reference. NULL when out of memory. */
struct peer *peer_get(struct peer **all, uint64_t key);
void peer_put(struct peer **all, struct peer *p);

#endif
