// SPDX-License-Identifier: MIT
/*
 * The cache of built programs: what a build was made from -> the driver's own binaries. One directory per
 * tenant (store.h).
 *
 * - Never a wrong hit: the key is a SHA-256 of everything that the build depends on, and an entry holds it
 * beside having it for its name.
 * - Safe against torn writes: entries are written aside and renamed, and carry a checksum. A bad entry counts
 * as absent and is removed.
 * - Bounded: beyond max_bytes the entries used longest ago go.
 *
 * Threads and processes: any number may use one directory at once; a struct cache itself is immutable after
 * cache_open.
 */
#ifndef HOST_BACKEND_BROKER_CACHE_H
#define HOST_BACKEND_BROKER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host-backend/cache/key.h"

struct cache;

/* Makes the directory (mode 0700) if it is missing. NULL, with errno, if that fails. */
struct cache *cache_open(const char *directory, uint64_t max_bytes);
void cache_close(struct cache *c);

/* True if there is an entry: *data is malloc'ed, *size bytes. */
bool cache_get(struct cache *c, const struct cache_digest *key, void **data, size_t *size);

/* Stores or replaces. 0 or a negative errno; a failure costs nothing but the entry. */
int cache_put(struct cache *c, const struct cache_digest *key, const void *data, size_t size);

#endif
