// SPDX-License-Identifier: MIT
/* The door of `trillium run --carrier=socket`: a port of this machine's own that the program alone knows the token of; or, for a
 * VM, a socket at which its virtio-vsock device comes out. */
#ifndef HOST_BACKEND_CLI_RUN_REMOTE_H
#define HOST_BACKEND_CLI_RUN_REMOTE_H

#include "host-backend/cli/cli.h"
#include "host-backend/cli/private-broker.h"

/* Opens it, and says in the environment of what is started from now on how to reach it. 0, or -1 after saying why. */
int run_remote_open(struct private_broker *broker, const struct cli_paths *paths, enum cell_mode sandbox,
                    bool vm);

/* A connection to it, of a VM's: a socket that does not block, or a negative errno. */
int run_remote_stream(void);

/* Ends it, and those that came through it. */
void run_remote_close(void);

/* A session with the broker, as a connection of this process: a socket, or a negative errno. */
int run_open_session(const struct private_broker *broker);

#endif
