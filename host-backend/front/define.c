// SPDX-License-Identifier: MIT
#include "host-backend/front/define.h"

#include <errno.h>
#include <stdlib.h>

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

struct svga_link_piece *front_define_runs(const struct front_region *region, const struct vu_memory *memory,
                                          uint32_t *count) {
    struct walk w = {.region = region, .memory = memory};
    struct svga_link_piece run, *runs;

    *count = 0;
    while (next(&w, &run) > 0)
        ++*count;
    runs = calloc(*count > 0 ? *count : 1, sizeof *runs);
    w = (struct walk){.region = region, .memory = memory};
    for (uint32_t i = 0; runs && i < *count; i++)
        next(&w, &runs[i]);
    return runs;
}
