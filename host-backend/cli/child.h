// SPDX-License-Identifier: MIT
/* The program of `trillium run`: started, handed the signals that reach us, waited for. */
#ifndef HOST_BACKEND_CLI_CHILD_H
#define HOST_BACKEND_CLI_CHILD_H

#include <sys/types.h>

/* Call first of all: children are waited for here, also where whoever started us ignores their ends (then the
 * kernel would forget them). The program of `trillium run` is started with what we were started with. */
void child_heed(void);

/* Blocks the signals that child_wait handles. Call first of all, before any thread or child. */
void child_block_signals(void);

/* Starts argv[0], looked up in PATH, with the environment as it is then and the signals as they were before
 * child_block_signals. It dies with us. On failure returns -1 and leaves 126 or 127 in *status; `why` is
 * errno. */
pid_t child_start(char **argv, int *status, int *why);

/* Waits until a child has said something through its pipe, or has closed it. One that was stopped is woken once we are asked to end:
 * what is asked of us with signals blocked is seen to when there is a program to hand it on to. */
void child_await(int report, pid_t pid);

/* Waits for `pid` and forwards signals to it. `watched` is another child: when it ends first, `lost` is
 * called, once. Returns the exit status to end with. */
int child_wait(pid_t pid, pid_t watched, void (*lost)(int wait_status));

#endif
