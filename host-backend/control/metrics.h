// SPDX-License-Identifier: MIT
/*
 * The guests' counters as Prometheus reads them, over HTTP on a Unix socket.
 *
 * Threads: one.
 */
#ifndef HOST_BACKEND_CONTROL_METRICS_H
#define HOST_BACKEND_CONTROL_METRICS_H

#include "host-backend/control/guest.h"

/* Answers one of those that wait at the socket, whatever it asks. Never waits for it. */
void metrics_serve(int listener, const struct guests *g);

#endif
