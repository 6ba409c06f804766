// SPDX-License-Identifier: MIT
/*
 * The control: one process for each host, in which an administrator decides about the guests of all its daemons.
 *
 * Brokers tell it of each worker before that serves anybody (wire.h), and go on by themselves where there is none, or
 * none any more; when it comes back they tell it of those that run. It names guests by what the host knows: the VM as
 * root's or its own user's daemons call it, or the user and control group of a process. What a daemon of another user
 * says of its guests counts for nothing: they are that user's.
 *
 * Never loads a driver and never sees a command. Threads: control_run on one; control_stop and control_reload are
 * async-signal-safe.
 */
#ifndef HOST_BACKEND_CONTROL_CONTROL_H
#define HOST_BACKEND_CONTROL_CONTROL_H

#include <stdbool.h>

#include "host-backend/control/scheduler.h"

struct control;

struct control_config {
    const char *socket;          /* where to listen */
    int listen_fd;               /* or one that systemd listens on; -1 */
    const char *policy;          /* the file; NULL: no rules */
    bool policy_may_lack;        /* as long as it is not there, there are no rules */
    const char *metrics;         /* a Unix socket for Prometheus; NULL: none */
    unsigned short metrics_port; /* or a port of 127.0.0.1; 0: none */
    const char *changes;         /* the file of what commands change; NULL: none is kept */
    const struct scheduler_kind *scheduler;
};

#define CONTROL_WHY 512

/* NULL with a sentence. `config` is not kept but for its strings. */
struct control *control_create(const struct control_config *config, char why[CONTROL_WHY]);
int control_run(struct control *c);
void control_stop(struct control *c);
void control_reload(struct control *c);
/* Guests go on without. */
void control_destroy(struct control *c);

#endif
