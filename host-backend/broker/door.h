// SPDX-License-Identifier: MIT
/*
 * Where process guests come in: accepts them, and knows what to do when descriptors are out. Some are held in
 * reserve, so that who cannot be let in is told so and its connection closed, instead of waiting at the door for
 * ever while the broker's loop spins.
 *
 * Threads: the broker's.
 */
#ifndef HOST_BACKEND_BROKER_DOOR_H
#define HOST_BACKEND_BROKER_DOOR_H

#include "host-backend/broker/guests.h"
#include "host-backend/listen/listen.h"

enum { DOOR_RESERVE = 16 }; /* a connection, and the descriptors of one message */

struct door {
    struct listen_socket socket;
    int reserve[DOOR_RESERVE];
    pid_t ancestor;   /* also processes of other users that descend from it may enter; 0: none */
    const char *name; /* of the guests (broker_config) */
    unsigned number;  /* of the last guest */
};

void door_init(struct door *d);
/* EVENT_LISTENER: lets in one of those that wait. */
void door_open(struct door *d, struct guests *guests);
void door_finish(struct door *d);

#endif
