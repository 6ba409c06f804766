// SPDX-License-Identifier: MIT
#include "host-backend/vhost-user/resource.h"

#include <stdlib.h>

static struct vgpu_resource **bucket(struct vgpu_resources *t, uint32_t id) {
    return &t->buckets[id % VGPU_RESOURCE_BUCKETS];
}

struct vgpu_resource *vgpu_resource_find(struct vgpu_resources *t, uint32_t id) {
    struct vgpu_resource *r = *bucket(t, id);
    while (r && r->id != id)
        r = r->next;
    return r;
}

struct vgpu_resource *vgpu_resource_add(struct vgpu_resources *t, uint32_t id) {
    if (id == 0 || t->count >= VGPU_MAX_RESOURCES || vgpu_resource_find(t, id))
        return NULL;
    struct vgpu_resource *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->id = id;
    r->next = *bucket(t, id);
    *bucket(t, id) = r;
    t->count++;
    return r;
}

void vgpu_resource_remove(struct vgpu_resources *t, struct vgpu_resource *r) {
    struct vgpu_resource **at = bucket(t, r->id);
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    t->count--;
    vgpu_resource_drop_pieces(t, r);
    while (r->held) {
        struct vgpu_held *held = r->held;
        r->held = held->next;
        free(held);
    }
    if (r->users > 0)
        r->orphan = true;
    else
        free(r);
}

void vgpu_resource_remove_all(struct vgpu_resources *t) {
    for (uint32_t i = 0; i < VGPU_RESOURCE_BUCKETS; i++) {
        for (struct vgpu_resource *r = t->buckets[i], *next; r; r = next) {
            next = r->next;
            vgpu_resource_remove(t, r);
        }
    }
}

bool vgpu_resource_add_piece(struct vgpu_resources *t, struct vgpu_resource *r, uint64_t guest_addr,
                             uint64_t length) {
    struct vgpu_piece *last = r->piece_count > 0 ? &r->pieces[r->piece_count - 1] : NULL;

    if (length == 0 || guest_addr > UINT64_MAX - length || r->size > UINT64_MAX - length)
        return false;
    if (last && last->guest_addr + last->length == guest_addr) {
        last->length += length;
        r->size += length;
        return true;
    }
    if (t->pieces >= VGPU_MAX_PIECES)
        return false;
    if (!r->pieces || r->piece_count == r->piece_capacity) {
        uint32_t capacity = r->piece_capacity ? r->piece_capacity * 2 : 4;
        struct vgpu_piece *bigger = realloc(r->pieces, capacity * sizeof *bigger);
        if (!bigger)
            return false;
        r->pieces = bigger;
        r->piece_capacity = capacity;
    }
    r->pieces[r->piece_count++] = (struct vgpu_piece){guest_addr, length};
    r->size += length;
    t->pieces++;
    return true;
}

void vgpu_resource_drop_pieces(struct vgpu_resources *t, struct vgpu_resource *r) {
    t->pieces -= r->piece_count;
    free(r->pieces);
    r->pieces = NULL;
    r->piece_count = r->piece_capacity = 0;
    r->size = 0;
}
