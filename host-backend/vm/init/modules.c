// SPDX-License-Identifier: MIT
#include "host-backend/vm/init/init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_module(const struct dirent *e) {
    return e->d_name[0] != '.';
}

void modules_load(const char *stage) {
    struct dirent **names;
    char path[300];

    snprintf(path, sizeof path, "/modules/%s", stage);
    int n = scandir(path, &names, is_module, alphasort);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "/modules/%s/%s", stage, names[i]->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        /* EEXIST: another stage needed it too, or it is part of the kernel. */
        if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
            die("the guest kernel does not take the module %s: %s", names[i]->d_name, strerror(errno));
        close(fd);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}
