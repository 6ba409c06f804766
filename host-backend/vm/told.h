// SPDX-License-Identifier: MIT
/*
 * What a VM's init is told about the program that it runs: the /config of its initramfs (host-backend/vm/init/config.c reads it).
 * User, groups, folder and environment are this process' own.
 */
#ifndef HOST_BACKEND_VM_TOLD_H
#define HOST_BACKEND_VM_TOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "host-backend/vm/terminal.h"

struct vm_told {
    const char *icd; /* vm_options.icd; NULL: none */
    char *const *argv;
    const struct vm_terminal *terminal;
    bool user_mode, emulated, verbose;
};

/* The text, to be freed, and its size. NULL: out of memory. */
char *vm_told_text(const struct vm_told *t, size_t *size);

#endif
