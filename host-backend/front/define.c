// SPDX-License-Identifier: MIT
#include "host-backend/front/define.h"

#include <errno.h>

enum { PAGE = 4096 };

/* A walk over a region's runs: each lies in one region of the memory table. */
struct walk {
    const struct front_region *region;
    const struct vu_memory *memory;
    uint32_t resource, piece;
    uint64_t done; /* bytes of the piece */
};

/* The next run: 1; 0: the end; -EINVAL: it is not all in the guest's memory, or not made of pages. */
static int next(struct walk *w, struct svga_link_piece *run) {
    while (w->resource < w->region->count && w->piece == w->region->resources[w->resource]->piece_count) {
        w->resource++;
        w->piece = 0;
    }
    if (w->resource == w->region->count)
        return 0;
    const struct vgpu_piece *p = &w->region->resources[w->resource]->pieces[w->piece];
    uint64_t at = p->guest_addr + w->done, length = p->length - w->done;
    int i = vu_memory_find(w->memory, at, 1);
    if (i < 0)
        return -EINVAL;
    const struct vu_mapped_region *m = &w->memory->regions[i];
    if (length > m->size - (at - m->guest_addr))
        length = m->size - (at - m->guest_addr); /* neighbours were merged across two regions of the table */
    *run = (struct svga_link_piece){
        .fd = (uint32_t)i, .offset = m->offset + (at - m->guest_addr), .length = length};
    if (run->offset % PAGE != 0 || run->length % PAGE != 0)
        return -EINVAL;
    w->done += length;
    if (w->done == p->length) {
        w->piece++;
        w->done = 0;
    }
    return 1;
}

int front_define_check(const struct front_region *region, const struct svga_link_msg *msg,
                       const struct vu_memory *memory) {
    struct walk w = {.region = region, .memory = memory};
    struct svga_link_piece run;
    uint64_t size = 0;
    uint32_t runs = 0;
    int r;

    while ((r = next(&w, &run)) > 0) {
        if (++runs > FRONT_MAX_RUNS)
            return -ENOSPC;
        size +=
            run.length; /* the sizes of distinct pieces of the memory table: cannot wrap with 60000 runs */
    }
    return r == 0 && size == msg->arg && size > 0 ? 0 : -EINVAL;
}

int front_define_send(const struct front_region *region, const struct svga_link_msg *msg,
                      struct vu_memory *memory,
                      int (*send)(void *opaque, const struct svga_link_msg *msg,
                                  const struct svga_link_piece *pieces, const struct front_pieces *of),
                      void *opaque) {
    _Static_assert(VU_MAX_REGIONS <= SVGA_LINK_MAX_FDS, "a datagram can carry the whole memory table");
    struct walk w = {.region = region, .memory = memory};
    struct front_pieces of = {.memory = memory, .fd_count = memory->count};
    struct svga_link_piece runs[SVGA_LINK_MAX_PIECES], ahead;
    struct svga_link_msg part = *msg;
    int more, r = 0;

    for (unsigned i = 0; i < memory->count; i++)
        of.fds[i] = memory->regions[i].fd;
    more = next(&w, &ahead);
    while (more > 0 && r == 0) {
        for (part.piece_count = 0; more > 0 && part.piece_count < SVGA_LINK_MAX_PIECES;
             more = next(&w, &ahead))
            runs[part.piece_count++] = ahead;
        part.flags = more > 0 ? SVGA_LINK_MORE : msg->flags;
        r = send(opaque, &part, runs, &of);
        part.type = SVGA_LINK_GMR_PIECES;
    }
    return r;
}
