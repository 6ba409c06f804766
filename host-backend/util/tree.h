// SPDX-License-Identifier: MIT
/* A folder and all below it. */
#ifndef HOST_BACKEND_UTIL_TREE_H
#define HOST_BACKEND_UTIL_TREE_H

/* Removes what of it can be removed. Somebody hostile may still write to it (not to the folders that `path` leads through):
 * no link is followed, whatever is put in the place of what meanwhile. Nothing happens if it is no folder. */
void tree_remove(const char *path);

#endif
