// SPDX-License-Identifier: MIT
/*
 * What a guest process says to its VM's front on the virtio-gpu carrier: the capset by which it knows
 * Trillium's virtual GPU, and the payloads of DRM_IOCTL_VIRTGPU_EXECBUFFER (virtio-gpu's SUBMIT_3D).
 *
 * A payload is one struct svga_payload and `count` resource ids after it. Payloads are small: the guest
 * kernel copies them. Everything is little-endian, as virtio is.
 *
 * Link payloads (GMR_DEFINE, GMR_DELETE, REG_WRITE) become the link message of the same name
 * (svga-model/link.h), with the same seq: the guest waits until SVGA_FIFO_LINK_ACK reaches it. The first one
 * must define SVGA_GMR_BAR: it opens the session. They are submitted without a fence.
 *
 * DOORBELL is submitted without a fence: the front does FUTEX_WAKE on SVGA_FIFO_BUSY.
 *
 * WAIT is submitted with a fence: it signals as soon as SVGA_FIFO_IRQ_SEQ differs from `id`, and at the
 * latest after SVGA_PAYLOAD_WAIT_MS, so a fence that takes much longer means that the host is gone. Fences of
 * all processes of a VM share one timeline: a signal says "look again" and nothing more.
 */
#ifndef SVGA_MODEL_VIRTIO_PAYLOAD_H
#define SVGA_MODEL_VIRTIO_PAYLOAD_H

#include <stdint.h>

/* An id that no context type of virtio-gpu has, and small enough for the guest kernel's 32-bit mask. */
#define SVGA_CAPSET_ID 28u
#define SVGA_CAPSET_MAGIC 0x4d4c5254u /* "TRLM" */
#define SVGA_CAPSET_VERSION 1u        /* of the payloads below */

struct svga_capset {
    uint32_t magic;
    uint32_t version;
};

enum svga_payload_op {
    SVGA_PAYLOAD_GMR_DEFINE = 1, /* seq, id = region, arg = bytes, address, resources: its memory, in order */
    SVGA_PAYLOAD_GMR_DELETE = 2, /* seq, id = region */
    SVGA_PAYLOAD_REG_WRITE = 3,  /* seq, id = register, arg = value */
    SVGA_PAYLOAD_DOORBELL = 4,
    SVGA_PAYLOAD_WAIT = 5, /* id = the SVGA_FIFO_IRQ_SEQ that the waiter has seen */
};

struct svga_payload {
    uint32_t magic; /* SVGA_CAPSET_MAGIC */
    uint32_t op;
    uint32_t seq;
    uint32_t id;
    uint64_t arg;
    uint64_t address; /* as in link.h */
    uint32_t count;   /* of resource ids that follow */
    uint32_t
        variables; /* GMR_DEFINE of SVGA_GMR_BAR: bytes at SVGA_BAR_VARIABLES of it, which become the link's
                           VARIABLES; else 0 */
};

/* One virtio-gpu resource holds at most 4 GiB; this many make the largest region. */
#define SVGA_PAYLOAD_MAX_RESOURCES 256u

#define SVGA_PAYLOAD_WAIT_MS 1000

#endif
