// SPDX-License-Identifier: MIT
#include <stdarg.h>

#include "host-backend/cli/cli.h"

void cli_say(const char *subcommand, const char *format, ...) {
    va_list args;

    va_start(args, format);
    fprintf(stderr, "trillium %s: ", subcommand);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}
