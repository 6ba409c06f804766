// SPDX-License-Identifier: MIT
/*
 * One QEMU process.
 */
#ifndef HOST_BACKEND_VM_MACHINE_H
#define HOST_BACKEND_VM_MACHINE_H

#include <sys/types.h>

#include "host-backend/vm/places.h"

struct vm_machine {
    const struct vm_qemu *qemu;
    const struct vm_kernel *kernel;
    bool kvm;
    const char *without; /* with KVM: a feature that the guest's CPU does not get; NULL or "": none */
    unsigned cpus, memory_mib;
    bool verbose;           /* the kernel tells what it does, on the console */
    int initramfs;          /* memfd */
    int log;                /* memfd for the guest's console and QEMU's own messages; or 2 */
    int gpu, port, control; /* sockets whose other ends are served; -1: a machine without (the probe) */
    int vsock;              /* the same, of a vsock device; -1: none */
};

/*
 * Starts QEMU, in a process group of its own, so that the terminal's Ctrl-C reaches only this process. It
 * dies when the calling thread does. The descriptors stay the caller's. The pid, or -1 with errno.
 */
pid_t vm_machine_start(const struct vm_machine *m);

#endif
