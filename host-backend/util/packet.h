// SPDX-License-Identifier: MIT
/* One datagram with at most one descriptor (SCM_RIGHTS, unix(7)). */
#ifndef HOST_BACKEND_UTIL_PACKET_H
#define HOST_BACKEND_UTIL_PACKET_H

#include <stddef.h>
#include <sys/types.h>

/* fd -1: none. 0 or a negative errno. `flags` as of sendmsg. */
int packet_send(int socket, const void *bytes, size_t size, int fd, int flags);

/* The datagram's size (0: the other end is gone) or a negative errno, -EMSGSIZE for one of more than `size`
 * bytes. *fd is the descriptor that came with it (the caller's to close), or -1; further ones are closed. */
ssize_t packet_receive(int socket, void *bytes, size_t size, int *fd, int flags);

#endif
