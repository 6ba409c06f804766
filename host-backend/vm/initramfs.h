// SPDX-License-Identifier: MIT
/*
 * An initramfs in memory: a cpio archive ("newc", Documentation/driver-api/early-userspace/buffer-format.rst)
 * in a memfd. Unpacked: a guest reads it faster than it could decompress it.
 */
#ifndef HOST_BACKEND_VM_INITRAMFS_H
#define HOST_BACKEND_VM_INITRAMFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "host-backend/vm/modules.h"

struct initramfs {
    FILE *file;
    int fd;
    unsigned inode;
};

/* False: no memory. */
bool initramfs_begin(struct initramfs *i);
void initramfs_folder(struct initramfs *i, const char *name); /* without a leading slash */
void initramfs_add(struct initramfs *i, const char *name, const void *data, size_t size, unsigned mode);
/* Closes the archive. The memfd, positioned anywhere; or -1 if something went wrong on the way. */
int initramfs_end(struct initramfs *i);

/* The whole initramfs of a VM: the program `init`, modules (may be NULL) and /config. The memfd, or -1 with a
 * reason. */
int vm_initramfs(const char *init, const struct vm_modules *modules, const char *config, size_t config_size,
                 char why[VM_WHY_SIZE]);

#endif
