// SPDX-License-Identifier: MIT
/* The first steps of a process that becomes a VM: QEMU or a user-mode kernel. */
#ifndef HOST_BACKEND_VM_CHILD_H
#define HOST_BACKEND_VM_CHILD_H

#include <sys/types.h>

/*
 * For the child between fork and exec; async-signal-safe, since the parent may have threads. It dies with `parent`, is a process
 * group of its own, blocks no signal, leaves no core (its memory is the VM's), reads nothing, writes to `log`, and executes
 * with `count` descriptors `kept`, of which those below 3 are none.
 */
void vm_child_begin(pid_t parent, const int *kept, unsigned count, int log);

#endif
