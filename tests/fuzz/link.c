// SPDX-License-Identifier: MIT
/*
 * Fuzzes the link: the input is a series of datagrams, each a length byte (in units of 8 bytes), a count of
 * descriptors, and its bytes, sent to a device half. After the peer has closed, everything must be unmapped
 * and closed.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "svga-model/device.h"
#include "svga-model/link-io.h"

static unsigned open_fds(void) {
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void send_datagram(int sock, const uint8_t *bytes, size_t size, int memfd, unsigned fd_count) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(16 * sizeof(int))];
    } control = {0};
    struct iovec iov = {(void *)bytes, size};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

    if (fd_count > 0) {
        mh.msg_control = control.bytes;
        mh.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&mh);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        for (unsigned i = 0; i < fd_count; i++)
            memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &memfd, sizeof memfd);
    }
    sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Reads replies away, or the device would wait for room. */
static void *drain(void *arg) {
    char bytes[4096];

    while (recv(*(int *)arg, bytes, sizeof bytes, 0) > 0)
        ;
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct svga_device_limits limits = {4096, 64, 128};
    static const struct svga_device_callbacks callbacks;
    static int memfd = -1;
    struct svga_device d;
    pthread_t drainer;
    int ends[2];

    if (memfd < 0) {
        memfd = memfd_create("fuzz", MFD_CLOEXEC);
        if (memfd < 0 || ftruncate(memfd, 4 << 20) < 0)
            abort();
        /* The device says why a session failed; the fuzzer and the sanitizers keep the stream they began
         * with. */
        stderr = fopen("/dev/null", "we");
        if (!stderr)
            abort();
    }
    unsigned before = open_fds();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        abort();
    svga_device_init(&d, ends[1], 0x10000, &limits, &callbacks);
    while (size >= 2) {
        size_t length = (size_t)data[0] * 8;
        unsigned fd_count = data[1] % 12;

        data += 2;
        size -= 2;
        if (length > size)
            length = size;
        if (length > 0)
            send_datagram(ends[0], data, length, memfd, fd_count);
        data += length;
        size -= length;
    }
    shutdown(ends[0], SHUT_WR);
    pthread_create(&drainer, NULL, drain, &ends[0]);
    svga_device_serve_link(&d);
    shutdown(ends[1], SHUT_RDWR);
    pthread_join(drainer, NULL);
    svga_device_finish(&d);
    close(ends[0]);
    if (open_fds() != before)
        abort();
    return 0;
}
