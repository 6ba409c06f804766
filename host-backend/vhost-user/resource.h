// SPDX-License-Identifier: MIT
/*
 * virtio-gpu resources: guest pages that belong to one context.
 *
 * A resource is made by RESOURCE_CREATE_3D, gets its pages by ATTACH_BACKING and its owner by
 * CTX_ATTACH_RESOURCE. While someone on the host maps its pages (`users`), the answer to the command that
 * takes them back is held: the guest uses them for something else after the answer.
 */
#ifndef SVGA_MODEL_VHOST_USER_RESOURCE_H
#define SVGA_MODEL_VHOST_USER_RESOURCE_H

#include <stdbool.h>

#include "host-backend/vhost-user/virtqueue.h"

struct vgpu_piece {
    uint64_t guest_addr;
    uint64_t length;
};

/* An answer that waits for the last user; DETACH_BACKING and UNREF can both be held. */
struct vgpu_held {
    struct vgpu_held *next;
    struct vu_answer answer;
    uint8_t header[24]; /* the request's virtio_gpu_ctrl_hdr */
};

struct vgpu_resource {
    struct vgpu_resource *next; /* in the table */
    uint32_t id;
    uint32_t context;          /* its owner; 0: none yet */
    struct vgpu_piece *pieces; /* neighbours are merged */
    uint32_t piece_count, piece_capacity;
    uint64_t size;  /* bytes in all pieces; 0: no pages */
    uint32_t users; /* regions of sessions that consist of it */
    bool going;     /* the guest has asked for the pages back */
    bool unref;     /* and has dropped the resource itself */
    bool orphan;    /* the guest that made it is gone; it is in no table, and its last user frees it */
    struct vgpu_held *held;
};

/* Limits of one VM: a guest kernel that goes wild must not take the host's memory. */
#define VGPU_MAX_RESOURCES 65536u
#define VGPU_MAX_PIECES (4u << 20) /* 64 MiB of page lists: 16 GiB in single pages */

#define VGPU_RESOURCE_BUCKETS 1024u

struct vgpu_resources {
    struct vgpu_resource *buckets[VGPU_RESOURCE_BUCKETS];
    uint32_t count;
    uint32_t pieces;
};

struct vgpu_resource *vgpu_resource_find(struct vgpu_resources *t, uint32_t id);
/* NULL: it exists, id is 0, or there are too many. */
struct vgpu_resource *vgpu_resource_add(struct vgpu_resources *t, uint32_t id);
/* Takes it out of the table. It is freed now, or if it has users, made an orphan. */
void vgpu_resource_remove(struct vgpu_resources *t, struct vgpu_resource *r);
void vgpu_resource_remove_all(struct vgpu_resources *t);

/* Adds a run of pages. False: too many, or out of memory. */
bool vgpu_resource_add_piece(struct vgpu_resources *t, struct vgpu_resource *r, uint64_t guest_addr,
                             uint64_t length);
void vgpu_resource_drop_pieces(struct vgpu_resources *t, struct vgpu_resource *r);

#endif
