// SPDX-License-Identifier: MIT
/*
 * Where a user's files are kept (XDG Base Directory Specification).
 *
 * The home is $HOME where that is an absolute path of a folder, else what the user database says, under the
 * same conditions. The root folder is nobody's home, whatever a service manager puts into $HOME: nothing is
 * ever made there.
 *
 * Threads: not beside setenv(3).
 */
#ifndef HOST_BACKEND_UTIL_HOME_H
#define HOST_BACKEND_UTIL_HOME_H

#include <limits.h>
#include <stdbool.h>

/* False: the user has no home. */
bool home_folder(char path[PATH_MAX]);

/* $`variable`/`rest` where that variable holds an absolute path, else `below` and `rest` in the home:
 * home_place(path, "XDG_CACHE_HOME", ".cache", "trillium"). False: there is no home, or the path is too long.
 * Makes nothing. */
bool home_place(char path[PATH_MAX], const char *variable, const char *below, const char *rest);

#endif
