// SPDX-License-Identifier: MIT
/*
 * Guests that no worker has taken over yet.
 *
 * A connection is nothing but a descriptor until its guest has said more than variables: it gets no worker, not more than
 * GUEST_SILENT_MS, and when a peer has too many of them its oldest goes. One that has spoken waits for a worker;
 * it is told every GUEST_LIFE_MS that somebody is there (SVGA_LINK_WAIT), so that its own limit for a daemon
 * that is dead does not end it. Who of several waits for the next worker: the peer with the fewest, then the
 * oldest. One whose worker ends before it has taken the guest over waits again, as the first.
 *
 * Threads: the broker's.
 */
#ifndef HOST_BACKEND_BROKER_GUESTS_H
#define HOST_BACKEND_BROKER_GUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "host-backend/broker/names.h"
#include "host-backend/broker/peers.h"

enum { GUEST_SILENT_MS = 10000, GUEST_LIFE_MS = 2000 };

struct guest {
    struct guest *next;
    uint64_t id;
    int session; /* the device's end of its socket; -1: its worker has taken it over */
    struct guest_name who;
    struct peer *peer;
    char **variables;    /* that its worker is to be started with (variables.h); NULL: any worker will do */
    const char *refusal; /* NULL: it may ask */
    unsigned tries;      /* workers it was given to that ended before they took it over */
    bool has_variables;  /* has said which it wants: that alone asks for nothing */
    bool asks;           /* has said something else */
    int64_t since_ms;    /* it connected */
    int64_t told_ms;     /* that it has to wait; or since it asks */
};

struct guests {
    int epoll;
    struct peer_limits limits;
    const char *choice; /* --variables */
    struct peer *peers; /* also of those that are served */
    struct guest *first, **end;
    unsigned asking, silent;
    unsigned served; /* out of this list, with a worker */
    uint64_t last_id;
};

void guests_init(struct guests *g, int epoll, struct peer_limits limits);

/* Takes the socket over. False after closing it: out of memory or over a limit, and the guest was told if it
 * had spoken. `refusal`, a constant: what it hears as soon as it speaks; NULL: it is welcome. */
bool guests_add(struct guests *g, int session, const struct guest_name *who, const char *refusal);

/* EVENT_GUEST. */
void guests_event(struct guests *g, uint64_t id);

/* Who gets the next worker; NULL: nobody asks but for one of its own (guest.variables). */
struct guest *guests_next(const struct guests *g);

/* A worker is to serve it: it is no longer in the list, and is the caller's, until one of the next two. */
void guests_take(struct guests *g, struct guest *guest);
/* That worker ended, and the guest still has its socket: it waits again. */
void guests_return(struct guests *g, struct guest *guest);
/* It was served. */
void guests_served(struct guests *g, struct guest *guest);
/* It is told why it is not served, and goes. */
void guests_refuse(struct guests *g, struct guest *guest, const char *why);
/* One of the list goes without having been served. */
void guests_drop(struct guests *g, struct guest *guest);

/* Drops who has been silent too long, and tells those that wait to wait on. When to be called again; -1:
 * never. */
int64_t guests_tick(struct guests *g, int64_t now_ms);

void guests_finish(struct guests *g);

#endif
