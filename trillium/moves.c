// SPDX-License-Identifier: MIT
#include "trillium/moves.h"

#include <string.h>

#include "trillium/table.h"

enum direction { IN, OUT, SHARED };

/* Which way span number `n` of a command goes. */
static enum direction direction_of(uint32_t cmd, const void *fixed, unsigned n) {
    switch (cmd) {
    case TR_CMD_TRANSFER_BUFFER:
        return ((const struct tr_transfer_buffer *)fixed)->write ? IN : OUT;
    case TR_CMD_TRANSFER_RECT:
        return ((const struct tr_transfer_rect *)fixed)->write ? IN : OUT;
    case TR_CMD_TRANSFER_IMAGE:
        return ((const struct tr_transfer_image *)fixed)->write ? IN : OUT;
    case TR_CMD_CREATE_PROGRAM:
        return n == 0 ? IN : OUT; /* far, out */
    case TR_CMD_CREATE_IMAGE:
    case TR_CMD_SET_SPIRV:
    case TR_CMD_SET_FILES:
        return IN;
    case TR_CMD_ENUMERATE:
    case TR_CMD_GET_INFO:
    case TR_CMD_GET_IMAGE_FORMATS:
    case TR_CMD_GET_BINARIES:
        return OUT;
    default:
        return SHARED;
    }
}

static bool says_size(uint32_t cmd) {
    return cmd == TR_CMD_ENUMERATE || cmd == TR_CMD_GET_INFO || cmd == TR_CMD_GET_IMAGE_FORMATS ||
           cmd == TR_CMD_GET_BINARIES;
}

static bool waits_for_all(uint32_t cmd, const void *fixed) {
    return cmd == TR_CMD_FINISH ||
           (cmd == TR_CMD_MARKER && ((const struct tr_marker *)fixed)->waits_count == 0);
}

static void take_span(struct tr_moves *m, uint32_t cmd, const void *fixed, const uint8_t *at, unsigned n) {
    struct tr_span span;
    memcpy(&span, at, sizeof span);
    if (span.length == 0)
        return;
    switch (direction_of(cmd, fixed, n)) {
    case IN:
        m->in = span;
        break;
    case OUT:
        m->out = span;
        break;
    case SHARED:
        m->shared = true;
        break;
    }
}

static void take_slot(struct tr_moves *m, const struct tr_field *f, const uint8_t *at) {
    uint32_t slot;
    memcpy(&slot, at, sizeof slot);
    if (slot == TR_NO_SLOT || m->slot_count == TR_MOVES_SLOTS)
        return;
    m->slots[m->slot_count++] = slot;
    m->awaited = m->awaited || strcmp(f->name, "event_slot") != 0;
}

bool tr_moves_of(const void *command, uint32_t size, struct tr_moves *m) {
    struct svga_cmd_header header;
    uint32_t offset = 0;
    unsigned spans = 0;

    *m = (struct tr_moves){0};
    memcpy(&header, command, sizeof header);
    const struct tr_command *c = tr_command_find(header.id);
    if (!c || size < sizeof header + tr_align8(c->fixed_size))
        return false;
    const uint8_t *fixed = (const uint8_t *)command + sizeof header;
    for (const struct tr_field *f = c->fields; f->type != TR_FIELD_END; f++) {
        const uint8_t *at = fixed + offset;
        if (f->type == TR_FIELD_SPAN || f->type == TR_FIELD_SPAN_OPT)
            take_span(m, header.id, fixed, at, spans++);
        else if (f->type == TR_FIELD_SLOT || f->type == TR_FIELD_SLOT_OPT)
            take_slot(m, f, at);
        else if (f->kind == TR_KIND_QUEUE && f->type == TR_FIELD_ID)
            memcpy(&m->queue, at, sizeof m->queue);
        offset += tr_field_size(f->type);
    }
    m->awaited = m->awaited || header.id == TR_CMD_WAIT_EVENTS;
    m->sized = says_size(header.id);
    m->all_before = waits_for_all(header.id, fixed);
    return true;
}

/* Nobody is about to wait for these, but they are to be heard of now. */
static bool is_urgent(uint32_t cmd) {
    return cmd == TR_CMD_FLUSH || cmd == TR_CMD_WATCH_EVENT || cmd == TR_CMD_SET_USER_EVENT;
}

bool tr_needs_of(const void *command, uint32_t size, struct svga_needs *needs) {
    struct svga_cmd_header header;
    struct tr_moves m;

    memcpy(&header, command, sizeof header);
    if (!tr_moves_of(command, size, &m) || m.shared)
        return false;
    *needs = (struct svga_needs){.id = m.in.region,
                                 .offset = m.in.offset,
                                 .length = m.in.length,
                                 .now = m.awaited || is_urgent(header.id)};
    return true;
}
