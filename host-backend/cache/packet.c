// SPDX-License-Identifier: MIT
#include "host-backend/cache/packet.h"
#include "host-backend/util/io.h"
#include "svga-model/populate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

int packet_contents_new(const void *bytes, uint64_t size) {
    int fd = memfd_create("trillium-store", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    if (!io_write_all(fd, bytes, size) || fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
        int error = errno ? errno : EIO;
        close(fd);
        return -error;
    }
    return fd;
}

int packet_contents_read(int fd, uint64_t size, void **data) {
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals < 0 || (seals & SEALS) != SEALS)
        return -EPERM;
    if (fstat(fd, &st) < 0 || (uint64_t)st.st_size != size)
        return -EINVAL;
    char *bytes = malloc(size ? size : 1);
    if (!bytes)
        return -ENOMEM;
    svga_populate(bytes, size);
    for (uint64_t done = 0; done < size;) {
        ssize_t n = pread(fd, bytes + done, size - done, (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            free(bytes);
            return n < 0 ? -errno : -EIO;
        }
        done += (uint64_t)n;
    }
    *data = bytes;
    return 0;
}
