// SPDX-License-Identifier: MIT
#include "svga-model/stream-address.h"

#include <errno.h>
#include <linux/vm_sockets.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static int find_unix(const char *path, struct svga_address *a, char *why, size_t why_size) {
    struct sockaddr_un *un = (struct sockaddr_un *)&a->socket;
    if (!*path || strlen(path) >= sizeof un->sun_path) {
        snprintf(why, why_size, "a socket's path has 1 to %zu bytes", sizeof un->sun_path - 1);
        return 0;
    }
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, strlen(path) + 1);
    a->length = sizeof *un;
    return 1;
}

static bool number(const char *text, unsigned long most, unsigned long *out) {
    char *end;
    errno = 0;
    *out = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && errno == 0 && *out <= most;
}

static int find_vsock(const char *text, struct svga_address *a, char *why, size_t why_size) {
    struct sockaddr_vm *vm = (struct sockaddr_vm *)&a->socket;
    const char *colon = strchr(text, ':');
    unsigned long cid = 0, port = 0;
    char first[16] = "";

    if (colon && (size_t)(colon - text) < sizeof first)
        memcpy(first, text, (size_t)(colon - text));
    if (!colon || !number(first, UINT32_MAX, &cid) || !number(colon + 1, UINT32_MAX, &port)) {
        snprintf(why, why_size, "vsock:CID:PORT takes two numbers");
        return 0;
    }
    vm->svm_family = AF_VSOCK;
    vm->svm_cid = (unsigned)cid;
    vm->svm_port = (unsigned)port;
    a->length = sizeof *vm;
    return 1;
}

/* HOST:PORT and [ADDRESS]:PORT. */
static bool split(const char *text, char host[SVGA_HOST_NAME], char port[8]) {
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;
    unsigned long n;

    if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    } else if (colon && memchr(text, ':', length)) {
        return false;
    }
    if (length == 0 || length >= SVGA_HOST_NAME || !number(colon + 1, 65535, &n))
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    snprintf(port, 8, "%lu", n);
    return true;
}

int svga_address_find(const char *text, struct svga_address out[SVGA_ADDRESSES], char host[SVGA_HOST_NAME],
                      char *why, size_t why_size) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list;
    char port[8];
    int n = 0;

    host[0] = '\0';
    memset(out, 0, SVGA_ADDRESSES * sizeof *out);
    if (strncmp(text, "unix:", 5) == 0)
        return find_unix(text + 5, out, why, why_size);
    if (strncmp(text, "vsock:", 6) == 0)
        return find_vsock(text + 6, out, why, why_size);
    if (!split(text, host, port)) {
        snprintf(why, why_size, "%.80s is no address: HOST:PORT, [ADDRESS]:PORT, unix:PATH or vsock:CID:PORT",
                 text);
        return 0;
    }
    int r = getaddrinfo(host, port, &hints, &list);
    if (r != 0) {
        snprintf(why, why_size, "%.80s is not known: %s", host, gai_strerror(r));
        return 0;
    }
    for (const struct addrinfo *i = list; i && n < SVGA_ADDRESSES; i = i->ai_next, n++) {
        memcpy(&out[n].socket, i->ai_addr, i->ai_addrlen);
        out[n].length = i->ai_addrlen;
    }
    freeaddrinfo(list);
    return n;
}

bool svga_address_local(const struct svga_address *a) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)&a->socket;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->socket;

    switch (a->socket.ss_family) {
    case AF_UNIX:
        return true;
    case AF_INET:
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    case AF_INET6:
        return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
    default:
        return false;
    }
}

int svga_address_connect(const char *text, int limit_ms, char host[SVGA_HOST_NAME], char *why,
                         size_t why_size) {
    struct svga_address found[SVGA_ADDRESSES];
    const struct timeval limit = {.tv_sec = limit_ms / 1000, .tv_usec = limit_ms % 1000 * 1000L}, none = {0};
    int n = svga_address_find(text, found, host, why, why_size), error = 0;

    for (int i = 0; i < n; i++) {
        int fd = socket(found[i].socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        /* connect() takes as long as sending may. */
        if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
            connect(fd, (const struct sockaddr *)&found[i].socket, found[i].length) == 0) {
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none);
            return fd;
        }
        error = errno == EINPROGRESS || errno == EAGAIN ? ETIMEDOUT : errno;
        if (fd >= 0)
            close(fd);
    }
    if (n > 0)
        snprintf(why, why_size, "cannot connect to %.100s: %s", text, strerror(error));
    return -1;
}
