// SPDX-License-Identifier: MIT
/*
 * The control socket between the broker and a worker: SOCK_SEQPACKET, one byte a datagram.
 */
#ifndef HOST_BACKEND_WORKER_CONTROL_H
#define HOST_BACKEND_WORKER_CONTROL_H

enum control_byte {
    CONTROL_READY = 'r', /* worker to broker: the drivers are loaded, a session may come */
    CONTROL_HURRY = 'h', /* broker to worker: a guest waits; claim the CPUs as any process does */
    CONTROL_WARM_UP =
        'u',            /* broker to worker: run the drivers' compilers ahead of need; no session comes before
                              the answer */
    CONTROL_WARM = 'w', /* worker to broker: done */
    CONTROL_SESSION = 's', /* broker to worker, with the session's socket in SCM_RIGHTS */
    CONTROL_PROFILE = 'p', /* broker to worker that serves a guest, with a socket in SCM_RIGHTS (attach.h) */
    CONTROL_PROFILE_ALL =
        'a', /* on that socket, with the file: all commands; CONTROL_PROFILE: a sample, where they are many */
    CONTROL_TAKEN = 't', /* worker to broker: it has the session, and begins to read it only now */
};

enum { CONTROL_KINDS = 3 /* that a worker sends, each once */ };

#endif
