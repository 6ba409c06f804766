// SPDX-License-Identifier: MIT
/*
 * Files that a program includes. They lie in the guest, where the host's compiler cannot see them, so their
 * text is put into the program's source before it is shipped: each #include whose file is found is replaced
 * by the file, between line markers that keep names and line numbers of the compiler's messages right.
 * Conditions are left to the compiler: a file goes in wherever it is named.
 *
 * Searched: for "x" the folder of the including file, then the folders given, then the working directory; for
 * <x> the same without the first. An #include whose file is not found, or whose name is a macro, stays as it
 * is.
 */
#ifndef GUEST_ICD_PROGRAM_INCLUDE_H
#define GUEST_ICD_PROGRAM_INCLUDE_H

#include <stdbool.h>
#include <stddef.h>

struct icd_include_request {
    const char *source;
    size_t size;
    char *const *dirs; /* of -I */
    size_t dir_count;
    const char *const *embedded; /* names that stay: the headers of clCompileProgram */
    size_t embedded_count;
};

/*
 * *text (the caller's, NUL-terminated) is the source with its files, NULL if there are none to put in. False
 * if memory is out or the text grows beyond 64 MiB.
 */
bool icd_include_expand(const struct icd_include_request *request, char **text, size_t *text_size);

#endif
