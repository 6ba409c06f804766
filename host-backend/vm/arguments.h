// SPDX-License-Identifier: MIT
/*
 * The command line of a VM's process, word by word.
 *
 * Threads: one.
 */
#ifndef HOST_BACKEND_VM_ARGUMENTS_H
#define HOST_BACKEND_VM_ARGUMENTS_H

#include <stdbool.h>

enum { VM_MAX_ARGUMENTS = 96 };

struct vm_arguments {
    char *list[VM_MAX_ARGUMENTS]; /* ends with NULL, as execv wants it */
    unsigned count;
    bool failed; /* a word did not fit, or memory was out */
};

/* Adds one word; {0} is an empty list. */
void vm_argument(struct vm_arguments *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
void vm_arguments_free(struct vm_arguments *a);

#endif
