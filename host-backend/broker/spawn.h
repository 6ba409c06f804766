// SPDX-License-Identifier: MIT
/*
 * Starting a worker process (host-backend/worker/main.c).
 */
#ifndef HOST_BACKEND_BROKER_SPAWN_H
#define HOST_BACKEND_BROKER_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "host-backend/broker/broker.h"
#include "host-backend/broker/words.h"
#include "host-backend/cell/cell.h"

struct spawned {
    pid_t pid;
    int pidfd;   /* readable once the worker has ended */
    int control; /* host-backend/worker/control.h */
    int board;   /* board/board.h */
    int bell;    /* what the worker rings with comes here */
    int life;    /* its end is the worker's (worker/lifeline.h) */
    int store;   /* the broker's end of host-backend/cache/ask.h's socket; -1: handed on */
    struct words words;
};

/*
 * Starts a worker in `cell` and in a process group of its own, so that signals of a terminal do not reach it;
 * it is killed when the calling thread ends. It gets the part of the host's environment that is drivers'
 * (environment.h), and no descriptor but standard output and error, which are a pipe (words.h). `refuse`: it loads no driver and tells
 * its guest this text. `eager`: a guest waits for it, or may come at any moment. `variables`: its guest's own (variables.h); NULL: none. 0 or a negative errno.
 */
int spawn_worker(const struct broker_config *config, const struct cell *cell, bool eager, const char *refuse,
                 char *const *variables, struct spawned *out);

/* Passes a session's socket to the worker. 0 or a negative errno. */
int spawn_give_session(int control, int session);

#endif
