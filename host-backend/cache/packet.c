// SPDX-License-Identifier: MIT
#include "host-backend/cache/packet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int packet_send(int socket, const void *bytes, size_t size, int fd, int flags) {
    union control space = {0};
    struct iovec iov = {(void *)bytes, size};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    if (fd >= 0) {
        mh.msg_control = space.bytes;
        mh.msg_controllen = sizeof space.bytes;
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&mh);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
    }
    do
        n = sendmsg(socket, &mh, flags | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

ssize_t packet_receive(int socket, void *bytes, size_t size, int *fd, int flags) {
    union control space = {0};
    /* cppcheck-suppress ctuuninitvar ; it is written to */
    struct iovec iov = {bytes, size};
    /* CMSG_SPACE would have room for a second descriptor, in the padding. */
    struct msghdr mh = {.msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = space.bytes,
                        .msg_controllen = CMSG_LEN(sizeof(int))};
    ssize_t n;

    *fd = -1;
    do
        n = recvmsg(socket, &mh, flags | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&mh);
    if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS &&
        cmsg->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(fd, CMSG_DATA(cmsg), sizeof *fd);
    if (mh.msg_flags & MSG_TRUNC) {
        if (*fd >= 0)
            close(*fd);
        *fd = -1;
        return -EMSGSIZE;
    }
    return n;
}

static bool write_all(int fd, const char *bytes, uint64_t size) {
    for (uint64_t done = 0; done < size;) {
        ssize_t n = write(fd, bytes + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (uint64_t)n;
    }
    return true;
}

int packet_contents_new(const void *bytes, uint64_t size) {
    int fd = memfd_create("trillium-store", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    if (!write_all(fd, bytes, size) || fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
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
