// SPDX-License-Identifier: MIT
/*
 * The driver's variables that a guest chooses for its worker (trillium/variables.h), as it sends them before
 * anything else.
 *
 * Threads: any.
 */
#ifndef HOST_BACKEND_BROKER_VARIABLES_H
#define HOST_BACKEND_BROKER_VARIABLES_H

#include <stdbool.h>

/* What --variables takes: "all", "none", or names of the table, separated by commas. */
bool variables_choice_ok(const char *choice);

/*
 * Takes the message that waits in the guest's socket if it is one of variables; false: it is not. *list: NAME=VALUE each, ends
 * with NULL, in one piece to be freed; NULL: it asks for nothing that may be had, or for what every worker has anyway.
 * `choice`: as above; NULL is all. `who` names the guest where it is told what it does not get.
 */
bool variables_take(int session, const char *choice, const char *who, char ***list);

#endif
