// SPDX-License-Identifier: MIT
#include "host-backend/cli/child.h"
#include "host-backend/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_MS = 200 /* between looks whether we are asked to end */ };

static sigset_t handled, before;
static struct sigaction chld_before;

void child_heed(void) {
    const struct sigaction heed = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &heed, &chld_before);
}

void child_block_signals(void) {
    const int numbers[] = {SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH};

    sigemptyset(&handled);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaddset(&handled, numbers[i]);
    sigprocmask(SIG_BLOCK, &handled, &before);
}

static bool is_asked_to_end(void) {
    static const int numbers[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP};
    sigset_t pending;
    bool asked = false;

    if (sigpending(&pending) < 0)
        return false;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        asked = asked || sigismember(&pending, numbers[i]) == 1;
    return asked;
}

void child_await(int report, pid_t pid) {
    struct pollfd p = {.fd = report, .events = POLLIN};

    for (;;) {
        int ready = poll(&p, 1, LOOK_MS);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return;
        if (is_asked_to_end())
            kill(pid, SIGCONT);
    }
}

pid_t child_start(char **argv, int *status, int *why) {
    pid_t parent = getpid(), pid;
    int report[2]; /* closed by a successful exec; else errno comes through it */
    ssize_t n;

    *status = CLI_EXIT_FAILED;
    if (pipe2(report, O_CLOEXEC) < 0) {
        *why = errno;
        return -1;
    }
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        int e;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(CLI_EXIT_FAILED);
        sigaction(SIGCHLD, &chld_before, NULL);
        sigprocmask(SIG_SETMASK, &before, NULL);
        execvp(argv[0], argv);
        e = errno;
        n = write(report[1], &e, sizeof(e));
        _exit(n == sizeof(e) ? CLI_EXIT_NOT_EXECUTABLE : CLI_EXIT_FAILED);
    }
    *why = errno;
    close(report[1]);
    if (pid > 0) {
        child_await(report[0], pid);
        do
            n = read(report[0], why, sizeof(*why));
        while (n < 0 && errno == EINTR);
        if (n == sizeof(*why)) {
            waitpid(pid, NULL, 0);
            *status = *why == ENOENT ? CLI_EXIT_NOT_FOUND : CLI_EXIT_NOT_EXECUTABLE;
            pid = -1;
        }
    }
    close(report[0]);
    return pid;
}

int child_wait(pid_t pid, pid_t watched, void (*lost)(int wait_status)) {
    for (;;) {
        siginfo_t info;
        int status, number = sigwaitinfo(&handled, &info);

        if (number < 0)
            continue; /* EINTR: a stop and a continue */
        if (number != SIGCHLD) {
            /* what the terminal sends, it sends to the program too */
            if (info.si_code != SI_KERNEL)
                kill(pid, number);
            if (number == SIGTERM || number == SIGHUP)
                kill(pid, SIGCONT); /* one that is stopped would not hear of it */
            continue;
        }
        if (watched > 0 && waitpid(watched, &status, WNOHANG) == watched) {
            watched = -1;
            lost(status);
        }
        if (waitpid(pid, &status, WNOHANG) != pid)
            continue;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
}
