// SPDX-License-Identifier: MIT
/*
 * The guests' counters as Prometheus reads them, over HTTP on a Unix socket or a port of the loopback address.
 *
 * Threads: one.
 */
#ifndef HOST_BACKEND_CONTROL_METRICS_H
#define HOST_BACKEND_CONTROL_METRICS_H

#include "host-backend/control/guest.h"

/* A socket that listens on this port of 127.0.0.1, or a negative errno. Whoever is on this host can read there. */
int metrics_listen(unsigned short port);

/* One who asks for them. */
struct scrape {
    int fd;
    char *text; /* the answer, once it has asked; else NULL */
    size_t size, sent;
};

/* Lets in one of those that wait at the socket. NULL: nobody, or memory is out. */
struct scrape *metrics_let_in(int listener);
/* It has said something, or takes more. Whatever it asks, it is answered; the connection is kept until it has closed it, since closing one
 * before all that it says was read may break it. Never waits. False: it is over. */
bool metrics_go_on(struct scrape *s, const struct guests *g);
/* Is there more for it to take? */
static inline bool metrics_pending(const struct scrape *s) {
    return s->sent < s->size;
}
void metrics_end(struct scrape *s);

#endif
