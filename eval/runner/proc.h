// SPDX-License-Identifier: MIT
/* Child processes of the runner: run to the end with their output captured, or kept to talk with. */
#ifndef EVAL_RUNNER_PROC_H
#define EVAL_RUNNER_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct proc_options {
    const char *const *env; /* "NAME=VALUE" sets, "NAME" unsets; NULL-terminated; NULL: nothing */
    int cpu;                /* run on this CPU only; -1: anywhere */
    double timeout;         /* seconds */
    bool quiet;             /* standard error goes nowhere */
    bool hold_stdin;        /* standard input is a pipe that proc_release_stdin closes; else /dev/null */
};

struct proc {
    pid_t pid;
    int out, in; /* -1: closed */
    double started;
    char *text; /* standard output so far, NUL-terminated */
    size_t used, room;
    double timeout;
};

struct proc_result {
    int status;  /* exit status; 128 + n: signal n; -1: took too long and was killed */
    double wall; /* seconds from fork to the end */
    char *text;  /* to be freed */
};

/* Seconds of CLOCK_MONOTONIC. */
double proc_now(void);

/* Starts argv. The child dies with this process. Standard error is ours. false: could not fork. */
bool proc_start(struct proc *p, char *const argv[], const struct proc_options *options);
void proc_release_stdin(struct proc *p);
/* Writes a line to the standard input that is held. false: nobody reads it. */
bool proc_say(struct proc *p, const char *line);
struct proc_result proc_finish(struct proc *p);
struct proc_result proc_run(char *const argv[], const struct proc_options *options);

/* Ends a process that does not end by itself: SIGTERM, SIGKILL after 5 s. */
void proc_stop(struct proc *p);

/* Reads more of its output; false at the end of it, or once `deadline` has passed. */
bool proc_read(struct proc *p, double deadline);

/* CPU seconds that `pid` and its descendants have used up to now. */
double proc_tree_cpu(pid_t pid);
/* Waits until that stands still: nothing of what they did for an earlier run goes on under the next. At most
 * 4 s. */
void proc_wait_idle(pid_t pid);

#endif
