// SPDX-License-Identifier: MIT
#include "guest-icd/session/driver-variables.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

extern char **environ;

static const char *const prefixes[] = {
#define X(prefix, whose) #prefix,
    ICD_DRIVER_VARIABLES(X)
#undef X
};

static bool is_of_a_driver(const char *variable) {
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

void icd_driver_variables_say(void) {
    for (char **v = environ; v && *v; v++)
        if (is_of_a_driver(*v))
            fprintf(stderr,
                    "trillium: %.*s is for the host's driver, which has the variables of the place where "
                    "`trillium "
                    "run` or `trillium serve` was started, not this program's\n",
                    (int)strcspn(*v, "="), *v);
}
