// SPDX-License-Identifier: MIT
/*
 * The verifier: the only way from bytes that a guest wrote to a command that the host acts on. Works on a
 * private copy (never on shared memory). Checks lengths, array counts, and every id, slot and span against
 * the session, and that no command brings objects of two platforms together: the host's loader would hand one
 * driver's handle to another. A guest's own driver has refused that before (CL_INVALID_CONTEXT and the like).
 */
#ifndef TRILLIUM_VERIFY_H
#define TRILLIUM_VERIFY_H

#include <stdbool.h>

#include "trillium/wire.h"

/* What the verifier asks of the session. */
struct tr_known {
    enum tr_kind kind; /* TR_KIND_NONE: there is no such object */
    uint32_t platform; /* a number of the session's own; 0: of none */
};
struct tr_session_view {
    void *opaque;
    /* The object with this id, which is below TR_MAX_ID and not 0. */
    struct tr_known (*object)(void *opaque, uint32_t id);
    /* Are these bytes all inside one region? */
    bool (*span_ok)(void *opaque, const struct tr_span *span);
    /* Was the slot announced? */
    bool (*slot_ok)(void *opaque, uint32_t slot);
};

/* A command that has passed. Points into the caller's bytes. */
struct tr_view {
    enum tr_cmd cmd;
    uint32_t platform; /* of the objects that it names; 0: of none */
    const void *fixed; /* struct tr_<name> */
    const void
        *arrays[TR_MAX_ARRAYS]; /* in the table's order, 8-aligned if the bytes are; counts are in `fixed` */
};

/* Checks `size` bytes (header included). True, or false with a sentence in `why`. */
bool tr_verify(const void *bytes, uint32_t size, const struct tr_session_view *session, struct tr_view *view,
               char *why, size_t why_size);

#endif
