// SPDX-License-Identifier: MIT
/*
 * Prints the page of the ICD's environment variables (guest-icd/VARIABLES.md) from their tables. `make docs`
 * runs it. With --man VERSION: the manual page trillium-icd(7), which `make` makes.
 */
#include <stdio.h>
#include <string.h>

#include "guest-icd/session/driver-variables.h"
#include "guest-icd/session/settings.h"
#include "trillium/variables.h"

/* Text for troff. */
static void put(const char *text) {
    for (const char *c = text; *c; c++)
        fputs(*c == '-' ? "\\-" : *c == '\\' ? "\\e" : (char[2]){*c, '\0'}, stdout);
}

static void put_values(unsigned least, unsigned most, const char *words) {
    if (!words)
        printf("%u to %u", least, most);
    for (const char *c = words; c && *c; c++)
        fputs(*c == '|' ? ", " : (char[2]){*c, '\0'}, stdout);
}

static int print_manual(const char *version) {
    printf(
        ".\\\" Made from guest-icd/session/settings.h; do not edit.\n"
        ".TH TRILLIUM-ICD 7 \"\" \"Trillium %s\" \"Environment\"\n"
        ".SH NAME\ntrillium\\-icd \\- the OpenCL driver that programs of a guest load\n"
        ".SH DESCRIPTION\n"
        "The OpenCL loader finds it through\n.IR /etc/OpenCL/vendors/trillium.icd .\n"
        "In a VM it looks for the virtual GPU's render node; in a process or container of the host for the\n"
        "socket of\n.BR \"trillium serve\" .\n"
        "Where neither is there, programs do not see its platforms.\n.SH ENVIRONMENT\n",
        version);
#define V(name, value, doc)                                                                                  \
    printf(".TP\n.B %s\n", #name);                                                                           \
    put(doc);                                                                                                \
    printf(" (default: %s)\n", *(value) ? (value) : "unset");
    ICD_VARIABLES(V)
#undef V
    printf(".SS Variables of the host's drivers\n"
           "A driver has those of the place where\n.B trillium run\nor\n.B trillium serve\nwas started.\n"
           "A program may choose these for itself, where the administrator allows it:\n");
#define X(name, least, most, words, driver, why)                                                             \
    printf(".TP\n.B %s\n", #name);                                                                           \
    put(driver);                                                                                             \
    fputs(": ", stdout);                                                                                     \
    put_values(least, most, words);                                                                          \
    putchar('\n');
    TR_VARIABLES(X)
#undef X
    printf(".PP\nAll others are not carried to the host:\n");
#define X(prefix, whose)                                                                                     \
    printf(".TP\n.B %s*\n", #prefix);                                                                        \
    put(whose);                                                                                              \
    putchar('\n');
    ICD_DRIVER_VARIABLES(X)
#undef X
    printf(".SH SEE ALSO\n.BR trillium (1),\n.BR trillium\\-worker (8)\n");
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--man") == 0)
        return print_manual(argv[2]);
    printf("# Environment variables of the guest driver\n\n"
           "Made from `guest-icd/session/settings.h` by `make docs`; do not edit.\n\n"
           "| variable | default | meaning |\n|---|---|---|\n");
#define V(name, value, doc) printf("| `%s` | %s | %s |\n", #name, *(value) ? (value) : "(unset)", doc);
    ICD_VARIABLES(V)
#undef V
    printf(
        "\n## Variables of the host's drivers\n\n"
        "A driver reads its variables when it is loaded, and the worker that serves a program has loaded it "
        "before. So a driver has those of the\n"
        "place where `trillium run` or `trillium serve` was started, with these exceptions, which a program "
        "in a guest may choose for itself,\n"
        "with `setenv` before its first call too; a worker is then started for it, which takes as long as a "
        "driver needs to be loaded. The\n"
        "administrator may allow less (`--variables` of `trillium run` and `trillium serve`). Guests over a "
        "TCP "
        "connection have no exceptions.\n\n"
        "| variable | values | whose | why it may pass |\n|---|---|---|---|\n");
#define X(name, least, most, words, driver, why)                                                             \
    printf("| `%s` | ", #name);                                                                              \
    put_values(least, most, words);                                                                          \
    printf(" | %s | %s |\n", driver, why);
    TR_VARIABLES(X)
#undef X
    printf(
        "\nNone of the others is carried, whoever sets them. `TRILLIUM_DEBUG=1` names those that are set in "
        "the guest.\n\n"
        "| variables | whose |\n|---|---|\n");
#define X(prefix, whose) printf("| `%s*` | %s |\n", #prefix, whose);
    ICD_DRIVER_VARIABLES(X)
#undef X
    return 0;
}
