// SPDX-License-Identifier: MIT
/*
 * The kernel modules that a guest needs, with those that they depend on, read into memory.
 */
#ifndef HOST_BACKEND_VM_MODULES_H
#define HOST_BACKEND_VM_MODULES_H

#include <stdbool.h>
#include <stddef.h>

struct vm_module {
    char name[64]; /* '-' for '_', as in file names */
    const char *stage;
    unsigned char *data;
    size_t size;
};

struct vm_modules {
    struct vm_module *list; /* in the order in which they have to be loaded */
    size_t count;
};

#define VM_WHY_SIZE 256

/* Reads what the guest needs of the kernel whose modules lie in `folder` (a /lib/modules/RELEASE); `door`: what a vsock
 * device takes, too. 0, or -1 with a reason. */
int vm_modules_read(const char *folder, bool door, struct vm_modules *modules, char why[VM_WHY_SIZE]);
void vm_modules_free(struct vm_modules *modules);

#endif
