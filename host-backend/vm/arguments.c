// SPDX-License-Identifier: MIT
#include "host-backend/vm/arguments.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void vm_argument(struct vm_arguments *a, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (a->count == VM_MAX_ARGUMENTS - 1 || vasprintf(&a->list[a->count], format, args) < 0)
        a->failed = true;
    else
        a->list[++a->count] = NULL;
    va_end(args);
}

void vm_arguments_free(struct vm_arguments *a) {
    for (unsigned i = 0; i < a->count; i++)
        free(a->list[i]);
}
