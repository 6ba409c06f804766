// SPDX-License-Identifier: MIT
/* trillium profile --attach: the latency profile of a guest that runs. */
#ifndef HOST_BACKEND_CLI_ATTACH_H
#define HOST_BACKEND_CLI_ATTACH_H

#include <stdbool.h>

/*
 * Records in `file`, as `trillium run --profile` does, what all processes of the guest (its number or name in
 * `trillium ls`) do from now on, for `seconds` or, with 0, until SIGINT or SIGTERM; processes that begin meanwhile are
 * joined within a second. `all`: every command, also where they are so many and short that only a sample is worth its cost. 0, or -1 after saying why.
 */
int attach(const char *guest, double seconds, bool all, const char *file);

#endif
