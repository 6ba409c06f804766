// SPDX-License-Identifier: MIT
/*
 * The caller's terminal. Where standard input and output are one, and this process is in its foreground, the
 * program in the VM gets a pseudo-terminal: the keys go there as they are, and its line editing, echo and
 * Ctrl-C are the guest's.
 */
#ifndef HOST_BACKEND_VM_TERMINAL_H
#define HOST_BACKEND_VM_TERMINAL_H

#include <stdbool.h>

struct vm_terminal {
    bool there;
    bool errors; /* standard error is a terminal too: it is the program's as well */
    unsigned rows, columns;
};

void vm_terminal_look(struct vm_terminal *t);

/* Keys are no longer interpreted here, from the program's start on; and are again. Nothing happens where there
 * is no terminal, or twice. */
void vm_terminal_hand_over(const struct vm_terminal *t);
void vm_terminal_take_back(void);

#endif
