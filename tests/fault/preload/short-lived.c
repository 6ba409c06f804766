// SPDX-License-Identifier: MIT
/*
 * Preloaded: a process that enters a cell crashes on its way, which is how one is killed at that moment. It is known by
 * its question who it is outside (host-backend/cell/enter.c).
 *
 *   SHORT_LIVED=FILE   as many of them as the file has bytes; each takes one away
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t readlink(const char *restrict path, char *restrict out, size_t size) {
    const char *left = getenv("SHORT_LIVED");
    struct stat s;

    if (left && strcmp(path, "/proc/self") == 0) {
        int fd = open(left, O_WRONLY | O_CLOEXEC);
        if (fd >= 0 && fstat(fd, &s) == 0 && s.st_size > 0 && ftruncate(fd, s.st_size - 1) == 0)
            __builtin_trap(); /* the first process of a pid namespace does not get its own SIGKILL */
        if (fd >= 0)
            close(fd);
    }
    return syscall(SYS_readlink, path, out, size);
}
