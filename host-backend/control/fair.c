// SPDX-License-Identifier: MIT
/*
 * Weighted fair sharing, by self-clocked fair queueing (Golestani 1994) with lengths that are expected, not known. Each
 * turn has a start, the virtual time at which it was asked for or the finish of the entity's last one, whichever is
 * later; its finish is the start and the device's time divided by the weight. Who is expected to finish first is next,
 * if its turn is as long as its last one; what it has really used is what counts later. So who has used less than its
 * share goes first, and of these who needs little. The virtual time is the earliest start of those that ask; who was away
 * is behind it by a turn of its own at most: a program whose turn ended early, since it heard late that its commands had ended,
 * gets back what it missed, and nobody saves up more. Where nobody has wanted the device for as long as a turn, all are new again, so that
 * nobody pays for what was used while it was nobody else's. Who always comes back at once is expected to need a whole turn, however long the
 * last one was. A turn lasts until one of the others is expected to finish before it: so who needs little waits for
 * what is in flight and for no more.
 *
 * An entity that gives the device back asks again a moment later, once its program has heard of the end. If it is due
 * more of its share it is waited for, for as long as such moments take: else each of two entities would get every
 * second turn, whatever their weights. Only who has come back quickly before is waited for.
 *
 * A light entity asks now and then, and for little. While there are such, a moment of rest lies before each turn of the others:
 * where the device is the CPUs, the threads through which a light one asks and hears, and the host's own, run then, and not
 * beside a kernel, which may keep them from a CPU until it ends or the next tick comes.
 */
#include "host-backend/control/scheduler.h"

#include <stddef.h>

#define MOST_NS UINT64_C(1000000000000) /* of one turn */

enum { UNIT = 1024, MOMENT_NS = 200000, IDLE_NS = TURN_QUANTUM_NS, EAGER_MOST = 8, EAGER_ENOUGH = 3 };

/* Of light ones. */
enum {
    LITTLE_NS = TURN_QUANTUM_NS / 8, /* that they use in a turn, at most */
    AWAY_NS = 1000000,               /* from one turn to the next question, at least */
    LIGHT_ENOUGH = 2,                /* such turns in a row */
    LIGHT_NS = 250000000,            /* for so long after a question another one is expected */
    REST_NS = 100000,
};

/* In virtual time. */
static uint64_t weighed(const struct scheduler_entity *e, uint64_t ns) {
    return ns * UNIT / e->weight;
}

static uint64_t whole_turn(const struct scheduler_entity *e) {
    return weighed(e, TURN_QUANTUM_NS);
}

static uint64_t start_of(const struct scheduler *s, const struct scheduler_entity *e) {
    uint64_t earliest = s->virtual_ns > whole_turn(e) ? s->virtual_ns - whole_turn(e) : 0;

    if (e->ended_ns == 0 || e->ended_ns < s->busy_since_ns) /* it is new, and has missed nothing */
        return s->virtual_ns;
    return e->start > earliest ? e->start : earliest;
}

/* Nobody has wanted it for a while: what was used before was nobody else's. */
static void begin_anew(struct scheduler *s, uint64_t now_ns) {
    s->busy_since_ns = now_ns;
    s->virtual_ns = 0; /* of what came before nothing is compared any more */
}

static bool is_light(const struct scheduler_entity *e) {
    return e->light >= LIGHT_ENOUGH;
}

static bool hurries(const struct scheduler *s, uint64_t now_ns) {
    return now_ns < s->light_until_ns;
}

static void asks(struct scheduler *s, struct scheduler_entity *e, uint64_t now_ns) {
    if (s->first == e && !s->serving && now_ns - s->served_ns >= IDLE_NS)
        begin_anew(s, now_ns);
    if (e->ended_ns != 0 && now_ns - e->ended_ns < MOMENT_NS)
        e->eager += e->eager < EAGER_MOST;
    else
        e->eager /= 2;
    if (e->ended_ns != 0 && now_ns - e->ended_ns >= AWAY_NS && e->cost <= LITTLE_NS)
        e->light += !is_light(e);
    else
        e->light = 0;
    if (is_light(e))
        s->light_until_ns = now_ns + LIGHT_NS;
    e->start = start_of(s, e);
}

/* What its next turn is expected to take, in virtual time: the weight may have changed since the last one. */
static uint64_t expected(const struct scheduler_entity *e) {
    uint64_t least = e->eager >= EAGER_ENOUGH ? TURN_QUANTUM_NS : 0;
    return weighed(e, e->cost > least ? e->cost : least);
}

/* When it is expected to have finished. */
static uint64_t finish_of(const struct scheduler_entity *e) {
    return e->start + expected(e);
}

static struct scheduler_entity *choose(struct scheduler *s, uint64_t now_ns, uint64_t *again_ns) {
    struct scheduler_entity *best = s->first;
    const struct scheduler_entity *last = s->last;
    uint64_t earliest = best->start;

    for (struct scheduler_entity *e = best->next; e; e = e->next) {
        if (finish_of(e) < finish_of(best))
            best = e;
        if (e->start < earliest)
            earliest = e->start;
    }
    if (earliest > s->virtual_ns)
        s->virtual_ns = earliest;
    if (last && !last->asks && last->eager >= EAGER_ENOUGH && now_ns < last->ended_ns + MOMENT_NS &&
        start_of(s, last) + expected(last) < finish_of(best)) {
        *again_ns = last->ended_ns + MOMENT_NS;
        return NULL;
    }
    if (last && hurries(s, now_ns) && !is_light(best) && now_ns - last->ended_ns < REST_NS) {
        *again_ns = last->ended_ns + REST_NS;
        return NULL;
    }
    return best;
}

static uint64_t lasts(const struct scheduler *s, const struct scheduler_entity *e, uint64_t most_ns) {
    for (const struct scheduler_entity *other = s->first; other; other = other->next) {
        uint64_t finish = finish_of(other), room = finish > e->start ? finish - e->start : 0;
        if (other != e && room < weighed(e, most_ns))
            most_ns = room * e->weight / UNIT;
    }
    return most_ns;
}

static void weighed_anew(const struct scheduler *s, struct scheduler_entity *e, unsigned before) {
    uint64_t ahead = e->start > s->virtual_ns ? e->start - s->virtual_ns : 0, product;

    if (__builtin_mul_overflow(ahead, before, &product))
        product = UINT64_MAX;
    e->start = e->start - ahead + product / e->weight;
}

static void used(struct scheduler *s, struct scheduler_entity *e, uint64_t ns, uint64_t now_ns) {
    (void)now_ns;
    /* A sum overflows after 2^54 ns times the weight, by nobody's ever pausing: half a year, or with the default weight 57. */
    e->cost = ns > MOST_NS ? MOST_NS : ns;
    e->start += weighed(e, e->cost); /* of the next turn, which it may have asked for meanwhile */
    s->last = e;
}

const struct scheduler_kind scheduler_fair = {
    .name = "fair",
    .summary = "weighted fair sharing of the device's time",
    .asks = asks,
    .choose = choose,
    .lasts = lasts,
    .hurries = hurries,
    .weighed = weighed_anew,
    .used = used,
};
