// SPDX-License-Identifier: MIT
/*
 * What a VM is made of on this machine: where QEMU and the kernel lie, installed or in the cache.
 */
#ifndef HOST_BACKEND_VM_PLACES_H
#define HOST_BACKEND_VM_PLACES_H

#include <limits.h>
#include <stdbool.h>

#include "host-backend/vm/modules.h"

/* ${XDG_CACHE_HOME:-~/.cache}/trillium/vm, or `given`, made if it is missing. 0, or -1 with a reason. */
int vm_cache_folder(const char *given, char path[PATH_MAX], char why[VM_WHY_SIZE]);

struct vm_qemu {
    char path[PATH_MAX];
    char version[64];
    int major, minor;
    bool own; /* the cache's, not the machine's */
};

/* The machine's QEMU, if there is one that knows vhost-user-gpu-pci. */
bool vm_qemu_installed(struct vm_qemu *q);
/* The cache's. */
bool vm_qemu_cached(const char *cache, struct vm_qemu *q);
/* From 8.0 on vhost-user-gpu-pci works without KVM; 7.2 has all the rest. */
bool vm_qemu_runs_tcg(const struct vm_qemu *q);
bool vm_qemu_runs_kvm(const struct vm_qemu *q);

struct vm_kernel {
    char image[PATH_MAX];   /* an ELF kernel that starts by PVH, or a bzImage */
    char modules[PATH_MAX]; /* folder */
    char release[128];
};

/* The cache's kernel, or the newest installed one whose modules are there too. */
bool vm_kernel_find(const char *cache, struct vm_kernel *k);
/* Has it a driver of vsock devices? */
bool vm_kernel_has_vsock(const struct vm_kernel *k);

#endif
