// SPDX-License-Identifier: MIT
#include "host-backend/front/blank.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { OR_NEXT = 0x10, OF_FILE = 0x20 }; /* the mapping at an address or behind it; of files alone */

bool front_is_blank_by_reading(int maps, uint64_t from, uint64_t size) {
    char line[512];
    bool blank = true, any = false, behind = false;
    int copy = dup(maps);
    FILE *in = copy < 0 || lseek(copy, 0, SEEK_SET) != 0 ? NULL : fdopen(copy, "r");

    while (in && !behind && fgets(line, sizeof line, in)) {
        unsigned long start, end, offset, inode;
        unsigned major, minor;
        if (sscanf(line, "%lx-%lx %*s %lx %x:%x %lu", &start, &end, &offset, &major, &minor, &inode) != 6)
            continue; /* the rest of a long name */
        any = true;
        behind = start >= from + size; /* they are in order */
        if (inode != 0 && start < from + size && end > from)
            blank = false;
    }
    if (in)
        fclose(in);
    else if (copy >= 0)
        close(copy);
    return blank && any;
}

bool front_is_blank(int maps, uint64_t from, uint64_t size) {
    struct front_map_query q = {.size = sizeof q, .flags = OR_NEXT | OF_FILE, .address = from};

    if (ioctl(maps, FRONT_MAP_QUERY, &q) == 0)
        return q.start >= from + size;
    return errno == ENOENT || (errno == ENOTTY && front_is_blank_by_reading(maps, from, size));
}
