// SPDX-License-Identifier: MIT
#include "host-backend/control/scheduler.h"

#include <string.h>

const struct scheduler_kind *const scheduler_kinds[] = {&scheduler_fair, &scheduler_fcfs, NULL};

const struct scheduler_kind *scheduler_find(const char *name) {
    for (int i = 0; scheduler_kinds[i]; i++)
        if (strcmp(scheduler_kinds[i]->name, name) == 0)
            return scheduler_kinds[i];
    return NULL;
}

void scheduler_init(struct scheduler *s, const struct scheduler_kind *kind) {
    *s = (struct scheduler){.kind = kind, .end = &s->first};
}

void scheduler_ask(struct scheduler *s, struct scheduler_entity *e, uint64_t now_ns) {
    if (e->asks)
        return;
    e->asks = true;
    e->asked_ns = now_ns;
    e->next = NULL;
    *s->end = e;
    s->end = &e->next;
    s->kind->asks(s, e, now_ns);
}

void scheduler_withdraw(struct scheduler *s, struct scheduler_entity *e) {
    struct scheduler_entity **at = &s->first;

    if (!e->asks)
        return;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    if (!*at)
        s->end = at;
    e->asks = false;
}

struct scheduler_entity *scheduler_choose(struct scheduler *s, uint64_t now_ns, uint64_t *again_ns) {
    *again_ns = UINT64_MAX;
    struct scheduler_entity *e = s->first ? s->kind->choose(s, now_ns, again_ns) : NULL;
    if (e)
        scheduler_take(s, e);
    return e;
}

void scheduler_take(struct scheduler *s, struct scheduler_entity *e) {
    scheduler_withdraw(s, e);
    s->serving++;
}

uint64_t scheduler_lasts(const struct scheduler *s, const struct scheduler_entity *e, uint64_t most_ns) {
    return s->kind->lasts ? s->kind->lasts(s, e, most_ns) : most_ns;
}

static bool hurries(const struct scheduler *s, uint64_t now_ns) {
    return !s->kind->hurries || s->kind->hurries(s, now_ns);
}

uint64_t scheduler_ahead(const struct scheduler *s, uint64_t now_ns) {
    return hurries(s, now_ns) ? TURN_HURRY_NS : TURN_AHEAD_NS;
}

uint64_t scheduler_lead(const struct scheduler *s, uint64_t now_ns) {
    return hurries(s, now_ns) ? 0 : TURN_LEAD_NS;
}

void scheduler_weigh(const struct scheduler *s, struct scheduler_entity *e, unsigned weight) {
    unsigned before = e->weight;

    e->weight = weight;
    if (s->kind->weighed && weight != before)
        s->kind->weighed(s, e, before);
}

void scheduler_used(struct scheduler *s, struct scheduler_entity *e, uint64_t ns, uint64_t now_ns) {
    e->ended_ns = s->served_ns = now_ns;
    s->serving--;
    s->kind->used(s, e, ns, now_ns);
}

void scheduler_forget(struct scheduler *s, struct scheduler_entity *e) {
    scheduler_withdraw(s, e);
    if (s->last == e)
        s->last = NULL;
}
