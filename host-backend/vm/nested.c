// SPDX-License-Identifier: MIT
#include "host-backend/vm/nested.h"

#include <stdio.h>
#include <string.h>

#include "host-backend/vm/frame.h"

bool vm_is_nested(void) {
    char line[4096];
    FILE *in = fopen("/proc/cmdline", "re");
    bool nested = false;

    if (!in)
        return false;
    if (fgets(line, sizeof line, in))
        for (char *word = strtok(line, " \n"); word && !nested; word = strtok(NULL, " \n"))
            nested = strcmp(word, VM_KERNEL_WORD) == 0;
    fclose(in);
    return nested;
}
