// SPDX-License-Identifier: MIT
/*
 * The control socket between the broker and a worker: SOCK_SEQPACKET, one byte a datagram.
 */
#ifndef HOST_BACKEND_WORKER_CONTROL_H
#define HOST_BACKEND_WORKER_CONTROL_H

enum control {
    CONTROL_READY = 'r',   /* worker to broker: warm */
    CONTROL_HURRY = 'h',   /* broker to worker: a guest waits; warm up no further */
    CONTROL_SESSION = 's', /* broker to worker, with the session's socket in SCM_RIGHTS */
};

#endif
