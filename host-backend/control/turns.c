// SPDX-License-Identifier: MIT
#include "host-backend/control/turns.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "host-backend/control/plain.h"

/* What an entity of a scheduler is part of. */
#define PART_OF(type, member, at) ((type *)(void *)((char *)(at)-offsetof(type, member)))

enum { KERNEL_PARTS = 8 }; /* of the time that a kernel may take may pass before it begins */

/* ---- gates ---- */

/* What the worker has done from now on is counted with its next turn, also what it only gave to the driver before it. */
static void count_from_here(struct seat *s) {
    s->commands = board_read(&s->on->commands);
    s->bytes = board_read(&s->on->bytes);
}

static uint64_t held_ns(const struct seat *s, uint64_t now_ns) {
    return s->holding && now_ns > s->since_ns ? now_ns - s->since_ns : 0;
}

/* Its turn is over. What is still in flight, where the gate was opened meanwhile, is its own affair. */
static void take_back(struct seat *s, uint64_t now_ns) {
    struct tenant *t = s->tenant;
    const struct arena *a = t->device->arena;
    uint64_t ns = held_ns(s, now_ns);

    s->holding = false;
    if (t->device->holder == s)
        t->device->holder = NULL;
    scheduler_used(&t->device->sched, &t->who, ns, now_ns);
    scheduler_used(&t->seats, &s->who, ns, now_ns);
    t->turns_ns += ns;
    a->used(a->opaque, t, ns, board_read(&s->on->commands) - s->commands,
            board_read(&s->on->bytes) - s->bytes, now_ns);
    count_from_here(s);
}

static void set_gate(struct seat *s, bool closed, uint64_t now_ns) {
    if (s->closed == closed)
        return;
    s->closed = closed;
    if (closed) {
        count_from_here(s);
    } else {
        scheduler_withdraw(&s->tenant->seats, &s->who);
        if (s->holding)
            take_back(s, now_ns);
    }
    atomic_store(&s->on->gate, closed);
    board_signal(s->board);
}

static void set_gates(struct tenant *t, uint64_t now_ns) {
    bool closed = t->bound || t->held || t->device->lessee != t;

    for (struct seat *s = t->first; s; s = s->next)
        set_gate(s, closed, now_ns);
    if (!t->seats.first)
        scheduler_withdraw(&t->device->sched, &t->who);
}

/* To `t`, or to nobody (NULL): then all need turns. */
static void lease(struct turns_device *d, struct tenant *t, uint64_t now_ns) {
    d->lessee = t;
    for (struct tenant *each = d->tenants; each; each = each->next)
        set_gates(each, now_ns);
}

/* ---- turns ---- */

/* Its seats ask: then it asks among the guests, if it may, and another one's lease ends. */
static void tenant_ask(struct tenant *t, uint64_t now_ns) {
    struct turns_device *d = t->device;

    if (!t->seats.first || t->held || t->not_before > now_ns)
        return;
    if (d->lessee && d->lessee != t)
        lease(d, NULL, now_ns);
    scheduler_ask(&d->sched, &t->who, now_ns);
}

/* Has it been the only one that wants the device, for long enough? */
static bool alone(const struct tenant *t, uint64_t now_ns) {
    const struct turns_device *d = t->device;
    return d->last_asker == t && now_ns - d->alone_since >= TURN_LEASE_NS && !t->bound && !t->held &&
           (!d->holder || d->holder->tenant == t) && (!d->sched.first || d->sched.first == &t->who);
}

static void seat_asks(struct seat *s, uint64_t now_ns) {
    struct tenant *t = s->tenant;
    struct turns_device *d = t->device;

    if (d->last_asker != t) {
        d->last_asker = t;
        d->alone_since = now_ns;
    }
    if (alone(t, now_ns)) {
        lease(d, t, now_ns);
        return;
    }
    scheduler_ask(&t->seats, &s->who, now_ns);
    tenant_ask(t, now_ns);
}

/* Of the tenant's turn. Where kernels may not take long, a turn is hardly longer than one. */
static uint64_t quantum(const struct tenant *t) {
    uint64_t most = TURN_QUANTUM_NS;

    if (t->kernel_most > 0 && t->kernel_most / KERNEL_PARTS < most)
        most = t->kernel_most / KERNEL_PARTS;
    return scheduler_lasts(&t->device->sched, &t->who, most);
}

/* One that is in a hurry has asked: who has the device begins nothing more once the other one is due. */
static void cut_short(const struct turns_device *d) {
    if (d->holder)
        atomic_store(&d->holder->on->quantum_ns, quantum(d->holder->tenant));
}

static void give(struct seat *s, uint64_t now_ns) {
    s->holding = true;
    s->lapsed = false;
    s->since_ns = now_ns;
    atomic_store(&s->on->quantum_ns, quantum(s->tenant));
    atomic_store(&s->on->ahead_ns, scheduler_ahead(&s->tenant->device->sched, now_ns));
    /* what a kernel may take is measured by turns: those of a guest with such a limit hold all that is in flight */
    atomic_store(&s->on->lead_ns, s->tenant->bound ? 0 : scheduler_lead(&s->tenant->device->sched, now_ns));
    atomic_store(&s->on->granted, ++s->granted);
    board_signal(s->board);
}

static void dispatch(struct turns_device *d, uint64_t now_ns) {
    uint64_t again;

    d->again_ns = UINT64_MAX;
    cut_short(d);
    if (d->holder)
        return;
    while (d->sched.first) {
        struct scheduler_entity *e = scheduler_choose(&d->sched, now_ns, &again);
        if (!e) {
            d->again_ns = again;
            return;
        }
        struct tenant *t = PART_OF(struct tenant, who, e);
        struct scheduler_entity *one = scheduler_choose(&t->seats, now_ns, &again);
        if (!one && t->seats.first) { /* waiting for one of its own is not worth an idle device */
            one = t->seats.first;
            scheduler_take(&t->seats, one);
        }
        if (!one) {
            scheduler_used(&d->sched, e, 0, now_ns);
            continue;
        }
        struct seat *s = PART_OF(struct seat, who, one);
        give(s, now_ns);
        d->holder = s;
        tenant_ask(t, now_ns); /* for its further seats */
        return;
    }
}

void arena_look(struct seat *s, uint64_t now_ns) {
    if (s->holding && atomic_load(&s->on->returned) == s->granted)
        take_back(s, now_ns);
    if (!s->holding && s->closed && atomic_load(&s->on->asked) == s->granted + 1)
        seat_asks(s, now_ns);
    dispatch(s->tenant->device, now_ns);
}

/* ---- counts ---- */

static void add(uint64_t *sum, uint64_t n) {
    if (__builtin_add_overflow(*sum, n, sum))
        *sum = UINT64_MAX;
}

static void count(struct turn_counts *c, const struct board_device *on) {
    add(&c->commands, board_read(&on->commands));
    add(&c->busy_ns, board_ticks_to_ns(board_read(&on->busy_ticks)));
    add(&c->queued_ns, board_read(&on->queued_ns));
    add(&c->bytes, board_read(&on->bytes));
}

uint64_t arena_held_ns(const struct tenant *t, uint64_t now_ns) {
    uint64_t ns = 0;

    for (const struct seat *s = t->first; s; s = s->next)
        add(&ns, held_ns(s, now_ns));
    return ns;
}

struct turn_counts arena_counts(const struct tenant *t) {
    struct turn_counts c = t->past;

    for (const struct seat *s = t->first; s; s = s->next)
        count(&c, s->on);
    return c;
}

/* ---- coming and going ---- */

static bool has_processes(const struct turns_device *d) {
    const struct tenant *t = d->tenants;
    while (t && !t->first)
        t = t->next;
    return t;
}

static void free_device(struct turns_device *d) {
    while (d->tenants) {
        struct tenant *t = d->tenants;
        d->tenants = t->next;
        free(t);
    }
    free(d);
}

/* Daemons of any user tell of devices, by any number: those that nobody is on any more are not kept for ever. */
static void forget_idle(struct arena *a) {
    for (struct turns_device **at = &a->devices; *at;) {
        struct turns_device *d = *at;
        if (has_processes(d)) {
            at = &d->next;
            continue;
        }
        *at = d->next;
        a->device_count--;
        free_device(d);
    }
}

static struct turns_device *device_of(struct arena *a, const struct board_device *told) {
    struct turns_device *d = a->devices;

    while (d && d->key != told->key)
        d = d->next;
    if (d)
        return d;
    if (a->device_count >= TURN_DEVICES)
        forget_idle(a);
    d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    a->device_count++;
    d->arena = a;
    d->key = told->key;
    snprintf(d->name, sizeof d->name, "%.*s", (int)sizeof told->name, told->name);
    plain_text(d->name);
    scheduler_init(&d->sched, a->kind);
    d->again_ns = UINT64_MAX;
    d->next = a->devices;
    a->devices = d;
    return d;
}

struct tenant *arena_tenant(const struct turns_device *d, const void *guest) {
    struct tenant *t = d->tenants;
    while (t && t->guest != guest)
        t = t->next;
    return t;
}

/* The tenant that has processes on the device, if there is one only. */
static struct tenant *only_one(const struct turns_device *d) {
    struct tenant *found = NULL;
    for (struct tenant *t = d->tenants; t; t = t->next) {
        if (t->first && found)
            return NULL;
        found = t->first ? t : found;
    }
    return found;
}

bool arena_join(struct arena *a, struct seat *s, const struct board_device *told, struct board_device *on,
                void *guest, uint64_t now_ns) {
    struct turns_device *d = device_of(a, told);
    struct tenant *t = d ? arena_tenant(d, guest) : NULL;

    if (d && !t && (t = calloc(1, sizeof *t))) {
        t->device = d;
        t->guest = guest;
        t->who.weight = 1;
        scheduler_init(&t->seats, a->kind);
        t->next = d->tenants;
        d->tenants = t;
    }
    if (!t)
        return false;
    s->tenant = t;
    s->on = on;
    s->who.weight = 1;
    s->granted = atomic_load(&on->granted);
    s->next = t->first;
    t->first = s;
    if (only_one(d))
        d->lessee = t;
    set_gates(t, now_ns); /* who has a lease keeps it until this one asks */
    return true;
}

void arena_leave(struct seat *s, uint64_t now_ns) {
    struct tenant *t = s->tenant;
    struct turns_device *d = t->device;
    struct seat **at = &t->first;

    if (s->holding)
        take_back(s, now_ns);
    count(&t->past, s->on);
    scheduler_forget(&t->seats, &s->who);
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    if (!t->seats.first)
        scheduler_withdraw(&d->sched, &t->who);
    if ((t = only_one(d)))
        lease(d, t, now_ns);
    dispatch(d, now_ns);
}

void arena_forget(struct arena *a, const void *guest) {
    for (struct turns_device *d = a->devices; d; d = d->next) {
        for (struct tenant **at = &d->tenants; *at;) {
            struct tenant *t = *at;
            if (t->guest != guest) {
                at = &t->next;
                continue;
            }
            *at = t->next;
            scheduler_forget(&d->sched, &t->who);
            d->lessee = d->lessee == t ? NULL : d->lessee;
            d->last_asker = d->last_asker == t ? NULL : d->last_asker;
            free(t);
        }
    }
}

void arena_finish(struct arena *a) {
    while (a->devices) {
        struct turns_device *d = a->devices;
        a->devices = d->next;
        free_device(d);
    }
}

void arena_changed(struct tenant *t, uint64_t now_ns) {
    if (t->held)
        scheduler_withdraw(&t->device->sched, &t->who);
    set_gates(t, now_ns);
    tenant_ask(t, now_ns);
    dispatch(t->device, now_ns);
}

/* ---- time ---- */

static uint64_t nearer(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t look_at_seat(struct arena *a, struct seat *s, uint64_t now_ns) {
    const struct tenant *t = s->tenant;
    uint64_t next = UINT64_MAX;

    if (!s->holding)
        return next;
    if (!s->lapsed && now_ns >= s->since_ns + TURN_LAPSE_NS) {
        s->lapsed = true;
        if (t->device->holder == s)
            t->device->holder = NULL;
    } else if (!s->lapsed) {
        next = s->since_ns + TURN_LAPSE_NS;
    }
    /* What its last command began after may have taken as long as the turn's commands may begin. */
    uint64_t most = t->kernel_most + t->kernel_most / KERNEL_PARTS;
    if (t->kernel_most > 0 && now_ns >= s->since_ns + most) {
        a->overdue(a->opaque, s);
        next = nearer(next, now_ns + TURN_LAPSE_NS); /* if it does not help */
    } else if (t->kernel_most > 0) {
        next = nearer(next, s->since_ns + most);
    }
    return next;
}

uint64_t arena_tick(struct arena *a, uint64_t now_ns) {
    uint64_t next = UINT64_MAX;

    for (struct turns_device *d = a->devices; d; d = d->next) {
        for (struct tenant *t = d->tenants; t; t = t->next) {
            for (struct seat *s = t->first; s; s = s->next)
                next = nearer(next, look_at_seat(a, s, now_ns));
            if (t->not_before > now_ns)
                next = nearer(next, t->not_before);
            else
                tenant_ask(t, now_ns);
        }
        dispatch(d, now_ns);
        next = nearer(next, d->again_ns);
    }
    return next;
}
