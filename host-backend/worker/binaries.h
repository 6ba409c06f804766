// SPDX-License-Identifier: MIT
/*
 * Programs' binaries as the guest has them: the driver's own, and behind each a trailer by which this host
 * knows it again.
 *
 * Drivers trust binaries: PoCL's is an archive that it unpacks to whatever paths are written in it, and holds
 * native code. So a driver gets only what this host made, for the same tenant, device and driver. The key lies
 * with the broker (host-backend/cache/ask.h) and outlives sessions, so that programs may keep their binaries
 * in files.
 *
 * Leader lock held.
 */
#ifndef HOST_BACKEND_WORKER_BINARIES_H
#define HOST_BACKEND_WORKER_BINARIES_H

#include "host-backend/worker/session.h"

/* CREATE_PROGRAM of binaries that lie one after the other in `bytes`. NULL with *r, or with the session
 * failed. */
cl_program binaries_take(struct session *s, struct program *p, const struct tr_create_program *c,
                         const struct tr_view *v, const char *bytes, size_t size, cl_int *r);

/* CL_PROGRAM_BINARIES, concatenated, if they fit into `out`; *needed: their size. */
cl_int binaries_give(struct session *s, struct program *p, struct tr_span out, uint64_t *needed);

/* CL_PROGRAM_BINARY_SIZES, as clGetProgramInfo answers it. */
cl_int binaries_sizes(cl_program cl, size_t size, void *value, size_t *needed);

#endif
