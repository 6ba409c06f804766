// SPDX-License-Identifier: MIT
/*
 * rusticl's program binaries: a header of 32-bit words, then the SPIR-V. One of the header's words is the
 * SPIR-V's length in bytes; the others belong to that version of Mesa. So the header of a binary that the
 * driver made itself is taken over, with the length changed.
 */
#include "svga-model/visa/host/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spirv/unified1/spirv.h>

#define MAX_HEADER_WORDS 64u

static int refuse(char *why) {
    snprintf(why, VISA_WHY_SIZE,
             "this version of Mesa stores program binaries in a way that is not understood: no SPIR-V with a "
             "length "
             "before it in a binary of its own");
    return -ENOTSUP;
}

int visa_mesa_wrap(const void *sample, size_t sample_size, const uint32_t *words, size_t count,
                   struct visa_binary *out, char why[VISA_WHY_SIZE]) {
    uint32_t header[MAX_HEADER_WORDS];
    size_t header_words = 0, length_at = MAX_HEADER_WORDS, size = count * sizeof *words;
    uint32_t word = 0;

    for (; header_words < MAX_HEADER_WORDS && (header_words + 1) * sizeof word <= sample_size;
         header_words++) {
        memcpy(&word, (const char *)sample + header_words * sizeof word, sizeof word);
        if (word == SpvMagicNumber)
            break;
        header[header_words] = word;
    }
    if (word != SpvMagicNumber)
        return refuse(why);
    /* What lies behind the SPIR-V, if anything, is not ours to make up. */
    for (size_t i = 0; i < header_words; i++) {
        if (header[i] == sample_size - header_words * sizeof word)
            length_at = i;
    }
    if (length_at == MAX_HEADER_WORDS)
        return refuse(why);
    header[length_at] = (uint32_t)size;
    out->size = header_words * sizeof word + size;
    out->bytes = malloc(out->size);
    if (!out->bytes) {
        snprintf(why, VISA_WHY_SIZE, "out of memory");
        return -ENOMEM;
    }
    memcpy(out->bytes, header, header_words * sizeof word);
    memcpy((char *)out->bytes + header_words * sizeof word, words, size);
    return 0;
}
