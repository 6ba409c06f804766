// SPDX-License-Identifier: MIT
/*
 * Asking the host's control (control/wire.h), for the subcommands of an administrator.
 */
#ifndef HOST_BACKEND_CLI_ASK_H
#define HOST_BACKEND_CLI_ASK_H

#include <jansson.h>

#define ASK_WHY 512

/* Asks; the guests of a "list" go into `guests`, if that is not NULL. `fd` goes along and stays the caller's; -1: none does. The last
 * answer, or NULL with a sentence: nobody is there, or it refused. */
json_t *ask_control(json_t *request, int fd, json_t *guests, char why[ASK_WHY]);
/* NULL after saying why. */
json_t *ask_control_with(const char *subcommand, json_t *request, int fd);

/* All guests, in the order in which they came; NULL after saying why. */
json_t *ask_guests(const char *subcommand);

/* "1.5 s", "640 MiB" */
void ask_seconds(json_int_t ns, char text[16]);
void ask_bytes(json_int_t bytes, char text[16]);

#endif
