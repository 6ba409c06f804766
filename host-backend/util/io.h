// SPDX-License-Identifier: MIT
/*
 * Reading and writing all of it, whatever the kernel takes at a time, of descriptors that block. In a header, since
 * the VM's init, which is linked apart, needs them too.
 */
#ifndef HOST_BACKEND_UTIL_IO_H
#define HOST_BACKEND_UTIL_IO_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* False: the end came first (errno 0), or an error. */
static inline bool io_read_all(int fd, void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t n = read(fd, (char *)bytes + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n < 0 ? errno : 0;
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

/* False: with errno. */
static inline bool io_write_all(int fd, const void *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, (const char *)bytes + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n < 0 ? errno : EIO;
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

#endif
