// SPDX-License-Identifier: MIT
/*
 * Who gets a device next: the interface that a way of scheduling implements, and all that it may know.
 *
 * A scheduler shares one resource among entities of different weights. There is one for each device, whose entities
 * are the guests; and one for each guest on it, whose entities are the guest's processes. It sees three things: an
 * entity asks, it is chosen, it has used the device for so long. It decides two: who is next, and for how long beside
 * those that ask. Time comes from outside and is only ever compared with time from outside, so a test can simulate it.
 *
 * To add one: a file that fills in a struct scheduler_kind, and its line in scheduler_kinds (scheduler.c).
 *
 * Threads: one.
 */
#ifndef HOST_BACKEND_CONTROL_SCHEDULER_H
#define HOST_BACKEND_CONTROL_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

/* How long a turn is of who has enough to do. */
#define TURN_QUANTUM_NS UINT64_C(12000000)
/* Of its work, as much is in flight as this and one command: where nobody waits for it in a hurry, so that the device always has another
 * command of all but the longest; and where somebody may. */
#define TURN_AHEAD_NS UINT64_C(6000000)
#define TURN_HURRY_NS UINT64_C(2000000)
/* Where nobody is in a hurry, a turn goes back so long before its end: as the way to the next one's first command takes. */
#define TURN_LEAD_NS UINT64_C(300000)

struct scheduler_entity {
    struct scheduler_entity *next; /* of those that ask */
    unsigned weight;               /* 1 or more; changed by scheduler_weigh */
    bool asks;
    uint64_t asked_ns; /* when */
    uint64_t ended_ns; /* when it last gave the device back */
    /* for kinds, which give them a meaning; 0 at first */
    uint64_t start, cost;
    unsigned eager, light;
};

struct scheduler {
    const struct scheduler_kind *kind;
    struct scheduler_entity *first, **end; /* those that ask, in order */
    unsigned serving;                      /* so many were chosen, and have not told yet what they used */
    uint64_t served_ns;                    /* up to when somebody has last used it */
    /* for kinds */
    uint64_t virtual_ns, busy_since_ns, light_until_ns;
    struct scheduler_entity *last;
};

struct scheduler_kind {
    const char *name;
    const char *summary;
    /* It asks: it is at the end of the list already. */
    void (*asks)(struct scheduler *s, struct scheduler_entity *e, uint64_t now_ns);
    /* Whom to serve, one of the list. NULL: nobody before `*again_ns`, though somebody asks: it is worth waiting for
     * another one. Who is chosen leaves the list. */
    struct scheduler_entity *(*choose)(struct scheduler *s, uint64_t now_ns, uint64_t *again_ns);
    /* It has the device: how long may it begin commands, as long as nobody else asks? At most `most_ns`. Asked again
     * whenever somebody does. NULL: for `most_ns`. */
    uint64_t (*lasts)(const struct scheduler *s, const struct scheduler_entity *e, uint64_t most_ns);
    /* It has the device, at this time: may somebody come who should not wait for more than one command? NULL: always. */
    bool (*hurries)(const struct scheduler *s, uint64_t now_ns);
    /* Its weight was `before`: what it has used and not paid for yet counts by the new one. NULL: that is nothing. */
    void (*weighed)(const struct scheduler *s, struct scheduler_entity *e, unsigned before);
    /* It has used the device for so long, up to now. */
    void (*used)(struct scheduler *s, struct scheduler_entity *e, uint64_t ns, uint64_t now_ns);
};

/* All there are, the default first; ends with NULL. */
extern const struct scheduler_kind *const scheduler_kinds[];
extern const struct scheduler_kind scheduler_fair, scheduler_fcfs;
const struct scheduler_kind *scheduler_find(const char *name);

void scheduler_init(struct scheduler *s, const struct scheduler_kind *kind);
void scheduler_ask(struct scheduler *s, struct scheduler_entity *e, uint64_t now_ns);
/* NULL: nobody; then *again_ns is when to try again, UINT64_MAX: when somebody asks. */
struct scheduler_entity *scheduler_choose(struct scheduler *s, uint64_t now_ns, uint64_t *again_ns);
/* Chooses one of those that ask, whatever the kind says. */
void scheduler_take(struct scheduler *s, struct scheduler_entity *e);
uint64_t scheduler_lasts(const struct scheduler *s, const struct scheduler_entity *e, uint64_t most_ns);
uint64_t scheduler_ahead(const struct scheduler *s, uint64_t now_ns);
uint64_t scheduler_lead(const struct scheduler *s, uint64_t now_ns);
void scheduler_used(struct scheduler *s, struct scheduler_entity *e, uint64_t ns, uint64_t now_ns);
/* At any time; 1 or more. */
void scheduler_weigh(const struct scheduler *s, struct scheduler_entity *e, unsigned weight);
/* It does not ask any more. */
void scheduler_withdraw(struct scheduler *s, struct scheduler_entity *e);
/* It goes for good, and is not served. */
void scheduler_forget(struct scheduler *s, struct scheduler_entity *e);

#endif
