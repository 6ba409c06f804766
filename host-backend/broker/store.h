// SPDX-License-Identifier: MIT
/*
 * The store: what the broker keeps for its guests beyond their workers' lives. Built programs, each tenant's
 * apart, and the keys by which a tenant's own binaries are known again.
 *
 * Workers ask over a socket of their own (host-backend/cache/ask.h). A worker may have been taken over by its
 * guest: what it stores reaches nobody but its own tenant, unless an administrator has opened one cache for
 * all; what it asks is checked, costs credit, and is answered on a thread of the store's, so that neither a
 * flood nor a slow disk holds up the broker.
 *
 * Tenants are named by what the host knows of a guest: the user of its process, its container, the socket of its
 * VM. Of containers, which have new names every time, those that came last have something kept.
 *
 * Threads: any.
 */
#ifndef HOST_BACKEND_BROKER_STORE_H
#define HOST_BACKEND_BROKER_STORE_H

#include <stdbool.h>
#include <stdint.h>

struct store;

#define STORE_TENANT_SIZE 160 /* of a tenant's name and its NUL */

struct store_config {
    const char *cache_dir; /* NULL: no builds are kept */
    bool shared;           /* cache_dir is one for all tenants; else each has a folder of its own in it */
    uint64_t max_bytes;    /* of each tenant's folder; 0: STORE_MAX_BYTES */
    const char *key_path;  /* the host's key (mac.h); NULL: a new one that ends with the store */
};

#define STORE_MAX_BYTES ((uint64_t)256 << 20)
#define STORE_MAX_CONTAINERS 16

/* `config` is copied. NULL with errno. A key file that cannot be used is said on stderr, and replaced by a new
 * key that ends with the store. */
struct store *store_create(const struct store_config *config);

/* Answers at this end of a store socket (taken over) until the other one is closed. 0 or a negative errno. */
int store_serve(struct store *s, int fd, const char *tenant);

/* Ends the thread, and closes what is left. NULL is ignored. */
void store_destroy(struct store *s);

#endif
