// SPDX-License-Identifier: MIT
#include "host-backend/cell/confine.h"

#include <glob.h>
#include <sys/prctl.h>

#include "host-backend/cell/drivers.h"
#include "host-backend/cell/filters.h"

/* As worker_filters are counted. */
static unsigned kinds_there(void) {
    unsigned kinds = 0;

    for (unsigned i = 1; cell_drivers[i].name; i++) {
        glob_t g;
        if (glob(cell_drivers[i].nodes[0], 0, NULL, &g) != 0)
            continue;
        globfree(&g);
        kinds |= 1u << (i - 1);
    }
    return kinds;
}

int confine_calls(void) {
    return filter_load(&worker_filters[kinds_there()], true);
}

void confine(unsigned walls, struct cell_report *report) {
    if (walls & CELL_BIT(CELL_CAPS))
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (walls & CELL_BIT(CELL_LANDLOCK))
        report->error[CELL_LANDLOCK] = -confine_files((walls & CELL_BIT(CELL_ROOT)) != 0);
    if (walls & CELL_BIT(CELL_SECCOMP))
        report->error[CELL_SECCOMP] = -confine_calls();
}
