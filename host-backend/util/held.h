// SPDX-License-Identifier: MIT
/*
 * Folders that are held: whoever makes one has its lock for as long as it lives, however it ends, so that who comes later tells
 * what was left behind by somebody who was killed from what is in use, and takes it away.
 */
#ifndef HOST_BACKEND_UTIL_HELD_H
#define HOST_BACKEND_UTIL_HELD_H

#include <stddef.h>
#include <sys/types.h>

/* Makes BASE/PREFIXXXXXXX (six characters of mkdtemp's), whose path goes to `path`. The descriptor that holds it, which children
 * have too until they execute something; or a negative errno. */
int held_make(const char *base, const char *prefix, mode_t mode, char *path, size_t size);

/* Calls `left` for each such folder of this user's that nobody holds, which it may remove: nobody else takes it meanwhile. */
void held_sweep(const char *base, const char *prefix, void (*left)(const char *path));

#endif
