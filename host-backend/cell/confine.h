// SPDX-License-Identifier: MIT
/*
 * The half of a cell that a worker raises itself, before it loads a driver: not dumpable, Landlock, and the
 * list of system calls. Threads: before any other is started; what they start inherits it.
 */
#ifndef HOST_BACKEND_CELL_CONFINE_H
#define HOST_BACKEND_CELL_CONFINE_H

#include "host-backend/cell/walls.h"

/* Raises those of `walls` that are a worker's own. Leaves in `report` what became of each of them; the others
 * are not touched. */
void confine(unsigned walls, struct cell_report *report);

/* Only system calls that drivers need, of the kinds whose devices are there. 0, or a negative errno. */
int confine_calls(void);

/* Only the files that drivers need. `inside`: the root is the cell's own. 0, or a negative errno. */
int confine_files(int inside);

#endif
