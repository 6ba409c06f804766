// SPDX-License-Identifier: MIT
/*
 * Fuzzes the resolver of included files. An input has up to three parts, which NUL bytes end: build options, a file
 * named "a" beside the program, and the program. What is shipped must be what the host's worker takes apart.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest-icd/program/include.h"
#include "guest-icd/program/root.h"
#include "host-backend/worker/files.h"

static char folder[] = "/tmp/trillium-fuzz-XXXXXX";
static int before = -1; /* the working directory, in which the fuzzer finds its inputs */

static void remove_folder(void) {
    rmdir(folder);
}

static void enter_folder(void) {
    if (before < 0) {
        before = open(".", O_PATH | O_CLOEXEC);
        if (before < 0 || !mkdtemp(folder) || atexit(remove_folder) != 0)
            abort();
    }
    if (chdir(folder) < 0)
        abort();
}

static void leave_folder(void) {
    if (unlink("a") < 0 || fchdir(before) < 0)
        abort();
}

/* Takes a part off the input. Its end is where it was, or the input's. */
static struct icd_text part(const uint8_t **data, size_t *size) {
    const uint8_t *end = memchr(*data, 0, *size);
    struct icd_text text = {(const char *)*data, end ? (size_t)(end - *data) : *size};
    size_t used = text.size + (end ? 1 : 0);
    *data += used;
    *size -= used;
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char *dirs[] = {(char *)"."};
    struct icd_include_set set = {0};
    size_t rooted;

    enter_folder();
    struct icd_text options = part(&data, &size), file = part(&data, &size);
    struct icd_text program = {(const char *)data, size};
    char *line = strndup(options.bytes, options.size);
    FILE *a = fopen("a", "we");
    if (!line || !a)
        abort();
    fwrite(file.bytes, 1, file.size, a);
    fclose(a);
    const struct icd_include_request request = {
        .texts = &program, .text_count = 1, .dirs = dirs, .dir_count = 1, .options = line};
    enum icd_include_outcome outcome = icd_include_collect(&request, &set);
    if (outcome == ICD_INCLUDE_SOME && files_fault(set.bytes, set.size))
        abort(); /* our own host would end the session */
    if (outcome == ICD_INCLUDE_TOO_MUCH && !set.why[0])
        abort(); /* refused without a reason */
    free(set.bytes);
    free(icd_root_text(program.bytes, program.size, set.computed, &rooted));
    free(icd_root_options(line));
    free(line);
    leave_folder();
    return 0;
}
