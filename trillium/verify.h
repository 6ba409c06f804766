// SPDX-License-Identifier: MIT
/*
 * The verifier: the only way from bytes that a guest wrote to a command that the host acts on. Works on a
 * private copy (never on shared memory). Checks lengths, array counts, and every id, slot and span against
 * the session.
 */
#ifndef TRILLIUM_VERIFY_H
#define TRILLIUM_VERIFY_H

#include <stdbool.h>

#include "trillium/wire.h"

/* What the verifier asks of the session. */
struct tr_session_view {
    void *opaque;
    /* Kind of the object with this id; TR_KIND_NONE if there is none. id is below TR_MAX_ID and not 0. */
    enum tr_kind (*kind_of)(void *opaque, uint32_t id);
    /* Are these bytes all inside one region? */
    bool (*span_ok)(void *opaque, const struct tr_span *span);
    /* Was the slot announced? */
    bool (*slot_ok)(void *opaque, uint32_t slot);
};

/* A command that has passed. Points into the caller's bytes. */
struct tr_view {
    enum tr_cmd cmd;
    const void *fixed; /* struct tr_<name> */
    const void
        *arrays[TR_MAX_ARRAYS]; /* in the table's order, 8-aligned if the bytes are; counts are in `fixed` */
};

/* Checks `size` bytes (header included). True, or false with a sentence in `why`. */
bool tr_verify(const void *bytes, uint32_t size, const struct tr_session_view *session, struct tr_view *view,
               char *why, size_t why_size);

#endif
