// SPDX-License-Identifier: MIT
/*
 * Turns on devices: which worker may have commands in flight, and until when.
 *
 * One device has tenants (the guests that have processes on it), and each tenant has seats (these processes). Where a
 * device has one tenant, or one of several alone has asked for LEASE_NS, that tenant has a lease: its gates are open,
 * and nobody looks. As soon as another one asks, the gates are closed and turns are given, one at a time, to the
 * tenant that the scheduler chooses and to one of its seats. A turn is measured here, by the host's own clock, from
 * when it is given to when it comes back, or its guest needs no turns any more: what a worker says about itself changes nothing about its share.
 *
 * A turn lasts TURN_QUANTUM_NS (scheduler.h), so that handing the device over costs little of it, or one command if that is longer; it is
 * cut short for one that the scheduler would have preferred, had it asked before. Whatever is in flight then ends first:
 * TURN_AHEAD_NS (scheduler.h) of work at most, and one command.
 *
 * A turn that does not come back for LAPSE_NS lapses: it is still paid for, but others go on beside it, as the device
 * may run several programs at once. So neither an endless kernel nor a worker that keeps its turn stops anybody.
 *
 * Threads: one.
 */
#ifndef HOST_BACKEND_CONTROL_TURNS_H
#define HOST_BACKEND_CONTROL_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "host-backend/board/board.h"
#include "host-backend/control/scheduler.h"

#define TURN_LAPSE_NS UINT64_C(250000000)
#define TURN_LEASE_NS UINT64_C(200000000)

struct turns_device;

/* What workers say that they did on a device. */
struct turn_counts {
    uint64_t commands, busy_ns, queued_ns, bytes; /* busy: beside turns */
};

/* A guest on a device. */
struct tenant {
    struct tenant *next;         /* of the device */
    struct scheduler_entity who; /* among the guests */
    struct scheduler seats;      /* among its processes */
    struct turns_device *device;
    void *guest;
    struct seat *first;      /* its processes */
    bool bound;              /* has limits that need turns, even while it is alone */
    bool held;               /* gets no turns: paused */
    uint64_t not_before;     /* gets no turn before: over a rate */
    uint64_t turns_ns;       /* the device's time in its turns that are over */
    struct turn_counts past; /* of processes that have ended */
    uint64_t kernel_most;    /* ns that a kernel may run; 0: any */
};

/* A process of a guest on a device. */
struct seat {
    struct seat *next; /* of the tenant */
    struct scheduler_entity who;
    struct tenant *tenant;
    struct board *board;
    struct board_device *on;
    uint32_t granted; /* ours; the board's is what the worker sees */
    bool closed;      /* the gate */
    bool holding;
    bool lapsed;
    uint64_t since_ns;
    uint64_t commands, bytes; /* the board's counters when the last turn ended, or the gate was closed */
    void *session;
};

struct arena;

struct turns_device {
    struct turns_device *next;
    struct arena *arena;
    uint64_t key;
    char name[64];
    struct scheduler sched;
    struct tenant *tenants;
    struct tenant *lessee;
    struct tenant *last_asker;
    uint64_t alone_since;
    struct seat *holder; /* not lapsed */
    uint64_t again_ns;   /* when to look again; UINT64_MAX: when something happens */
};

/* From so many devices on, those are forgotten that no process is on. */
#define TURN_DEVICES 64

struct arena {
    struct turns_device *devices;
    unsigned device_count;
    const struct scheduler_kind *kind;
    void *opaque;
    /* A turn has ended, since the last one of which the worker says it did so much. */
    void (*used)(void *opaque, struct tenant *t, uint64_t ns, uint64_t commands, uint64_t bytes,
                 uint64_t now_ns);
    /* A turn is longer than the tenant's kernels may be. */
    void (*overdue)(void *opaque, struct seat *s);
};

/* A seat at the device that `told`, a copy of the board's entry, names; `on` is that entry. s->board and s->session are
 * set already. False when out of memory. */
bool arena_join(struct arena *a, struct seat *s, const struct board_device *told, struct board_device *on,
                void *guest, uint64_t now_ns);
/* The worker has ended, or nobody decides about it any more. */
void arena_leave(struct seat *s, uint64_t now_ns);
/* Forgets a guest that has no processes. */
void arena_forget(struct arena *a, const void *guest);
void arena_finish(struct arena *a);
/* The worker has rung. */
void arena_look(struct seat *s, uint64_t now_ns);
/* The tenant of a guest; NULL: it has had no process there. */
struct tenant *arena_tenant(const struct turns_device *d, const void *guest);
/* The device's time, up to now, in its turns that are not over. */
uint64_t arena_held_ns(const struct tenant *t, uint64_t now_ns);
/* What all its processes did, those that have ended too. Sums stay at their end. */
struct turn_counts arena_counts(const struct tenant *t);
/* `bound`, `held` or `weight` have changed. */
void arena_changed(struct tenant *t, uint64_t now_ns);
/* Does what is due. Returns when something is due next; UINT64_MAX: nothing is. */
uint64_t arena_tick(struct arena *a, uint64_t now_ns);

#endif
