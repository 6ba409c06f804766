// SPDX-License-Identifier: MIT
/*
 * The lists of system calls, as rules of libseccomp's. A build makes the kernel's programs of them (main.c here), since that takes
 * 3 ms for each, of which a worker's start needs two; nothing of this is in the programs that people run.
 *
 * Each function adds to a filter: 0, or a negative errno. Calls that this processor does not have are among them.
 */
#ifndef HOST_BACKEND_CELL_FILTER_RULES_H
#define HOST_BACKEND_CELL_FILTER_RULES_H

#include <stddef.h>

#include <seccomp.h>

#include "host-backend/cell/daemon.h"
#include "host-backend/cell/filters.h"

#define CALL(name) SCMP_SYS(name)

int rules_allow(scmp_filter_ctx f, const int *calls, size_t count);
#define RULES_ALLOW(f, calls) rules_allow(f, calls, sizeof(calls) / sizeof(calls)[0])

/* A worker's, with the device calls of these kinds of drivers (struct cell_filter). */
int rules_worker(scmp_filter_ctx f, unsigned kinds);
int rules_daemon(scmp_filter_ctx f, enum daemon_wall wall);

/* What a worker may make whatever their arguments. */
int rules_worker_calls(scmp_filter_ctx f);
/* fcntl, but for the requests by which a descriptor sends signals, to whom and which one likes. */
int rules_fcntl(scmp_filter_ctx f);
/* One's own limits only: a null process. Raising them is not for who has no right to it; that of core files cannot be lowered
 * either (limits.c). */
int rules_own_limits(scmp_filter_ctx f);

#endif
