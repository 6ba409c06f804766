// SPDX-License-Identifier: MIT
/*
 * Fuzzes the host's half of included files (trillium/files.h): the input is a set as a guest sends it. What is well formed is
 * laid out and removed again: nothing may appear outside of the folder that was made for it, and nothing may stay. The
 * set is then taken for a driver's words, too.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-backend/worker/files.h"

static char folder[] = "/tmp/trillium-fuzz-XXXXXX";
static char temporary[64];

static void leave_nothing(void) {
    rmdir(temporary);
    rmdir(folder);
}

static void begin(void) {
    if (!mkdtemp(folder))
        abort();
    snprintf(temporary, sizeof temporary, "%s/tmp", folder);
    if (mkdir(temporary, 0700) < 0 || setenv("TMPDIR", temporary, 1) < 0)
        abort();
    atexit(leave_nothing);
}

static unsigned count_in(const char *path) {
    unsigned count = 0;
    DIR *d = opendir(path);
    if (!d)
        abort();
    for (const struct dirent *e; (e = readdir(d));)
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return count;
}

static void lay_out(const uint8_t *data, size_t size) {
    char place[FILES_PLACE_SIZE];
    const char *why = NULL;
    struct ir *set = ir_new(data, size);
    char *options = files_lay_out(set, "-DX", place, &why);

    if (!options && !why)
        abort(); /* refused without a reason */
    if (options && (strncmp(options, "-DX -I", 6) != 0 || strncmp(place, temporary, strlen(temporary)) != 0))
        abort();
    if (count_in(folder) != 1 || count_in(temporary) > 1)
        abort();
    files_remove(place);
    if (count_in(temporary) != 0)
        abort();
    free(options);
    ir_unref(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool begun;

    if (!begun)
        begin();
    begun = true;
    void *aligned = malloc(size + 1); /* as the guest's memory is */
    memcpy(aligned, data, size);
    if (!files_fault(aligned, size))
        lay_out(aligned, size);
    free(aligned);
    char *words = strndup((const char *)data, size);
    size_t length = strlen(words);
    files_scrub(words);
    if (strlen(words) > length)
        abort();
    free(words);
    return 0;
}
