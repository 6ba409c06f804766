// SPDX-License-Identifier: MIT
/*
 * Prints the page of the ICD's environment variables (guest-icd/VARIABLES.md) from their tables. `make docs`
 * runs it.
 */
#include <stdio.h>

#include "guest-icd/session/driver-variables.h"
#include "guest-icd/session/settings.h"

int main(void) {
    printf("# Environment variables of the guest driver\n\n"
           "Made from `guest-icd/session/settings.h` by `make docs`; do not edit.\n\n"
           "| variable | default | meaning |\n|---|---|---|\n");
#define V(name, value, doc) printf("| `%s` | %s | %s |\n", #name, *(value) ? (value) : "(unset)", doc);
    ICD_VARIABLES(V)
#undef V
    printf("\n## Variables of the host's drivers\n\n"
           "None of these is carried to the host, whoever sets them, the program with `setenv` or a person: "
           "a driver reads them when it is\n"
           "loaded, and the worker that serves a program has loaded it before. A driver has those of the "
           "place where `trillium run` or\n"
           "`trillium serve` was started. `TRILLIUM_DEBUG=1` names those that are set in the guest.\n\n"
           "| variables | whose |\n|---|---|\n");
#define X(prefix, whose) printf("| `%s*` | %s |\n", #prefix, whose);
    ICD_DRIVER_VARIABLES(X)
#undef X
    return 0;
}
