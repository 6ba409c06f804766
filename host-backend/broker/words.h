// SPDX-License-Identifier: MIT
/*
 * What a worker and the driver in it write to their standard descriptors: a pipe, whose lines go into the
 * daemon's log under the name of whom the worker serves, limited as all is that guests can bring about.
 *
 * A worker may have been taken over: bytes that are no plain text become question marks, and lines that are too
 * long are cut.
 *
 * Threads: the broker's.
 */
#ifndef HOST_BACKEND_BROKER_WORDS_H
#define HOST_BACKEND_BROKER_WORDS_H

#include <stddef.h>

enum { WORDS_LINE = 400 };

struct words {
    int fd;      /* the broker's end; -1: there is none */
    size_t used; /* of a line that has not ended yet */
    char line[WORDS_LINE + 1];
};

/* Returns the worker's end (CLOEXEC), or a negative errno. */
int words_begin(struct words *w);
/* Says what is there, in the name of `who`; never waits. */
void words_pass_on(struct words *w, const char *who);
/* The worker has ended: says the rest, and closes. Nothing where there is none. */
void words_end(struct words *w, const char *who);

#endif
