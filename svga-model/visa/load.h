// SPDX-License-Identifier: MIT
/*
 * Opens the two libraries of the virtual ISA on first use. Nothing of LLVM is loaded before.
 *
 * A library is looked for next to the object that this code is part of, then in ../lib from there, then where
 * the dynamic linker looks.
 */
#ifndef SVGA_MODEL_VISA_LOAD_H
#define SVGA_MODEL_VISA_LOAD_H

#include "svga-model/visa/compile.h"
#include "svga-model/visa/host.h"

/* The library's functions, valid for good; or NULL with a reason in `why`. Any thread; a failure is
 * remembered and reported again. */
const struct visa_guest *visa_guest_load(char why[VISA_WHY_SIZE]);
const struct visa_host *visa_host_load(char why[VISA_WHY_SIZE]);

#endif
