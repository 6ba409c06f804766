// SPDX-License-Identifier: MIT
#include "tests/lib/unit.h"

#include <dirent.h>
#include <sys/mman.h>
#include <unistd.h>

uint32_t unit_random(uint32_t *state) {
    uint32_t x = *state;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

unsigned unit_open_fds(void) {
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    if (!dir)
        abort();
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

int unit_memfd(size_t size) {
    int fd = memfd_create("unit", MFD_CLOEXEC);

    if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
        abort();
    return fd;
}
