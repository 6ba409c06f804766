// SPDX-License-Identifier: MIT
#include "host-backend/broker/prune.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void prune_mark(const char *folder) {
    utimensat(AT_FDCWD, folder, NULL, 0);
}

/* The one that was marked longest ago, and how many there are. */
static unsigned oldest(const char *dir, char path[PATH_MAX]) {
    struct timespec time = {.tv_sec = INT64_MAX};
    unsigned count = 0;
    DIR *d = opendir(dir);

    for (struct dirent *e; d && (e = readdir(d));) {
        struct stat st;
        if (strncmp(e->d_name, PRUNE_PREFIX, strlen(PRUNE_PREFIX)) != 0 ||
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
            continue;
        count++;
        if (st.st_mtim.tv_sec < time.tv_sec ||
            (st.st_mtim.tv_sec == time.tv_sec && st.st_mtim.tv_nsec < time.tv_nsec)) {
            time = st.st_mtim;
            snprintf(path, PATH_MAX, "%.2048s/%s", dir, e->d_name);
        }
    }
    if (d)
        closedir(d);
    return count;
}

/* Caches are folders of plain files (cache.h). */
static bool remove_folder(const char *path) {
    DIR *d = opendir(path);

    for (struct dirent *e; d && (e = readdir(d));)
        unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    return rmdir(path) == 0;
}

void prune_containers(const char *dir, unsigned most) {
    char path[PATH_MAX];

    while (oldest(dir, path) > most)
        if (!remove_folder(path))
            return;
}
