// SPDX-License-Identifier: MIT
/*
 * Files that a program includes. They lie in the guest, and the preprocessor that includes them is the
 * driver's on the host: so every file that the program may include is shipped beside it (trillium/files.h),
 * found as the driver would find it here, and what is included is left to the preprocessor.
 *
 * Searched: for a name in a file the file's folder; the working directory; the folders given. Names that are
 * made by macros: the quoted names in all macros and -D options, and all files under those folders whose
 * names consist of words in macros and -D options.
 *
 * Threads: any.
 */
#ifndef GUEST_ICD_PROGRAM_INCLUDE_H
#define GUEST_ICD_PROGRAM_INCLUDE_H

#include <stdbool.h>
#include <stddef.h>

struct icd_text {
    const char *bytes;
    size_t size;
};

struct icd_include_request {
    const struct icd_text *texts; /* the program, and the headers of clCompileProgram */
    size_t text_count;
    char *const *dirs; /* of -I */
    size_t dir_count;
    const char *options; /* whose -D may name files */
};

enum icd_include_outcome {
    ICD_INCLUDE_NONE, /* nothing is included: there is no set */
    ICD_INCLUDE_SOME,
    ICD_INCLUDE_TOO_MUCH, /* more than TR_FILES_MAX_BYTES or _ENTRIES, or a search without end: see `why` */
    ICD_INCLUDE_NO_MEMORY,
};

struct icd_include_set {
    char *bytes; /* the set as it is shipped; the caller's */
    size_t size;
    bool computed; /* a name is made by macros: see icd_root_put */
    char why[256]; /* of TOO_MUCH: a sentence, as build logs have it */
};

enum icd_include_outcome icd_include_collect(const struct icd_include_request *request,
                                             struct icd_include_set *out);

#endif
