// SPDX-License-Identifier: MIT
/*
 * Processes that share memory with the one that makes them (CLONE_VM), and so a thread's storage, on stacks that are given
 * back. What sanitizers note of their functions and calls would be taken for the maker's, or for that of whoever gets the stack's
 * memory next. So their functions are UNSEEN, and call the kernel by nothing that a sanitizer replaces (syscall(2), or
 * instructions of their own).
 */
#ifndef SVGA_MODEL_UNSEEN_H
#define SVGA_MODEL_UNSEEN_H

#include <sched.h>

#define UNSEEN __attribute__((no_sanitize("address", "thread", "undefined")))

#ifdef __SANITIZE_THREAD__
/* ThreadSanitizer takes what clone makes for a forked child, with memory of its own, and puts its state in order:
 * here that is the maker's. The C library's other name passes it by. */
int __clone(int (*function)(void *), void *stack, int flags, void *argument, ...);
#define clone __clone
#endif

#endif
