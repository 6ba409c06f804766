// SPDX-License-Identifier: MIT
#include "host-backend/vhost-user/message.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/util/clock.h"

void vu_message_close_fds(struct vu_message *m) {
    for (unsigned i = 0; i < m->fd_count; i++)
        if (m->fds[i] >= 0)
            close(m->fds[i]);
    m->fd_count = 0;
}

/* Takes the descriptors out of the control data; -EPROTO if there are too many. */
static int take_fds(struct msghdr *mh, struct vu_message *m) {
    int r = mh->msg_flags & MSG_CTRUNC ? -EPROTO : 0;
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(mh); cmsg; cmsg = CMSG_NXTHDR(mh, cmsg)) {
        if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof fd, sizeof fd);
            if (m->fd_count < VU_MAX_REGIONS)
                m->fds[m->fd_count++] = fd;
            else {
                close(fd);
                r = -EPROTO;
            }
        }
    }
    return r;
}

/* Reads exactly `size` bytes of a message that has begun; -EPROTO if the peer closes before, or stops in between: who
 * reads has more to do than to wait for it. */
static int read_rest(int sock, void *buffer, size_t size, int64_t until_ms) {
    while (size > 0) {
        struct pollfd p = {.fd = sock, .events = POLLIN};
        int64_t left = until_ms - clock_now_ms();
        /* What is there is taken, however late we are ourselves. */
        int ready = poll(&p, 1, left > 0 ? (int)left : 0);
        if (ready == 0)
            return -EPROTO;
        ssize_t n = ready < 0 ? -1 : recv(sock, buffer, size, MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -EPROTO;
        buffer = (char *)buffer + n;
        size -= (size_t)n;
    }
    return 0;
}

int vu_message_recv(int sock, struct vu_message *m) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(VU_MAX_REGIONS * sizeof(int))];
    } control;
    struct iovec iov = {.iov_base = &m->header, .iov_len = sizeof m->header};
    struct msghdr mh = {.msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = control.bytes,
                        .msg_controllen = sizeof control.bytes};
    ssize_t n;

    m->fd_count = 0;
    memset(&m->payload, 0, sizeof m->payload);
    do
        n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n == 0 || (n < 0 && errno == ECONNRESET))
        return 0;
    if (n < 0)
        return -errno;

    int r = take_fds(&mh, m);
    int64_t until_ms = clock_now_ms() + VU_MESSAGE_MS;
    if (r == 0)
        r = read_rest(sock, (char *)&m->header + n, sizeof m->header - (size_t)n, until_ms);
    if (r == 0 &&
        (m->header.size > sizeof m->payload || (m->header.flags & VU_FLAG_VERSION_MASK) != VU_FLAG_VERSION))
        r = -EPROTO;
    if (r == 0)
        r = read_rest(sock, &m->payload, m->header.size, until_ms);
    if (r < 0) {
        vu_message_close_fds(m);
        return r;
    }
    return 1;
}

int vu_message_reply(int sock, struct vu_message *m, size_t payload_size) {
    m->header.flags = VU_FLAG_VERSION | VU_FLAG_REPLY;
    m->header.size = (uint32_t)payload_size;
    struct iovec iov[2] = {
        {.iov_base = &m->header, .iov_len = sizeof m->header},
        {.iov_base = &m->payload, .iov_len = payload_size},
    };
    struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 2};
    ssize_t n;
    do
        n = sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    return (size_t)n == sizeof m->header + payload_size ? 0 : -EPROTO;
}
