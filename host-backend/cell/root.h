// SPDX-License-Identifier: MIT
/*
 * The root of a cell: a list of steps that is made ahead, in the parent, and carried out between clone and
 * exec, where nothing may be allocated.
 *
 * The new root is a small tmpfs that holds what drivers need of the machine, read-only, a /proc of its own,
 * and a private folder for what they write. Everything else of the machine is not there.
 */
#ifndef HOST_BACKEND_CELL_ROOT_H
#define HOST_BACKEND_CELL_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host-backend/cell/cell.h"

/* The folder of a cell that may be written to: HOME, TMPDIR and the drivers' caches. */
#define CELL_PRIVATE "/tmp"
#define CELL_CACHE CELL_PRIVATE "/cache"

enum { ROOT_MAX_GROUPS = 16 };

struct root_step {
    enum root_what { ROOT_DIR, ROOT_FILE, ROOT_LINK, ROOT_BIND, ROOT_NODE } what;
    char *path;   /* in the new root */
    char *source; /* a path of the machine, or what a link holds */
};

struct root {
    struct root_step *steps;
    size_t count, room;
    bool bad;                      /* out of memory */
    gid_t groups[ROOT_MAX_GROUPS]; /* that may open the devices */
    size_t group_count;
};

/* What this machine's drivers need, by the table of drivers.h, the loader's variables in the environment and
 * what the ICD files name. False when out of memory. */
bool root_plan(struct root *root, const struct cell_config *config);
void root_free(struct root *root);

/* Makes it the root of the calling process, which has a mount namespace of its own and may mount in it.
 * Async-signal-safe. 0, or a negative errno. */
int root_enter(const struct root *root);

#endif
