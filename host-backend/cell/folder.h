// SPDX-License-Identifier: MIT
/*
 * Where the wall "root" does not stand: a folder of the machine for each worker, in which it and its driver keep their temporary
 * files and caches. Another worker has another, and nothing of it outlives its worker, so that nobody runs what another has left.
 *
 * Made ahead in the daemon, filled in between clone and exec, where nothing may be allocated.
 */
#ifndef HOST_BACKEND_CELL_FOLDER_H
#define HOST_BACKEND_CELL_FOLDER_H

#include <sys/types.h>

struct cell_folder;

/* Removes what daemons have left in $TMPDIR or /tmp that were killed, whose workers ended with them. */
void cell_folder_sweep(void);
/* A new folder there that holds those of the workers. NULL with errno. */
struct cell_folder *cell_folder_create(void);
/* With all that is in it. NULL is ignored. */
void cell_folder_destroy(struct cell_folder *f);

/* "NAME=value" for a worker's environment, ended by NULL. They name the right folder once cell_folder_enter has been called, in the
 * process that called it. */
const char *const *cell_folder_variables(const struct cell_folder *f);

/* In the child, before it changes its user: makes the folder of the worker that the host knows by the number in `pid`, for user and
 * group `id` (-1: who makes it). 0 or a negative errno. Async-signal-safe. */
int cell_folder_enter(struct cell_folder *f, const char *pid, uid_t id);

/* The worker has ended: removes its folder. */
void cell_folder_leave(const struct cell_folder *f, pid_t pid);

#endif
