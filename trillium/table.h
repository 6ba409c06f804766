// SPDX-License-Identifier: MIT
/*
 * The command table as data: what the encoder, the verifier, traces and the reference page walk over.
 */
#ifndef TRILLIUM_TABLE_H
#define TRILLIUM_TABLE_H

#include <stdbool.h>

#include "trillium/wire.h"

enum tr_field_type {
    TR_FIELD_U32,
    TR_FIELD_U64,
    TR_FIELD_I32,
    TR_FIELD_NEW,
    TR_FIELD_NEW_OPT,
    TR_FIELD_ID,
    TR_FIELD_ID_OPT,
    TR_FIELD_SLOT,
    TR_FIELD_SLOT_OPT,
    TR_FIELD_SPAN,
    TR_FIELD_SPAN_OPT,
    TR_FIELD_U64X3,
    /* arrays: the fixed part holds their count */
    TR_FIELD_BYTES,
    TR_FIELD_U64S,
    TR_FIELD_U32S,
    TR_FIELD_IDS,
    TR_FIELD_END,
};

/* Fields follow each other without padding, so a field's offset is the sum of the sizes before it
 * (tr_field_size). */
struct tr_field {
    enum tr_field_type type;
    enum tr_kind kind; /* of ids */
    const char *name;
    const char *doc;
};

struct tr_command {
    const char *name; /* "enqueue_kernel" */
    const char *doc;
    uint32_t fixed_size;           /* bytes, without the padding */
    const struct tr_field *fields; /* ended by TR_FIELD_END */
};

/* The description of a command by its number on the wire (enum tr_cmd), or NULL. */
const struct tr_command *tr_command_find(uint32_t cmd);

/* Bytes of a field in the fixed part; for an array that is its count. */
static inline uint32_t tr_field_size(enum tr_field_type type) {
    switch (type) {
    case TR_FIELD_U64:
        return 8;
    case TR_FIELD_SPAN:
    case TR_FIELD_SPAN_OPT:
        return sizeof(struct tr_span);
    case TR_FIELD_U64X3:
        return 24;
    case TR_FIELD_END:
        return 0;
    default:
        return 4;
    }
}

/* A field's element size in an array, 0 for what is no array. */
static inline uint32_t tr_field_element_size(enum tr_field_type type) {
    switch (type) {
    case TR_FIELD_BYTES:
        return 1;
    case TR_FIELD_U64S:
        return 8;
    case TR_FIELD_U32S:
    case TR_FIELD_IDS:
        return 4;
    default:
        return 0;
    }
}
const char *tr_field_type_name(enum tr_field_type type);
const char *tr_kind_name(enum tr_kind kind);

#endif
