// SPDX-License-Identifier: MIT
#include "host-backend/broker/container.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

bool container_of_text(const char *text, char id[CONTAINER_ID_SIZE]) {
    static const char digits[] = "0123456789abcdef";

    while (*text) {
        size_t n = strspn(text, digits);
        if (n == CONTAINER_ID_SIZE - 1) {
            memcpy(id, text, n);
            id[n] = '\0';
            return true;
        }
        text += n;
        text += strcspn(text, digits);
    }
    return false;
}

enum container_answer container_of_peer(int fd, pid_t pid, char id[CONTAINER_ID_SIZE]) {
    char path[32], text[4096];
    int process = -1;
    socklen_t size = sizeof process;

    snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
    FILE *in = fopen(path, "re");
    size_t n = in ? fread(text, 1, sizeof text - 1, in) : 0;
    if (in)
        fclose(in);
    text[n] = '\0';
    bool found = container_of_text(text, id);
    bool gone = n == 0;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &process, &size) == 0 && process >= 0) {
        struct pollfd p = {.fd = process, .events = POLLIN};
        gone = poll(&p, 1, 0) != 0;
        close(process);
    }
    return gone ? CONTAINER_GONE : found ? CONTAINER_FOUND : CONTAINER_NONE;
}
