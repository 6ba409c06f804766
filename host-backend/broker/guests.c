// SPDX-License-Identifier: MIT
#include "host-backend/broker/guests.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/broker/clock.h"
#include "host-backend/broker/events.h"
#include "host-backend/broker/log.h"
#include "host-backend/broker/refuse.h"
#include "host-backend/broker/variables.h"
#include "svga-model/link.h"

void guests_init(struct guests *g, int epoll, struct peer_limits limits) {
    *g = (struct guests){.epoll = epoll, .limits = limits, .end = &g->first};
}

static void unlink_guest(struct guests *g, struct guest *guest) {
    struct guest **link = &g->first;

    while (*link != guest)
        link = &(*link)->next;
    *link = guest->next;
    if (!*link)
        g->end = link;
    if (guest->asks) {
        guest->peer->asking--;
        g->asking--;
    } else {
        guest->peer->silent--;
        g->silent--;
    }
}

static void forget(struct guests *g, struct guest *guest) {
    if (guest->session >= 0) {
        events_unwatch(g->epoll, guest->session);
        close(guest->session);
    }
    peer_put(&g->peers, guest->peer);
    free(guest->variables);
    free(guest);
}

void guests_take(struct guests *g, struct guest *guest) {
    unlink_guest(g, guest);
    guest->peer->served++;
    g->served++;
}

void guests_served(struct guests *g, struct guest *guest) {
    guest->peer->served--;
    g->served--;
    forget(g, guest);
}

void guests_return(struct guests *g, struct guest *guest) {
    events_unwatch(g->epoll, guest->session);
    if (events_watch(g->epoll, guest->session, EPOLLRDHUP, EVENT_GUEST, guest->id) < 0) {
        guests_served(g, guest);
        return;
    }
    guest->peer->served--;
    g->served--;
    guest->peer->asking++;
    g->asking++;
    guest->next = g->first;
    g->first = guest;
    if (!guest->next)
        g->end = &guest->next;
}

void guests_drop(struct guests *g, struct guest *guest) {
    unlink_guest(g, guest);
    forget(g, guest);
}

void guests_refuse(struct guests *g, struct guest *guest, const char *why) {
    log_say(LOG_REFUSALS, "%s: refused: %s", guest->who.text, why);
    refuse_guest(guest->session, why);
    guests_drop(g, guest);
}

/* Limits are for those that ask: who is silent costs a descriptor. */
static void ask(struct guests *g, struct guest *guest) {
    struct peer *p = guest->peer;
    char why[160];

    if (guest->refusal) {
        guests_refuse(g, guest, guest->refusal);
        return;
    }
    if (p->asking + p->served >= g->limits.of_one) {
        snprintf(why, sizeof why,
                 "this user or VM has %u sessions on the host already, and may have no more: close some",
                 p->asking + p->served);
        guests_refuse(g, guest, why);
        return;
    }
    if (g->asking + g->served >= g->limits.sessions) {
        snprintf(why, sizeof why, "the host serves %u sessions already, and can serve no more",
                 g->asking + g->served);
        guests_refuse(g, guest, why);
        return;
    }
    guest->asks = true;
    guest->told_ms = clock_now_ms();
    p->silent--;
    g->silent--;
    p->asking++;
    g->asking++;
}

/* Looks at what it has said. Variables alone ask for nothing yet: where a refusal is told to is in what comes next. */
static void look(struct guests *g, struct guest *guest) {
    char byte;
    if (!guest->asks && !guest->has_variables)
        guest->has_variables = variables_take(guest->session, g->choice, guest->who.text, &guest->variables);
    ssize_t n = recv(guest->session, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    if (n > 0 && !guest->asks) {
        struct epoll_event quiet = {.events = EPOLLRDHUP, .data.u64 = guest->id * EVENT_KINDS + EVENT_GUEST};
        epoll_ctl(g->epoll, EPOLL_CTL_MOD, guest->session, &quiet);
        ask(g, guest);
    } else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        guests_drop(g, guest);
    }
}

static void drop_oldest_silent(struct guests *g, const struct peer *peer) {
    struct guest *oldest = g->first;
    while (oldest && (oldest->asks || oldest->peer != peer))
        oldest = oldest->next;
    if (!oldest)
        return;
    log_say(LOG_REFUSALS, "%s: closed: too many connections of this user or VM say nothing",
            oldest->who.text);
    guests_drop(g, oldest);
}

bool guests_add(struct guests *g, int session, const struct guest_name *who, const char *refusal) {
    struct guest *guest = calloc(1, sizeof *guest);
    struct peer *peer = guest ? peer_get(&g->peers, who->peer) : NULL;

    if (!peer) {
        free(guest);
        close(session);
        return false;
    }
    guest->id = ++g->last_id;
    guest->session = session;
    guest->who = *who;
    guest->refusal = refusal;
    guest->peer = peer;
    guest->since_ms = clock_now_ms();
    *g->end = guest;
    g->end = &guest->next;
    peer->silent++;
    g->silent++;
    int r = events_watch(g->epoll, session, EPOLLIN | EPOLLRDHUP, EVENT_GUEST, guest->id);
    if (r < 0) {
        guests_refuse(g, guest, "the host is out of memory");
        return false;
    }
    peer_get(&g->peers,
             who->peer); /* there is one: kept, for the guest may be gone after the look, and it with it */
    look(g, guest);
    if (peer->silent > g->limits.silent)
        drop_oldest_silent(g, peer);
    peer_put(&g->peers, peer);
    return true;
}

void guests_event(struct guests *g, uint64_t id) {
    for (struct guest *guest = g->first; guest; guest = guest->next) {
        if (guest->id != id)
            continue;
        if (guest->asks)
            guests_drop(g, guest); /* all that is still watched is that it goes */
        else
            look(g, guest);
        return;
    }
}

struct guest *guests_next(const struct guests *g) {
    struct guest *best = NULL;
    for (struct guest *guest = g->first; guest; guest = guest->next)
        if (guest->asks && !guest->variables && (!best || guest->peer->served < best->peer->served))
            best = guest;
    return best;
}

static void tell_to_wait(struct guest *guest) {
    const struct svga_link_msg msg = {.type = SVGA_LINK_WAIT};
    ssize_t ignored = send(guest->session, &msg, sizeof msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)ignored; /* one that does not read what it is told waits no longer for it */
}

int64_t guests_tick(struct guests *g, int64_t now_ms) {
    int64_t next = -1;
    struct guest *after;

    for (struct guest *guest = g->first; guest; guest = after) {
        int64_t due = guest->asks ? guest->told_ms + GUEST_LIFE_MS : guest->since_ms + GUEST_SILENT_MS;
        after = guest->next;
        if (due > now_ms) {
            next = clock_nearer(next, due);
        } else if (guest->asks) {
            tell_to_wait(guest);
            guest->told_ms = now_ms;
            next = clock_nearer(next, now_ms + GUEST_LIFE_MS);
        } else {
            log_say(LOG_REFUSALS, "%s: closed: it said nothing", guest->who.text);
            guests_drop(g, guest);
        }
    }
    return next;
}

void guests_finish(struct guests *g) {
    while (g->first)
        guests_drop(g, g->first);
}
