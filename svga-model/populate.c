// SPDX-License-Identifier: MIT
#include "svga-model/populate.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

bool svga_populate(void *at, size_t size) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t first = ((uintptr_t)at + page - 1) & ~(page - 1),
                    end = ((uintptr_t)at + size) & ~(page - 1);
    const int error = errno;

    if (end <= first)
        return true;
    const bool made = madvise((void *)first, end - first, MADV_POPULATE_WRITE) == 0;
    errno = error;
    return made;
}
