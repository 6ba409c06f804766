// SPDX-License-Identifier: MIT
#include "eval/runner/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double proc_now(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void sleep_ms(long ms) {
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* In the child: environment, CPU, streams, exec. */
static void become(char *const argv[], const struct proc_options *o, int in, int out) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (const char *const *e = o->env; e && *e; e++) {
        char *copy = strdup(*e), *value = strchr(copy, '=');

        if (value) {
            *value++ = '\0';
            setenv(copy, value, 1);
        } else {
            unsetenv(copy);
        }
    }
    if (o->cpu >= 0) {
        cpu_set_t set;

        CPU_ZERO(&set);
        CPU_SET(o->cpu, &set);
        sched_setaffinity(0, sizeof(set), &set);
    }
    if (in < 0)
        in = open("/dev/null", O_RDONLY);
    dup2(in, 0);
    dup2(out, 1);
    if (o->quiet) {
        int nowhere = open("/dev/null", O_WRONLY);
        if (nowhere >= 0)
            dup2(nowhere, 2);
    }
    execvp(argv[0], argv);
    fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

bool proc_start(struct proc *p, char *const argv[], const struct proc_options *o) {
    int out[2], in[2] = {-1, -1};

    *p = (struct proc){.pid = -1, .out = -1, .in = -1, .timeout = o->timeout > 0 ? o->timeout : 60};
    if (pipe2(out, O_CLOEXEC) < 0)
        return false;
    if (o->hold_stdin && pipe2(in, O_CLOEXEC) < 0) {
        close(out[0]);
        close(out[1]);
        return false;
    }
    fflush(NULL);
    p->started = proc_now();
    p->pid = fork();
    if (p->pid == 0)
        become(argv, o, in[0], out[1]);
    close(out[1]);
    if (in[0] >= 0)
        close(in[0]);
    p->out = out[0];
    p->in = in[1];
    if (p->pid < 0) {
        close(p->out);
        proc_release_stdin(p);
        return false;
    }
    return true;
}

void proc_release_stdin(struct proc *p) {
    if (p->in >= 0)
        close(p->in);
    p->in = -1;
}

bool proc_say(struct proc *p, const char *line) {
    return p->in >= 0 && dprintf(p->in, "%s\n", line) > 0;
}

bool proc_read(struct proc *p, double deadline) {
    double left = deadline - proc_now();
    struct pollfd f = {.fd = p->out, .events = POLLIN};
    ssize_t n;

    if (p->room - p->used < 4096) {
        char *grown = realloc(p->text, p->room + 65536);

        if (!grown)
            return false;
        p->text = grown;
        p->room += 65536;
        p->text[p->used] = '\0';
    }
    if (left <= 0 || poll(&f, 1, (int)(left * 1000) + 1) <= 0)
        return left > 0 && proc_now() < deadline; /* interrupted: again */
    n = read(p->out, p->text + p->used, p->room - p->used - 1);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    p->used += (size_t)n;
    p->text[p->used] = '\0';
    return true;
}

struct proc_result proc_finish(struct proc *p) {
    struct proc_result r = {.status = -1};
    double deadline = p->started + p->timeout;
    int status = 0;

    while (proc_read(p, deadline))
        ;
    /* its output has ended, or time is up; it ends soon, or has to */
    while (waitpid(p->pid, &status, WNOHANG) == 0) {
        if (proc_now() >= deadline) {
            kill(p->pid, SIGKILL);
            waitpid(p->pid, &status, 0);
            deadline = -1;
            break;
        }
        sleep_ms(1);
    }
    r.wall = proc_now() - p->started;
    if (deadline > 0)
        r.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    proc_release_stdin(p);
    close(p->out);
    r.text = p->text ? p->text : strdup("");
    return r;
}

struct proc_result proc_run(char *const argv[], const struct proc_options *o) {
    struct proc p;

    if (!proc_start(&p, argv, o))
        return (struct proc_result){.status = 127, .text = strdup("")};
    return proc_finish(&p);
}

void proc_stop(struct proc *p) {
    double deadline = proc_now() + 5;

    if (p->pid <= 0)
        return;
    proc_release_stdin(p);
    kill(p->pid, SIGTERM);
    while (waitpid(p->pid, NULL, WNOHANG) == 0) {
        if (proc_now() > deadline)
            kill(p->pid, SIGKILL);
        sleep_ms(5);
    }
    p->pid = -1;
    close(p->out);
    free(p->text);
    p->text = NULL;
}

struct entry {
    pid_t pid, parent;
    double cpu;
};

static bool read_entry(const char *name, struct entry *e) {
    char path[64], text[1024], *after;
    unsigned long user, system;
    long child_user, child_system;
    int parent;
    FILE *f;
    size_t n;

    snprintf(path, sizeof(path), "/proc/%.20s/stat", name);
    f = fopen(path, "re");
    if (!f)
        return false;
    n = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[n] = '\0';
    after = strrchr(text, ')');
    if (!after || sscanf(after + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", &parent,
                         &user, &system, &child_user, &child_system) != 5)
        return false;
    e->pid = atoi(name);
    e->parent = parent;
    e->cpu = (double)((long)user + (long)system + child_user + child_system) / (double)sysconf(_SC_CLK_TCK);
    return true;
}

double proc_tree_cpu(pid_t pid) {
    static struct entry all[4096];
    int count = 0;
    double sum = 0;
    DIR *d = opendir("/proc");

    if (!d)
        return 0;
    for (struct dirent *e; (e = readdir(d)) && count < 4096;)
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && read_entry(e->d_name, &all[count]))
            count++;
    closedir(d);
    for (int i = 0; i < count; i++) {
        pid_t up = all[i].pid;

        for (int depth = 0; up > 1 && up != pid && depth < 16; depth++) {
            pid_t next = 0;

            for (int j = 0; j < count && !next; j++)
                if (all[j].pid == up)
                    next = all[j].parent;
            up = next;
        }
        if (up == pid)
            sum += all[i].cpu;
    }
    return sum;
}

void proc_wait_idle(pid_t pid) {
    double deadline = proc_now() + 4;

    /* An idle VM has a few timers of its own: one clock tick, 10 ms, is as good as none. */
    while (proc_now() < deadline) {
        double before = proc_tree_cpu(pid);

        sleep_ms(60);
        if (proc_tree_cpu(pid) - before < 0.015)
            break;
    }
}
