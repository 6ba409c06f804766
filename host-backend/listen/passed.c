// SPDX-License-Identifier: MIT
#include "host-backend/listen/passed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST = 3, MOST = 16 };

static long number(const char *variable) {
    const char *text = getenv(variable);
    char *end;
    long n = text ? strtol(text, &end, 10) : -1;
    return text && *text && !*end ? n : -1;
}

static int take(struct listen_passed *p, int fd, char *why, size_t why_size) {
    int type = 0, listens = 0;
    socklen_t size = sizeof type;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens ||
        (type != SOCK_SEQPACKET && type != SOCK_STREAM)) {
        snprintf(
            why, why_size,
            "descriptor %d, which the service manager passed, is no listening socket of type seqpacket (for "
            "processes) or stream (for a VM)",
            fd);
        return -1;
    }
    struct listen_socket *l = type == SOCK_SEQPACKET ? &p->guests : &p->vm;
    if (l->fd >= 0) {
        snprintf(why, why_size, "the service manager passed two sockets of the same type; one is served");
        return -1;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    l->fd = fd;
    return 0;
}

int listen_take_passed(struct listen_passed *p, char *why, size_t why_size) {
    const long pid = number("LISTEN_PID"), count = number("LISTEN_FDS");

    *p = (struct listen_passed){.guests.fd = -1, .vm.fd = -1};
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (pid != getpid() || count <= 0)
        return 0;
    if (count > MOST) {
        snprintf(why, why_size, "the service manager passed %ld descriptors", count);
        return -1;
    }
    for (int i = 0; i < count; i++)
        if (take(p, FIRST + i, why, why_size) < 0)
            return -1;
    return 0;
}
