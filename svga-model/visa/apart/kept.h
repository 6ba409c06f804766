// SPDX-License-Identifier: MIT
/*
 * What was compiled before: the answers of the guest's compiler, each in a file beside the job that it answers, in a folder of the
 * application's user. As drivers for graphics keep shaders, so that a program seen before does not even start the compiler.
 *
 * A file is believed if it is its user's own, holds the very bytes of the job, and the compiler and all that it is made of are still
 * the files that they were. The folder is kept small by forgetting what is oldest. Nothing here fails: what cannot be kept is
 * compiled again.
 *
 * Threads: any; processes too.
 */
#ifndef SVGA_MODEL_VISA_APART_KEPT_H
#define SVGA_MODEL_VISA_APART_KEPT_H

#include <stdbool.h>
#include <stddef.h>

#include "svga-model/visa/apart/packet.h"

/* The answer to this job: the caller's (free), or NULL. */
void *visa_kept_get(const char *folder, const struct visa_packet *job, size_t *size);
void visa_kept_put(const char *folder, const struct visa_packet *job, const void *answer, size_t size);

/* The files that this process is made of, as they are now: one "PATH SIZE TIME" a line. The caller's; NULL: out of memory. */
char *visa_kept_parts(void);
/* Are they still what they were? */
bool visa_kept_current(const char *parts);

#endif
