// SPDX-License-Identifier: MIT
#include "host-backend/broker/walls.h"

#include <stdio.h>

#include "host-backend/broker/log.h"
#include "host-backend/cell/cgroup.h"

static void say_missing(const struct cell *cell) {
    char missing[256] = "";
    size_t used = 0;

    for (int i = 0; i < CELL_WALLS && used < sizeof missing; i++)
        if (!(cell_standing(cell) & CELL_BIT(i)))
            used += (size_t)snprintf(missing + used, sizeof missing - used, " %s", cell_walls[i].name);
    if (used > 0)
        log_say(LOG_DAEMON,
                "workers are not walled in as they should be, missing:%s; `trillium doctor` says why",
                missing);
}

struct cell *walls_make_cell(const struct broker_config *config, char why[BROKER_WHY_SIZE]) {
    struct cell *cell = cell_create(&(struct cell_config){.mode = config->sandbox,
                                                          .groups = true,
                                                          .assume = config->first_only,
                                                          .worker = config->worker_path},
                                    why);

    if (!cell)
        return NULL;
    if (config->sandbox == CELL_MODE_OFF) {
        log_say(LOG_DAEMON,
                "--sandbox off: workers run with all rights of this user, and so do their guests' kernels");
        return cell;
    }
    int groups = cell_lacks_groups(cell);
    if (config->verbose && groups == 0)
        log_say(LOG_DAEMON, "each worker has a control group of its own");
    else if (config->verbose)
        log_say(LOG_DAEMON, "workers have no control groups of their own: %s", cgroup_why(groups));
    say_missing(cell);
    return cell;
}

bool walls_settle(struct cell *cell) {
    char why[CELL_WHY_SIZE];

    if (!cell_assumed(cell))
        return false;
    if (!cell_try(cell, why)) {
        log_say(LOG_WORKERS, "%s", why);
        return false;
    }
    say_missing(cell);
    return true;
}
