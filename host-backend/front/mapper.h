// SPDX-License-Identifier: MIT
/*
 * Maps a VM's memory into one worker, by the worker's hand (svga-model/hand.h): the worker gets the pages of
 * its regions, and never a descriptor.
 *
 * Jobs are carried out one after the other and tell of their end by a callback, on the front's thread. The
 * worker is hostile: what its hand asks is compared with what is due, that a mapping is gone is read from the
 * kernel, and nothing here waits for it.
 */
#ifndef HOST_BACKEND_FRONT_MAPPER_H
#define HOST_BACKEND_FRONT_MAPPER_H

#include <stdbool.h>

#include "host-backend/vhost-user/loop.h"
#include "host-backend/vhost-user/memory.h"
#include "svga-model/hand.h"
#include "svga-model/link.h"

struct front_job;

struct front_mapper {
    struct vu_loop *loop;
    struct vu_source source;
    int fds[SVGA_HAND_FDS]; /* -1: closed */
    int null;               /* what the hand has in the descriptor's place, between calls */
    int lent;               /* what it has now; -1: nothing */
    struct front_job *first, *last;
    bool waits;       /* the hand waits for a job, */
    uint64_t waiting; /* by this notification */
    void *opaque;
    /* 0, or a negative errno: -ENOMEM, the worker can have no more mappings. `region` is the job's. The
     * mapper may be stopped by it. */
    void (*done)(void *opaque, void *region, bool blank, int r);
    void (*broken)(void *opaque); /* the hand did what it was not told, or is gone */
};

/* Takes `fds` over, also on failure. 0 or a negative errno. */
int front_mapper_start(struct front_mapper *m, struct vu_loop *loop, const int fds[SVGA_HAND_FDS]);

/* Adds a job: maps a region's pages at `address`, `count` pieces of the memory table in order. */
int front_mapper_map(struct front_mapper *m, void *region, uint64_t address, struct vu_memory *memory,
                     const struct svga_link_piece *pieces, uint32_t count);
/* Adds a job: takes the pages away again. */
int front_mapper_blank(struct front_mapper *m, void *region, uint64_t address, uint64_t size);

/* Milliseconds since the oldest job was given; -1: there is none. */
int64_t front_mapper_busy_ms(const struct front_mapper *m);

/* Lets go of the hand; jobs are dropped. */
void front_mapper_stop(struct front_mapper *m);
/* Has nobody the worker's memory any more? Only then is what was mapped there certainly gone. */
bool front_mapper_worker_gone(const struct front_mapper *m);
void front_mapper_finish(struct front_mapper *m);

#endif
