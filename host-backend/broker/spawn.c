// SPDX-License-Identifier: MIT
#include "host-backend/broker/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/worker/control.h"

extern char **environ;

enum { ARGUMENTS = 48 }; /* of a worker's command line */

/* Variables that would make the worker's loader find Trillium instead of the host's drivers, or steer
 * Trillium's guest side. */
static bool is_ours(const char *variable) {
    static const char *const loader[] = {"OCL_ICD_VENDORS=", "OPENCL_VENDOR_PATH=", "OCL_ICD_FILENAMES="};

    if (strncmp(variable, "TRILLIUM_", 9) == 0)
        return true;
    for (size_t i = 0; i < sizeof loader / sizeof loader[0]; i++)
        if (strncmp(variable, loader[i], strlen(loader[i])) == 0)
            return strcasestr(variable + strlen(loader[i]), "trillium") != NULL;
    return false;
}

/* The worker's environment; the strings are environ's. NULL when out of memory. */
static char **environment(void) {
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **list = calloc(count + 2, sizeof *list);
    for (size_t i = 0; list && i < count; i++)
        if (!is_ours(environ[i]))
            list[kept++] = environ[i];
    if (list)
        list[kept] = "TRILLIUM_WORKER=1";
    return list;
}

/* In the child: only async-signal-safe calls, for the parent may have other threads. */
static void become_worker(const char *path, char **argv, char **env, const int keep[2], pid_t parent) {
    sigset_t none;
    int null = open("/dev/null", O_RDONLY);

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    setsid(); /* away from the terminal's signals, and a scheduling group of its own (share.h) */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
    fcntl(keep[0], F_SETFD, 0);
    fcntl(keep[1], F_SETFD, 0);
    execve(path, argv, env);
    _exit(errno == ENOENT ? 127 : 126);
}

int spawn_worker(const struct broker_config *config, bool eager, const char *refuse, struct spawned *out) {
    char number[16], store[16], more[256];
    char *argv[ARGUMENTS + 1] = {"trillium-worker", "--control", number, "--store", store}, *rest;
    int sockets[2], stores[2], n = 5, r = 0;

    if (config->device_filter) {
        argv[n++] = "--device";
        argv[n++] = (char *)config->device_filter;
    }
    if (config->profile_dir) {
        argv[n++] = "--profile-dir";
        argv[n++] = (char *)config->profile_dir;
    }
    if (config->fresh_builds)
        argv[n++] = "--no-shared-builds";
    if (eager)
        argv[n++] = "--eager";
    if (refuse) {
        argv[n++] = "--refuse";
        argv[n++] = (char *)refuse;
    }
    snprintf(more, sizeof more, "%s", config->worker_options ? config->worker_options : "");
    for (char *word = strtok_r(more, " ", &rest); word && n < ARGUMENTS; word = strtok_r(NULL, " ", &rest))
        argv[n++] = word;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return -errno;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, stores) < 0) {
        r = -errno;
        close(sockets[0]);
        close(sockets[1]);
        return r;
    }
    snprintf(number, sizeof number, "%d", sockets[1]);
    snprintf(store, sizeof store, "%d", stores[1]);
    char **env = environment();
    pid_t parent = getpid();
    out->pid = env ? fork() : -1;
    if (out->pid == 0)
        become_worker(config->worker_path, argv, env, (int[]){sockets[1], stores[1]}, parent);
    if (out->pid < 0)
        r = env ? -errno : -ENOMEM;
    free(env);
    close(sockets[1]);
    close(stores[1]);
    out->control = sockets[0];
    out->store = stores[0];
    out->pidfd = out->pid > 0 ? (int)syscall(SYS_pidfd_open, out->pid, 0) : -1;
    if (out->pid > 0 && out->pidfd < 0) {
        r = -errno;
        kill(out->pid, SIGKILL);
        waitpid(out->pid, NULL, 0);
    }
    if (r < 0) {
        close(sockets[0]);
        close(stores[0]);
    }
    return r;
}

int spawn_give_session(int control, int session) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } space = {0};
    char byte = CONTROL_SESSION;
    struct iovec iov = {&byte, 1};
    struct msghdr mh = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space.bytes};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&mh);

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &session, sizeof session);
    return sendmsg(control, &mh, MSG_NOSIGNAL) < 0 ? -errno : 0;
}
