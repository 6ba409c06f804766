// SPDX-License-Identifier: MIT
/*
 * A place for what the host's drivers keep: PoCL shows no device where it cannot write to its cache, and
 * shares /tmp/pocl with whoever made that first where there is no home. A daemon that libvirt starts has
 * either.
 */
#include "host-backend/cli/cli.h"
#include "host-backend/util/held.h"
#include "host-backend/util/home.h"
#include "host-backend/util/tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "trillium-drivers-"

static char made[PATH_MAX]; /* "": nothing */

/* Can `base`/`rest`, or what is to hold it, be written to? */
static bool usable(const char *base, const char *rest) {
    char path[PATH_MAX];

    if (!base || *base != '/' || snprintf(path, sizeof(path), "%s%s", base, rest) >= (int)sizeof(path))
        return false;
    if (access(path, F_OK) < 0)
        *strrchr(path, '/') = '\0';
    return access(path, W_OK | X_OK) == 0;
}

void cli_driver_cache_make(const char *subcommand) {
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"), *base = getenv("TMPDIR");
    char ours[PATH_MAX];

    /* The drivers look at $HOME themselves, and would make their caches wherever it leads. */
    if (getenv("POCL_CACHE_DIR") ||
        (xdg ? usable(xdg, "/pocl")
             : home && home_folder(ours) && strcmp(home, ours) == 0 && usable(home, "/.cache")))
        return;
    if (!base || *base != '/' || strlen(base) > 200)
        base = "/tmp";
    held_sweep(base, FOLDER, tree_remove);
    int fd = held_make(base, FOLDER, 0700, made, sizeof made); /* until this process ends */
    if (fd < 0) {
        cli_say(subcommand, "cannot make a folder in %s for the OpenCL drivers' caches: %s", base,
                strerror(-fd));
        made[0] = '\0';
        return;
    }
    setenv("POCL_CACHE_DIR", made, 1);
}

void cli_driver_cache_remove(void) {
    if (made[0])
        tree_remove(made);
}
