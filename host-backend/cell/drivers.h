// SPDX-License-Identifier: MIT
/*
 * Kinds of OpenCL drivers by what they need of the machine: device nodes, folders of /sys, device calls. A
 * machine's cell has what the kinds need whose devices are there.
 */
#ifndef HOST_BACKEND_CELL_DRIVERS_H
#define HOST_BACKEND_CELL_DRIVERS_H

#include <stdint.h>

enum { CELL_NODES = 6, CELL_SYS = 6, CELL_IOCTLS = 4 };

struct cell_driver {
    const char *name;
    const char *nodes[CELL_NODES]; /* patterns of glob(7); the kind is there if the first one matches */
    const char *sys[CELL_SYS];     /* patterns of folders */
    struct {
        uint32_t mask, value; /* allowed: requests for which (request & mask) == value */
    } ioctls[CELL_IOCTLS];    /* ends with mask 0 */
};

/* The first is that of all drivers, those for CPUs too. Ends with a NULL name. */
extern const struct cell_driver cell_drivers[];

#endif
