// SPDX-License-Identifier: MIT
#include "host-backend/cli/private-broker.h"

#include "host-backend/cache/ask.h"
#include "host-backend/cell/daemon.h"
#include "host-backend/cli/child.h"
#include "host-backend/cli/cli.h"
#include "host-backend/listen/listen.h"
#include "host-backend/util/held.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SILENT_MS 2500
#define STOP_TIMEOUT_MS (STORE_MAX_SECONDS * 1000 + 1500) /* more than it gives its workers */

static struct broker *the_broker; /* of the child, for its signal handler */

static void on_term(int number) {
    (void)number;
    broker_stop(the_broker);
}

/* ---- its socket's folder ---- */

#define FOLDER "trillium-run-"

static void base_folder(char base[64]) {
    const char *given = getenv("TMPDIR");
    snprintf(base, 64, "%s", given && *given && strlen(given) <= 40 ? given : "/tmp");
}

static void remove_folder(const char *dir) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/s", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/t", dir); /* run-remote.c's */
    unlink(path);
    rmdir(dir);
}

/* What a run has left that was killed together with its broker; its workers may still have to end. */
static void remove_left(const char *dir) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/s", dir);
    if (access(path, F_OK) < 0 || listen_is_stale(SOCK_SEQPACKET, path))
        remove_folder(dir);
}

/* A folder that others may look into only by its socket's name, so that a program which changes its user finds
 * the socket there; who may speak there is the broker's to decide (broker_config.run_pid). */
static int make_folder(char dir[PRIVATE_BROKER_PATH], char why[BROKER_WHY_SIZE]) {
    char base[64];

    base_folder(base);
    held_sweep(base, FOLDER, remove_left);
    int fd = held_make(base, FOLDER, 0711, dir, PRIVATE_BROKER_PATH);
    if (fd >= 0)
        return 0; /* held until both the run and its broker have ended */
    *dir = '\0';
    snprintf(why, BROKER_WHY_SIZE, "cannot make a folder in %s: %s", base, strerror(-fd));
    return -1;
}

/* ---- traces ---- */

void private_broker_remove_traces(const char *dir) {
    DIR *d = opendir(dir);

    for (struct dirent *e; d && (e = readdir(d));)
        unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    rmdir(dir);
}

/* The child's life. What it says first through `report` is a line: whether it serves, or why it cannot. */
static void serve(const struct broker_config *config, const char *dir, pid_t parent, int report) {
    char answer[BROKER_WHY_SIZE] = "", path[PRIVATE_BROKER_PATH + 8];
    bool serves = false;
    sigset_t none;

    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* SIGPIPE: a guest that is gone is no reason to end */
    signal(SIGPIPE, SIG_IGN);
    cli_take_no_rights();
    if (daemon_raise(DAEMON_BROKER, config->sandbox))
        the_broker = broker_create(config, answer);
    else
        snprintf(answer, sizeof answer, "a wall that --sandbox strict asks for does not stand");
    if (the_broker) {
        struct sigaction act = {.sa_handler = on_term};

        sigaction(SIGTERM, &act, NULL);
        sigaction(SIGINT, &act, NULL);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            broker_stop(the_broker);
        snprintf(path, sizeof path, "%s/s", dir);
        serves = broker_listen(the_broker, path, answer) == 0;
    }
    dprintf(report, "%d %s\n", serves, answer);
    close(report);
    if (serves)
        broker_run(the_broker);
    if (the_broker)
        broker_destroy(the_broker);
    remove_folder(dir);
    if (config->profile_dir && getppid() != parent)
        private_broker_remove_traces(config->profile_dir);
    exit(serves ? 0 : 1);
}

int private_broker_start(struct private_broker *b, const struct broker_config *config,
                         char why[BROKER_WHY_SIZE]) {
    char answer[BROKER_WHY_SIZE + 16];
    size_t got = 0;
    pid_t parent = getpid();
    int report[2], serves, used = 0;

    if (make_folder(b->dir, why) < 0)
        return -1;
    if (pipe2(report, O_CLOEXEC) < 0) {
        snprintf(why, BROKER_WHY_SIZE, "cannot make a pipe: %s", strerror(errno));
        remove_folder(b->dir);
        return -1;
    }
    fflush(NULL);
    b->pid = fork();
    if (b->pid == 0) {
        close(report[0]);
        serve(config, b->dir, parent, report[1]);
    }
    close(report[1]);
    if (b->pid < 0) {
        snprintf(why, BROKER_WHY_SIZE, "cannot fork: %s", strerror(errno));
        close(report[0]);
        remove_folder(b->dir);
        return -1;
    }
    /* Not to the pipe's end, of which a worker that is on its way into its cell holds a copy. */
    while (got < sizeof(answer) - 1 && (got == 0 || answer[got - 1] != '\n')) {
        child_await(report[0], b->pid);
        ssize_t n = read(report[0], answer + got, sizeof(answer) - 1 - got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    close(report[0]);
    answer[got] = '\0';
    answer[strcspn(answer, "\n")] = '\0';
    if (sscanf(answer, "%d %n", &serves, &used) == 1 && serves) {
        snprintf(b->path, sizeof(b->path), "%s/s", b->dir);
        return 0;
    }
    waitpid(b->pid, NULL, 0);
    remove_folder(b->dir);
    b->pid = -1;
    snprintf(why, BROKER_WHY_SIZE, "%s", got ? answer + used : "the host daemon ended before it listened");
    return -1;
}

/* Reaps it when it ends. False: it has not, and a while is over. */
static bool ends_in_time(pid_t pid) {
    static const int waits[] = {SILENT_MS, STOP_TIMEOUT_MS - SILENT_MS};
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    int r = 0;

    if (fd < 0)
        return waitpid(pid, NULL, WNOHANG) != 0;
    for (int i = 0; i < 2 && r == 0; i++) {
        if (i > 0) /* it does not say what for: it may hang, too */
            fprintf(stderr,
                    "trillium run: its workers have not ended yet; if they keep what the program built for "
                    "its next start, that can take up to %d s\n",
                    STORE_MAX_SECONDS);
        do
            r = poll(&ended, 1, waits[i]);
        while (r < 0 && errno == EINTR);
    }
    close(fd);
    return r > 0 && waitpid(pid, NULL, 0) != 0;
}

void private_broker_stop(struct private_broker *b) {
    if (b->pid <= 0) {
        if (*b->dir)
            remove_folder(b->dir); /* it was killed */
        return;
    }
    kill(b->pid, SIGTERM);
    kill(b->pid, SIGCONT); /* somebody may have stopped it */
    if (!ends_in_time(b->pid)) {
        kill(b->pid, SIGKILL);
        waitpid(b->pid, NULL, 0);
    }
    b->pid = -1;
    remove_folder(b->dir); /* where it could not */
}
