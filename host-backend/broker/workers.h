// SPDX-License-Identifier: MIT
/*
 * Worker processes, from their start to their end.
 *
 * This is the place that knows when a session is over: its guest has gone (the broker watches the session's
 * socket for as long as the worker holds it, without holding it itself), or its worker has ended (its pidfd).
 * Until the worker says that it has taken the guest over the broker keeps the socket: a worker that dies of
 * something else at that moment, or was stopped, costs the guest nothing, and another one serves it.
 * After the guest's end the worker has WORKER_END_MS to write down what it has and to end; then it is killed,
 * whether it hangs in a driver, blocks on what the guest has left it, or was stopped. Until its end it counts as
 * its peer's (peers.h), so nobody has more workers by leaving them.
 *
 * Threads: the broker's.
 */
#ifndef HOST_BACKEND_BROKER_WORKERS_H
#define HOST_BACKEND_BROKER_WORKERS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "host-backend/broker/broker.h"
#include "host-backend/broker/guests.h"
#include "host-backend/broker/spawn.h"
#include "host-backend/cache/ask.h"

enum {
    MAX_WORKERS = 1024,   /* idle and busy; a host has no use for more at a time */
    MAX_EARLY_DEATHS = 3, /* in a row, before guests are refused instead of kept waiting */
    MAX_TRIES = 3,        /* workers that end while a guest is handed to them, before it is refused */
    WORKER_END_MS = STORE_MAX_SECONDS * 1000 + 2000, /* more than a worker gives itself (worker/session.c) */
    WORKER_START_MS = 60000,                         /* one that loads drivers for longer hangs */
};

/* One process. Starting: it loads the drivers. Ready, and warm, once it has run their compilers too: a guest may
 * come. Busy: it has one. */
enum worker_state { WORKER_STARTING, WORKER_READY, WORKER_WARMING, WORKER_WARM, WORKER_BUSY, WORKER_STATES };

struct worker {
    struct worker *next, **link;
    uint64_t id;
    struct spawned process;
    enum worker_state state;
    uint64_t only_for;   /* the guest that it was started for, with variables of its own; 0: any */
    bool stopped;        /* warming: by SIGSTOP, while guests need the CPUs */
    bool killed;         /* by us */
    bool assumes;        /* that all walls stand: it is the one that tries them */
    int64_t until_ms;    /* killed then; -1: never. Starting: if it is not ready; busy: its guest has gone */
    struct guest *guest; /* busy: whom it serves */
};

struct workers {
    const struct broker_config *config;
    struct cell *cell;
    struct store *store;
    struct guests *guests; /* for what their peers have */
    int epoll;
    struct worker *first;
    unsigned total, count[WORKER_STATES]; /* all, and those in each state */
    unsigned early_deaths;                /* in a row, of those that load drivers, or could not be started */
    unsigned warm_deaths;                 /* in a row, of those that warm up */
    char death[128];                      /* how the last one died */
    int64_t next_start_ms;                /* no worker ahead of need before this, after an early death */
    bool handed_out;                      /* a guest has got a worker */
    uint64_t last_id;
};

/* One that is for any guest. */
struct worker *workers_find(const struct workers *all, enum worker_state state);
/* The one that was started for this guest alone. */
struct worker *workers_find_own(const struct workers *all, uint64_t guest);
static inline unsigned workers_idle(const struct workers *all) {
    return all->total - all->count[WORKER_BUSY];
}
void workers_set_state(struct workers *all, struct worker *w, enum worker_state state);

/* `eager`: a guest waits for it, or may come at any moment. `refuse`: it only tells its guest this text. NULL after saying why, which
 * counts as an early death. `for_guest`: whom it is for alone, with its variables; NULL: any. */
struct worker *workers_start(struct workers *all, bool eager, const char *refuse,
                             const struct guest *for_guest);

/* Hands a guest over, which is then the worker's. False if the worker is dying or stopped: it will serve
 * nobody. */
bool workers_give(struct workers *all, struct worker *w, struct guest *guest);

/* EVENT_WORKER_ENDED, EVENT_WORKER_CONTROL, EVENT_WORKER_WORDS. */
void workers_ended(struct workers *all, uint64_t id);
void workers_control(struct workers *all, uint64_t id);
void workers_words(struct workers *all, uint64_t id);
/* EVENT_SESSION_OVER. Whose guest has gone now; NULL: that was known, or never so. */
const struct worker *workers_session_over(struct workers *all, uint64_t id);

/* Kills those whose time is up. When to be called again; -1: never. */
int64_t workers_tick(struct workers *all, int64_t now_ms);

/* Ends all and waits for them: those that serve a guest have END_GRACE_MS to write down what they have. */
void workers_finish(struct workers *all);

/* A signal to the worker; by the pid, which is the broker's own child until it has been waited for. */
bool workers_signal(const struct worker *w, int number);

#endif
