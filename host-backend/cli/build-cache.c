// SPDX-License-Identifier: MIT
#include "host-backend/cli/cli.h"
#include "host-backend/util/home.h"

#include <string.h>

const char *cli_build_cache(const char *given, char path[PATH_MAX]) {
    if (given && strcmp(given, "none") == 0)
        return NULL;
    if (given)
        return snprintf(path, PATH_MAX, "%s", given) < PATH_MAX ? path : NULL;
    return home_place(path, "XDG_CACHE_HOME", ".cache", "trillium/programs") ? path : NULL;
}

const char *cli_host_key(char path[PATH_MAX]) {
    return home_place(path, "XDG_STATE_HOME", ".local/state", "trillium/host.key") ? path : NULL;
}
