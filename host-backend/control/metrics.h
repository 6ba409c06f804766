// SPDX-License-Identifier: MIT
/*
 * The guests' counters as Prometheus reads them, over HTTP on a Unix socket or a port of the loopback address.
 *
 * Threads: one.
 */
#ifndef HOST_BACKEND_CONTROL_METRICS_H
#define HOST_BACKEND_CONTROL_METRICS_H

#include "host-backend/control/guest.h"

/* A socket that listens on this port of 127.0.0.1, or a negative errno. Whoever is on this host can read there. */
int metrics_listen(unsigned short port);

/* Answers one of those that wait at the socket, whatever it asks. Never waits for it. */
void metrics_serve(int listener, const struct guests *g);

#endif
