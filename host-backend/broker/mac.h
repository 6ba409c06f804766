// SPDX-License-Identifier: MIT
/*
 * Keyed digests by which this host knows its own binaries again.
 *
 * The host's key is 32 random bytes in a file that only its user can read; each tenant's is derived from it.
 * Threads: any.
 */
#ifndef HOST_BACKEND_BROKER_MAC_H
#define HOST_BACKEND_BROKER_MAC_H

#include <stddef.h>

#include "host-backend/cache/key.h"

struct mac_key {
    uint8_t bytes[CACHE_DIGEST_SIZE];
};

/* HMAC-SHA256, RFC 2104. */
struct cache_digest mac_of(const struct mac_key *key, const void *bytes, size_t size);

/* Random. 0 or a negative errno. */
int mac_key_new(struct mac_key *key);
/* Reads the host's key from this file, or makes both (folders too, 0700). 0 or a negative errno, -EBADMSG if
 * the file is none of ours. */
int mac_key_load(const char *path, struct mac_key *key);
/* A tenant's own. */
struct mac_key mac_key_derive(const struct mac_key *host, const char *tenant);

#endif
