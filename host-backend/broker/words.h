// SPDX-License-Identifier: MIT
/*
 * What a process that serves a guest writes to its standard descriptors, a worker with the driver in it or who speaks for a
 * remote guest: a pipe, whose lines go into the daemon's log under the name of whom it serves, limited as all is that guests
 * can bring about.
 *
 * It may have been taken over: bytes that are no plain text become question marks, and lines that are too
 * long are cut.
 *
 * Threads: one at a time.
 */
#ifndef HOST_BACKEND_BROKER_WORDS_H
#define HOST_BACKEND_BROKER_WORDS_H

#include <stddef.h>

#include "host-backend/broker/log.h"

enum { WORDS_LINE = 400 };

struct words {
    int fd; /* our end; -1: there is none */
    enum log_topic topic;
    size_t used; /* of a line that has not ended yet */
    char line[WORDS_LINE + 1];
};

/* Returns the process' end (CLOEXEC), or a negative errno. */
int words_begin(struct words *w, enum log_topic topic);
/* Says what is there, in the name of `who`; never waits. */
void words_pass_on(struct words *w, const char *who);
/* The process has ended: says the rest, and closes. Nothing where there is none. */
void words_end(struct words *w, const char *who);

#endif
