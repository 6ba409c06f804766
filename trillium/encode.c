// SPDX-License-Identifier: MIT
#include "trillium/encode.h"

#include <string.h>

#include "trillium/table.h"

static const struct tr_array none;

uint32_t tr_encoded_size(enum tr_cmd cmd, const struct tr_array *arrays) {
    const struct tr_command *command = tr_command_find(cmd);
    uint64_t size = sizeof(struct svga_cmd_header) + tr_align8(command->fixed_size);

    for (const struct tr_field *f = command->fields; f->type != TR_FIELD_END; f++) {
        uint32_t element = tr_field_element_size(f->type);
        if (element > 0 && arrays)
            size += ((uint64_t)arrays++->count * element + 7) & ~(uint64_t)7;
        if (size > SVGA_CMD_MAX_SIZE)
            return 0;
    }
    return (uint32_t)size;
}

/* Copies and pads with zeros to 8 bytes; returns the position behind. */
static uint8_t *put_padded(uint8_t *out, const void *data, uint32_t size) {
    uint32_t padded = tr_align8(size);
    if (padded > size)
        memset(out + padded - 8, 0, 8);
    if (size > 0)
        memcpy(out, data, size);
    return out + padded;
}

void tr_encode(void *out, uint32_t size, enum tr_cmd cmd, const void *fixed, const struct tr_array *arrays) {
    const struct tr_command *command = tr_command_find(cmd);
    struct svga_cmd_header header = {cmd, size};
    uint8_t *start = (uint8_t *)out + sizeof header;
    uint8_t *tail = put_padded(start, fixed, command->fixed_size);
    uint32_t offset = 0;

    memcpy(out, &header, sizeof header);
    for (const struct tr_field *f = command->fields; f->type != TR_FIELD_END; f++) {
        uint32_t element = tr_field_element_size(f->type);
        if (element > 0) {
            const struct tr_array *array = arrays ? arrays++ : &none;
            memcpy(start + offset, &array->count, sizeof array->count);
            tail = put_padded(tail, array->data, array->count * element);
        }
        offset += tr_field_size(f->type);
    }
}

bool tr_put(struct svga_guest *g, enum tr_cmd cmd, const void *fixed, const struct tr_array *arrays) {
    uint32_t size = tr_encoded_size(cmd, arrays);
    void *out = size > 0 ? svga_guest_reserve(g, size) : NULL;
    if (!out)
        return false;
    tr_encode(out, size, cmd, fixed, arrays);
    svga_guest_commit(g, size);
    return true;
}

bool tr_send(struct svga_guest *g, enum tr_cmd cmd, const void *fixed, const struct tr_array *arrays) {
    svga_guest_lock(g);
    bool sent = tr_put(g, cmd, fixed, arrays);
    svga_guest_unlock(g);
    return sent;
}
