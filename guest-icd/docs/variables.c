// SPDX-License-Identifier: MIT
/*
 * Prints the page of the ICD's environment variables (guest-icd/VARIABLES.md) from their table. `make docs`
 * runs it.
 */
#include <stdio.h>

#include "guest-icd/session/settings.h"

int main(void) {
    printf("# Environment variables of the guest driver\n\n"
           "Made from `guest-icd/session/settings.h` by `make docs`; do not edit.\n\n"
           "| variable | default | meaning |\n|---|---|---|\n");
#define V(name, value, doc) printf("| `%s` | %s | %s |\n", #name, *(value) ? (value) : "(unset)", doc);
    ICD_VARIABLES(V)
#undef V
    return 0;
}
