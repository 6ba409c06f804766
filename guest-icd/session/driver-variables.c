// SPDX-License-Identifier: MIT
#include "guest-icd/session/driver-variables.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "trillium/variables.h"

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

size_t icd_driver_variables_gather(char *to) {
    size_t size = 0, most = (size_t)TR_VARIABLES_MAX * TR_VARIABLE_LENGTH;
    for (char **v = environ; v && *v; v++) {
        size_t length = strlen(*v) + 1;
        if (!tr_variable_allowed(*v) || length > most - size)
            continue;
        memcpy(to + size, *v, length);
        size += length;
    }
    return size;
}

void icd_driver_variables_say(bool carried) {
    for (char **v = environ; v && *v; v++) {
        if (!is_of_a_driver(*v) || (carried && tr_variable_allowed(*v)))
            continue;
        fprintf(
            stderr,
            "trillium: %.*s is for the host's driver, which has the variables of the place where `trillium "
            "run` or `trillium serve` was started, not this program's%s\n",
            (int)strcspn(*v, "="), *v,
            carried && tr_variable_known(*v) ? ": of this one it takes other values" : "");
    }
}
