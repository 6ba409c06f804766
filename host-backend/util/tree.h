// SPDX-License-Identifier: MIT
/* A folder and all below it. */
#ifndef HOST_BACKEND_UTIL_TREE_H
#define HOST_BACKEND_UTIL_TREE_H

/* Removes what of it can be removed, and follows no links. */
void tree_remove(const char *path);

#endif
