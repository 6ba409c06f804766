// SPDX-License-Identifier: MIT
/*
 * What commands have changed about guests, kept in a file beside the control's socket, so that limits and pauses outlive
 * the control's death: a JSON object of {NAME: {"limits": {KEY: VALUE}, "paused": true}}. The policy does not
 * belong there; reading it again forgets limits (not pauses).
 *
 * Threads: one.
 */
#ifndef HOST_BACKEND_CONTROL_CHANGES_H
#define HOST_BACKEND_CONTROL_CHANGES_H

#include <stdbool.h>

#include <jansson.h>

#include "host-backend/control/limits.h"

struct changes {
    json_t *all;
    char *path; /* NULL: kept in memory only */
};

/* `path` is copied. A file that is not this user's, or no such object, is left alone and said so in the log. */
void changes_begin(struct changes *c, const char *path);
void changes_end(struct changes *c);

/* By a command: `set` as it came, checked already ({KEY: TEXT}). */
void changes_limit(struct changes *c, const char *guest, const json_t *set);
void changes_pause(struct changes *c, const char *guest, bool paused);
/* The policy was read again. */
void changes_forget_limits(struct changes *c);

/* What was changed about this guest: written over what the policy says. Returns whether it is paused. */
bool changes_apply(const struct changes *c, const char *guest, struct limits *limits);

#endif
