// SPDX-License-Identifier: MIT
/* Limits of a worker's process: memory, processes, descriptors, files, cores. Async-signal-safe. */
#ifndef HOST_BACKEND_CELL_LIMITS_H
#define HOST_BACKEND_CELL_LIMITS_H

/* What the private folder of a cell may hold, and the largest file: in bytes, and as tmpfs(5) wants it. */
#define CELL_PRIVATE_BYTES (1ull << 30)
#define CELL_PRIVATE_SIZE "1g"

/* Threads count; some drivers start one for each queue. */
#define CELL_MAX_PROCESSES 2048

/* Of the calling process and those that it starts. Needs /proc. 0, or a negative errno. */
int cell_limits_set(void);

/* No core of the calling process, or of what it starts, for anybody's reader. Needs /proc. 0, or a negative errno. */
int cell_limits_no_core(void);

/* When memory runs out, the kernel is to end a worker first. Needs /proc. 0, or a negative errno. */
int cell_limits_first_victim(void);

#endif
