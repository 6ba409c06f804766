// SPDX-License-Identifier: MIT
/*
 * A VM whose kernel is user-mode Linux: one process of this machine, below which the guest's programs run natively, held
 * by ptrace. For machines without KVM, where QEMU emulates every instruction.
 *
 * Its virtual GPU is the same vhost-user device (the kernel's virtio_uml is the front-end), its RAM an unlinked file that the
 * kernel shares by descriptor; its port and its control port are serial lines on our sockets, the host's files a hostfs.
 */
#ifndef HOST_BACKEND_VM_UML_H
#define HOST_BACKEND_VM_UML_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "host-backend/cell/cell.h"
#include "host-backend/vm/modules.h"

struct vm_uml {
    char kernel[PATH_MAX]; /* the program */
    char release[128];
    bool has_vsock; /* and a driver of vsock devices */
};

/* The cache's user-mode kernel (vm_fetch_script("uml") builds one). */
bool vm_uml_find(const char *cache, struct vm_uml *u);

/* A device's socket. */
struct vm_uml_socket {
    int listener;
    int address; /* for who is to connect to it: its path is gone */
};

/* What a running one needs of the file system: a folder for its RAM while it starts, and its devices' sockets. */
struct vm_uml_place {
    char folder[64];
    int held;                        /* keeps the folder (host-backend/util/held.h) */
    struct vm_uml_socket gpu, vsock; /* -1: none */
};

/* For so much RAM, and a vsock device if `door`; takes away what killed runs left. 0, or -1 with a reason. */
int vm_uml_place_make(struct vm_uml_place *p, unsigned memory_mib, bool door, char why[VM_WHY_SIZE]);
/* The kernel has its RAM: the folder goes. May be called twice. */
void vm_uml_place_remove(struct vm_uml_place *p);

struct vm_uml_machine {
    const struct vm_uml *uml;
    const struct vm_uml_place *place;
    enum cell_mode sandbox; /* the wall around it, by this */
    unsigned memory_mib;
    bool verbose;      /* the kernel tells what it does, on the console */
    int initramfs;     /* memfd */
    int log;           /* for the console and the process's own messages */
    int port, control; /* sockets whose other ends are served */
};

/*
 * Starts it, in a process group of its own; the descriptors stay the caller's. It dies when the calling thread does, and the
 * guest's processes with it. The pid, or -1 with errno.
 */
pid_t vm_uml_start(const struct vm_uml_machine *m);

#endif
