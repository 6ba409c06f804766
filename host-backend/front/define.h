// SPDX-License-Identifier: MIT
/*
 * A region's guest pages as runs of the descriptors of the VM's memory table.
 */
#ifndef HOST_BACKEND_FRONT_DEFINE_H
#define HOST_BACKEND_FRONT_DEFINE_H

#include "host-backend/front/session.h"

/* More runs than this no device half maps: it stays below vm.max_map_count (65530). */
#define FRONT_MAX_RUNS 60000u

/* Can the region be described, and is it msg->arg bytes? 0, -EINVAL, or -ENOSPC: too many runs. */
int front_define_check(const struct front_region *region, const struct svga_link_msg *msg,
                       const struct vu_memory *memory);

/* The region's runs, in order: *count pieces of the memory table, to be freed. NULL when out of memory.
 * front_define_check was good. */
struct svga_link_piece *front_define_runs(const struct front_region *region, const struct vu_memory *memory,
                                          uint32_t *count);

#endif
