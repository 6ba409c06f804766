// SPDX-License-Identifier: MIT
/* A program in a VM whose caller has a terminal, seen from both sides. Both say PASS and FAIL. */
#ifndef TESTS_VM_TERMINAL_H
#define TESTS_VM_TERMINAL_H

/* Runs `trillium run --vm=$TEST_VM -- SELF keys` on a pseudo-terminal, types, and changes its size. 0: all is well. */
int terminal_outside(char *trillium, char *self);
/* What it runs. Ends with 42 where all is well. */
int terminal_inside(void);

#endif
