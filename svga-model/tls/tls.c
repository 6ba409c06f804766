// SPDX-License-Identifier: MIT
#include "svga-model/tls/tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HANDSHAKE_MS = 10000 };

struct svga_tls_keys {
    gnutls_certificate_credentials_t credentials;
};

static ssize_t receive(void *tls, void *bytes, size_t size) {
    for (;;) {
        ssize_t n = gnutls_record_recv(tls, bytes, size);
        if (n >= 0)
            return n;
        if (n == GNUTLS_E_INTERRUPTED || (n != GNUTLS_E_AGAIN && !gnutls_error_is_fatal((int)n)))
            continue;
        /* An end without a farewell, as of a process that is killed, is an end. */
        return n == GNUTLS_E_PREMATURE_TERMINATION ? 0 : n == GNUTLS_E_AGAIN ? -EAGAIN : -EIO;
    }
}

static int send_all(void *tls, const void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t n = gnutls_record_send(tls, (const char *)bytes + done, size - done);
        if (n == GNUTLS_E_INTERRUPTED || n == GNUTLS_E_AGAIN)
            continue;
        if (n < 0)
            return -EPIPE;
        done += (size_t)n;
    }
    return 0;
}

/* What is wrong with the host's certificate, if that is what it was. */
static void say_why(gnutls_session_t session, int r, char *why, size_t why_size) {
    gnutls_datum_t text;

    if (r == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR &&
        gnutls_certificate_verification_status_print(gnutls_session_get_verify_cert_status(session),
                                                     GNUTLS_CRT_X509, &text, 0) == 0) {
        snprintf(why, why_size, "the host's certificate is not accepted: %s", (const char *)text.data);
        gnutls_free(text.data);
    } else {
        snprintf(why, why_size, "no TLS connection: %s", gnutls_strerror(r));
    }
}

static bool shake_hands(struct svga_stream *s, gnutls_session_t session, char *why, size_t why_size) {
    int r;

    gnutls_transport_set_int(session, s->fd);
    gnutls_handshake_set_timeout(session, HANDSHAKE_MS);
    do
        r = gnutls_handshake(session);
    while (r < 0 && !gnutls_error_is_fatal(r));
    if (r < 0) {
        say_why(session, r, why, why_size);
        gnutls_deinit(session);
        return false;
    }
    s->tls_recv = receive;
    s->tls_send = send_all;
    s->tls = session;
    return true;
}

static bool begin(gnutls_session_t *session, unsigned end, gnutls_certificate_credentials_t credentials) {
    if (gnutls_init(session, end | GNUTLS_NO_SIGNAL) < 0)
        return false;
    if (gnutls_set_default_priority(*session) == 0 &&
        gnutls_credentials_set(*session, GNUTLS_CRD_CERTIFICATE, credentials) == 0)
        return true;
    gnutls_deinit(*session);
    return false;
}

bool svga_tls_connect(struct svga_stream *s, const char *host, const char *ca_file, char *why,
                      size_t why_size) {
    gnutls_certificate_credentials_t credentials;
    gnutls_session_t session;

    if (gnutls_certificate_allocate_credentials(&credentials) < 0) {
        snprintf(why, why_size, "out of memory");
        return false;
    }
    int r = gnutls_certificate_set_x509_trust_file(credentials, ca_file, GNUTLS_X509_FMT_PEM);
    if (r <= 0) {
        snprintf(why, why_size, "%.120s has no certificates: %s", ca_file,
                 r < 0 ? gnutls_strerror(r) : "none is in it");
        gnutls_certificate_free_credentials(credentials);
        return false;
    }
    if (!begin(&session, GNUTLS_CLIENT, credentials)) {
        snprintf(why, why_size, "TLS cannot be set up");
        gnutls_certificate_free_credentials(credentials);
        return false;
    }
    gnutls_session_set_verify_cert(session, *host ? host : NULL, 0);
    if (*host)
        gnutls_server_name_set(session, GNUTLS_NAME_DNS, host, strlen(host));
    return shake_hands(s, session, why, why_size); /* the credentials stay as long as the process */
}

struct svga_tls_keys *svga_tls_load(const char *certificate, const char *key, char *why, size_t why_size) {
    struct svga_tls_keys *keys = calloc(1, sizeof *keys);

    if (!keys || gnutls_certificate_allocate_credentials(&keys->credentials) < 0) {
        snprintf(why, why_size, "out of memory");
        free(keys);
        return NULL;
    }
    int r = gnutls_certificate_set_x509_key_file(keys->credentials, certificate, key, GNUTLS_X509_FMT_PEM);
    if (r == 0)
        return keys;
    snprintf(why, why_size, "%.80s and %.80s are no certificate and its key: %s", certificate, key,
             gnutls_strerror(r));
    gnutls_certificate_free_credentials(keys->credentials);
    free(keys);
    return NULL;
}

bool svga_tls_accept(struct svga_stream *s, struct svga_tls_keys *keys, char *why, size_t why_size) {
    gnutls_session_t session;

    if (!begin(&session, GNUTLS_SERVER, keys->credentials)) {
        snprintf(why, why_size, "TLS cannot be set up");
        return false;
    }
    return shake_hands(s, session, why, why_size);
}
