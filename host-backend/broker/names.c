// SPDX-License-Identifier: MIT
#include "host-backend/broker/names.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_GENERATIONS = 256 };

static struct ucred peer_of(int fd) {
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof peer;
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    return peer;
}

struct guest_name name_of_process(int fd, unsigned number) {
    struct ucred peer = peer_of(fd);
    struct guest_name n = {.peer = peer.uid};
    snprintf(n.text, sizeof n.text, "guest %u (process %d of user %u)", number, (int)peer.pid,
             (unsigned)peer.uid);
    snprintf(n.tenant, sizeof n.tenant, "user-%u", (unsigned)peer.uid);
    return n;
}

struct guest_name name_of_vm(const char *text, const char *vm) {
    struct guest_name n = {.peer = UINT64_C(1) << 32}; /* no user's number */
    snprintf(n.text, sizeof n.text, "%s", text);
    snprintf(n.tenant, sizeof n.tenant, "%s", vm ? vm : "vm");
    return n;
}

/* 0 if there is none, or it may not be seen. */
static pid_t parent_of(pid_t pid) {
    char path[32], line[512];
    int parent = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *in = fopen(path, "re");
    if (!in)
        return 0;
    size_t n = fread(line, 1, sizeof line - 1, in);
    fclose(in);
    line[n] = '\0';
    const char *behind = strrchr(line, ')'); /* of the program's name, which may hold anything */
    return behind && sscanf(behind + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

bool name_descends(int fd, pid_t ancestor) {
    struct ucred peer = peer_of(fd);

    if (peer.uid == geteuid() || peer.uid == 0)
        return true;
    for (int i = 0; i < MAX_GENERATIONS && peer.pid > 1; i++) {
        if (peer.pid == ancestor)
            return true;
        peer.pid = parent_of(peer.pid);
    }
    return false;
}
