// SPDX-License-Identifier: MIT
/* What cases share that need a process of their own: they run this program again as one of its helpers. */
#ifndef TESTS_E2E_PROCESS_H
#define TESTS_E2E_PROCESS_H

#include "conform.h"

/* Runs a helper for at most 60 s; its standard output in `out`. Returns its wait status, or -1 if it hung. */
int run_helper(const char *name, char *out, size_t room);
/* A check that it ended with status 0. */
bool ended_well(int status, const char *name);

/* Helpers that are not in process.c. */
void helper_fork_look(void);
void helper_fork_handles(void);

#endif
