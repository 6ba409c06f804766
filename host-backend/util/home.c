// SPDX-License-Identifier: MIT
#include "host-backend/util/home.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool take(const char *folder, char path[PATH_MAX]) {
    char resolved[PATH_MAX];
    struct stat st;

    if (!folder || *folder != '/' || strlen(folder) >= PATH_MAX || !realpath(folder, resolved) ||
        strcmp(resolved, "/") == 0 || stat(resolved, &st) < 0 || !S_ISDIR(st.st_mode))
        return false;
    memcpy(path, folder, strlen(folder) + 1);
    return true;
}

bool home_folder(char path[PATH_MAX]) {
    if (take(getenv("HOME"), path))
        return true;
    const struct passwd *user = getpwuid(geteuid());
    return user && take(user->pw_dir, path);
}

bool home_place(char path[PATH_MAX], const char *variable, const char *below, const char *rest) {
    const char *given = getenv(variable);
    char home[PATH_MAX];
    int n;

    if (given && *given == '/')
        n = snprintf(path, PATH_MAX, "%s/%s", given, rest);
    else if (home_folder(home))
        n = snprintf(path, PATH_MAX, "%s/%s/%s", home, below, rest);
    else
        return false;
    return n < PATH_MAX;
}
