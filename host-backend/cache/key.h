// SPDX-License-Identifier: MIT
/*
 * The key of a build in the cache of built programs: a digest of everything that its result depends on.
 *
 * Threads: any.
 */
#ifndef HOST_BACKEND_CACHE_KEY_H
#define HOST_BACKEND_CACHE_KEY_H

#include <stdint.h>
#include <sys/uio.h>

#define CACHE_DIGEST_SIZE 32

struct cache_digest {
    uint8_t bytes[CACHE_DIGEST_SIZE];
};

/* SHA-256 of the parts, each after its length as 8 bytes, so that no two lists of parts make the same. */
struct cache_digest cache_digest(const struct iovec *parts, unsigned count);

#endif
