// SPDX-License-Identifier: MIT
/*
 * The signals that reach this process while a VM runs. Until the program runs in the VM, those that end a
 * process end the VM; from then on they are handed to the program, as `trillium run` does without a VM: what a
 * process sends, to the program alone; what the terminal sends, to the program's process group. SIGKILL ends
 * the VM whatever the program does. Those that were ignored before (nohup) stay so.
 *
 * One at a time in a process; vm_signals_begin to vm_signals_end on one thread.
 */
#ifndef HOST_BACKEND_VM_SIGNALS_H
#define HOST_BACKEND_VM_SIGNALS_H

#include <stdbool.h>
#include <sys/types.h>

/* Replaces the handlers. `window`: changes of the terminal's size are handed on too. */
void vm_signals_begin(bool window);
/* The process to be killed when a signal ends the VM; 0: none. */
void vm_signals_end_by_killing(pid_t qemu);
/* The program runs: what comes now goes there through `control` (frame.h). -1: no longer. */
void vm_signals_forward(int control);
/* The signal that ended the VM; 0: none did. */
int vm_signals_caught(void);
/* The handlers of before. */
void vm_signals_end(void);

#endif
