// SPDX-License-Identifier: MIT
/*
 * The socket carrier: a device that is reached over a stream (stream.h), on this machine or on another. No memory is shared:
 * regions are the guest's own, and what a command reads is sent with it. Placed regions (svga_region.address) there are none.
 *
 * Commands that nobody waits upon are sent together, after 200 us at the latest; `strict` sends each when it is written and
 * waits until the device has decoded it.
 */
#ifndef SVGA_MODEL_CARRIER_SOCKET_H
#define SVGA_MODEL_CARRIER_SOCKET_H

#include "svga-model/carrier.h"
#include "svga-model/stream.h"

struct svga_socket_options {
    const char *address;    /* stream-address.h */
    const char *token_file; /* NULL: no token */
    const char *ca_file;    /* TLS, with a host whose certificate one of these has signed; NULL: no TLS */
    bool strict;
    svga_needs_of *needs;
    void (*text)(const char *bytes, size_t size); /* writes what kernels print; on the thread that receives */
};

/* NULL with a reason in `why`. */
struct svga_carrier *svga_carrier_socket_open(const struct svga_socket_options *options,
                                              char why[SVGA_WHY_SIZE]);

#endif
