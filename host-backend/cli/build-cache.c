// SPDX-License-Identifier: MIT
#include "host-backend/cli/cli.h"

#include <stdlib.h>
#include <string.h>

const char *cli_build_cache(const char *given, char path[PATH_MAX]) {
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = -1;

    if (given && strcmp(given, "none") == 0)
        return NULL;
    if (given)
        n = snprintf(path, PATH_MAX, "%s", given);
    else if (base && *base == '/')
        n = snprintf(path, PATH_MAX, "%s/trillium/programs", base);
    else if (home && *home == '/')
        n = snprintf(path, PATH_MAX, "%s/.cache/trillium/programs", home);
    return n > 0 && n < PATH_MAX ? path : NULL;
}

const char *cli_host_key(char path[PATH_MAX]) {
    const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = -1;

    if (base && *base == '/')
        n = snprintf(path, PATH_MAX, "%s/trillium/host.key", base);
    else if (home && *home == '/')
        n = snprintf(path, PATH_MAX, "%s/.local/state/trillium/host.key", home);
    return n > 0 && n < PATH_MAX ? path : NULL;
}
