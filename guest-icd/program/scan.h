// SPDX-License-Identifier: MIT
/*
 * Where a text of OpenCL C may speak of other files. No preprocessor: it knows nothing of conditions,
 * comments and strings, and so finds too much, never too little. The driver's preprocessor decides what is
 * included.
 *
 * Read as C does: lines joined by a backslash, trigraphs, `%:`, comments between the words of a directive.
 */
#ifndef GUEST_ICD_PROGRAM_SCAN_H
#define GUEST_ICD_PROGRAM_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* Could the text include anything? Cheap; true too often. */
bool icd_scan_worthwhile(const char *text, size_t size);

/* Does what becomes of the text depend on nothing but itself? No: it may include files, or tell the time. */
bool icd_scan_closed(const char *text, size_t size);

/* Does what becomes of it depend on nothing but itself and the files that it may include? No: it may tell the time, or ask for files. */
bool icd_scan_timeless(const char *text, size_t size);

enum icd_scan_kind {
    ICD_SCAN_NAME,     /* "x" or <x> behind #include and its kin, or in __has_include() */
    ICD_SCAN_COMPUTED, /* anything else there: made by macros */
    ICD_SCAN_DEFINE,   /* what follows #define */
};

struct icd_scan_item {
    enum icd_scan_kind kind;
    const char *at, *end; /* in the text: the name between its quotes; else up to the end of the line */
};

/* Calls `found` for each, in the order of the text. */
void icd_scan(const char *text, size_t size, void (*found)(void *opaque, const struct icd_scan_item *item),
              void *opaque);

/* Calls `found` for each word (letters, digits, _) between at and end, and for each "x" and <x> as a whole
 * (`quoted`). Joined lines are joined. */
void icd_scan_words(const char *at, const char *end,
                    void (*found)(void *opaque, const char *word, size_t size, bool quoted), void *opaque);

/* The bytes from at to end without what joins lines; at most `room` - 1 of them, and a NUL. False if they do
 * not fit. */
bool icd_scan_copy(const char *at, const char *end, char *out, size_t room);

#endif
