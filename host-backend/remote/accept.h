// SPDX-License-Identifier: MIT
/*
 * Where guests come in that reach this machine over a stream (svga-model/stream.h): listens, and starts a process for each
 * (program/remote.h), which lets the guest in or not and speaks for it to a worker. Connections are at most
 * as many as peer_limits_find(256) says (broker/peers.h: with descriptors enough 256, 192 from one place, and from one place 64
 * that have not been let in yet); where one more comes, the oldest goes of those that have not.
 *
 * Threads: one of its own, between accept_start and accept_stop.
 */
#ifndef HOST_BACKEND_REMOTE_ACCEPT_H
#define HOST_BACKEND_REMOTE_ACCEPT_H

#include <stddef.h>
#include <stdint.h>

struct accepting;

struct accept_config {
    const char *program; /* trillium-remote */
    const char *address; /* svga-model/stream-address.h; port 0: any */
    const char *token;   /* a file; NULL: none, which is allowed on addresses of this machine alone */
    const char *certificate, *key; /* files, for TLS; NULL: no TLS */
    const char *sandbox;           /* as --sandbox has it */
    /* A new session for a guest called `name`: a connected link socket (svga-model/link.h), or a negative errno. `from`
     * tells those apart that a host shares itself out among. */
    int (*open_session)(void *opaque, const char *name, uint64_t from);
    void *opaque;
};

/* Listens. NULL with a sentence in `why`. `config` and its strings must stay. */
struct accepting *accept_open(const struct accept_config *config, char *why, size_t why_size);

/* How a guest reaches it, as TRILLIUM_REMOTE has it. */
const char *accept_address(const struct accepting *a);

/* Lets guests in from now on. 0 or a negative errno. */
int accept_start(struct accepting *a);

/* No more of them, and an end to those that are there. NULL is ignored. */
void accept_stop(struct accepting *a);

#endif
