// SPDX-License-Identifier: MIT
/*
 * Build options of OpenCL programs (OpenCL 3.0, sections 5.8.6 and 5.8.7): split, checked, and sorted by who
 * needs them.
 */
#ifndef SVGA_MODEL_VISA_COMMON_OPTIONS_H
#define SVGA_MODEL_VISA_COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which options are allowed: clBuildProgram takes both kinds. */
enum visa_option_use {
    VISA_OPTIONS_COMPILE = 1,
    VISA_OPTIONS_LINK = 2,
    VISA_OPTIONS_BUILD = 3,
};

struct visa_options {
    char **front; /* arguments of the compiler front end, in order: "-D", "A=1", "-I", "dir",
                     "-cl-mad-enable", "-w" ... */
    size_t front_count;
    uint32_t c_version;       /* -cl-std as 100 * major + 10 * minor; 0: not given */
    char *driver;             /* options for whoever consumes the program, joined by spaces; never NULL */
    bool create_library;      /* -create-library */
    bool enable_link_options; /* -enable-link-options */
};

/* Parses `text` (NULL is ""). Words are separated by white space; double quotes quote, and so does a
 * backslash before one, before a space or another backslash; single quotes belong to the text, as with drivers. 0; -EINVAL: an option that OpenCL does not know, in `why`; -ENOMEM. Free
 * `out` in every case. */
int visa_options_parse(const char *text, enum visa_option_use use, struct visa_options *out, char *why,
                       size_t why_size);

void visa_options_free(struct visa_options *options);

#ifdef __cplusplus
}
#endif

#endif
