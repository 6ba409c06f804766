// SPDX-License-Identifier: MIT
/*
 * A vhost-user back-end: carries out the front-end's messages (QEMU is the front-end, or a guest kernel that is a process itself), and keeps the memory
 * table and the queues that they set up. Knows nothing of the device behind the queues.
 *
 * Threads: the loop's.
 */
#ifndef SVGA_MODEL_VHOST_USER_BACKEND_H
#define SVGA_MODEL_VHOST_USER_BACKEND_H

#include "host-backend/vhost-user/loop.h"
#include "host-backend/vhost-user/virtqueue.h"

#define VU_QUEUES 3u /* of a device, at most */

struct vu_backend_ops {
    unsigned queues;   /* how many the device has, up to VU_QUEUES */
    uint64_t features; /* virtio features of the device; the ring's own are added */
    /* Fills `size` bytes of the device's configuration space from `offset`. */
    void (*get_config)(void *opaque, uint32_t offset, void *bytes, uint32_t size);
    /* There may be requests in a queue. */
    void (*kicked)(void *opaque, unsigned index);
    /* The guest's driver starts with fresh rings: whatever it had is gone. */
    void (*reset)(void *opaque);
};

struct vu_backend {
    const struct vu_backend_ops *ops;
    void *opaque;
    struct vu_loop *loop;
    int sock;
    int display;    /* QEMU's socket for pictures, -1: none. Kept open and unused: QEMU spins on one that is
                       closed */
    int requests;   /* the channel for requests to the front-end, -1: none. Kept open and unused */
    uint64_t acked; /* features that the guest took */
    struct vu_memory *memory;
    struct vu_queue queues[VU_QUEUES];
    struct vu_kick_source {
        struct vu_source source;
        struct vu_backend *backend;
        unsigned index;
    } kicks[VU_QUEUES];
};

/* `sock` is a connected stream socket; it is taken over. The caller polls it and calls vu_backend_message. */
void vu_backend_init(struct vu_backend *b, struct vu_loop *loop, int sock, const struct vu_backend_ops *ops,
                     void *opaque);
void vu_backend_finish(struct vu_backend *b);

/* Receives and carries out one message. 1; 0: the front-end closed; or a negative errno: it broke the
 * protocol. */
int vu_backend_message(struct vu_backend *b);

/* Has `kicked` called again soon for a queue in which requests were left. */
void vu_backend_kick_again(struct vu_backend *b, unsigned index);

#endif
