// SPDX-License-Identifier: MIT
/*
 * A virtio-gpu device (virtio 1.2, section 5.7) without pictures: contexts, resources, submitted payloads and
 * fences, served over vhost-user. What payloads mean is the owner's.
 *
 * Fences: the guest has one timeline for all its processes, so answering any fenced command makes the guest
 * signal every earlier fence. The device therefore answers older parked payloads then too.
 *
 * Threads: the loop's.
 */
#ifndef SVGA_MODEL_VHOST_USER_GPU_H
#define SVGA_MODEL_VHOST_USER_GPU_H

#include "host-backend/vhost-user/backend.h"
#include "host-backend/vhost-user/resource.h"

/* A guest process's open file of the render node. */
struct vgpu_context {
    struct vgpu_context *next;
    uint32_t id;
    uint32_t parked; /* payloads of it that are parked */
    void *owner;     /* the owner's; NULL at first */
};

enum vgpu_verdict {
    VGPU_DONE, /* answer */
    VGPU_PARK, /* answer later: vgpu_wake, or after the time limit (only a fenced payload can be parked) */
    VGPU_BAD,  /* answer with an error */
};

struct vgpu_ops {
    /* Contents of the one capset: `size` bytes at `bytes`. */
    uint32_t capset_id, capset_version, capset_size;
    const void *capset;
    int park_ms; /* how long a payload stays parked at most */

    /* A payload came. It is a copy, 8-aligned. */
    enum vgpu_verdict (*submit)(void *opaque, struct vgpu_context *ctx, const void *payload, size_t size);
    /* A context ends: its parked payloads are answered already. */
    void (*context_gone)(void *opaque, struct vgpu_context *ctx);
    /* The guest wants the pages of a resource back that has users: see to it that vgpu_resource_release
     * comes. */
    void (*resource_going)(void *opaque, struct vgpu_resource *r);
    void *opaque;
};

struct vgpu_parked;

struct vgpu {
    struct vu_backend backend;
    const struct vgpu_ops *ops;
    struct vgpu_resources resources;
    struct vgpu_context *contexts;
    uint32_t context_count;
    struct vgpu_parked *oldest, *newest; /* parked payloads, in order of arrival */
    uint32_t parked;
    struct vu_element element; /* the request being handled */
    bool forgetting;           /* the driver is gone: answers go nowhere */
};

/* Takes over `sock`, a connected vhost-user socket. */
void vgpu_init(struct vgpu *gpu, struct vu_loop *loop, int sock, const struct vgpu_ops *ops);
/* Ends all contexts (context_gone is called). Resources that still have users stay until these release them.
 */
void vgpu_finish(struct vgpu *gpu);

/* Answers all parked payloads of `ctx`, and those that are older. */
void vgpu_wake(struct vgpu *gpu, struct vgpu_context *ctx);

/* Milliseconds until vgpu_tick has something to do, or -1. */
int vgpu_timeout(const struct vgpu *gpu);
void vgpu_tick(struct vgpu *gpu);

/* The resource, if it belongs to `ctx`, has pages, and the guest has not asked for them back; else NULL. */
struct vgpu_resource *vgpu_resource_of(struct vgpu *gpu, const struct vgpu_context *ctx, uint32_t id);
/* A host mapping of it begins and ends. After the last end held answers go out, and `r` may be gone. */
void vgpu_resource_use(struct vgpu_resource *r);
void vgpu_resource_release(struct vgpu *gpu, struct vgpu_resource *r);

#endif
