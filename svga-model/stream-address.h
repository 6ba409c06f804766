// SPDX-License-Identifier: MIT
/*
 * Where a stream goes to or is listened for: HOST:PORT (an IPv6 address in brackets), unix:PATH, or vsock:CID:PORT.
 *
 * Threads: any.
 */
#ifndef SVGA_MODEL_STREAM_ADDRESS_H
#define SVGA_MODEL_STREAM_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct svga_address {
    struct sockaddr_storage socket;
    socklen_t length;
};

enum { SVGA_ADDRESSES = 8, SVGA_HOST_NAME = 256 };

/* What `text` means: how many, at most SVGA_ADDRESSES, the best first. 0 with a sentence in `why`. `host` gets the name or
 * address of the machine, as certificates have it; "" where there is none. */
int svga_address_find(const char *text, struct svga_address out[SVGA_ADDRESSES], char host[SVGA_HOST_NAME],
                      char *why, size_t why_size);

/* Is it reached from this machine alone? */
bool svga_address_local(const struct svga_address *a);

/* A connected socket (CLOEXEC), or -1 with a sentence. Gives up after `limit_ms`. */
int svga_address_connect(const char *text, int limit_ms, char host[SVGA_HOST_NAME], char *why,
                         size_t why_size);

#endif
