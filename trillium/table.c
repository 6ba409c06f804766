// SPDX-License-Identifier: MIT
#include "trillium/table.h"

#include <stddef.h>

/* The fields of each command. */
#define COMMAND(NAME, name, number, doc) static const struct tr_field fields_##name[] = {
#define FIELD(TYPE, KIND, field, doc) {TR_FIELD_##TYPE, TR_KIND_##KIND, #field, doc},
#define END(NAME, name)                                                                                      \
    { TR_FIELD_END, TR_KIND_NONE, NULL, NULL }                                                               \
    }                                                                                                        \
    ;
#include "trillium/fields.h"
#include "trillium/commands.def"
#undef FIELD

/* The commands, by their number in the table. */
#define COMMAND(NAME, name, number, doc) [number] = {#name, doc, sizeof(struct tr_##name), fields_##name},
#define FIELD(TYPE, KIND, field, doc)
#define END(NAME, name)
static const struct tr_command commands[TR_CMD_SLOTS] = {
#include "trillium/fields.h"
#include "trillium/commands.def"
};
#undef FIELD

/* No fixed part may outgrow what encoder and verifier have room for. */
#define COMMAND(NAME, name, number, doc)                                                                     \
    _Static_assert(sizeof(struct tr_##name) <= TR_MAX_FIXED && (number) < TR_CMD_SLOTS, #name);
#define FIELD(TYPE, KIND, field, doc)
#define END(NAME, name)
#include "trillium/fields.h"
#include "trillium/commands.def"
#undef FIELD

const struct tr_command *tr_command_find(uint32_t cmd) {
    uint32_t number = cmd - SVGA_CMD_FIRST_CLIENT;
    return number < TR_CMD_SLOTS && commands[number].name ? &commands[number] : NULL;
}

const char *tr_field_type_name(enum tr_field_type type) {
    static const char *const names[] = {
        [TR_FIELD_U32] = "u32",       [TR_FIELD_U64] = "u64",         [TR_FIELD_I32] = "i32",
        [TR_FIELD_NEW] = "new id",    [TR_FIELD_NEW_OPT] = "new id?", [TR_FIELD_ID] = "id",
        [TR_FIELD_ID_OPT] = "id?",    [TR_FIELD_SLOT] = "slot",       [TR_FIELD_SLOT_OPT] = "slot?",
        [TR_FIELD_SPAN] = "span",     [TR_FIELD_SPAN_OPT] = "span?",  [TR_FIELD_U64X3] = "u64[3]",
        [TR_FIELD_BYTES] = "bytes[]", [TR_FIELD_U64S] = "u64[]",      [TR_FIELD_U32S] = "u32[]",
        [TR_FIELD_IDS] = "id[]",      [TR_FIELD_END] = "end",
    };
    return names[type];
}

const char *tr_kind_name(enum tr_kind kind) {
    static const char *const names[] = {
        [TR_KIND_NONE] = "",         [TR_KIND_CONTEXT] = "context", [TR_KIND_QUEUE] = "queue",
        [TR_KIND_MEM] = "mem",       [TR_KIND_SAMPLER] = "sampler", [TR_KIND_PROGRAM] = "program",
        [TR_KIND_KERNEL] = "kernel", [TR_KIND_EVENT] = "event",     [TR_KIND_BATCH] = "batch",
        [TR_KIND_ANY] = "any",
    };
    return names[kind];
}
