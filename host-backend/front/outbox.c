// SPDX-License-Identifier: MIT
#include "host-backend/front/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "svga-model/link-io.h"

/* The largest region's page list in single pages takes 12 MiB. */
enum { MAX_BYTES = 32 << 20 };

struct front_letter {
    struct front_letter *next;
    struct svga_link_msg msg;
    struct front_pieces of;
    struct svga_link_piece pieces[];
};

static int keep(struct front_outbox *box, const struct svga_link_msg *msg,
                const struct svga_link_piece *pieces, const struct front_pieces *of) {
    size_t size = sizeof(struct front_letter) + msg->piece_count * sizeof *pieces;
    if (size > MAX_BYTES - box->bytes)
        return -ENOBUFS;
    struct front_letter *letter = malloc(size);
    if (!letter)
        return -ENOMEM;
    letter->next = NULL;
    letter->msg = *msg;
    letter->of = of ? *of : (struct front_pieces){0};
    if (letter->of.memory)
        vu_memory_ref(letter->of.memory);
    if (msg->piece_count > 0)
        memcpy(letter->pieces, pieces, msg->piece_count * sizeof *pieces);
    if (box->last)
        box->last->next = letter;
    else
        box->first = letter;
    box->last = letter;
    box->bytes += size;
    return 0;
}

static void drop_first(struct front_outbox *box) {
    struct front_letter *letter = box->first;
    box->bytes -= sizeof *letter + letter->msg.piece_count * sizeof letter->pieces[0];
    box->first = letter->next;
    if (!box->first)
        box->last = NULL;
    vu_memory_unref(letter->of.memory);
    free(letter);
}

int front_outbox_send(struct front_outbox *box, int sock, const struct svga_link_msg *msg,
                      const struct svga_link_piece *pieces, const struct front_pieces *of) {
    if (front_outbox_empty(box)) {
        int r = svga_link_send(sock, msg, pieces, of ? of->fds : NULL, of ? of->fd_count : 0);
        if (r != -EAGAIN)
            return r;
    }
    return keep(box, msg, pieces, of);
}

int front_outbox_flush(struct front_outbox *box, int sock) {
    while (box->first) {
        struct front_letter *letter = box->first;
        int r = svga_link_send(sock, &letter->msg, letter->pieces, letter->of.fds, letter->of.fd_count);
        if (r == -EAGAIN)
            return 0;
        if (r < 0)
            return r;
        drop_first(box);
    }
    return 0;
}

void front_outbox_clear(struct front_outbox *box) {
    while (box->first)
        drop_first(box);
}
