// SPDX-License-Identifier: MIT
#include "host-backend/front/outbox.h"

#include <errno.h>
#include <stdlib.h>

#include "svga-model/link-io.h"

enum { MAX_LETTERS = 1 << 17 }; /* register writes, of which a guest waits for none */

struct front_letter {
    struct front_letter *next;
    struct svga_link_msg msg;
    int fd;
};

static int keep(struct front_outbox *box, const struct svga_link_msg *msg, int fd) {
    if (box->count == MAX_LETTERS)
        return -ENOBUFS;
    struct front_letter *letter = malloc(sizeof *letter);
    if (!letter)
        return -ENOMEM;
    *letter = (struct front_letter){NULL, *msg, fd};
    if (box->last)
        box->last->next = letter;
    else
        box->first = letter;
    box->last = letter;
    box->count++;
    return 0;
}

static void drop_first(struct front_outbox *box) {
    struct front_letter *letter = box->first;
    box->first = letter->next;
    if (!box->first)
        box->last = NULL;
    box->count--;
    free(letter);
}

static int put(int sock, const struct svga_link_msg *msg, int fd) {
    return svga_link_send(sock, msg, NULL, &fd, fd >= 0 ? 1 : 0);
}

int front_outbox_send(struct front_outbox *box, int sock, const struct svga_link_msg *msg, int fd) {
    if (front_outbox_empty(box)) {
        int r = put(sock, msg, fd);
        if (r != -EAGAIN)
            return r;
    }
    return keep(box, msg, fd);
}

int front_outbox_flush(struct front_outbox *box, int sock) {
    while (box->first) {
        int r = put(sock, &box->first->msg, box->first->fd);
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
