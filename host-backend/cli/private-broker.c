// SPDX-License-Identifier: MIT
#include "host-backend/cli/private-broker.h"

#include "host-backend/cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_TIMEOUT_MS 5000

static struct broker *the_broker; /* of the child, for its signal handler */

static void on_term(int number) {
    (void)number;
    broker_stop(the_broker);
}

/* Listens on a name that exists only for this moment. Returns the O_PATH descriptor of the socket, or -1. */
static int listen_nameless(struct broker *b, char why[BROKER_WHY_SIZE]) {
    const char *base = getenv("TMPDIR");
    char dir[80], path[96];
    int fd = -1;

    if (!base || strlen(base) > 40)
        base = "/tmp";
    snprintf(dir, sizeof(dir), "%s/trillium-XXXXXX", base);
    if (!mkdtemp(dir)) {
        snprintf(why, BROKER_WHY_SIZE, "cannot make a folder in %s: %s", base, strerror(errno));
        return -1;
    }
    snprintf(path, sizeof(path), "%s/s", dir);
    if (broker_listen(b, path, why) == 0) {
        fd = open(path, O_PATH);
        if (fd < 0)
            snprintf(why, BROKER_WHY_SIZE, "cannot open %s: %s", path, strerror(errno));
        unlink(path);
    }
    rmdir(dir);
    return fd;
}

void private_broker_remove_traces(const char *dir) {
    DIR *d = opendir(dir);

    for (struct dirent *e; d && (e = readdir(d));)
        unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    rmdir(dir);
}

/* The child's life. What it says first through `report` is the number of its descriptor, or why it cannot
 * serve. */
static void serve(const struct broker_config *config, pid_t parent, int report) {
    char answer[BROKER_WHY_SIZE] = "";
    sigset_t none;
    int fd = -1;

    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* SIGPIPE: a guest that is gone is no reason to end */
    signal(SIGPIPE, SIG_IGN);
    cli_take_no_rights();
    the_broker = broker_create(config, answer);
    if (the_broker) {
        struct sigaction act = {.sa_handler = on_term};

        sigaction(SIGTERM, &act, NULL);
        sigaction(SIGINT, &act, NULL);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            broker_stop(the_broker);
        fd = listen_nameless(the_broker, answer);
    }
    dprintf(report, "%d %s", fd, answer);
    close(report);
    if (fd >= 0)
        broker_run(the_broker);
    if (the_broker)
        broker_destroy(the_broker);
    if (config->profile_dir && getppid() != parent)
        private_broker_remove_traces(config->profile_dir);
    exit(fd >= 0 ? 0 : 1);
}

int private_broker_start(struct private_broker *b, const struct broker_config *config,
                         char why[BROKER_WHY_SIZE]) {
    char answer[BROKER_WHY_SIZE + 16];
    size_t got = 0;
    pid_t parent = getpid();
    int report[2], fd, used = 0;

    if (pipe2(report, O_CLOEXEC) < 0) {
        snprintf(why, BROKER_WHY_SIZE, "cannot make a pipe: %s", strerror(errno));
        return -1;
    }
    fflush(NULL);
    b->pid = fork();
    if (b->pid == 0) {
        close(report[0]);
        serve(config, parent, report[1]);
    }
    close(report[1]);
    if (b->pid < 0) {
        snprintf(why, BROKER_WHY_SIZE, "cannot fork: %s", strerror(errno));
        close(report[0]);
        return -1;
    }
    while (got < sizeof(answer) - 1) {
        ssize_t n = read(report[0], answer + got, sizeof(answer) - 1 - got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    close(report[0]);
    answer[got] = '\0';
    if (sscanf(answer, "%d %n", &fd, &used) == 1 && fd >= 0) {
        snprintf(b->path, sizeof(b->path), "/proc/%d/fd/%d", (int)b->pid, fd);
        return 0;
    }
    waitpid(b->pid, NULL, 0);
    b->pid = -1;
    snprintf(why, BROKER_WHY_SIZE, "%s", got ? answer + used : "the host daemon ended before it listened");
    return -1;
}

void private_broker_stop(struct private_broker *b) {
    const struct timespec tick = {.tv_nsec = 2000000};

    if (b->pid <= 0)
        return;
    kill(b->pid, SIGTERM);
    for (int ms = 0; waitpid(b->pid, NULL, WNOHANG) == 0; ms += 2) {
        if (ms >= STOP_TIMEOUT_MS) {
            kill(b->pid, SIGKILL);
            waitpid(b->pid, NULL, 0);
            break;
        }
        nanosleep(&tick, NULL);
    }
    b->pid = -1;
}
