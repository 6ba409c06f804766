// SPDX-License-Identifier: MIT
/*
 * Does KVM work here? A /dev/kvm that opens is no proof: on some nested hosts a guest kernel hangs in boot.
 * So something small is really booted, with a time limit. Where QEMU cannot set a register of the CPU, which
 * happens on nested hosts, it is tried again without the CPU feature that this register belongs to. The verdict is
 * remembered in the cache until the next boot of this machine.
 */
#ifndef HOST_BACKEND_VM_PROBE_H
#define HOST_BACKEND_VM_PROBE_H

#include "host-backend/vm/places.h"

struct vm_verdict {
    bool good;
    char without[32]; /* the CPU feature that has to be left out ("vmx"), or "" */
    char reason[VM_WHY_SIZE];
};

/* Tells a remembered verdict, without a boot. False: there is none. */
bool vm_kvm_remembered(const char *cache, const struct vm_qemu *q, struct vm_verdict *v);

/* What a person can do where KVM does not work, by what it fails of. */
const char *vm_kvm_remedy(const struct vm_verdict *v);

/* Finds out; at most some 15 s, twice that where a feature is left out. `init` is the path of trillium-vm-init. */
void vm_kvm_probe(const char *cache, const char *init, const struct vm_qemu *q, const struct vm_kernel *k,
                  struct vm_verdict *v);

#endif
