// SPDX-License-Identifier: MIT
/*
 * How a region's guest pages are described to a device half: as runs of the descriptors of the VM's memory
 * table, in as many datagrams as it takes.
 */
#ifndef HOST_BACKEND_FRONT_DEFINE_H
#define HOST_BACKEND_FRONT_DEFINE_H

#include "host-backend/front/session.h"

/* More runs than this no device half maps: it stays below vm.max_map_count (65530). */
#define FRONT_MAX_RUNS 60000u

/* Can the region be described, and is it msg->arg bytes? 0, -EINVAL, or -ENOSPC: too many runs. */
int front_define_check(const struct front_region *region, const struct svga_link_msg *msg,
                       const struct vu_memory *memory);

/* Hands the GMR_DEFINE `msg`, with pieces, and its GMR_PIECES to `send`, in order; the flags of `msg` go with
 * the last. front_define_check was good. 0, or what `send` returned if that is negative. */
int front_define_send(const struct front_region *region, const struct svga_link_msg *msg,
                      struct vu_memory *memory,
                      int (*send)(void *opaque, const struct svga_link_msg *msg,
                                  const struct svga_link_piece *pieces, const struct front_pieces *of),
                      void *opaque);

#endif
