// SPDX-License-Identifier: MIT
/*
 * A Unix socket with a name in the file system, that one process serves.
 *
 * A name that nobody serves any more is replaced; one that somebody serves is left alone, and who that is is
 * said. At the end the name goes only if it is still the one that was made here.
 *
 * Threads: one per struct.
 */
#ifndef HOST_BACKEND_LISTEN_LISTEN_H
#define HOST_BACKEND_LISTEN_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/un.h>

struct listen_socket {
    int fd; /* CLOEXEC and non-blocking; -1: none */
    struct sockaddr_un address;
    dev_t device; /* of the name */
    ino_t inode;
};

/* Who may connect, from the first moment on. */
struct listen_access {
    mode_t mode;
    gid_t group; /* whose the name is; (gid_t)-1: the process' own */
};

/* `type`: of the socket. 0; or a negative errno, with a sentence in `why`. */
int listen_begin(struct listen_socket *l, int type, const char *path, struct listen_access access, char *why,
                 size_t why_size);

/* Is there a socket of this name that nobody serves? */
bool listen_is_stale(int type, const char *path);

/* Removes the name, if it is ours. The socket stays open: connections that wait are still there. */
void listen_remove_name(struct listen_socket *l);
/* And closes the socket. Nothing happens where fd is -1. */
void listen_end(struct listen_socket *l);

#endif
