// SPDX-License-Identifier: MIT
/*
 * Probes of what OpenCL drivers do otherwise than the specification says: each tries one quirk of the worker's
 * table on a driver of this machine, natively.
 *
 * A probe runs in a process of its own, since a driver may end it or hang it: it is forked before any driver is
 * loaded, and says what it saw by its verdict. No threads but its own.
 */
#ifndef TESTS_QUIRKS_QUIRKS_H
#define TESTS_QUIRKS_QUIRKS_H

#include <stdbool.h>

#include <CL/cl.h>

/* Exit statuses, so that a crash or a hang is none of them. */
enum verdict {
    VERDICT_GONE = 10, /* the driver does as the specification says */
    VERDICT_HOLDS,     /* it does not */
    VERDICT_UNKNOWN,   /* this driver cannot be asked: it lacks what the probe needs */
};

/* One device of the driver, with a context and an in-order queue. */
struct probed {
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
    bool expected; /* the table says that the driver has the quirk */
};

struct probe {
    const char *name;                             /* the quirk's, in worker/quirks.def */
    enum verdict (*run)(const struct probed *on); /* NULL: this table's last entry */
    /* What a process that crashed or did not end within the limit has seen; 0 if that is a fault of the probe. */
    enum verdict if_it_crashes, if_it_hangs;
};
extern const struct probe probes[];

#endif
