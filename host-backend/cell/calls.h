// SPDX-License-Identifier: MIT
/* The system calls that a worker may make whatever their arguments: numbers as seccomp_syscall_resolve_name(3)
 * gives them, those that this processor does not have among them. */
#ifndef HOST_BACKEND_CELL_CALLS_H
#define HOST_BACKEND_CELL_CALLS_H

#include <stddef.h>

#include <seccomp.h>

extern const int cell_worker_calls[];
extern const size_t cell_worker_call_count;

/* fcntl, but for the requests by which a descriptor sends signals, to whom and which one likes. 0 or a negative errno. */
int cell_allow_fcntl(scmp_filter_ctx f);
/* One's own limits only: a null process. Raising them is not for who has no right to it; that of core files cannot be lowered
 * either (limits.c). */
int cell_allow_own_limits(scmp_filter_ctx f);

#endif
