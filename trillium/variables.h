// SPDX-License-Identifier: MIT
/*
 * Environment variables of the host's drivers that a guest may choose for itself, in one table. The guest sends those
 * that are set where the program makes its first call; the host takes what the table has, with the values that it
 * has, and its administrator may allow less (--variables). A guest with such variables gets a worker that is started
 * for it, since a driver reads them when it is loaded.
 *
 * In the table is what concerns nothing but the guest's own worker: how many threads it uses, how large work-groups
 * get, what language features its compiler admits. Never a path, never what devices there are, never what a driver
 * writes or keeps, never a word that is not in the table: a guest is not trusted.
 *
 * Threads: any.
 */
#ifndef TRILLIUM_VARIABLES_H
#define TRILLIUM_VARIABLES_H

#include <stdbool.h>
#include <stdint.h>

/* X(NAME, least, most, words, driver, why it may pass): a number from least to most, or, with words ("a|b"), one or
 * several of these, separated by commas. */
#define TR_VARIABLES(X)                                                                                      \
    X(POCL_MAX_PTHREAD_COUNT, 1, 1024, NULL, "PoCL", "threads of the worker; its cell bounds them")          \
    X(POCL_MAX_WORK_GROUP_SIZE, 1, 65536, NULL, "PoCL", "a limit that the driver states")                    \
    X(POCL_WORK_GROUP_METHOD, 0, 0, "auto|loops|loopvec|repl|cbs", "PoCL", "how its own kernels are built")  \
    X(LP_NUM_THREADS, 0, 32, NULL, "Mesa's llvmpipe", "threads of the worker; its cell bounds them")         \
    X(RUSTICL_FEATURES, 0, 0, "fp16|fp64", "Mesa's rusticl", "features of the language for its own kernels") \
    X(GPU_MAX_ALLOC_PERCENT, 1, 100, NULL, "AMD's drivers", "a limit that the driver states")                \
    X(GPU_SINGLE_ALLOC_PERCENT, 1, 100, NULL, "AMD's drivers", "a limit that the driver states")             \
    X(GPU_MAX_HEAP_SIZE, 1, 100, NULL, "AMD's drivers", "a limit that the driver states")

enum {
    TR_VARIABLES_MAX = 8,    /* that one guest sends */
    TR_VARIABLE_LENGTH = 64, /* of NAME=VALUE with its end, at most */
};

/* Is NAME (up to a '=' or the end) in the table? */
bool tr_variable_known(const char *variable);

/* May NAME=VALUE pass? */
bool tr_variable_allowed(const char *variable);

#endif
