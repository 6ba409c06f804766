// SPDX-License-Identifier: MIT
/*
 * The front of one VM: serves its vhost-user-gpu device and speaks the link protocol (svga-model/link.h) to
 * session device halves on behalf of the guest's processes. It parses virtio and nothing else, and never
 * runs a driver: it stays alive when a worker dies, and with it the guest's virtqueues.
 *
 * Each virtio-gpu context (an open file of a guest process) that opens the virtual GPU gets a session of its
 * own. When the context goes away, the front shuts down its side of the session's socket and waits for the
 * other end to close: only then may the guest have its pages back, since the other end maps them. Who serves
 * the other end must therefore be gone within bounded time after the shutdown (the broker kills a worker that
 * stays); other contexts do not wait for it.
 *
 * Threads: front_run runs on one thread of the caller's choice; front_stop may be called from any thread and
 * from signal handlers.
 */
#ifndef HOST_BACKEND_FRONT_FRONT_H
#define HOST_BACKEND_FRONT_FRONT_H

#include <stdbool.h>

struct front;

struct front_config {
    /*
     * A new session: returns one end of a connected SOCK_SEQPACKET Unix socket whose other end a device half
     * serves (or is about to); the front owns the descriptor. Or a negative errno: the guest process is told
     * that the session was refused, and why (-EDQUOT, -EMFILE, -EAGAIN: too many sessions; -EACCES, -EPERM:
     * policy; -ENODEV: no worker). Called on the front's thread, must not block: a worker may still be on its
     * way when the socket is handed out.
     */
    int (*open_session)(void *opaque);
    void *opaque;
    unsigned max_sessions; /* at a time; 0: 64 */
};

/* NULL with errno. */
struct front *front_create(const struct front_config *config);

/*
 * Serves a VM until front_stop, or until the VM's connection ends and there is no way to another one.
 * `connection`: a connected vhost-user socket (the conventions' --fd), or -1. `listener`: a listening Unix
 * socket (--socket-path), or -1; after a connection ended the next one is served: one VM at a time. Both are
 * taken over. 0, or a negative errno when the connection broke the protocol.
 */
int front_run(struct front *front, int listener, int connection);

/* Makes front_run return soon. */
void front_stop(struct front *front);

void front_destroy(struct front *front);

#endif
