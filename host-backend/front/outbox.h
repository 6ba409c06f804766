// SPDX-License-Identifier: MIT
/*
 * Link messages on their way to a session's device half. The front must not block on one session, so what the
 * socket does not take at once is kept, within a limit, and sent when there is room.
 */
#ifndef HOST_BACKEND_FRONT_OUTBOX_H
#define HOST_BACKEND_FRONT_OUTBOX_H

#include <stdbool.h>

#include "svga-model/link.h"

struct front_letter;

struct front_outbox {
    struct front_letter *first, *last;
    unsigned count;
};

/* Sends or keeps a message without pieces. `fd` goes with it, and stays the caller's, who keeps it open for as long as the
 * outbox holds anything; -1: none. 0, or a negative errno: -EPIPE the peer is gone, -ENOBUFS too much is waiting. */
int front_outbox_send(struct front_outbox *box, int sock, const struct svga_link_msg *msg, int fd);

/* Sends what the socket takes now. 0 or a negative errno. */
int front_outbox_flush(struct front_outbox *box, int sock);

static inline bool front_outbox_empty(const struct front_outbox *box) {
    return !box->first;
}
void front_outbox_clear(struct front_outbox *box);

#endif
