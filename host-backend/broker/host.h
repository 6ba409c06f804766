// SPDX-License-Identifier: MIT
/*
 * The host's control (control/control.h), as a daemon's broker sees it: asked before a worker gets its guest, told of
 * those that run when it comes later or comes back, and obeyed when it ends one or
 * an administrator wants to see its latencies. Where there is none, or none any more,
 * everything goes on without.
 *
 * Threads: the broker's.
 */
#ifndef HOST_BACKEND_BROKER_HOST_H
#define HOST_BACKEND_BROKER_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "host-backend/broker/workers.h"

enum { HOST_WHY = 256 };

struct host {
    const char *path; /* of its socket; NULL: there is none to look for */
    int fd;           /* -1: not connected */
    int epoll;
    int64_t next_try_ms;
};

void host_init(struct host *h, const char *path, int epoll);
/* May this worker serve this guest? False with a sentence for it. A control that does not answer within a second is
 * given up. */
bool host_admit(struct host *h, struct workers *all, const struct worker *w, const struct guest_name *who,
                char why[HOST_WHY]);
/* This worker's guest has gone: what it has a number of, the next may have. Before the next is admitted. */
void host_over(const struct host *h, const struct worker *w);
/* EVENT_HOST. */
void host_event(struct host *h, struct workers *all);
/* Looks for it, while there are guests. When to be called again; -1: when there is a guest. */
int64_t host_tick(struct host *h, struct workers *all, int64_t now_ms);
void host_finish(struct host *h);

#endif
