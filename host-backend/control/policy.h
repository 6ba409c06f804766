// SPDX-License-Identifier: MIT
/*
 * The policy file: what guests may have, by who they are. In libconfig's format; share/doc's policy.conf is an example
 * and trillium-policy(5) the reference.
 *
 *     administrators = "GROUP";           // besides root and the control's own user
 *     defaults = { weight = 100; };
 *     rules = ( { vm = "web*"; weight = 300; memory = "2 GiB"; }, { uid = 1000; processes = 4; } );
 *
 * A rule holds for a guest for which all that it names is right: `vm` and `name` (patterns, fnmatch(3)), `uid`,
 * `cgroup` (a pattern). All rules that hold count, later ones above earlier ones, and all above the defaults. What is
 * not known is an error with its line: a policy with a slip of the pen would be none.
 *
 * Threads: one per struct.
 */
#ifndef HOST_BACKEND_CONTROL_POLICY_H
#define HOST_BACKEND_CONTROL_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "host-backend/control/limits.h"

/* Where it is, unless `trillium control --policy` says otherwise. */
#define POLICY_FILE "/etc/trillium/policy.conf"

#define POLICY_NAME 160
#define POLICY_CGROUP 256
#define POLICY_WHY 512

/* Who a guest is, by what the host knows. */
struct policy_subject {
    char name[POLICY_NAME]; /* "NAME" of a VM, or "user UID CGROUP" */
    bool vm;                /* a VM, or a daemon that an administrator gave a name */
    uid_t uid;
    char cgroup[POLICY_CGROUP];
};

struct policy;

/* `path` NULL: a policy without rules. NULL with a sentence that names file and line. */
struct policy *policy_read(const char *path, char why[POLICY_WHY]);
void policy_free(struct policy *p);
/* What a guest may have. */
struct limits policy_limits(const struct policy *p, const struct policy_subject *who);
/* The group that may give commands; NULL: none. */
const char *policy_administrators(const struct policy *p);

#endif
