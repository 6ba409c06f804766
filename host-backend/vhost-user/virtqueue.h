// SPDX-License-Identifier: MIT
/*
 * The device side of a split virtqueue (virtio 1.2, section 2.7), with INDIRECT_DESC and EVENT_IDX.
 *
 * Rings and descriptors lie in memory that the guest may change at any time: each descriptor is copied once
 * and then checked. A ring that breaks the rules is marked broken and not served any more until it is set up
 * again: its guest did that to itself.
 *
 * Threads: one at a time.
 */
#ifndef SVGA_MODEL_VHOST_USER_VIRTQUEUE_H
#define SVGA_MODEL_VHOST_USER_VIRTQUEUE_H

#include <stdbool.h>

#include "host-backend/vhost-user/memory.h"

/* A chain's readable part is at most this many descriptors: 4 GiB in single pages take 4097. */
#define VU_MAX_READABLE 8192u
/* And its writable part this many; the rest of a longer one is not written. */
#define VU_MAX_WRITABLE 4u

/* Where a request's answer goes. Stays good while the ring is set up, even across a new memory table. */
struct vu_answer {
    uint16_t head;
    uint16_t count;
    struct {
        uint64_t guest_addr;
        uint32_t length;
    } writable[VU_MAX_WRITABLE];
};

/* A request: its readable bytes, and where the answer goes. */
struct vu_element {
    struct vu_answer answer;
    struct vu_readable {
        const uint8_t *ptr; /* in guest memory: good until the memory table changes */
        uint32_t length;
    } * readable;
    unsigned count, capacity; /* the array is kept from one element to the next */
    unsigned at;              /* what was read already: descriptors, and bytes of the current one */
    uint32_t at_byte;
};

/* An answer given while the VM was paused. */
struct vu_deferred {
    struct vu_deferred *next;
    struct vu_answer answer;
    size_t size;
    uint8_t bytes[];
};

struct vu_queue {
    /* Set by the protocol. */
    uint32_t num; /* entries; a power of two */
    struct vu_vring_addr addr;
    bool has_addr, enabled, event_idx;
    int kick, call; /* eventfds, or -1 */

    /* Resolved against the memory table; NULL: not ready. */
    const uint8_t *desc;
    const uint8_t *avail;
    uint8_t *used;

    bool fresh; /* set up, and not looked at since: see vu_queue_begin */
    bool stopped;
    uint64_t stopped_desc;  /* where the ring lay when it was stopped, */
    uint16_t stopped_avail; /* and how far it had come */
    struct vu_deferred *deferred;
    uint16_t last_avail; /* next entry of the available ring to take */
    uint16_t used_idx;   /* next entry of the used ring to fill */
    uint16_t signalled;  /* used_idx at the last interrupt */
    bool signalled_valid;
    const char *broken; /* NULL, or how the guest broke the ring */
};

/* Looks the ring's addresses up in `memory`. False: not all of the ring is there. */
bool vu_queue_resolve(struct vu_queue *q, const struct vu_memory *memory);

static inline bool vu_queue_ready(const struct vu_queue *q) {
    return q->desc && q->enabled && !q->fresh && !q->broken;
}

/*
 * The ring begins to run. True if it goes on where it was stopped (the VM was only paused); false if the
 * guest's driver has set it up anew, so that whatever the driver had before is gone.
 */
bool vu_queue_begin(struct vu_queue *q, const struct vu_memory *memory);

/* The ring must not be touched until it begins again: answers given meanwhile are kept until then. */
void vu_queue_stop(struct vu_queue *q);

/* Forgets answers that were kept. */
void vu_queue_drop_deferred(struct vu_queue *q);

/* Takes the next request. 1, or 0: there is none (and a kick will tell of the next), or -1: q->broken. */
int vu_queue_pop(struct vu_queue *q, const struct vu_memory *memory, struct vu_element *e);

/* Copies up to `size` bytes of the request's readable part, behind those read before. Returns how many. */
size_t vu_element_read(struct vu_element *e, void *buffer, size_t size);
/* How many are left. */
size_t vu_element_left(const struct vu_element *e);
void vu_element_free(struct vu_element *e);

/* Writes `size` bytes as the answer (cut to what there is room for) and puts the chain on the used ring. */
void vu_queue_push(struct vu_queue *q, const struct vu_memory *memory, const struct vu_answer *answer,
                   const void *bytes, size_t size);
/* Interrupts the guest if it wants that. To be called after one or more pushes. */
void vu_queue_notify(struct vu_queue *q);

#endif
