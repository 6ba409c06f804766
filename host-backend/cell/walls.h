// SPDX-License-Identifier: MIT
/*
 * The walls of a cell: the names by which options, messages, `trillium doctor` and SECURITY.md call them.
 *
 * A worker is taken over from its guest's first kernel on (on a CPU driver a kernel is native code), so it
 * runs in a cell that holds the driver, its guest's own memory and its sockets, and nothing else.
 */
#ifndef HOST_BACKEND_CELL_WALLS_H
#define HOST_BACKEND_CELL_WALLS_H

#include <stddef.h>

enum cell_wall {
    CELL_PID,
    CELL_ROOT,
    CELL_NET,
    CELL_IPC,
    CELL_UTS,
    CELL_UID,
    CELL_CAPS,
    CELL_LIMITS,
    CELL_LANDLOCK,
    CELL_SECCOMP,
    CELL_WALLS,
};

#define CELL_BIT(wall) (1u << (wall))
#define CELL_ALL (CELL_BIT(CELL_WALLS) - 1)

struct cell_wall_info {
    const char *name;
    const char *stops; /* what it keeps a worker from */
    const char *needs; /* what the machine must have for it: said where it does not stand */
    const char *mend;  /* a command or setting that helps; NULL: none is known */
};
extern const struct cell_wall_info cell_walls[CELL_WALLS];

/* Which walls stand: 0, or the errno that says why one does not. */
struct cell_report {
    int error[CELL_WALLS];
};

/* The walls that stand, as bits. */
unsigned cell_report_standing(const struct cell_report *report);

/* A sentence that says why a wall does not stand. */
void cell_explain(enum cell_wall wall, int error, char *out, size_t size);

#endif
