// SPDX-License-Identifier: MIT
/*
 * Walking over the words of a SPIR-V module. No word is trusted: a walk ends at the first instruction that
 * does not fit. Source: SPIR-V 1.0, section 2.3 (physical layout).
 */
#ifndef SVGA_MODEL_VISA_COMMON_SPIRV_WORDS_H
#define SVGA_MODEL_VISA_COMMON_SPIRV_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SPIRV_HEADER_WORDS = 5, SPIRV_BOUND_WORD = 3 };

/* Ids above this are refused: tables indexed by id stay small. The specification's own limit. */
#define SPIRV_MAX_BOUND 0x3fffffu

struct spirv_walk {
    const uint32_t *words;
    size_t count;
    size_t at; /* offset of the current instruction */
    uint32_t opcode;
    uint32_t length;    /* words of the current instruction, opcode word included */
    const uint32_t *op; /* the current instruction: op[0] is the opcode word, op[1] the first operand */
    bool broken;        /* an instruction had no length, or reached beyond the end */
};

static inline struct spirv_walk spirv_walk_start(const uint32_t *words, size_t count) {
    struct spirv_walk walk;

    memset(&walk, 0, sizeof walk);
    walk.words = words;
    walk.count = count;
    walk.at = SPIRV_HEADER_WORDS;
    return walk;
}

/* Moves to the next instruction. False at the end, or where the module is broken. */
static inline bool spirv_walk_next(struct spirv_walk *walk) {
    walk->at += walk->length;
    walk->length = 0;
    if (walk->at >= walk->count)
        return false;
    walk->op = walk->words + walk->at;
    walk->opcode = walk->op[0] & 0xffff;
    walk->length = walk->op[0] >> 16;
    if (!walk->length || walk->length > walk->count - walk->at) {
        walk->broken = true;
        walk->length = 0;
        return false;
    }
    return true;
}

/* The literal string that starts at operand word `first` of the current instruction; NULL if it has no end
 * there. Sets *next to the word after it. Little-endian hosts only, as the rest of this library. */
static inline const char *spirv_walk_string(const struct spirv_walk *walk, uint32_t first, uint32_t *next) {
    const char *string = (const char *)(walk->op + first);
    size_t room, length;

    if (first >= walk->length)
        return NULL;
    room = (size_t)(walk->length - first) * 4;
    length = strnlen(string, room);
    if (length == room)
        return NULL;
    if (next)
        *next = first + (uint32_t)(length / 4) + 1;
    return string;
}

#endif
