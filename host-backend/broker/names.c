// SPDX-License-Identifier: MIT
#include "host-backend/broker/names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/broker/prune.h"

enum { MAX_GENERATIONS = 256 };

static struct ucred peer_of(int fd) {
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t size = sizeof peer;
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    return peer;
}

/*
 * Containers are apart, whoever their processes' user is: that is root for most. A group's name is only as good as who made
 * it: a user whom a control group was delegated to can call one like anybody's container. So what is kept is kept for a
 * container and a user, and only root's containers count as a peer of their own.
 */
static void name_container(struct guest_name *n, enum container_answer answer, const char *id,
                           unsigned number) {
    uint64_t digest = 0, chance = 0;

    switch (answer) {
    case CONTAINER_NONE:
        break;
    case CONTAINER_FOUND:
        snprintf(n->text, sizeof n->text, "guest %u (process %d of container %.12s)", number, (int)n->pid,
                 id);
        snprintf(n->tenant, sizeof n->tenant, PRUNE_PREFIX "%s-%u", id, (unsigned)n->uid);
        sscanf(id, "%16" SCNx64, &digest);
        if (n->uid == 0)
            n->peer = digest | UINT64_C(1) << 63; /* no user's, and not the VM's */
        break;
    case CONTAINER_GONE: /* shares with nobody, nor with one of another daemon that had the same number */
        if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance)
            chance = (uint64_t)getpid();
        snprintf(n->tenant, sizeof n->tenant, PRUNE_PREFIX "gone-%u-%016" PRIx64, number, chance);
        break;
    }
}

struct guest_name name_of_user(const struct ucred *peer, enum container_answer answer, const char *id,
                               unsigned number, const char *vm) {
    struct guest_name n = {.peer = peer->uid, .pid = peer->pid, .uid = peer->uid};
    snprintf(n.vm, sizeof n.vm, "%s", vm ? vm : "");
    snprintf(n.text, sizeof n.text, "guest %u (process %d of user %u)", number, (int)peer->pid,
             (unsigned)peer->uid);
    snprintf(n.tenant, sizeof n.tenant, "user-%u", (unsigned)peer->uid);
    name_container(&n, answer, id, number);
    return n;
}

struct guest_name name_of_process(int fd, unsigned number, const char *vm) {
    const struct ucred peer = peer_of(fd);
    char id[CONTAINER_ID_SIZE];
    enum container_answer answer = container_of_peer(fd, peer.pid, id);
    return name_of_user(&peer, answer, id, number, vm);
}

struct guest_name name_of_vm(const char *text, const char *tenant, const char *vm) {
    struct guest_name n = {
        .peer = UINT64_C(1) << 32 /* no user's number */, .pid = getpid(), .uid = geteuid()};
    const char *name = vm ? vm : tenant;
    snprintf(n.vm, sizeof n.vm, "%.*s", (int)sizeof n.vm - 1, name ? name : "");
    snprintf(n.text, sizeof n.text, "%s", text);
    snprintf(n.tenant, sizeof n.tenant, "%s", tenant ? tenant : "vm");
    return n;
}

struct guest_name name_of_remote(const char *text, uint64_t from, const char *tenant, const char *vm) {
    struct guest_name n = name_of_vm(text, tenant, vm);
    n.peer = (from & ~(UINT64_C(3) << 62)) | UINT64_C(1)
                                                 << 62; /* no user's, no container's, and not the VM's */
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
