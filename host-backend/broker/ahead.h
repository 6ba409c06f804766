// SPDX-License-Identifier: MIT
/*
 * What is made ready ahead of need: workers that have loaded the drivers, and workers that have run their
 * compilers. Never at a guest's cost (spare.h).
 */
#ifndef HOST_BACKEND_BROKER_AHEAD_H
#define HOST_BACKEND_BROKER_AHEAD_H

#include "host-backend/broker/spare.h"
#include "host-backend/broker/workers.h"

/* Does what may be done now. */
void ahead_prepare(struct workers *all, struct spare *spare);
/* When to try again, after a death or while guests need the CPUs; -1: when something has happened. */
int64_t ahead_next_ms(const struct workers *all, int64_t now_ms);

#endif
