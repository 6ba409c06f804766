// SPDX-License-Identifier: MIT
/*
 * Lists of system calls as the kernel runs them (seccomp(2), SECCOMP_SET_MODE_FILTER). The build makes them of the rules in filter/.
 * What is not on a list does not exist (ENOSYS).
 */
#ifndef HOST_BACKEND_CELL_FILTERS_H
#define HOST_BACKEND_CELL_FILTERS_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

/* Instructions that a filter may have. */
enum { FILTER_MOST = 2048 };

/* Stands for the number of the process that loads a filter; no process has it. */
#define FILTER_SELF UINT32_C(0x53454c46)

struct cell_filter {
    const struct sock_filter *code;
    unsigned short length;
    unsigned short self; /* the instruction that compares with FILTER_SELF; 0: none */
};

/* A worker's, by the kinds of drivers whose devices are there: bit i - 1 stands for cell_drivers[i], the first is always there. */
extern const struct cell_filter worker_filters[];
/* The daemon's own, by enum daemon_wall. */
extern const struct cell_filter daemon_filters[];

/* For good, and no-new-privileges too. `all_threads`: of this process, else of the calling one and those that it starts. 0, or a negative
 * errno: nothing has changed then but no-new-privileges. */
int filter_load(const struct cell_filter *f, bool all_threads);

#endif
