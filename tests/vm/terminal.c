// SPDX-License-Identifier: MIT
#include "tests/vm/terminal.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

enum { LIMIT_S = 100, STATUS = 42 };

static int failures;

static void check(bool good, const char *name) {
    printf("%s terminal: %s\n", good ? "PASS" : "FAIL", name);
    fflush(stdout);
    failures += !good;
}

/* ---- inside ---- */

/* The other side does what `what` names when it reads this. */
static void ask(const char *what) {
    printf("ready %s\n", what);
    fflush(stdout);
}

static bool comes(int number) {
    const struct timespec limit = {.tv_sec = LIMIT_S};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    return sigtimedwait(&set, NULL, &limit) == number;
}

static bool has_size(unsigned rows, unsigned columns) {
    struct winsize size = {0};
    return ioctl(0, TIOCGWINSZ, &size) == 0 && size.ws_row == rows && size.ws_col == columns;
}

int terminal_inside(void) {
    char line[80] = "";
    sigset_t all;

    sigemptyset(&all);
    for (const int *s = (const int[]){SIGWINCH, SIGINT, SIGTERM, SIGUSR1, 0}; *s; s++)
        sigaddset(&all, *s);
    sigprocmask(SIG_BLOCK, &all, NULL);
    check(isatty(0) && isatty(1) && isatty(2) && ttyname(0), "the three streams are one");
    check(tcgetpgrp(0) == getpgrp(), "the program is in its foreground");
    check(has_size(31, 97), "it has the caller's size");
    ask("window");
    check(comes(SIGWINCH) && has_size(40, 120), "and the caller's new size");
    ask("keys");
    check(fgets(line, sizeof line, stdin) && strcmp(line, "abc\n") == 0, "it edits lines");
    ask("interrupt");
    check(comes(SIGINT), "Ctrl-C is a signal there");
    ask("term");
    check(comes(SIGTERM), "SIGTERM comes through");
    ask("user");
    check(comes(SIGUSR1), "SIGUSR1 comes through");
    return failures ? 1 : STATUS;
}

/* ---- outside ---- */

static void answer(const char *what, int terminal, pid_t trillium) {
    const struct winsize size = {.ws_row = 40, .ws_col = 120};
    const char *keys = NULL;

    if (strcmp(what, "window") == 0)
        ioctl(terminal, TIOCSWINSZ, &size); /* of the kernel, to the foreground: SIGWINCH */
    else if (strcmp(what, "keys") == 0)
        keys = "abx\x7f"
               "c\r";
    else if (strcmp(what, "interrupt") == 0)
        keys = "\x03";
    else if (strcmp(what, "term") == 0)
        kill(trillium, SIGTERM);
    else if (strcmp(what, "user") == 0)
        kill(trillium, SIGUSR1);
    if (keys && write(terminal, keys, strlen(keys)) < 0)
        check(false, "keys can be typed");
}

static void read_line(char *line, int terminal, pid_t trillium) {
    char word[32], *said;

    line[strcspn(line, "\r\n")] = '\0';
    /* the terminal's echo of a key may stand in front */
    if ((said = strstr(line, "ready ")) && sscanf(said, "ready %31s", word) == 1)
        answer(word, terminal, trillium);
    else if ((said = strstr(line, "PASS ")) || (said = strstr(line, "FAIL ")))
        puts(said);
    else
        fprintf(stderr, "%s\n", line);
}

/* Reads lines until the process has ended and nothing is left to read. Its status. */
static int converse(int terminal, pid_t trillium) {
    char text[4096];
    size_t used = 0;
    int status = 0;

    for (bool ended = false;;) {
        struct pollfd p = {.fd = terminal, .events = POLLIN};
        ended = ended || waitpid(trillium, &status, WNOHANG) == trillium;
        if (poll(&p, 1, 50) != 1) {
            if (ended)
                return status;
            continue;
        }
        ssize_t n = read(terminal, text + used, sizeof text - 1 - used);
        if (n <= 0)
            continue;
        used += (size_t)n;
        text[used] = '\0';
        for (char *end; (end = strchr(text, '\n'));) {
            size_t line = (size_t)(end + 1 - text);
            *end = '\0';
            read_line(text, terminal, trillium);
            memmove(text, text + line, used - line + 1);
            used -= line;
        }
        if (used == sizeof text - 1)
            used = 0;
    }
}

int terminal_outside(char *trillium, char *self) {
    const struct winsize size = {.ws_row = 31, .ws_col = 97};
    struct termios before, after;
    int terminal, slave;

    /* The slave stays open here: its modes are to be seen when the other end is gone. */
    if (openpty(&terminal, &slave, NULL, NULL, &size) < 0)
        return 2;
    tcgetattr(slave, &before);
    pid_t pid = fork();
    if (pid == 0) {
        const char *kind = getenv("TEST_VM");
        char vm[32];
        snprintf(vm, sizeof vm, "--vm=%.16s", kind ? kind : "qemu");
        char *const argv[] = {trillium, "run", vm, "--", self, "keys", NULL};
        close(terminal);
        login_tty(slave);
        execv(trillium, argv);
        _exit(127);
    }
    int status = converse(terminal, pid);
    check(WIFEXITED(status) && WEXITSTATUS(status) == STATUS, "the status is the program's");
    tcgetattr(slave, &after);
    check(after.c_lflag == before.c_lflag && after.c_iflag == before.c_iflag &&
              after.c_oflag == before.c_oflag,
          "the caller's terminal is as it was");
    return failures != 0;
}
