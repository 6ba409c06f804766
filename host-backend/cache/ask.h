// SPDX-License-Identifier: MIT
/*
 * The store socket between a worker and the broker's store (host-backend/broker/store.h), and the worker's
 * side of it: what outlives a guest lies with the broker, and a worker, taken over by its guest as it may be,
 * asks for it.
 *
 * SOCK_SEQPACKET, one question at a time, one answer to each. Contents travel in memfds that are sealed
 * against every change.
 */
#ifndef HOST_BACKEND_CACHE_ASK_H
#define HOST_BACKEND_CACHE_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host-backend/cache/key.h"

enum store_what {
    STORE_GET = 1, /* answered by STORE_OK with a memfd of `size` bytes, or STORE_NONE */
    STORE_PUT = 2, /* with a memfd of `size` bytes */
    STORE_MAC = 3, /* answered with the tenant's HMAC-SHA256 of the digest */
};

enum store_result {
    STORE_OK = 0,
    STORE_NONE = 1,    /* there is none, or nothing is kept */
    STORE_REFUSED = 2, /* the question breaks a rule or a quota */
};

struct store_question {
    uint32_t what, reserved; /* enum store_what; 0 */
    uint64_t size;           /* STORE_PUT: of the contents; else 0 */
    struct cache_digest digest;
};

struct store_answer {
    uint32_t result, reserved; /* enum store_result; 0 */
    uint64_t size;             /* STORE_GET: of the contents */
    struct cache_digest mac;   /* STORE_MAC */
};

/* No content is larger: a length from elsewhere is not trusted further than this. */
#define STORE_MAX_SIZE ((uint64_t)1 << 30)

/* No longer does a worker take, once its guest has gone, for storing what was built: of the processors' time, which says what it does on a
 * busy machine, too, and of the clock's, for a driver that hangs. Who waits for its end waits longer. */
enum { STORE_CPU_SECONDS = 10, STORE_MAX_SECONDS = 20 };

/* ---- the worker's side ---- */

struct store_asker;

/* Takes the socket over; -1: nothing is kept, and every question is answered so. NULL when out of memory. */
struct store_asker *store_asker_new(int fd);
void store_asker_free(struct store_asker *a);

/* Any threads, one after the other. */

/* True if there is an entry: *data is malloc'ed, *size bytes. */
bool store_get(struct store_asker *a, const struct cache_digest *key, void **data, size_t *size);
/* A failure costs nothing but the entry. */
bool store_put(struct store_asker *a, const struct cache_digest *key, const void *data, size_t size);
/* False where the broker has no key for this tenant. */
bool store_mac(struct store_asker *a, const struct cache_digest *digest, struct cache_digest *mac);

#endif
