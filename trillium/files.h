// SPDX-License-Identifier: MIT
/*
 * Files that a program may include (SET_FILES): they lie in the guest, and the driver's own preprocessor is
 * to find them as if they lay on the host.
 *
 * A set is a row of entries, each a struct tr_file_entry, then the path, then the file's bytes, padded with
 * zeros to 8 bytes. Paths are absolute and may hold ".."; every folder on the way is made, as `..` needs it.
 *
 * The host lays the set out in a folder of its own, under TR_FILES_ROOT there, and searches that folder last.
 * So an absolute name "/a/b.h" in a text is shipped as "TR_FILES_ROOT/a/b.h" and cannot mean a file of the
 * host's.
 */
#ifndef TRILLIUM_FILES_H
#define TRILLIUM_FILES_H

#include <stdint.h>

#define TR_FILES_ROOT ".guest"

/* What a set may hold at most. */
#define TR_FILES_MAX_BYTES (64u << 20)
#define TR_FILES_MAX_ENTRIES 16384u
#define TR_FILES_MAX_PATH 4095u

enum tr_file_kind {
    TR_FILE_FOLDER = 1, /* a folder that has to be there */
    TR_FILE_SEARCHED,   /* a folder in which included files are looked for, in the order given */
    TR_FILE_TEXT,       /* a file */
    TR_FILE_SAME,       /* another name of the TEXT before it: the same file to #import and #pragma once */
};

struct tr_file_entry {
    uint32_t kind;      /* enum tr_file_kind */
    uint32_t path_size; /* bytes, without a NUL */
    uint64_t size;      /* of the file, in bytes; 0 for others than TEXT */
};

#endif
