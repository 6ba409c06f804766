// SPDX-License-Identifier: MIT
/*
 * The eventfds that a VMM hands over. One that is hostile makes them block: by O_NONBLOCK, which all who have the descriptor share, by a
 * count that is full, by reading what epoll has just told of. A thread that waits there longer than two seconds is freed: its
 * number for the descriptor is given to another eventfd, which never blocks, in a signal's handler, and the call begins again there.
 *
 * Threads: each has its own watch. Costs nothing in calls that do not block.
 */
#ifndef HOST_BACKEND_VHOST_USER_EVENT_H
#define HOST_BACKEND_VHOST_USER_EVENT_H

#include <stdbool.h>

/* The calling thread is watched from now on, until the end. 0 or a negative errno: it is not. */
int vu_events_begin(void);
void vu_events_end(void);

/* Adds one to it. */
void vu_event_signal(int fd);
/* Takes what was added. False: nothing was. */
bool vu_event_take(int fd);

/* Has this thread been freed since it was last asked? */
bool vu_events_were_stuck(void);

#endif
