// SPDX-License-Identifier: MIT
/*
 * Defines the field macros of trillium/commands.def in terms of one macro FIELD(TYPE, KIND, name, doc), which
 * the includer defines beside COMMAND and END. No include guard: it is included once before each include of
 * the table.
 */
#define U32(field, doc) FIELD(U32, NONE, field, doc)
#define U64(field, doc) FIELD(U64, NONE, field, doc)
#define I32(field, doc) FIELD(I32, NONE, field, doc)
#define NEW(field, kind, doc) FIELD(NEW, kind, field, doc)
#define NEW_OPT(field, kind, doc) FIELD(NEW_OPT, kind, field, doc)
#define ID(field, kind, doc) FIELD(ID, kind, field, doc)
#define ID_OPT(field, kind, doc) FIELD(ID_OPT, kind, field, doc)
#define SLOT(field, doc) FIELD(SLOT, NONE, field, doc)
#define SLOT_OPT(field, doc) FIELD(SLOT_OPT, NONE, field, doc)
#define SPAN(field, doc) FIELD(SPAN, NONE, field, doc)
#define SPAN_OPT(field, doc) FIELD(SPAN_OPT, NONE, field, doc)
#define U64X3(field, doc) FIELD(U64X3, NONE, field, doc)
#define BYTES(field, doc) FIELD(BYTES, NONE, field, doc)
#define U64S(field, doc) FIELD(U64S, NONE, field, doc)
#define U32S(field, doc) FIELD(U32S, NONE, field, doc)
#define IDS(field, kind, doc) FIELD(IDS, kind, field, doc)
