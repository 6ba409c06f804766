// SPDX-License-Identifier: MIT
/*
 * A virtio-vsock device (virtio 1.2, section 5.10), served over vhost-user: streams that programs of the guest open to one port
 * of the host become streams of the owner's. The host opens none.
 *
 * Of each stream at most VSOCK_ROOM bytes are on their way to the owner, which is the credit that its guest is given; the other
 * way as much as the guest gives credit for. A guest that breaks the rules of a stream loses it; one that breaks a ring is not
 * served any more until a reset.
 *
 * Threads: the loop's.
 */
#ifndef HOST_BACKEND_VHOST_USER_VSOCK_H
#define HOST_BACKEND_VHOST_USER_VSOCK_H

#include "host-backend/vhost-user/backend.h"

enum {
    VSOCK_GUEST = 3,         /* the guest's address (CID) */
    VSOCK_ROOM = 256 * 1024, /* bytes */
    VSOCK_STREAMS = 128,     /* at a time, some 320 KiB each */
    VSOCK_REFUSALS = 64,     /* that wait for room in the guest's ring, before it is listened to again */
};

struct vsock_ops {
    uint32_t port;
    /* A connected stream socket that does not block, or a negative errno. Must not block itself. */
    int (*connect)(void *opaque);
    void *opaque;
};

struct vsock_stream;

struct vsock {
    struct vu_backend backend;
    const struct vsock_ops *ops;
    struct vsock_stream *streams;
    unsigned stream_count;
    struct vsock_refusal {
        uint32_t guest, host; /* ports */
    } refusals[VSOCK_REFUSALS];
    unsigned refusal_count;
    struct vu_element element; /* the packet being handled */
};

/* Takes over `sock`, a connected vhost-user socket. */
void vsock_init(struct vsock *v, struct vu_loop *loop, int sock, const struct vsock_ops *ops);
/* Closes all streams. */
void vsock_finish(struct vsock *v);

#endif
