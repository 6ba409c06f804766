// SPDX-License-Identifier: MIT
#include "svga-model/link-io.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int svga_link_send(int sock, const struct svga_link_msg *msg, const struct svga_link_piece *pieces,
                   const int *fds, unsigned fd_count) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(SVGA_LINK_MAX_FDS * sizeof(int))];
    } control = {0};
    struct iovec iov[2] = {
        {.iov_base = (void *)msg, .iov_len = sizeof *msg},
        {.iov_base = (void *)pieces, .iov_len = msg->piece_count * sizeof *pieces},
    };
    struct msghdr mh = {.msg_iov = iov, .msg_iovlen = msg->piece_count ? 2 : 1};

    if (fd_count > SVGA_LINK_MAX_FDS || msg->piece_count > SVGA_LINK_MAX_PIECES)
        return -EINVAL;
    if (fd_count > 0) {
        mh.msg_control = control.bytes;
        mh.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&mh);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(cmsg), fds, fd_count * sizeof(int));
    }
    ssize_t n;
    do
        n = sendmsg(sock, &mh, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

int svga_link_send_text(int sock, enum svga_link_type type, const char *text, size_t size) {
    struct svga_link_piece pieces[32] = {0};
    struct svga_link_msg msg = {.type = type};
    if (size > sizeof pieces)
        return -E2BIG;
    memcpy(pieces, text, size);
    msg.piece_count = (uint32_t)((size + sizeof pieces[0] - 1) / sizeof pieces[0]);
    return svga_link_send(sock, &msg, pieces, NULL, 0);
}

void svga_link_close_fds(struct svga_link_packet *packet) {
    for (unsigned i = 0; i < packet->fd_count; i++)
        close(packet->fds[i]);
    packet->fd_count = 0;
}

/* Takes the descriptors out of the control data. False if there is anything that does not belong there. */
static int take_fds(struct msghdr *mh, struct svga_link_packet *packet) {
    int good = 1;
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(mh); cmsg; cmsg = CMSG_NXTHDR(mh, cmsg)) {
        if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof fd);
            if (packet->fd_count < SVGA_LINK_MAX_FDS)
                packet->fds[packet->fd_count++] = fd;
            else {
                close(fd);
                good = 0;
            }
        }
    }
    return good;
}

int svga_link_recv(int sock, struct svga_link_packet *packet) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(SVGA_LINK_MAX_FDS * sizeof(int))];
    } control;
    struct iovec iov[2] = {
        {.iov_base = &packet->msg, .iov_len = sizeof packet->msg},
        {.iov_base = packet->pieces, .iov_len = sizeof packet->pieces},
    };
    struct msghdr mh = {.msg_iov = iov,
                        .msg_iovlen = 2,
                        .msg_control = control.bytes,
                        .msg_controllen = sizeof control.bytes};
    ssize_t n;

    packet->fd_count = 0;
    do
        n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return 0;
    if (n < 0)
        return errno == ECONNRESET ? 0 : -errno;

    int good = take_fds(&mh, packet) && !(mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
               (size_t)n >= sizeof packet->msg && packet->msg.piece_count <= SVGA_LINK_MAX_PIECES &&
               (size_t)n == sizeof packet->msg + packet->msg.piece_count * sizeof packet->pieces[0];
    /* in the place of the pieces */
    bool text = good && (packet->msg.type == SVGA_LINK_VARIABLES || packet->msg.type == SVGA_LINK_REFUSED);
    for (uint32_t i = 0; good && !text && i < packet->msg.piece_count; i++)
        good = packet->pieces[i].fd < packet->fd_count;
    if (!good) {
        svga_link_close_fds(packet);
        return -EPROTO;
    }
    return 1;
}
