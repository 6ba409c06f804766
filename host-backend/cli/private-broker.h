// SPDX-License-Identifier: MIT
/*
 * A broker of one's own: a child process that serves the guests of one `trillium run` and ends with it.
 *
 * Guests reach it through a socket in a folder of its own below $TMPDIR, wherever they have got to: as another
 * user, in another pid or user namespace. The child removes the folder, or else its parent does; where both are
 * killed, the next run. What cannot work: where the file system or the variable TRILLIUM_SHM is hidden from the
 * program. The devices end with the program: what it leaves running in the background has lost them.
 */
#ifndef HOST_BACKEND_CLI_PRIVATE_BROKER_H
#define HOST_BACKEND_CLI_PRIVATE_BROKER_H

#include "host-backend/broker/broker.h"

#include <sys/types.h>

enum { PRIVATE_BROKER_PATH = 88 };

struct private_broker {
    pid_t pid;
    char dir[PRIVATE_BROKER_PATH];
    char path[PRIVATE_BROKER_PATH + 8]; /* where guests connect */
};

/* Starts the child and returns once it listens. It gets SIGTERM when the calling thread's process ends,
 * however it ends. Signals of the terminal do not reach it. 0, or -1 with a reason. */
int private_broker_start(struct private_broker *b, const struct broker_config *config,
                         char why[BROKER_WHY_SIZE]);

/* Ends it and waits; kills it after a while if it does not end. */
void private_broker_stop(struct private_broker *b);

/* Removes a folder of trace files (broker_config.profile_dir). The child does so itself when its parent is
 * gone. */
void private_broker_remove_traces(const char *dir);

#endif
