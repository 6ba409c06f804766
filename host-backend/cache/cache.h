// SPDX-License-Identifier: MIT
/*
 * The cache of built programs: what a build was made from -> the driver's own binaries. One directory per
 * tenant, so that one guest can neither read nor poison what another one gets; an administrator opens it by
 * giving several the same directory.
 *
 * - Never a wrong hit: an entry holds its whole key and is compared with it; the file's name is only the
 * key's SHA-256.
 * - Safe against torn writes: entries are written aside and renamed, and carry a checksum. A bad entry counts
 * as absent and is removed.
 * - Bounded: beyond max_bytes the entries used longest ago go.
 *
 * Threads and processes: any number may use one directory at once; a struct cache itself is immutable after
 * cache_open.
 */
#ifndef HOST_BACKEND_CACHE_CACHE_H
#define HOST_BACKEND_CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct cache;

/* Makes the directory (mode 0700) if it is missing. NULL, with errno, if that fails. */
struct cache *cache_open(const char *directory, uint64_t max_bytes);
void cache_close(struct cache *c);

/*
 * A key is the concatenation of its parts, each with its length, so that no two lists of parts make the same
 * key. Give everything that the result depends on: IR, options, platform and device name, driver version.
 */
struct cache_key {
    const struct iovec *parts;
    unsigned count;
};

/* True if there is an entry: *data is malloc'ed, *size bytes. */
bool cache_get(struct cache *c, const struct cache_key *key, void **data, size_t *size);

/* Stores or replaces. 0 or a negative errno; a failure costs nothing but the entry. */
int cache_put(struct cache *c, const struct cache_key *key, const void *data, size_t size);

#endif
