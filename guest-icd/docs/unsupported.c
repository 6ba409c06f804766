// SPDX-License-Identifier: MIT
/* Prints the page of what the guest driver does not have (guest-icd/UNSUPPORTED.md) from the table of functions. `make
 * docs` runs it. */
#include <stdio.h>
#include <string.h>

/* "a b" as (`a`, `b`). */
static void put_names(const char *names) {
    const char *before = " (`";
    for (size_t n; *names; names += n, names += *names == ' ') {
        n = strcspn(names, " ");
        printf("%s%.*s`", before, (int)n, names);
        before = ", `";
    }
    if (*before == ',')
        putchar(')');
}

static void put_lacking(const char *names, const char *feature, const char *seen, const char *returned) {
    printf("| %s", feature);
    put_names(names);
    printf(" | %s | %s |\n", seen, returned);
}

int main(void) {
    puts("# What the guest driver does not have\n\n"
         "Made from `guest-icd/functions.def` by `make docs`; do not edit.\n\n"
         "Everything else of OpenCL 3.0 that the host's driver offers is there. Each entry: what the driver "
         "says about it, "
         "and what its\n"
         "functions return. `make registry CL_XML=FILE` compares the table with Khronos' registry. An "
         "extension of the API "
         "is shown only if its\n"
         "functions work here (`guest-icd/platform/extensions.c` has the table); extensions of the kernel "
         "language are the "
         "host compiler's and\n"
         "pass through.\n\n"
         "| feature | what a program sees | what its functions return |\n|---|---|---|");
#define LACKING(names, feature, seen, returned) put_lacking(names, feature, seen, returned);
#include "guest-icd/functions.def"
    puts("\n## Differences that a program can see\n");
#define DIFFERENCE(text) puts("- " text);
#include "guest-icd/functions.def"
    return 0;
}
