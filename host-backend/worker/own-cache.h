// SPDX-License-Identifier: MIT
/*
 * What drivers keep of what they compile, in the file system that the wall "root" gives this worker alone (host-backend/cell/root.h).
 *
 * Threads: any.
 */
#ifndef HOST_BACKEND_WORKER_OWN_CACHE_H
#define HOST_BACKEND_WORKER_OWN_CACHE_H

#include <stdint.h>

/* How many files and folders are in it. 0: there is none; what drivers keep then outlives this worker, or cannot be counted. */
uint64_t own_cache_files(void);

#endif
