// SPDX-License-Identifier: MIT
/* Fuzzes the FIFO's consumer: the input is what a hostile guest wrote into its words and into the ring. */
#include <stdlib.h>
#include <string.h>

#include "svga-model/fifo.h"

enum { BAR = SVGA_FIFO_DATA_OFFSET + 3 * SVGA_CMD_MAX_SIZE };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const enum svga_fifo_word hostile[] = {SVGA_FIFO_MIN, SVGA_FIFO_MAX, SVGA_FIFO_STOP,
                                                  SVGA_FIFO_NEXT_CMD};
    uint32_t words[4];
    struct svga_consumer c;
    const char *why = NULL;

    if (size < sizeof words)
        return 0;
    uint8_t *bar = aligned_alloc(4096, (BAR + 4095) & ~4095), *command = aligned_alloc(8, SVGA_CMD_MAX_SIZE);
    memset(bar, 0, BAR);
    memcpy(words, data, sizeof words);
    data += sizeof words;
    size -= sizeof words;
    for (int i = 0; i < 4; i++)
        atomic_store(&svga_fifo_words(bar)[hostile[i]], words[i]);
    memcpy(bar + SVGA_FIFO_DATA_OFFSET, data,
           size < BAR - SVGA_FIFO_DATA_OFFSET ? size : BAR - SVGA_FIFO_DATA_OFFSET);
    if (svga_consumer_init(&c, bar, BAR)) {
        int n;

        /* Each command is at least 8 bytes long, so a ring's worth of steps must do. */
        for (unsigned steps = 0; (n = svga_consumer_next(&c, command, &why)) > 0; steps++)
            if (n < 8 || n > (int)SVGA_CMD_MAX_SIZE || n % 8 || steps > BAR / 8)
                abort();
        if (n < 0 && !why)
            abort();
        svga_consumer_release(&c);
    }
    free(bar);
    free(command);
    return 0;
}
