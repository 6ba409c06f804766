// SPDX-License-Identifier: MIT
#include "host-backend/listen/listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128 };

/* The process that serves this name, 0 if it cannot be told; -1: nobody does. A server that takes no
 * connections at present has a full backlog, not none. */
static pid_t server_of(int type, const struct sockaddr_un *address) {
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct ucred peer = {0};
    socklen_t size = sizeof peer;
    pid_t pid = 0;

    if (fd < 0)
        return 0;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0) {
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
            pid = peer.pid; /* who called listen() */
    } else if (errno == ECONNREFUSED) {
        pid = -1;
    }
    close(fd);
    return pid;
}

bool listen_is_stale(int type, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat st = {0};
    if (strlen(path) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, path, strlen(path) + 1);
    return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && server_of(type, &address) < 0;
}

/* Removes a name whose server is gone. False if it is none. */
static bool remove_stale(int type, const struct sockaddr_un *address, pid_t *server) {
    struct stat before, now;

    *server = 0;
    if (lstat(address->sun_path, &before) < 0 || !S_ISSOCK(before.st_mode))
        return false;
    *server = server_of(type, address);
    return *server < 0 && lstat(address->sun_path, &now) == 0 && now.st_ino == before.st_ino &&
           now.st_dev == before.st_dev && unlink(address->sun_path) == 0;
}

static void say_who(pid_t server, const char *path, char *why, size_t why_size) {
    char program[64] = "";
    char comm[32];

    snprintf(comm, sizeof comm, "/proc/%d/comm", (int)server);
    FILE *in = server > 0 ? fopen(comm, "re") : NULL;
    if (in) {
        if (fgets(program, sizeof program, in))
            program[strcspn(program, "\n")] = '\0';
        fclose(in);
    }
    if (server > 0)
        snprintf(why, why_size, "%.150s is served already, by process %d%s%s%s", path, (int)server,
                 *program ? " (" : "", program, *program ? ")" : "");
    else
        snprintf(why, why_size, "%.150s is there already: another process serves it, or it is no socket",
                 path);
}

int listen_begin(struct listen_socket *l, int type, const char *path, struct listen_access access, char *why,
                 size_t why_size) {
    struct stat st = {0};
    pid_t server = 0;

    *l = (struct listen_socket){.fd = -1, .address.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof l->address.sun_path) {
        snprintf(why, why_size, "%.100s... is longer than the %zu bytes that a socket's path can have", path,
                 sizeof l->address.sun_path - 1);
        return -ENAMETOOLONG;
    }
    memcpy(l->address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* fchmod of a socket before bind sets the mode that bind makes the file with, less the umask: no moment in
     * which others could connect. */
    int r = fd < 0 || fchmod(fd, access.group == (gid_t)-1 ? access.mode : 0600) < 0
                ? -1
                : bind(fd, (struct sockaddr *)&l->address, sizeof l->address);
    if (r < 0 && errno == EADDRINUSE) {
        r = remove_stale(type, &l->address, &server)
                ? bind(fd, (struct sockaddr *)&l->address, sizeof l->address)
                : -1;
        errno = EADDRINUSE;
    }
    if (r == 0)
        r = (access.group != (gid_t)-1 && lchown(path, (uid_t)-1, access.group) < 0) ||
                    chmod(path, access.mode) < 0 || listen(fd, BACKLOG) < 0 || lstat(path, &st) < 0
                ? -1
                : 0;
    if (r < 0) {
        r = -errno;
        if (r == -EADDRINUSE)
            say_who(server, path, why, why_size);
        else
            snprintf(why, why_size, "cannot listen at %.150s: %s", path, strerror(-r));
        if (fd >= 0)
            close(fd);
        return r;
    }
    l->device = st.st_dev;
    l->inode = st.st_ino;
    l->fd = fd;
    return 0;
}

void listen_remove_name(struct listen_socket *l) {
    struct stat st = {0};
    if (l->fd >= 0 && *l->address.sun_path && lstat(l->address.sun_path, &st) == 0 &&
        st.st_dev == l->device && st.st_ino == l->inode)
        unlink(l->address.sun_path);
    l->address.sun_path[0] = '\0';
}

void listen_end(struct listen_socket *l) {
    if (l->fd < 0)
        return;
    listen_remove_name(l);
    close(l->fd);
    l->fd = -1;
}
