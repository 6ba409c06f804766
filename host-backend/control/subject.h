// SPDX-License-Identifier: MIT
/*
 * Who a guest is, from what a broker says of it and from what the host knows of the broker.
 *
 * Threads: any.
 */
#ifndef HOST_BACKEND_CONTROL_SUBJECT_H
#define HOST_BACKEND_CONTROL_SUBJECT_H

#include <stdio.h>

#include <jansson.h>

#include "host-backend/control/policy.h"

/* The control group of a process, "" where there is none to be seen; what is not printable ASCII is a '?'. */
void subject_cgroup(pid_t pid, char cgroup[POLICY_CGROUP]);
/* The same, from what /proc/PID/cgroup says. */
void subject_cgroup_of(FILE *in, char cgroup[POLICY_CGROUP]);

/* The guest of a "join" (wire.h) from the broker of this user. root's and our own user's brokers are believed; another
 * one's guests are its user's, and bear his number in their names. False: the request makes no sense. */
bool subject_of(const json_t *join, uid_t broker_uid, pid_t broker_pid, struct policy_subject *who);

#endif
