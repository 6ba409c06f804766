// SPDX-License-Identifier: MIT
/*
 * New pages in one go. Each page's first touch is a fault of its own, 0.5 us on a machine and up to 16 in a VM; the kernel makes
 * many at once for much less.
 */
#ifndef SVGA_MODEL_POPULATE_H
#define SVGA_MODEL_POPULATE_H

#include <stdbool.h>
#include <stddef.h>

/* The whole pages of [at, at + size), which are about to be written; nothing is written. False where that does not go, as before Linux
 * 5.14: then nothing is lost but time. Keeps errno. Any thread. */
bool svga_populate(void *at, size_t size);

#endif
