// SPDX-License-Identifier: MIT
/*
 * The wire structs and the numbers of all commands, made from trillium/commands.def. A command on the wire is
 * struct svga_cmd_header, then the fixed part (padded to 8 bytes), then each array (padded to 8 bytes).
 */
#ifndef TRILLIUM_WIRE_H
#define TRILLIUM_WIRE_H

#include "svga-model/fifo.h"
#include "trillium/protocol.h"

/* Numbers on the wire: SVGA_CMD_FIRST_CLIENT + the table's number. */
enum tr_cmd {
#define COMMAND(NAME, name, number, doc) TR_CMD_##NAME = SVGA_CMD_FIRST_CLIENT + (number),
#define U32(field, doc)
#define U64(field, doc)
#define I32(field, doc)
#define NEW(field, kind, doc)
#define NEW_OPT(field, kind, doc)
#define ID(field, kind, doc)
#define ID_OPT(field, kind, doc)
#define SLOT(field, doc)
#define SLOT_OPT(field, doc)
#define SPAN(field, doc)
#define SPAN_OPT(field, doc)
#define U64X3(field, doc)
#define BYTES(field, doc)
#define U64S(field, doc)
#define U32S(field, doc)
#define IDS(field, kind, doc)
#define END(NAME, name)
#include "trillium/commands.def"
};

/* Highest table number + 1. */
#define TR_CMD_SLOTS 160u

/* The fixed part of each command; *_count are the lengths of its arrays and are filled in by the encoder. */
#define COMMAND(NAME, name, number, doc) struct __attribute__((packed)) tr_##name {
#define U32(field, doc) uint32_t field;
#define U64(field, doc) uint64_t field;
#define I32(field, doc) int32_t field;
#define NEW(field, kind, doc) uint32_t field;
#define NEW_OPT(field, kind, doc) uint32_t field;
#define ID(field, kind, doc) uint32_t field;
#define ID_OPT(field, kind, doc) uint32_t field;
#define SLOT(field, doc) uint32_t field;
#define SLOT_OPT(field, doc) uint32_t field;
#define SPAN(field, doc) struct tr_span field;
#define SPAN_OPT(field, doc) struct tr_span field;
#define U64X3(field, doc) uint64_t field[3];
#define BYTES(field, doc) uint32_t field##_count;
#define U64S(field, doc) uint32_t field##_count;
#define U32S(field, doc) uint32_t field##_count;
#define IDS(field, kind, doc) uint32_t field##_count;
#define END(NAME, name)                                                                                      \
    }                                                                                                        \
    ;
#include "trillium/commands.def"

/* Room for the fixed part of any command. */
#define TR_MAX_FIXED 512u
#define TR_MAX_ARRAYS 4u

static inline uint32_t tr_align8(uint32_t n) {
    return (n + 7u) & ~7u;
}

#endif
