// SPDX-License-Identifier: MIT
#include "host-backend/cache/key.h"

#include <nettle/sha2.h>

struct cache_digest cache_digest(const struct iovec *parts, unsigned count) {
    struct cache_digest digest;
    struct sha256_ctx context;

    sha256_init(&context);
    for (unsigned i = 0; i < count; i++) {
        uint64_t length = parts[i].iov_len;
        sha256_update(&context, sizeof length, (const uint8_t *)&length);
        if (length > 0)
            sha256_update(&context, parts[i].iov_len, parts[i].iov_base);
    }
    sha256_digest(&context, sizeof digest.bytes, digest.bytes);
    return digest;
}
