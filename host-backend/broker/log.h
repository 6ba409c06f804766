// SPDX-License-Identifier: MIT
/*
 * The daemon's messages, on standard error: "trillium: sentence". Where the journal reads them, it learns their
 * priority (util/service.h).
 *
 * What guests can bring about is rate-limited by topic, so that none of them fills the host's log or hides what
 * the others' say: LOG_BURST lines at once, then LOG_PER_SECOND (ten times as many of what drivers write, which is
 * long where they crash). How many were left out is said when the next
 * one may be.
 *
 * Threads: any.
 */
#ifndef HOST_BACKEND_BROKER_LOG_H
#define HOST_BACKEND_BROKER_LOG_H

enum log_topic {
    LOG_DAEMON,   /* what the administrator did or has to do; never limited */
    LOG_WORKERS,  /* workers that end, or cannot start */
    LOG_GUESTS,   /* guests that come and go */
    LOG_REFUSALS, /* guests that are refused */
    LOG_LIMITS,   /* guests that meet a limit */
    LOG_REMOTE,   /* who comes over a network, and is refused */
    LOG_WORDS,    /* what workers and their drivers write (words.h) */
    LOG_TOPICS
};

enum { LOG_BURST = 20, LOG_PER_SECOND = 2 };

void log_say(enum log_topic topic, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
