// SPDX-License-Identifier: MIT
/*
 * The cell that a broker's workers live in, and word in the log of what it lacks.
 *
 * Threads: the broker's.
 */
#ifndef HOST_BACKEND_BROKER_WALLS_H
#define HOST_BACKEND_BROKER_WALLS_H

#include "host-backend/broker/broker.h"
#include "host-backend/cell/cell.h"

/* NULL with a reason in `why`. Where a worker is started at once (config->first_only), that one tries the walls. */
struct cell *walls_make_cell(const struct broker_config *config, char why[BROKER_WHY_SIZE]);

/* A worker could not be started in its cell, or could not enter it: was that because of a wall that was only assumed? Then
 * all of them have been tried now, what is missing is said, and the next worker does without. */
bool walls_settle(struct cell *cell);

#endif
