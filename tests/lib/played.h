// SPDX-License-Identifier: MIT
/*
 * Guests of the host's control, whose workers are played by a test: they come, ask for the device, give it back, and go. One control
 * for each test, with the fair scheduler and no policy.
 *
 * Threads: one.
 */
#ifndef TESTS_LIB_PLAYED_H
#define TESTS_LIB_PLAYED_H

#include "host-backend/control/guest.h"

#define MS UINT64_C(1000000)

struct played {
    struct session *session; /* NULL: it was refused, or has gone */
    struct board *board;     /* the worker's mapping */
    int bell;                /* the worker's end */
};

extern struct guests played_guests;
extern unsigned played_kills; /* processes that the control has ended */

/* Fixtures of cmocka. */
int played_set_up(void **state);
int played_tear_down(void **state);

/* A VM of that name. */
struct policy_subject played_named(const char *name);
/* A worker of it, that knows the device `key`, and took so much memory before anybody decided. Where it is refused, `why` says why. */
struct played played_come_to(const struct policy_subject *who, uint64_t key, uint64_t taken,
                             char why[LIMIT_TEXT]);
/* The same of the VM `name` and the tests' usual device. */
struct played played_come(const char *name, uint64_t taken, char why[LIMIT_TEXT]);
void played_goes(struct played *p, uint64_t now);

bool played_is_open(const struct played *p);
bool played_has_turn(const struct played *p);
void played_asks(struct played *p, uint64_t now);
void played_gives_back(struct played *p, uint64_t now);

/* What a command does. */
void played_limit(const char *name, enum limit_name l, uint64_t value);

#endif
