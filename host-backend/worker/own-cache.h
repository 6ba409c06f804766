// SPDX-License-Identifier: MIT
/*
 * What drivers keep of what they compile, in the file system that the wall "root" gives this worker alone (host-backend/cell/root.h).
 *
 * Threads: any.
 */
#ifndef HOST_BACKEND_WORKER_OWN_CACHE_H
#define HOST_BACKEND_WORKER_OWN_CACHE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether it grew at times that count. Zeroed at first. */
struct own_cache_growth {
    uint64_t files; /* when that was last noted; 0: never, or there is no cache to look at */
    bool grown;     /* there were more at a look than when it was noted */
};

/* What is there now is no growth, and what comes from here on is. */
static inline void own_cache_note(struct own_cache_growth *g, uint64_t files) {
    g->files = files;
}

/* Looks. Before anything was noted, whatever is there is a driver's own beginning. */
static inline void own_cache_look(struct own_cache_growth *g, uint64_t files) {
    g->grown = g->grown || (g->files > 0 && files > g->files);
}

/* How many files and folders are in it. 0: there is none; what drivers keep then outlives this worker, or cannot be counted. */
uint64_t own_cache_files(void);

#endif
