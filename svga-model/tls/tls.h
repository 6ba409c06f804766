// SPDX-License-Identifier: MIT
/*
 * TLS for streams (stream.h), by GnuTLS: one thread may receive while another sends. The guest's end opens this library only
 * where it is asked to; the host's end is linked with it.
 *
 * Functions that can fail fill `why`, of `why_size` bytes, with a sentence.
 */
#ifndef SVGA_MODEL_TLS_TLS_H
#define SVGA_MODEL_TLS_TLS_H

#include "svga-model/stream.h"

#define SVGA_TLS_LIBRARY "libtrillium-tls.so"
#define SVGA_TLS_CONNECT "svga_tls_connect"

struct svga_tls_keys;

/* The guest's end: on s->fd, with a host whose certificate is signed by one of those in `ca_file` and made out to `host`
 * ("": to whomever). False: not connected, and s->tls stays NULL. */
typedef bool svga_tls_connecting(struct svga_stream *s, const char *host, const char *ca_file, char *why,
                                 size_t why_size);
svga_tls_connecting svga_tls_connect;

/* The host's end: its certificate and private key (PEM), read before it is walled in. NULL after saying why. */
struct svga_tls_keys *svga_tls_load(const char *certificate, const char *key, char *why, size_t why_size);
bool svga_tls_accept(struct svga_stream *s, struct svga_tls_keys *keys, char *why, size_t why_size);

#endif
