// SPDX-License-Identifier: MIT
#include "host-backend/cache/key.h"

#include <sha256.h>

struct cache_digest cache_digest(const struct iovec *parts, unsigned count) {
    struct cache_digest digest;
    SHA2_CTX context;

    SHA256Init(&context);
    for (unsigned i = 0; i < count; i++) {
        uint64_t length = parts[i].iov_len;
        SHA256Update(&context, (const uint8_t *)&length, sizeof length);
        if (length > 0)
            SHA256Update(&context, parts[i].iov_base, parts[i].iov_len);
    }
    SHA256Final(digest.bytes, &context);
    return digest;
}
