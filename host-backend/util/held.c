// SPDX-License-Identifier: MIT
#include "host-backend/util/held.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    RANDOM = 6, /* characters that mkdtemp chooses */
    TRIES = 8,  /* somebody may sweep one away before it is locked */
};

/* -1: somebody else holds it, or there is no such folder. */
static int take(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat held, there;

    if (fd < 0)
        return -1;
    /* Removed by somebody who found it without a lock? */
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &held) == 0 && stat(path, &there) == 0 &&
        held.st_ino == there.st_ino && held.st_dev == there.st_dev)
        return fd;
    close(fd);
    return -1;
}

int held_make(const char *base, const char *prefix, mode_t mode, char *path, size_t size) {
    for (int i = 0; i < TRIES; i++) {
        int n = snprintf(path, size, "%s/%sXXXXXX", base, prefix);
        if (n < 0 || (size_t)n >= size)
            return -ENAMETOOLONG;
        if (!mkdtemp(path))
            return -errno;
        if (chmod(path, mode) < 0) {
            int error = errno;
            if (error == ENOENT)
                continue;
            rmdir(path);
            return -error;
        }
        int fd = take(path);
        if (fd >= 0)
            return fd;
    }
    return -EAGAIN;
}

void held_sweep(const char *base, const char *prefix, void (*left)(const char *path)) {
    DIR *d = opendir(base);
    char path[PATH_MAX];
    struct stat st;

    for (struct dirent *e; d && (e = readdir(d));) {
        if (strncmp(e->d_name, prefix, strlen(prefix)) != 0 || strlen(e->d_name) != strlen(prefix) + RANDOM)
            continue;
        int n = snprintf(path, sizeof path, "%s/%s", base, e->d_name);
        if (n < 0 || n >= (int)sizeof path || lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) ||
            st.st_uid != geteuid())
            continue;
        int fd = take(path);
        if (fd < 0)
            continue;
        left(path);
        close(fd);
    }
    if (d)
        closedir(d);
}
