// SPDX-License-Identifier: MIT
/*
 * Commands made from a fuzzer's bytes and the table's description: fields mostly hold what the session has
 * (ids of the right kind, slots, spans inside of regions), now and then anything at all.
 */
#ifndef TESTS_FUZZ_SESSION_INPUT_H
#define TESTS_FUZZ_SESSION_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "host-backend/worker/session.h"

struct input {
    const uint8_t *at;
    size_t size;
};

/* 0 beyond the input's end. */
uint8_t input_u8(struct input *in);
uint32_t input_u32(struct input *in);

/* Builds one command into `out` (SVGA_CMD_MAX_SIZE bytes, 8-aligned): its size. */
uint32_t input_command(struct input *in, const struct session *s, void *out);
/* The same as the command of a RECORD. */
uint32_t input_record(struct input *in, const struct session *s, void *out);

#endif
