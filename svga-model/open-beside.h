// SPDX-License-Identifier: MIT
/* Opening a library of our own on first use, so that nothing that it needs is loaded, or has to be there, before. */
#ifndef SVGA_MODEL_OPEN_BESIDE_H
#define SVGA_MODEL_OPEN_BESIDE_H

/* Looks for it next to the object that this code is part of, then in ../lib from there, then where the dynamic linker looks.
 * A handle that stays for good, or NULL (dlerror). Any thread. */
void *svga_open_beside(const char *name);

#endif
