// SPDX-License-Identifier: MIT
/*
 * An administrator's commands (wire.h), once it is known that he may give them.
 *
 * Threads: one.
 */
#ifndef HOST_BACKEND_CONTROL_COMMANDS_H
#define HOST_BACKEND_CONTROL_COMMANDS_H

#include <jansson.h>

#include "host-backend/control/guest.h"

/* May this user give commands? root, this process' own user, and the policy's group. */
bool commands_allowed(const struct guests *g, uid_t uid, gid_t gid);

/* Carries out "limit", "pause", "resume", "kill". The answer. */
json_t *commands_do(struct guests *g, const json_t *request, uint64_t now_ns);
json_t *commands_failed(const char *why);

/* Reads the policy again. The answer; the old one stays where the new one is wrong. */
json_t *commands_reload(struct guests *g, const char *path, uint64_t now_ns);

#endif
