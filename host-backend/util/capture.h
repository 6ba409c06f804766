// SPDX-License-Identifier: MIT
/* What another program says. */
#ifndef HOST_BACKEND_UTIL_CAPTURE_H
#define HOST_BACKEND_UTIL_CAPTURE_H

#include <stddef.h>

/* Runs argv[0] (looked up in PATH) for at most `seconds`, the beginning of its standard output into `out`, with a
 * NUL behind it; its standard error goes nowhere. Returns its exit status, 127 if it could not be run, 124 if it took
 * too long, 128 + n if signal n ended it. */
int capture(char *const argv[], char *out, size_t room, int seconds);

#endif
