// SPDX-License-Identifier: MIT
/*
 * One datagram with at most one descriptor, and contents in memory files: what both ends of the store socket
 * need.
 */
#ifndef HOST_BACKEND_CACHE_PACKET_H
#define HOST_BACKEND_CACHE_PACKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* fd -1: none. 0 or a negative errno. `flags` as of sendmsg. */
int packet_send(int socket, const void *bytes, size_t size, int fd, int flags);

/* The datagram's size (0: the other end is gone) or a negative errno, -EMSGSIZE for one of more than `size`
 * bytes. *fd is the descriptor that came with it (the caller's to close), or -1; further ones are closed. */
ssize_t packet_receive(int socket, void *bytes, size_t size, int *fd, int flags);

/* A memfd with these bytes, sealed against every change; or a negative errno. */
int packet_contents_new(const void *bytes, uint64_t size);

/* Reads contents of exactly `size` bytes, and refuses what is not a sealed memfd: reading anything else could
 * block, or show something else the second time. *data is malloc'ed. 0 or a negative errno. */
int packet_contents_read(int fd, uint64_t size, void **data);

#endif
