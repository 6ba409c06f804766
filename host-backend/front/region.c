// SPDX-License-Identifier: MIT
#include "host-backend/front/region.h"

#include <errno.h>
#include <stdlib.h>

#include "host-backend/front/define.h"

static void release_region(struct front_session *s, struct front_region *region) {
    for (uint32_t i = 0; i < region->count; i++)
        vgpu_resource_release(s->owner->gpu, region->resources[i]);
    region->count = 0;
}

void front_region_free(struct front_session *s, struct front_region *region) {
    struct front_region **at = &s->regions;
    while (*at != region)
        at = &(*at)->next;
    *at = region->next;
    release_region(s, region);
    vu_memory_unref(region->memory);
    free(region);
}

/* Takes the pages of a region that is there away, if the guest has asked for it. */
static void blank_if_asked(struct front_session *s, struct front_region *region) {
    if (region->stage != REGION_THERE || !region->deleting)
        return;
    region->stage = REGION_BLANKING;
    if (front_mapper_blank(&s->mapper, region, region->address, region->size) < 0)
        front_session_give_up(s, "the host is out of memory");
}

/* The device half has the addresses of a region: now the pages. */
static void map_region(struct front_session *s, struct front_region *region, uint64_t address) {
    uint32_t count;
    struct svga_link_piece *runs = front_define_runs(region, region->memory, &count);

    region->address = address;
    region->stage = REGION_MAPPING;
    if (!runs || front_mapper_map(&s->mapper, region, address, region->memory, runs, count) < 0)
        front_session_give_up(s, "the host is out of memory");
    free(runs);
}

void front_region_done(void *opaque, void *what, bool blank, int r) {
    struct front_session *s = opaque;
    struct front_region *region = what;

    if (r < 0) {
        front_session_give_up(s, r == -ENOMEM ? "the worker on the host can map no more memory"
                                              : "the worker on the host does not do as it is told");
    } else if (blank) {
        release_region(s, region);
        front_session_ask(s, SVGA_LINK_GMR_DELETE, region,
                          (struct svga_link_msg){.id = region->id, .seq = region->delete_seq});
    } else {
        region->stage = REGION_ENDING;
        front_session_ask(s, SVGA_LINK_GMR_PIECES, region,
                          (struct svga_link_msg){.id = region->id, .seq = region->seq});
    }
}

/* A region does not come about: said before its pages are given back, for who hears of that may look for it. */
static void refuse_region(struct front_session *s, struct front_region *region, int r) {
    front_session_answer(s, region->deleting ? region->delete_seq : region->seq, r);
    front_region_free(s, region);
}

/* Finds the resources that a GMR_DEFINE names, and takes them into use. NULL with errno. */
static struct front_region *take_resources(struct front_session *s, const struct svga_payload *payload) {
    const uint32_t *ids = (const uint32_t *)(payload + 1);
    struct front_region *region = calloc(1, sizeof *region + payload->count * sizeof(void *));
    if (!region)
        return NULL;
    region->id = payload->id;
    for (uint32_t i = 0; i < payload->count; i++) {
        struct vgpu_resource *r = vgpu_resource_of(s->owner->gpu, s->ctx, ids[i]);
        if (!r) {
            release_region(s, region);
            free(region);
            errno = ENOENT;
            return NULL;
        }
        vgpu_resource_use(r);
        region->resources[region->count++] = r;
    }
    return region;
}

int front_region_define(struct front_session *s, const struct svga_payload *payload) {
    struct vu_memory *memory = s->owner->gpu->backend.memory;
    struct front_region *region = take_resources(s, payload);
    if (!region)
        return -errno;
    region->next = s->regions;
    s->regions = region;
    region->seq = payload->seq;
    region->size = payload->arg;
    const struct svga_link_msg msg = {.flags = SVGA_LINK_BY_HAND | SVGA_LINK_MORE,
                                      .seq = payload->seq,
                                      .id = payload->id,
                                      .arg = payload->arg,
                                      .address = payload->address};
    int r = front_define_check(region, &msg, memory);
    if (r < 0) {
        front_region_free(s, region);
        return r;
    }
    region->memory = vu_memory_ref(memory);
    front_session_ask(s, SVGA_LINK_GMR_DEFINE, region, msg);
    return 0;
}

void front_region_delete(struct front_session *s, uint32_t id, uint32_t seq) {
    struct front_region *region = s->regions;
    while (region && (region->id != id || region->deleting))
        region = region->next;
    if (!region) { /* the device half shall say so */
        front_session_ask(s, SVGA_LINK_GMR_DELETE, NULL, (struct svga_link_msg){.id = id, .seq = seq});
        return;
    }
    region->deleting = true;
    region->delete_seq = seq;
    blank_if_asked(s, region);
}

void front_region_replied(struct front_session *s, struct front_region *region, enum svga_link_type type,
                          const struct svga_link_msg *msg) {
    if (type == SVGA_LINK_GMR_DELETE) {
        front_region_free(s, region);
    } else if (type == SVGA_LINK_GMR_PIECES && msg->arg == 0) {
        region->stage = REGION_THERE;
        blank_if_asked(s, region);
    } else if (type == SVGA_LINK_GMR_PIECES) {
        front_session_give_up(
            s, "the worker on the host refused what is mapped into it"); /* it has said so to the guest */
    } else if (msg->arg != 0) {
        refuse_region(s, region, -(int)(msg->arg & 0xfff));
    } else {
        map_region(s, region, msg->address);
    }
}
