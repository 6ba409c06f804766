// SPDX-License-Identifier: MIT
/*
 * The environment variables that steer the ICD, in one table: name, default, meaning.
 * guest-icd/session/settings.c reads them; the documentation is made from the same lines.
 */
#ifndef GUEST_ICD_SESSION_SETTINGS_H
#define GUEST_ICD_SESSION_SETTINGS_H

#include "guest-icd/session/session.h"

#define ICD_VARIABLES(V)                                                                                     \
    V(TRILLIUM_SHM, "", "Unix socket of `trillium serve --shm`; unset: the virtual GPU's render node")       \
    V(TRILLIUM_REMOTE, "",                                                                                   \
      "HOST:PORT, unix:PATH or vsock:CID:PORT of `trillium serve --listen`; unset: a device of this "        \
      "machine")                                                                                             \
    V(TRILLIUM_REMOTE_TOKEN, "", "file whose first line lets this guest in there")                           \
    V(TRILLIUM_REMOTE_CA, "",                                                                                \
      "file of certificates: connect by TLS, to a host whose own one of these has signed; unset: no TLS")    \
    V(TRILLIUM_REMOTE_STRICT, "0", "1: send each command by itself, and wait until the host has decoded it") \
    V(TRILLIUM_IR, "source",                                                                                 \
      "source: ship kernel source; spirv: compile to SPIR-V in the guest (the SVGA baseline)")               \
    V(TRILLIUM_SPIRV_CACHE, "1",                                                                             \
      "0: compile to SPIR-V in every process; else what was compiled is kept in ~/.cache/trillium/spirv")    \
    V(TRILLIUM_DEBUG, "0", "1: say on stderr why calls fail, and why there is no device")                    \
    V(TRILLIUM_STATS, "0",                                                                                   \
      "1: say on stderr at the end how many commands, doorbells, sleeps and copied bytes it took")           \
    V(TRILLIUM_DIRECT, "1", "0: the guest never copies to or from buffers itself")                           \
    V(TRILLIUM_COPY, "auto",                                                                                 \
      "memcpy: copy with the C library also on an emulated CPU, where words are faster")                     \
    V(TRILLIUM_IN_PLACE, "1",                                                                                \
      "0: transfers to and from memory that the application has mapped are copied through other memory, "    \
      "too")                                                                                                 \
    V(TRILLIUM_PLACED, "1", "0: buffers never live in memory that guest and kernels share")                  \
    V(TRILLIUM_REUSE, "1",                                                                                   \
      "0: transfers that are not waited for take fresh memory at once, and do not wait a little for used")   \
    V(TRILLIUM_FILL, "1",                                                                                    \
      "0: large transfers into memory that is new fault its pages in, and are not written to its file")      \
    V(TRILLIUM_PACE, "1",                                                                                    \
      "0: who waits for a command spins however long such took, also where that takes a CPU from it or "     \
      "from those behind it")                                                                                \
    V(TRILLIUM_SPIN_US, "200",                                                                               \
      "longest time a waiting thread spins before it sleeps, microseconds; 0: never")                        \
    V(TRILLIUM_WORKER, "0", "1: this process is Trillium's own worker: show no platforms")

/* Does the environment ask for Trillium? Where it does not, a driver that is merely installed keeps quiet on
 * a machine without its device. `trillium run` always asks. */
bool icd_asked_for(void);

/* The variable's value, or its default. */
const char *icd_variable(const char *name);

/* False, after a sentence on stderr, if a variable has a value that it cannot have. */
bool icd_settings_read(struct icd_settings *settings);

#endif
