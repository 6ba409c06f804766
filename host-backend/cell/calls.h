// SPDX-License-Identifier: MIT
/* The system calls that a worker may make whatever their arguments: numbers as seccomp_syscall_resolve_name(3)
 * gives them, those that this processor does not have among them. */
#ifndef HOST_BACKEND_CELL_CALLS_H
#define HOST_BACKEND_CELL_CALLS_H

#include <stddef.h>

extern const int cell_worker_calls[];
extern const size_t cell_worker_call_count;

#endif
