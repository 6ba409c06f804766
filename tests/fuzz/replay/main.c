// SPDX-License-Identifier: MIT
/* Gives a fuzz target each file that is named once: what libFuzzer does with a corpus, in an ordinary build. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path) {
    FILE *f = fopen(path, "rbe");
    if (!f || fseek(f, 0, SEEK_END) != 0)
        return -1;
    long size = ftell(f);
    /* No byte more than there are, so that a sanitizer sees a read beyond the end. */
    uint8_t *bytes = size >= 0 ? malloc((size_t)size + (size == 0)) : NULL;
    rewind(f);
    int r = bytes && fread(bytes, 1, (size_t)size, f) == (size_t)size ? 0 : -1;
    fclose(f);
    if (r == 0)
        LLVMFuzzerTestOneInput(bytes, (size_t)size);
    free(bytes);
    return r;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (replay(argv[i]) < 0) {
            dprintf(2, "cannot read %s\n", argv[i]);
            return 1;
        }
    return 0;
}
