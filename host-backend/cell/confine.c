// SPDX-License-Identifier: MIT
#include "host-backend/cell/confine.h"

#include <sys/prctl.h>

void confine(unsigned walls, struct cell_report *report) {
    if (walls & CELL_BIT(CELL_CAPS))
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (walls & CELL_BIT(CELL_LANDLOCK))
        report->error[CELL_LANDLOCK] = -confine_files((walls & CELL_BIT(CELL_ROOT)) != 0);
    if (walls & CELL_BIT(CELL_SECCOMP))
        report->error[CELL_SECCOMP] = -confine_calls();
}
