// SPDX-License-Identifier: MIT
/*
 * Telling a guest that it gets no session, without a worker.
 *
 * The reason goes to where a device would have put it, in the guest's BAR. The broker maps nothing of a guest:
 * it writes through the descriptor that came with the guest's first message, if that is memory and no file.
 */
#ifndef HOST_BACKEND_BROKER_REFUSE_H
#define HOST_BACKEND_BROKER_REFUSE_H

#include <stdbool.h>

/* Reads what the guest has said, never waiting. True if it was told; the socket stays the caller's. */
bool refuse_guest(int session, const char *why);

#endif
