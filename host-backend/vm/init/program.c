// SPDX-License-Identifier: MIT
#include "host-backend/vm/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/vm/frame.h"
#include "host-backend/util/io.h"

static void send_frame(int port, uint32_t type, const void *bytes, size_t size) {
    static char buffer[sizeof(struct vm_frame) + VM_FRAME_MAX];
    struct vm_frame frame = {type, (uint32_t)size};
    memcpy(buffer, &frame, sizeof frame);
    memcpy(buffer + sizeof frame, bytes, size);
    io_write_all(port, buffer, sizeof frame + size);
}

/* ---- standard input: a process of its own, since it may wait for the program to read ---- */

/* `terminal`: its input ends by a key, and it stays open. */
static void feed_stdin(int port, int to, bool terminal) {
    static char buffer[VM_FRAME_MAX];
    struct vm_frame frame;

    signal(SIGPIPE, SIG_IGN);
    while (io_read_all(port, &frame, sizeof frame) && frame.size <= sizeof buffer &&
           io_read_all(port, buffer, frame.size)) {
        if (frame.type != VM_FRAME_STDIN || to < 0)
            continue; /* the program has closed its input: the rest goes nowhere */
        size_t done = 0;
        while (done < frame.size) {
            ssize_t n = write(to, buffer + done, frame.size - done);
            if (n < 0 && errno != EINTR)
                break;
            if (n > 0)
                done += (size_t)n;
        }
        if (terminal && frame.size == 0) {
            io_write_all(to, "\x04", 1); /* Ctrl-D */
        } else if (frame.size == 0 || done < frame.size) {
            close(to);
            to = -1;
        }
    }
    _exit(0);
}

/* ---- the program ---- */

static void execute(const struct config *c, const int streams[3], int error_pipe) {
    for (int i = 0; i < 3; i++)
        dup2(streams[i], i);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    if (c->terminal)
        ioctl(0, TIOCSCTTY, 0);
    if (setgroups(c->group_count, (const gid_t *)c->groups) == 0 && setgid(c->gid) == 0 &&
        setuid(c->uid) == 0) {
        if (chdir(c->cwd ? c->cwd : "/") < 0)
            (void)!chdir("/");
        environ = c->env;
        execvp(c->args[0], c->args);
    }
    int error = errno;
    io_write_all(error_pipe, &error, sizeof error);
    _exit(127);
}

/* Carries what can be read from one stream. False at its end, or when there is nothing left and the program
 * has ended: what a process that it left behind may still write is not waited for. */
static bool carry(int port, uint32_t type, int fd) {
    static char buffer[VM_FRAME_MAX];
    ssize_t n = read(fd, buffer, sizeof buffer);
    if (n > 0)
        send_frame(port, type, buffer, (size_t)n);
    return n > 0 || (n < 0 && errno == EINTR);
}

static void carry_output(int port, struct program_control *p, int out, int err, int *status) {
    struct pollfd fds[3] = {{out, POLLIN, 0}, {err, POLLIN, 0}, {p->fd, POLLIN, 0}};
    static const uint32_t types[2] = {VM_FRAME_STDOUT, VM_FRAME_STDERR};
    bool ended = false;
    sigset_t none;

    sigemptyset(&none);
    while (!ended) {
        int n = ppoll(fds, 3, NULL, &none);
        for (int i = 0; n > 0 && i < 2; i++)
            if (fds[i].revents && !carry(port, types[i], fds[i].fd))
                fds[i].fd = -1;
        if (n > 0 && fds[2].revents) {
            control_take(p);
            fds[2].fd = p->fd;
        }
        /* SIGCHLD ends the poll, and comes nowhere else; orphans are reaped on the way. */
        for (pid_t pid; (pid = waitpid(-1, status, WNOHANG)) > 0;)
            if (pid == p->program) {
                ended = true;
                break;
            }
    }
    for (int i = 0; i < 2; i++) {
        if ((i == 0 ? out : err) < 0)
            continue;
        fcntl(i == 0 ? out : err, F_SETFL, O_NONBLOCK);
        while (carry(port, types[i], i == 0 ? out : err))
            ;
    }
}

static void on_child(int signal) {
    (void)signal;
}

struct streams {
    int program[3];   /* the program's ends */
    int in, out, err; /* ours; err: -1 where it is the same as out */
};

static void make_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) < 0)
        die("the guest cannot make a pipe: %s", strerror(errno));
}

static void open_streams(const struct config *c, struct streams *s) {
    int in[2], out[2], err[2];

    *s = (struct streams){.err = -1};
    if (c->terminal) {
        terminal_open(c, &s->out, &s->program[0]);
        s->in = s->out;
        s->program[1] = s->program[2] = s->program[0];
    } else {
        make_pipe(in);
        make_pipe(out);
        s->program[0] = in[0], s->in = in[1];
        s->program[1] = out[1], s->out = out[0];
    }
    if (!c->terminal_errors) {
        make_pipe(err);
        s->program[2] = err[1], s->err = err[0];
    }
}

void program_run(const struct config *c, int port, int control) {
    int error[2], exec_error = 0, status = 0;
    struct streams s;

    open_streams(c, &s);
    make_pipe(error);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = on_child, .sa_flags = SA_NOCLDSTOP}, NULL);

    send_frame(port, VM_FRAME_STARTED, "", 0);
    pid_t program = fork();
    if (program < 0)
        die("the guest cannot make a process: %s", strerror(errno));
    if (program == 0)
        execute(c, s.program, error[1]);
    for (int i = 0; i < 3; i++)
        close(s.program[i]); /* which may be one and the same */
    close(error[1]);
    pid_t feeder = fork();
    if (feeder == 0) {
        if (s.out != s.in)
            close(s.out);
        if (s.err >= 0)
            close(s.err);
        feed_stdin(port, s.in, c->terminal);
    }
    if (s.in != s.out)
        close(s.in);
    if (!io_read_all(error[0], &exec_error, sizeof exec_error))
        exec_error = 0; /* the pipe was closed by the exec */

    struct program_control p = {.fd = control, .program = program, .terminal = c->terminal ? s.out : -1};
    carry_output(port, &p, s.out, s.err, &status);
    struct vm_exit end = {.exec_error = exec_error, .status = status};
    send_frame(port, VM_FRAME_EXIT, &end, sizeof end);
}
