// SPDX-License-Identifier: MIT
#include "host-backend/util/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/util/clock.h"

int capture(char *const argv[], char *out, size_t room, int seconds) {
    int64_t deadline = clock_now_ms() + seconds * 1000LL;
    size_t used = 0;
    bool late = false;
    int fds[2], status;
    pid_t pid;

    out[0] = '\0';
    if (pipe2(fds, O_CLOEXEC) < 0)
        return 127;
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        setpgid(0, 0); /* so that a child of it dies too */
        dup2(null, 0);
        dup2(fds[1], 1);
        dup2(null, 2);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return 127;
    }
    for (;;) {
        struct pollfd p = {.fd = fds[0], .events = POLLIN};
        int64_t left = deadline - clock_now_ms();
        char drop[256];
        ssize_t n;

        if (left <= 0 || poll(&p, 1, (int)left) == 0) {
            late = true;
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
            break;
        }
        n = used + 1 < room ? read(fds[0], out + used, room - 1 - used) : read(fds[0], drop, sizeof(drop));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (used + 1 < room)
            used += (size_t)n;
    }
    close(fds[0]);
    out[used] = '\0';
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (late)
        return 124;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
