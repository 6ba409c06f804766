// SPDX-License-Identifier: MIT
/*
 * Sockets that a service manager listens on for this process: $LISTEN_PID and $LISTEN_FDS (sd_listen_fds(3)).
 *
 * Threads: to be called before there are others; it changes the environment.
 */
#ifndef HOST_BACKEND_LISTEN_PASSED_H
#define HOST_BACKEND_LISTEN_PASSED_H

#include "host-backend/listen/listen.h"

struct listen_passed {
    struct listen_socket guests; /* SOCK_SEQPACKET: of process guests; fd -1: none */
    struct listen_socket vm;     /* SOCK_STREAM: of a VM's QEMU; fd -1: none */
};

/* Takes over what was passed, and forgets the variables, so that no child takes it for its own. Their names in
 * the file system stay the manager's. 0, also where nothing was passed; -1 with a sentence: a socket is of
 * neither kind, or there are two of one. */
int listen_take_passed(struct listen_passed *p, char *why, size_t why_size);

#endif
