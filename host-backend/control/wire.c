// SPDX-License-Identifier: MIT
#include "host-backend/control/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

const char *wire_path(void) {
    const char *given = getenv(WIRE_VARIABLE);
    if (!given || !*given)
        return WIRE_SOCKET;
    return strcmp(given, "none") == 0 ? NULL : given;
}

int wire_connect(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct ucred server = {.uid = (uid_t)-1};
    socklen_t size = sizeof server;

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    int r = connect(fd, (struct sockaddr *)&address, sizeof address);
    if (r == 0)
        r = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &server, &size);
    if (r == 0 && server.uid != 0 && server.uid != geteuid()) {
        errno = EPERM;
        r = -1;
    }
    if (r < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int wire_send(int fd, json_t *o, const int *fds, int count) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(WIRE_FDS * sizeof(int))];
    } space = {0};
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    struct iovec iov = {text, text ? strlen(text) : 0};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
    int r = text ? 0 : -ENOMEM;

    json_decref(o);
    if (iov.iov_len > WIRE_MOST)
        r = -EMSGSIZE;
    if (count > 0) {
        mh.msg_control = space.bytes;
        mh.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&mh);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
        memcpy(CMSG_DATA(c), fds, (size_t)count * sizeof(int));
    }
    if (r == 0 && sendmsg(fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        r = -errno;
    free(text);
    return r;
}

static void take_fds(struct msghdr *mh, int fds[WIRE_FDS], int *count) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        int n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + (size_t)i * sizeof fd, sizeof fd);
            if (*count < WIRE_FDS)
                fds[(*count)++] = fd;
            else
                close(fd);
        }
    }
}

json_t *wire_receive(int fd, int timeout_ms, int fds[WIRE_FDS], int *count) {
    static _Thread_local char text[WIRE_MOST];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(WIRE_FDS * sizeof(int))];
    } space;
    struct iovec iov = {text, sizeof text};
    struct msghdr mh = {.msg_iov = &iov,
                        .msg_iovlen = 1,
                        .msg_control = space.bytes,
                        .msg_controllen = CMSG_LEN(WIRE_FDS * sizeof(int))};
    struct pollfd p = {.fd = fd, .events = POLLIN};

    *count = 0;
    if (poll(&p, 1, timeout_ms) == 0) {
        errno = EAGAIN;
        return NULL;
    }
    ssize_t n = recvmsg(fd, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n <= 0) {
        errno = n == 0 ? 0 : errno;
        return NULL;
    }
    take_fds(&mh, fds, count);
    json_t *o = mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC)
                    ? NULL
                    : json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(o)) {
        json_decref(o);
        while (*count > 0)
            close(fds[--*count]);
        errno = EBADMSG;
        return NULL;
    }
    return o;
}
