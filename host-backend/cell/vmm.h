// SPDX-License-Identifier: MIT
/*
 * The wall around a VM whose kernel is a process of this machine (user-mode Linux). Whoever takes that kernel over has its
 * process: it may read the host's files, as the VM may, but writes nothing outside of its folder, opens no device, has no
 * TCP, and reaches no process but its own with ptrace or, where the kernel knows how, a signal. Landlock, which all that the
 * process starts inherits.
 */
#ifndef HOST_BACKEND_CELL_VMM_H
#define HOST_BACKEND_CELL_VMM_H

/* Makes the rules, for a process that writes to `folder`. A descriptor to be closed, or -1 with errno. */
int vmm_prepare(const char *folder);

/* Raises the wall around the calling process, for good; async-signal-safe. 0, or -1 with errno. */
int vmm_enter(int rules);

#endif
