// SPDX-License-Identifier: MIT
#include "host-backend/worker/own-cache.h"

#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "host-backend/cell/root.h"

uint64_t own_cache_files(void) {
    const char *cache = getenv("XDG_CACHE_HOME");
    struct statfs fs;

    if (getenv("POCL_CACHE_DIR") || !cache || strcmp(cache, CELL_CACHE) != 0 || statfs(cache, &fs) < 0 ||
        fs.f_type != TMPFS_MAGIC || fs.f_files < fs.f_ffree)
        return 0;
    return fs.f_files - fs.f_ffree;
}
