// SPDX-License-Identifier: MIT
/*
 * Files that a guest's program may include (trillium/files.h), laid out in a folder of their own while the
 * driver compiles it.
 */
#ifndef HOST_BACKEND_WORKER_FILES_H
#define HOST_BACKEND_WORKER_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "host-backend/worker/ir.h"

/* Makes an empty folder that nobody else finds the working directory, where drivers look for included files first.
 * False, with errno. */
bool files_leave_folder(void);

/* NULL if the set is well formed, else what is wrong with it. */
const char *files_fault(const void *set, size_t size);

/*
 * Lays out a set that is well formed, in a new folder under $TMPDIR. Returns the options with the folders in which
 * the driver is to look (the caller's); NULL, with the reason in `why`, if that cannot be done. `place` gets the
 * folder, for files_remove.
 */
enum { FILES_PLACE_SIZE = 512 };
char *files_lay_out(const struct ir *set, const char *options, char place[FILES_PLACE_SIZE],
                    const char **why);
void files_remove(const char *place);

/* Takes the folder out of the driver's words, in place: names are the guest's own again. */
void files_scrub(char *log);

#endif
