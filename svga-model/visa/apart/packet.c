// SPDX-License-Identifier: MIT
#include "svga-model/visa/apart/packet.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT64_MAX /* the size of NULL */

static size_t padded(size_t size) {
    return (size + 7) & ~(size_t)7;
}

void visa_packet_put(struct visa_packet *p, const void *bytes, size_t size) {
    if (size > SIZE_MAX / 4 || p->size > SIZE_MAX / 4)
        p->failed = true;
    if (!p->failed && p->room < p->size + padded(size)) {
        size_t room = (p->size + padded(size)) * 2;
        char *more = realloc(p->bytes, room);
        if (more) {
            p->bytes = more;
            p->room = room;
        } else {
            p->failed = true;
        }
    }
    if (p->failed || size == 0)
        return;
    memcpy(p->bytes + p->size, bytes, size);
    memset(p->bytes + p->size + size, 0, padded(size) - size);
    p->size += padded(size);
}

void visa_packet_put_bytes(struct visa_packet *p, const void *bytes, size_t size) {
    uint64_t length = bytes ? size : NONE;

    visa_packet_put(p, &length, sizeof length);
    if (bytes)
        visa_packet_put(p, bytes, size);
}

void visa_packet_put_text(struct visa_packet *p, const char *text) {
    visa_packet_put_bytes(p, text, text ? strlen(text) + 1 : 0);
}

static const char *take(struct visa_packet_reader *r, size_t size) {
    const char *at = r->at;

    if (r->failed || size > r->left) {
        r->failed = true;
        return NULL;
    }
    size_t used = padded(size) < r->left ? padded(size) : r->left;
    r->at += used;
    r->left -= used;
    return at;
}

void visa_packet_get(struct visa_packet_reader *r, void *out, size_t size) {
    const char *at = take(r, size);

    if (at)
        memcpy(out, at, size);
    else
        memset(out, 0, size);
}

const void *visa_packet_get_bytes(struct visa_packet_reader *r, size_t *size) {
    uint64_t length;

    *size = 0;
    visa_packet_get(r, &length, sizeof length);
    if (r->failed || length == NONE)
        return NULL;
    const char *at = take(r, length);
    if (at)
        *size = length;
    return at;
}

const char *visa_packet_get_text(struct visa_packet_reader *r) {
    size_t size;
    const char *text = visa_packet_get_bytes(r, &size);

    if (text && (size == 0 || text[size - 1] != '\0')) {
        r->failed = true;
        return NULL;
    }
    return text;
}

void *visa_packet_take_bytes(struct visa_packet_reader *r, size_t *size) {
    const void *bytes = visa_packet_get_bytes(r, size);
    void *copy = bytes ? malloc(*size + 1) : NULL;

    if (copy)
        memcpy(copy, bytes, *size);
    else if (bytes)
        r->failed = true;
    return copy;
}

char *visa_packet_take_text(struct visa_packet_reader *r) {
    const char *text = visa_packet_get_text(r);
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        r->failed = true;
    return copy;
}
