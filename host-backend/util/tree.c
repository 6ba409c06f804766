// SPDX-License-Identifier: MIT
#include "host-backend/util/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_DEPTH = 32, /* descriptors that it takes; what lies deeper is brought up first */
    MAX_ROUNDS = 4096,
};

static int open_folder(int parent, const char *name) {
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Takes `folder`, which is closed, empty as far as it can. `top`: where what lies too deep goes, under a name with this
 * number. */
static void empty(int folder, int top, unsigned depth, unsigned *number) {
    DIR *d = fdopendir(folder);
    char up[32];

    if (!d) {
        close(folder);
        return;
    }
    for (struct dirent *e; (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(d), e->d_name, 0) == 0 || (errno != EISDIR && errno != EPERM))
            continue;
        if (depth == MAX_DEPTH) {
            snprintf(up, sizeof up, "deeper-%u", ++*number);
            renameat(dirfd(d), e->d_name, top, up);
            continue;
        }
        int inner = open_folder(dirfd(d), e->d_name);
        if (inner >= 0) {
            fchmod(inner, 0700);
            empty(inner, top, depth + 1, number);
        }
        unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
    }
    closedir(d);
}

void tree_remove(const char *path) {
    int top = open_folder(AT_FDCWD, path);
    unsigned number = 0;
    bool there = top >= 0;

    for (unsigned round = 0; there && round < MAX_ROUNDS; round++) {
        int folder = open_folder(top, ".");
        if (folder < 0)
            break;
        empty(folder, top, 0, &number);
        there = rmdir(path) < 0 && errno == ENOTEMPTY;
    }
    if (top >= 0)
        close(top);
}
