// SPDX-License-Identifier: MIT
/*
 * A control group (cgroup v2) of its own for each worker, where the daemon's own group was delegated to it (systemd's
 * Delegate=, which marks it): what a worker and all its children take together is bounded then, and counted.
 *
 * The daemon moves into a group "daemon" below its own, since a group with processes may not hand controllers on;
 * workers get "worker-PID" beside it. The share of the CPUs is left as it is. Groups that a killed daemon left go when the
 * next one starts there.
 *
 * Threads: one; cgroup_enter in a child.
 */
#ifndef HOST_BACKEND_CELL_CGROUP_H
#define HOST_BACKEND_CELL_CGROUP_H

#include <sys/types.h>

struct cgroup;

/* NULL with errno, which cgroup_why explains; nothing has changed then. `mount`: where cgroup v2 is mounted; NULL:
 * /sys/fs/cgroup. */
struct cgroup *cgroup_create(const char *mount);
/* Groups that are empty, or are so within a second, go; the daemon's own cannot. NULL is ignored. */
void cgroup_destroy(struct cgroup *g);

/* What the machine or the service lacks, by the errno of cgroup_create. */
const char *cgroup_why(int error);

/* In the child that the host knows by the number in `pid`: makes its group and moves it there. 0 or a negative errno.
 * Async-signal-safe. */
int cgroup_enter(const struct cgroup *g, const char *pid);

/* It has ended and was waited for: ends what it left, and removes its group, at the latest with the next one's. */
void cgroup_leave(struct cgroup *g, pid_t pid);

#endif
