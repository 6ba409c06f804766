// SPDX-License-Identifier: MIT
/*
 * Bytes for a process apart (apart.h), and back: values one after the other, each at a multiple of 8.
 *
 * Structs of this tree travel as they lie in memory, since both sides are of one build (apart.h sees to that); pointers in them mean
 * nothing on the other side. A reader trusts no length: after the first value that does not fit it gives zeros.
 */
#ifndef SVGA_MODEL_VISA_APART_PACKET_H
#define SVGA_MODEL_VISA_APART_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct visa_packet {
    char *bytes; /* the owner's: free() */
    size_t size, room;
    bool failed; /* memory ran out: it is to be thrown away */
};

void visa_packet_put(struct visa_packet *p, const void *bytes, size_t size);
/* The size, then the bytes. NULL is another thing than nothing. */
void visa_packet_put_bytes(struct visa_packet *p, const void *bytes, size_t size);
void visa_packet_put_text(struct visa_packet *p, const char *text);
#define VISA_PACKET_PUT(packet, value) visa_packet_put(packet, &(value), sizeof(value))

struct visa_packet_reader {
    const char *at; /* 8-byte aligned */
    size_t left;
    bool failed;
};

/* Into `out`, which becomes zeros where there is too little. */
void visa_packet_get(struct visa_packet_reader *r, void *out, size_t size);
/* Where the bytes lie, at an address for any type; NULL for NULL and for what does not fit. */
const void *visa_packet_get_bytes(struct visa_packet_reader *r, size_t *size);
/* NULL for NULL and for what is no text. */
const char *visa_packet_get_text(struct visa_packet_reader *r);
#define VISA_PACKET_GET(reader, value) visa_packet_get(reader, &(value), sizeof(value))

/* Copies for the caller. NULL where there is NULL, and with `failed` set where memory ran out. */
void *visa_packet_take_bytes(struct visa_packet_reader *r, size_t *size);
char *visa_packet_take_text(struct visa_packet_reader *r);

#endif
