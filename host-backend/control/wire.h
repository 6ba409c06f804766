// SPDX-License-Identifier: MIT
/*
 * What is said at the control's socket: SOCK_SEQPACKET, each packet one JSON object of at most WIRE_MOST bytes.
 *
 * A daemon's broker says, once for each of its workers and before that serves anybody,
 *     {"do": "join", "session": N, "worker": PID, "pid": PID, "uid": N, "vm": NAME}
 * with board, bell and life (board.h, worker/lifeline.h; older daemons have no life) and
 * hears {"ok": true, "guest": NAME} or {"ok": false, "why": TEXT}; "vm" is there for VMs only, "pid" and "uid" for
 * processes. When its guest has gone and the worker is about to end it says {"do": "over", "session": N}, and hears nothing.
 * At any time it may hear
 *     {"do": "kill", "session": N, "why": TEXT}, {"do": "profile", "session": N} with a socket for the worker
 * (worker/attach.h), or {"do": "gone", "session": N}.
 * The end of bell or life tells the control of the end of a worker, which it passes on by "gone": one that goes on without
 * has made it up.
 *
 * An administrator's command says {"do": "list", "after": ID}, and hears {"guest": {...}} for a few with greater ids and
 * {"ok": true, "last": ID, ...}, with 0 where there was none;
 * or {"do": "limit", "guest": G, "set": {NAME: TEXT}}, {"do": "pause" | "resume" | "kill", "guest": G},
 * {"do": "reload"}, {"do": "profile", "guest": G, "worker": PID} with such a socket, and hears {"ok": ...}.
 *
 * Threads: any.
 */
#ifndef HOST_BACKEND_CONTROL_WIRE_H
#define HOST_BACKEND_CONTROL_WIRE_H

#include <jansson.h>

#define WIRE_MOST 65536
#define WIRE_FDS 3
#define WIRE_SOCKET "/run/trillium/control.sock"
/* Names another socket; "none": there is no control. */
#define WIRE_VARIABLE "TRILLIUM_CONTROL"

/* Where the control is; NULL: nowhere. */
const char *wire_path(void);

/* A connection; -1 with errno. Who serves the socket must be root or this process' own user (else EPERM). */
int wire_connect(const char *path);

/* Sends `o`, which it takes over, with as many descriptors. 0 or a negative errno; -EAGAIN where it would wait. */
int wire_send(int fd, json_t *o, const int *fds, int count);
/* The next packet; *count descriptors come along, which are the caller's. Waits for timeout_ms at most (-1: for ever).
 * NULL with errno: 0 is the end, EAGAIN that nothing came, EBADMSG that it was none. */
json_t *wire_receive(int fd, int timeout_ms, int fds[WIRE_FDS], int *count);

#endif
