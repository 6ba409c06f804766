// SPDX-License-Identifier: MIT
/*
 * Sending and receiving link messages (svga-model/link.h) with their descriptors.
 */
#ifndef SVGA_MODEL_LINK_IO_H
#define SVGA_MODEL_LINK_IO_H

#include <stddef.h>

#include "svga-model/link.h"

/* A received message. Its descriptors belong to the receiver: svga_link_close_fds. */
struct svga_link_packet {
    struct svga_link_msg msg;
    struct svga_link_piece pieces[SVGA_LINK_MAX_PIECES]; /* msg.piece_count of them, each fd < fd_count */
    int fds[SVGA_LINK_MAX_FDS];
    unsigned fd_count;
};

/* Sends one message with msg->piece_count pieces and fd_count descriptors (not taken over). 0 or a negative
 * errno. Never SIGPIPE. */
int svga_link_send(int sock, const struct svga_link_msg *msg, const struct svga_link_piece *pieces,
                   const int *fds, unsigned fd_count);

/* Sends VARIABLES or REFUSED: `size` bytes of strings. 0, -E2BIG or another negative errno. */
int svga_link_send_text(int sock, enum svga_link_type type, const char *text, size_t size);

/* Blocks for one message. 1: received; 0: the peer closed; negative errno otherwise (-EPROTO: malformed,
 * nothing is left open). */
int svga_link_recv(int sock, struct svga_link_packet *packet);

void svga_link_close_fds(struct svga_link_packet *packet);

#endif
