// SPDX-License-Identifier: MIT
/*
 * Absolute names of included files mean files of the guest: in what is shipped they stand under TR_FILES_ROOT
 * (trillium/files.h), where the host lays those files out.
 */
#ifndef GUEST_ICD_PROGRAM_ROOT_H
#define GUEST_ICD_PROGRAM_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Writes the text with its absolute names changed: behind #include and its kin, and, where names are made by
 * macros (`computed`), in the macros that name a file of the guest. `#include __FILE__` becomes the file's
 * own name, `self` (NULL: it is left alone).
 */
void icd_root_put(FILE *f, const char *text, size_t size, const char *self, bool computed);

/* The text so changed. The caller's, NUL-terminated; NULL if memory is out. */
char *icd_root_text(const char *text, size_t size, bool computed, size_t *out_size);

/* Build options whose -D name files of the guest. The caller's; NULL if memory is out. */
char *icd_root_options(const char *options);

#endif
