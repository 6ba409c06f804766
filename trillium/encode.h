// SPDX-License-Identifier: MIT
/*
 * The encoder: puts commands into a session's FIFO.
 *
 *     struct tr_array arrays[] = {{waits, wait_count}};
 *     TR_SEND(g, MARKER, marker, arrays, .queue = queue, .event = event, .event_slot = slot);
 *
 * The arrays are the command's arrays in the table's order; their counts are filled in. A command without
 * arrays takes NULL.
 */
#ifndef TRILLIUM_ENCODE_H
#define TRILLIUM_ENCODE_H

#include <stdbool.h>
#include <string.h>

#include "svga-model/guest.h"
#include "trillium/wire.h"

struct tr_array {
    const void *data;
    uint32_t count; /* elements */
};

/* Bytes that the command will take in the FIFO; 0 if that is more than SVGA_CMD_MAX_SIZE. */
uint32_t tr_encoded_size(enum tr_cmd cmd, const struct tr_array *arrays);

/* Encodes into `out`, which has room for `size` bytes = tr_encoded_size(). The bytes are a function of the
 * arguments alone. */
void tr_encode(void *out, uint32_t size, enum tr_cmd cmd, const void *fixed, const struct tr_array *arrays);

/* Encodes into the FIFO. The caller holds svga_guest_lock. False if the device is lost or the command is too
 * long. */
bool tr_put(struct svga_guest *g, enum tr_cmd cmd, const void *fixed, const struct tr_array *arrays);

/* The same with the lock taken and the command published. */
bool tr_send(struct svga_guest *g, enum tr_cmd cmd, const void *fixed, const struct tr_array *arrays);

/*
 * The same bytes for hot commands whose only array comes last, without a walk over the table: `fixed` has the
 * array's count already, tail is its elements.
 */
static inline uint32_t tr_tail_size(uint32_t fixed_size, uint32_t tail_bytes) {
    uint32_t head = (uint32_t)sizeof(struct svga_cmd_header) + tr_align8(fixed_size);
    return tail_bytes <= SVGA_CMD_MAX_SIZE - head ? head + tr_align8(tail_bytes) : 0;
}

static inline void tr_encode_tail(void *out, uint32_t size, enum tr_cmd cmd, const void *fixed,
                                  uint32_t fixed_size, const void *tail, uint32_t tail_bytes) {
    struct svga_cmd_header header = {cmd, size};
    uint8_t *at = (uint8_t *)out + sizeof header;

    memcpy(out, &header, sizeof header);
    memset(at + tr_align8(fixed_size) - 8, 0, 8); /* padding; what is no padding is overwritten */
    memcpy(at, fixed, fixed_size);
    if (tail_bytes > 0) {
        at += tr_align8(fixed_size);
        memset(at + tr_align8(tail_bytes) - 8, 0, 8);
        memcpy(at, tail, tail_bytes);
    }
}

/* As tr_put. */
static inline bool tr_put_tail(struct svga_guest *g, enum tr_cmd cmd, const void *fixed, uint32_t fixed_size,
                               const void *tail, uint32_t tail_bytes) {
    uint32_t size = tr_tail_size(fixed_size, tail_bytes);
    void *out = size > 0 ? svga_guest_reserve(g, size) : NULL;
    if (!out)
        return false;
    tr_encode_tail(out, size, cmd, fixed, fixed_size, tail, tail_bytes);
    svga_guest_commit(g, size);
    return true;
}

#define TR_PUT(g, NAME, name, arrays, ...) tr_put(g, TR_CMD_##NAME, &(struct tr_##name){__VA_ARGS__}, arrays)
#define TR_PUT_TAIL(g, NAME, name, tail, tail_bytes, ...)                                                    \
    tr_put_tail(g, TR_CMD_##NAME, &(struct tr_##name){__VA_ARGS__}, sizeof(struct tr_##name), tail,          \
                tail_bytes)
#define TR_SEND(g, NAME, name, arrays, ...)                                                                  \
    tr_send(g, TR_CMD_##NAME, &(struct tr_##name){__VA_ARGS__}, arrays)

#endif
