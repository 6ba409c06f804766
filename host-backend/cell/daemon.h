// SPDX-License-Identifier: MIT
/*
 * The walls of the daemon's own: lists of the system calls that a broker, a VM's front, and the process of a remote guest may
 * make.
 *
 * Neither loads a driver, but both read what guests write. What is not on a list does not exist (ENOSYS), as in a
 * worker's cell. A broker's list holds all that its workers need until they are in their cells, since they inherit
 * it; a front starts nothing, opens no file to write to, and makes no socket but those of this machine; the control neither.
 */
#ifndef HOST_BACKEND_CELL_DAEMON_H
#define HOST_BACKEND_CELL_DAEMON_H

#include "host-backend/cell/cell.h"

enum daemon_wall {
    DAEMON_BROKER,  /* of the whole process, with the threads that it has */
    DAEMON_FRONT,   /* of the calling thread */
    DAEMON_CONTROL, /* of the whole process: of `trillium control` */
    DAEMON_REMOTE,  /* of the whole process: of a remote guest (remote/program) */
    DAEMON_WALLS,
};

struct daemon_wall_info {
    const char *name;  /* doctor's and SECURITY.md's */
    const char *stops; /* what it keeps whom from */
};
extern const struct daemon_wall_info daemon_walls[DAEMON_WALLS];

/* For good: no-new-privileges too. 0, or a negative errno: nothing has changed then. */
int daemon_confine(enum daemon_wall wall);

/* The same by --sandbox: off: nothing is raised; else says on standard error what cannot stand, and fails only in
 * strict. */
bool daemon_raise(enum daemon_wall wall, enum cell_mode mode);

/* Tried in a child, for doctor. 0, or a negative errno. */
int daemon_try(enum daemon_wall wall);

#endif
