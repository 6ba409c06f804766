// SPDX-License-Identifier: MIT
/*
 * Receiving and sending vhost-user messages with their descriptors.
 */
#ifndef SVGA_MODEL_VHOST_USER_MESSAGE_H
#define SVGA_MODEL_VHOST_USER_MESSAGE_H

#include <stddef.h>

#include "host-backend/vhost-user/protocol.h"

struct vu_message {
    struct vu_header header;
    union vu_payload payload;
    int fds[VU_MAX_REGIONS]; /* the receiver's; those it keeps it replaces with -1 */
    unsigned fd_count;
};

/* Longest time from the first byte of a message to its last: a front-end writes each in one piece. */
#define VU_MESSAGE_MS 3000

/* Blocks for one message. 1: received; 0: the peer closed; -EPROTO or another negative errno, and then nothing is
 * left open. */
int vu_message_recv(int sock, struct vu_message *m);

/* Answers `request` with header.size bytes of payload. Does not wait for room. 0 or a negative errno. */
int vu_message_reply(int sock, struct vu_message *m, size_t payload_size);

/* Closes the descriptors that are left. */
void vu_message_close_fds(struct vu_message *m);

#endif
