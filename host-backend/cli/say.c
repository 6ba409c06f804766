// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "host-backend/cli/cli.h"
#include "host-backend/util/service.h"

void cli_say(const char *subcommand, const char *format, ...) {
    va_list args;

    va_start(args, format);
    fprintf(stderr, "%strillium %s: ", service_prefix(SERVICE_ERROR), subcommand);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

void cli_take_no_rights(void) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void cli_take_all_descriptors(void) {
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}
