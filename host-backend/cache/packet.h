// SPDX-License-Identifier: MIT
/*
 * Contents in memory files, which packets of the store socket (util/packet.h) bring.
 */
#ifndef HOST_BACKEND_CACHE_PACKET_H
#define HOST_BACKEND_CACHE_PACKET_H

#include <stdint.h>

#include "host-backend/util/packet.h"

/* A memfd with these bytes, sealed against every change; or a negative errno. */
int packet_contents_new(const void *bytes, uint64_t size);

/* Reads contents of exactly `size` bytes, and refuses what is not a sealed memfd: reading anything else could
 * block, or show something else the second time. *data is malloc'ed. 0 or a negative errno. */
int packet_contents_read(int fd, uint64_t size, void **data);

#endif
