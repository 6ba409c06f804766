// SPDX-License-Identifier: MIT
/*
 * Is a mapping of a worker's gone? The kernel's word on it, from the worker's /proc/PID/maps.
 *
 * The worker is hostile, and can have as many mappings as the kernel lets it (65,530). Since Linux 6.11 one call answers,
 * however many there are; before, all up to the place in question are read.
 *
 * Threads: one per descriptor, whose position changes.
 */
#ifndef HOST_BACKEND_FRONT_BLANK_H
#define HOST_BACKEND_FRONT_BLANK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>

/* linux/fs.h's, which the installed headers may be older than. */
struct front_map_query {
    uint64_t size, flags, address;
    uint64_t start, end, vma_flags, page_size, offset, inode;
    uint32_t device_major, device_minor;
    uint32_t name_size, build_id_size;
    uint64_t name, build_id;
};
#define FRONT_MAP_QUERY _IOWR('f', 17, struct front_map_query)

/* True if there is nothing of a file in [from, from + size) of the addresses that `maps` is about. False also where they
 * are nobody's any more. */
bool front_is_blank(int maps, uint64_t from, uint64_t size);
/* The same, by reading. */
bool front_is_blank_by_reading(int maps, uint64_t from, uint64_t size);

#endif
