// SPDX-License-Identifier: MIT
/* Between clone and exec: the half of a cell that needs privileges. */
#ifndef HOST_BACKEND_CELL_ENTER_H
#define HOST_BACKEND_CELL_ENTER_H

#include <stdbool.h>

#include "host-backend/cell/cell.h"
#include "host-backend/cell/cgroup.h"
#include "host-backend/cell/folder.h"
#include "host-backend/cell/root.h"

struct cell {
    enum cell_mode mode;
    bool privileged; /* root that may do all that is needed: no user namespace */
    bool assumed;    /* that they stand has not been tried */
    unsigned walls;  /* to raise, as bits */
    uid_t uid;       /* of this process */
    gid_t gid;
    struct root root;
    struct cell_report report;
    struct cell_folder *folder; /* NULL: the root has one, or mode off */
    struct cgroup *cgroup;      /* NULL: none was delegated, or mode off */
    int no_groups;              /* why there is none */
};

/* Flags for clone: the namespaces of these walls. */
unsigned long enter_clone_flags(const struct cell *c, unsigned walls);

/*
 * Raises the walls of c->walls that are not the worker's own, and leaves in `report` what became of each.
 * `pid_text` gets the process id by which the host knows this process. A trace file is made, as descriptor
 * *trace (-1 when it cannot be). Async-signal-safe. 0, or the negative errno with which the worker's folder
 * or control
 * group could not be made.
 */
int enter(const struct cell *c, const char *trace_dir, int *trace, char pid_text[CELL_PID_TEXT],
          struct cell_report *report);

#endif
