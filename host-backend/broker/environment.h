// SPDX-License-Identifier: MIT
/*
 * The environment of a worker: what of the host's environment it gets, by one table of allowed variables.
 * A program's own settings (OPENCL_LAYERS, LD_PRELOAD ...) are for its process, not for the worker's.
 */
#ifndef HOST_BACKEND_BROKER_ENVIRONMENT_H
#define HOST_BACKEND_BROKER_ENVIRONMENT_H

#include <stdbool.h>

struct worker_variable {
    const char *name; /* ends with '*': all that begin so */
    enum {
        VARIABLE_ANYWHERE,
        VARIABLE_OUTSIDE, /* a place of the machine, which a worker with a root of its own has not */
    } where;
    const char *why;
};
extern const struct worker_variable worker_variables[]; /* ends with a NULL name */

/*
 * The strings are environ's, `more`'s, `guests`' and constants; the list is to be freed. `more`, which ends with
 * NULL, goes before environ's, and `guests`, the guest's own, which ends so too or is NULL, takes their place. `inside`: the worker has a root of its own. NULL when out of memory.
 */
char **worker_environment(const char *const *more, char *const *guests, bool inside);

#endif
