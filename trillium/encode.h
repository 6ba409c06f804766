/*
 * The encoder: puts commands into a session's FIFO.
 *
 *     struct tr_array arrays[] = {{waits, wait_count}};
 *     TR_SEND(g, MARKER, marker, arrays, .queue = queue, .event = event, .event_slot = slot);
 *
 * The arrays are the command's arrays in the table's order; their counts are filled in. A command without arrays takes NULL.
 */
#ifndef TRILLIUM_ENCODE_H
#define TRILLIUM_ENCODE_H

#include <stdbool.h>

#include "svga-model/guest.h"
#include "trillium/wire.h"

struct tr_array {
    const void *data;
    uint32_t count; /* elements */
};

/* Bytes that the command will take in the FIFO; 0 if that is more than SVGA_CMD_MAX_SIZE. */
uint32_t tr_encoded_size(enum tr_cmd cmd, const struct tr_array *arrays);

/* Encodes into `out`, which has room for `size` bytes = tr_encoded_size(). The bytes are a function of the arguments alone. */
void tr_encode(void *out, uint32_t size, enum tr_cmd cmd, const void *fixed, const struct tr_array *arrays);

/* Encodes into the FIFO. The caller holds svga_guest_lock. False if the device is lost or the command is too long. */
bool tr_put(struct svga_guest *g, enum tr_cmd cmd, const void *fixed, const struct tr_array *arrays);

/* The same with the lock taken and the command published. */
bool tr_send(struct svga_guest *g, enum tr_cmd cmd, const void *fixed, const struct tr_array *arrays);

#define TR_PUT(g, NAME, name, arrays, ...) tr_put(g, TR_CMD_##NAME, &(struct tr_##name){__VA_ARGS__}, arrays)
#define TR_SEND(g, NAME, name, arrays, ...) tr_send(g, TR_CMD_##NAME, &(struct tr_##name){__VA_ARGS__}, arrays)

#endif
