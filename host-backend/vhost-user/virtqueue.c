// SPDX-License-Identifier: MIT
#include "host-backend/vhost-user/virtqueue.h"

#include <linux/virtio_ring.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host-backend/vhost-user/event.h"
#include "svga-model/futex.h"
#include "svga-model/shared.h"

/* Byte offsets in the available and used rings: flags, idx, ring[num], and the other side's event index. */
enum { RING_FLAGS = 0, RING_IDX = 2, RING_ENTRIES = 4 };

typedef _Atomic uint16_t ring_u16;

static uint16_t load16(const uint8_t *ring, size_t offset, memory_order order) {
    return atomic_load_explicit((const ring_u16 *)(ring + offset), order);
}
static void store16(uint8_t *ring, size_t offset, uint16_t value, memory_order order) {
    atomic_store_explicit((ring_u16 *)(ring + offset), value, order);
}

static size_t avail_size(const struct vu_queue *q) {
    return RING_ENTRIES + q->num * sizeof(uint16_t);
}
static size_t used_size(const struct vu_queue *q) {
    return RING_ENTRIES + q->num * sizeof(struct vring_used_elem);
}

bool vu_queue_resolve(struct vu_queue *q, const struct vu_memory *memory) {
    q->desc = NULL;
    if (!q->has_addr || q->num == 0 || q->num > 32768 || (q->num & (q->num - 1)) != 0 ||
        q->addr.desc % 16 != 0 || q->addr.avail % 2 != 0 || q->addr.used % 4 != 0)
        return false;
    /* The event indexes lie behind the entries. */
    void *avail = vu_memory_user(memory, q->addr.avail, avail_size(q) + sizeof(uint16_t));
    void *used = vu_memory_user(memory, q->addr.used, used_size(q) + sizeof(uint16_t));
    void *desc = vu_memory_user(memory, q->addr.desc, (uint64_t)q->num * sizeof(struct vring_desc));
    if (!avail || !used || !desc)
        return false;
    q->avail = avail;
    q->used = used;
    q->desc = desc;
    return true;
}

void vu_queue_drop_deferred(struct vu_queue *q) {
    while (q->deferred) {
        struct vu_deferred *d = q->deferred;
        q->deferred = d->next;
        free(d);
    }
}

/* Out of memory: the guest's slot is lost. */
static void defer(struct vu_queue *q, const struct vu_answer *answer, const void *bytes, size_t size) {
    struct vu_deferred *d = malloc(sizeof *d + size);
    if (!d)
        return;
    d->answer = *answer;
    d->size = size;
    if (size > 0)
        memcpy(d->bytes, bytes, size);
    d->next = q->deferred;
    q->deferred = d;
}

bool vu_queue_begin(struct vu_queue *q, const struct vu_memory *memory) {
    uint16_t used = load16(q->used, RING_IDX, memory_order_relaxed);
    bool same = q->stopped && q->stopped_desc == q->addr.desc && q->stopped_avail == q->last_avail &&
                q->used_idx == used && !q->broken;
    q->used_idx = used; /* 0 when a driver has just set the ring up */
    q->signalled_valid = false;
    q->stopped = q->fresh = false;
    q->broken = NULL;
    if (same) {
        for (struct vu_deferred *d = q->deferred; d; d = d->next)
            vu_queue_push(q, memory, &d->answer, d->bytes, d->size);
        vu_queue_notify(q);
    }
    vu_queue_drop_deferred(q);
    return same;
}

void vu_queue_stop(struct vu_queue *q) {
    q->stopped = q->desc && !q->fresh;
    q->stopped_desc = q->addr.desc;
    q->stopped_avail = q->last_avail;
    q->desc = NULL;
}

static int broken(struct vu_queue *q, const char *how) {
    q->broken = how;
    return -1;
}

/* Adds a readable descriptor. */
static int add_readable(struct vu_queue *q, const struct vu_memory *memory, struct vu_element *e,
                        const struct vring_desc *d) {
    if (e->count == VU_MAX_READABLE)
        return broken(q, "a chain has too many descriptors");
    if (e->count == e->capacity) {
        unsigned capacity = e->capacity ? e->capacity * 2 : 16;
        struct vu_readable *bigger = realloc(e->readable, capacity * sizeof *bigger);
        if (!bigger)
            return broken(q, "out of memory");
        e->readable = bigger;
        e->capacity = capacity;
    }
    const void *ptr = vu_memory_guest(memory, d->addr, d->len);
    if (!ptr)
        return broken(q, "a descriptor lies outside the guest's memory");
    e->readable[e->count++] = (struct vu_readable){ptr, d->len};
    return 0;
}

static int add_writable(struct vu_queue *q, const struct vu_memory *memory, struct vu_answer *a,
                        const struct vring_desc *d) {
    if (vu_memory_find(memory, d->addr, d->len) < 0)
        return broken(q, "a descriptor lies outside the guest's memory");
    if (a->count < VU_MAX_WRITABLE) {
        a->writable[a->count].guest_addr = d->addr;
        a->writable[a->count++].length = d->len;
    }
    return 0;
}

/* Walks a chain in `table` of `num` descriptors from `index`. Each descriptor is seen at most once, so no
 * chain is longer than its table. */
static int walk(struct vu_queue *q, const struct vu_memory *memory, struct vu_element *e,
                const uint8_t *table, uint32_t num, uint32_t index, bool indirect) {
    bool writing = false;

    for (uint32_t seen = 0; seen < num; seen++) {
        struct vring_desc d;
        svga_copy_in(&d, table + (size_t)index * sizeof d, sizeof d);

        if (d.flags & VRING_DESC_F_INDIRECT) {
            if (indirect || d.len == 0 || d.len % sizeof d != 0 || (d.flags & VRING_DESC_F_NEXT) || seen > 0)
                return broken(q, "an indirect descriptor is malformed");
            const uint8_t *inner = vu_memory_guest(memory, d.addr, d.len);
            if (!inner)
                return broken(q, "an indirect descriptor lies outside the guest's memory");
            return walk(q, memory, e, inner, d.len / (uint32_t)sizeof d, 0, true);
        }
        if (d.flags & VRING_DESC_F_WRITE) {
            writing = true;
            if (add_writable(q, memory, &e->answer, &d) < 0)
                return -1;
        } else {
            if (writing)
                return broken(q, "a readable descriptor follows a writable one");
            if (add_readable(q, memory, e, &d) < 0)
                return -1;
        }
        if (!(d.flags & VRING_DESC_F_NEXT))
            return 0;
        index = d.next;
        if (index >= num)
            return broken(q, "a descriptor's next is outside the table");
    }
    return broken(q, "a chain of descriptors is a loop");
}

int vu_queue_pop(struct vu_queue *q, const struct vu_memory *memory, struct vu_element *e) {
    if (!vu_queue_ready(q))
        return q->broken ? -1 : 0;

    uint16_t idx = load16(q->avail, RING_IDX, memory_order_acquire);
    if (idx == q->last_avail) {
        if (!q->event_idx)
            return 0;
        /* Ask for a kick at the next entry, and look again: pairs with the driver, which writes the entry
         * before it reads this index. */
        store16(q->used, used_size(q), q->last_avail, memory_order_relaxed);
        svga_handshake_fence();
        idx = load16(q->avail, RING_IDX, memory_order_acquire);
        if (idx == q->last_avail)
            return 0;
    }
    if ((uint16_t)(idx - q->last_avail) > q->num)
        return broken(q, "the available index jumped");

    uint16_t head = load16(q->avail, RING_ENTRIES + (q->last_avail & (q->num - 1)) * sizeof(uint16_t),
                           memory_order_relaxed);
    if (head >= q->num)
        return broken(q, "the available ring names a descriptor that is not there");
    e->answer = (struct vu_answer){.head = head};
    e->count = e->at = 0;
    e->at_byte = 0;
    if (walk(q, memory, e, q->desc, q->num, head, false) < 0)
        return -1;
    q->last_avail++;
    return 1;
}

size_t vu_element_read(struct vu_element *e, void *buffer, size_t size) {
    size_t done = 0;
    while (done < size && e->at < e->count) {
        const struct vu_readable *r = &e->readable[e->at];
        size_t n = r->length - e->at_byte;
        if (n > size - done)
            n = size - done;
        svga_copy_in((char *)buffer + done, r->ptr + e->at_byte, n);
        done += n;
        e->at_byte += (uint32_t)n;
        if (e->at_byte == r->length) {
            e->at++;
            e->at_byte = 0;
        }
    }
    return done;
}

size_t vu_element_left(const struct vu_element *e) {
    size_t left = 0;
    for (unsigned i = e->at; i < e->count; i++)
        left += e->readable[i].length;
    return left - e->at_byte;
}

void vu_element_free(struct vu_element *e) {
    free(e->readable);
    *e = (struct vu_element){0};
}

void vu_queue_push(struct vu_queue *q, const struct vu_memory *memory, const struct vu_answer *answer,
                   const void *bytes, size_t size) {
    size_t done = 0;

    if (!q->desc) {
        if (q->stopped)
            defer(q, answer, bytes, size);
        return;
    }
    for (unsigned i = 0; i < answer->count && done < size; i++) {
        size_t n = size - done < answer->writable[i].length ? size - done : answer->writable[i].length;
        void *ptr = vu_memory_guest(memory, answer->writable[i].guest_addr, n);
        if (!ptr)
            break;
        memcpy(ptr, (const char *)bytes + done, n);
        done += n;
    }
    struct vring_used_elem used = {.id = answer->head, .len = (uint32_t)done};
    memcpy(q->used + RING_ENTRIES + (q->used_idx & (q->num - 1)) * sizeof used, &used, sizeof used);
    q->used_idx++;
    store16(q->used, RING_IDX, q->used_idx, memory_order_release);
}

/* Does the driver want an interrupt for what was added to the used ring? */
static bool wants_interrupt(struct vu_queue *q) {
    if (!q->event_idx)
        return !(load16(q->avail, RING_FLAGS, memory_order_relaxed) & VRING_AVAIL_F_NO_INTERRUPT);
    uint16_t old = q->signalled;
    bool valid = q->signalled_valid;
    q->signalled = q->used_idx;
    q->signalled_valid = true;
    return !valid ||
           vring_need_event(load16(q->avail, avail_size(q), memory_order_relaxed), q->used_idx, old);
}

void vu_queue_notify(struct vu_queue *q) {
    if (!q->desc)
        return;
    /* The used index before the driver's wish: pairs with the driver, which writes its wish and then looks at
     * the used index. */
    svga_handshake_fence();
    if (wants_interrupt(q) && q->call >= 0)
        vu_event_signal(q->call);
}
