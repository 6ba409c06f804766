// SPDX-License-Identifier: MIT
#include "host-backend/cell/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/cell/confine.h"
#include "host-backend/cell/enter.h"

bool cell_mode_parse(const char *text, enum cell_mode *out) {
    static const struct {
        const char *name;
        enum cell_mode mode;
    } modes[] = {{"best", CELL_MODE_BEST}, {"strict", CELL_MODE_STRICT}, {"off", CELL_MODE_OFF}};

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(text, modes[i].name) == 0) {
            *out = modes[i].mode;
            return true;
        }
    }
    return false;
}

/* ---- what this process may do ---- */

/* Are the ids of workers those of this user namespace? */
static bool maps_ids(const char *path) {
    unsigned long inside, outside, count;
    bool mapped = false;
    FILE *f = fopen(path, "re");

    while (f && !mapped && fscanf(f, "%lu %lu %lu", &inside, &outside, &count) == 3)
        mapped = inside <= CELL_UID_BASE && count > CELL_UID_BASE + CELL_UID_COUNT - inside;
    if (f)
        fclose(f);
    return mapped;
}

static bool is_privileged(void) {
    static const int needed[] = {CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID, CAP_SETPCAP};
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct have[2] = {0};

    if (syscall(SYS_capget, &header, have) < 0)
        return false;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (!(have[CAP_TO_INDEX(needed[i])].effective & CAP_TO_MASK(needed[i])))
            return false;
    return maps_ids("/proc/self/uid_map") && maps_ids("/proc/self/gid_map");
}

/* ---- trying ---- */

static pid_t clone_process(unsigned long flags) {
    return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
}

/* 0, or the errno with which clone refuses. */
static int try_clone(unsigned long flags) {
    pid_t pid = clone_process(flags);

    if (pid == 0)
        _exit(0);
    if (pid < 0)
        return errno;
    waitpid(pid, NULL, 0);
    return 0;
}

/* In a child: raises everything that is still planned, writes what became of it. */
static void try_in_child(const struct cell *c, int report_fd) {
    struct cell_report report = {0};
    char pid_text[CELL_PID_TEXT];
    int trace;

    enter(c, NULL, &trace, pid_text, &report);
    confine(c->walls, &report);
    _exit(write(report_fd, &report, sizeof report) == sizeof report ? 0 : 1);
}

/* Some namespace is not to be had: plans without those. 0 or a negative errno: there is no process to try it with. */
static int leave_spaces_out(struct cell *c) {
    const unsigned spaces = CELL_BIT(CELL_PID) | CELL_BIT(CELL_ROOT) | CELL_BIT(CELL_NET) |
                            CELL_BIT(CELL_IPC) | CELL_BIT(CELL_UTS) | CELL_BIT(CELL_UID);

    for (int i = 0; i < CELL_WALLS; i++) {
        if (!(spaces & CELL_BIT(i)) || !enter_clone_flags(c, CELL_BIT(i)))
            continue;
        int error = try_clone(enter_clone_flags(c, CELL_BIT(i)));
        if (error == EAGAIN || error == ENOMEM)
            return -error; /* that is about processes, and no word about this wall */
        c->report.error[i] = error;
    }
    /* its /proc would show the machine's processes */
    if (c->report.error[CELL_PID] && !c->report.error[CELL_ROOT])
        c->report.error[CELL_ROOT] = c->report.error[CELL_PID];
    c->walls &= cell_report_standing(&c->report);
    return 0;
}

static int start_trying(struct cell *c, int report_fd) {
    pid_t pid = clone_process(enter_clone_flags(c, c->walls));

    if (pid < 0) {
        int r = leave_spaces_out(c);
        if (r < 0)
            return r;
        pid = clone_process(enter_clone_flags(c, c->walls));
    }
    if (pid == 0)
        try_in_child(c, report_fd);
    return pid < 0 ? -errno : pid;
}

/* 0 or a negative errno: it cannot be told which walls stand; -ECHILD: since whoever tried them has not lived to tell. */
static int try_once(struct cell *c) {
    struct cell_report report = {0};
    ssize_t n;
    int fds[2];

    c->report = (struct cell_report){0};
    c->walls = CELL_ALL;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    int pid = start_trying(c, fds[1]);
    close(fds[1]);
    do
        n = read(fds[0], &report, sizeof report);
    while (n < 0 && errno == EINTR);
    close(fds[0]);
    if (pid < 0)
        return pid;
    waitpid(pid, NULL, 0);
    if (n != sizeof report)
        return -ECHILD;
    for (int i = 0; i < CELL_WALLS; i++)
        if (report.error[i] != 0)
            c->report.error[i] = report.error[i];
    c->walls &= cell_report_standing(&c->report);
    return 0;
}

/* A killed process says nothing about walls: only one that the machine refuses may be missing. */
static bool try_walls(struct cell *c, char why[CELL_WHY_SIZE]) {
    enum { TRIES = 5 };
    int r = -ECHILD;

    for (int i = 0; i < TRIES && r == -ECHILD; i++)
        r = try_once(c);
    if (r < 0)
        snprintf(why, CELL_WHY_SIZE, "it cannot be told which walls of a worker's cell stand here: %s",
                 r == -ECHILD ? "the process that tries them is killed each time" : strerror(-r));
    return r == 0;
}

/* ---- life ---- */

bool cell_assumed(const struct cell *c) {
    return c->assumed;
}

void cell_stands(struct cell *c) {
    c->assumed = false;
}

bool cell_try(struct cell *c, char why[CELL_WHY_SIZE]) {
    struct cell trial = {
        .mode = c->mode, .privileged = c->privileged, .uid = c->uid, .gid = c->gid, .root = c->root};

    if (!try_walls(&trial, why))
        return false;
    unsigned missing = CELL_ALL & ~trial.walls;
    if (c->mode == CELL_MODE_STRICT && missing) {
        size_t used = (size_t)snprintf(why, CELL_WHY_SIZE, "a worker's cell cannot be built here, missing:");
        for (int i = 0; i < CELL_WALLS && used < CELL_WHY_SIZE; i++)
            if (missing & CELL_BIT(i))
                used += (size_t)snprintf(why + used, CELL_WHY_SIZE - used, " %s (%s)", cell_walls[i].name,
                                         strerror(trial.report.error[i]));
        return false;
    }
    if (!(trial.walls & CELL_BIT(CELL_ROOT)) && !(c->folder = cell_folder_create())) {
        snprintf(why, CELL_WHY_SIZE, "cannot make a folder for workers' temporary files: %s",
                 strerror(errno));
        return false;
    }
    c->walls = trial.walls;
    c->report = trial.report;
    c->assumed = false;
    return true;
}

struct cell *cell_create(const struct cell_config *config, char why[CELL_WHY_SIZE]) {
    struct cell *c = calloc(1, sizeof *c);

    if (!c || (config->mode != CELL_MODE_OFF && !root_plan(&c->root, config))) {
        snprintf(why, CELL_WHY_SIZE, "out of memory");
        cell_destroy(c);
        return NULL;
    }
    c->mode = config->mode;
    c->uid = geteuid();
    c->gid = getegid();
    if (c->mode == CELL_MODE_OFF)
        return c;
    c->privileged = is_privileged();
    c->walls = CELL_ALL;
    c->assumed = true;
    cell_folder_sweep();
    if (!(config->assume && c->mode == CELL_MODE_BEST) && !cell_try(c, why)) {
        cell_destroy(c);
        return NULL;
    }
    if (config->groups && !(c->cgroup = cgroup_create(NULL)))
        c->no_groups = errno;
    return c;
}

void cell_destroy(struct cell *c) {
    if (!c)
        return;
    cell_folder_destroy(c->folder);
    cgroup_destroy(c->cgroup);
    root_free(&c->root);
    free(c);
}

unsigned cell_standing(const struct cell *c) {
    return c->walls;
}

int cell_lacks_groups(const struct cell *c) {
    return c->no_groups;
}

const struct cell_report *cell_report(const struct cell *c) {
    return &c->report;
}

const char *const *cell_variables(const struct cell *c) {
    static const char *const inside[] = {"HOME=" CELL_PRIVATE, "TMPDIR=" CELL_PRIVATE,
                                         "XDG_CACHE_HOME=" CELL_CACHE, "PATH=/usr/bin:/bin", NULL};
    static const char *const none[] = {NULL};

    if (c->folder)
        return cell_folder_variables(c->folder);
    return c->walls & CELL_BIT(CELL_ROOT) ? inside : none;
}

void cell_ended(const struct cell *c, pid_t pid) {
    if (c->folder)
        cell_folder_leave(c->folder, pid);
    if (c->cgroup)
        cgroup_leave(c->cgroup, pid);
}

/* ---- starting ---- */

static void say(const char *text) {
    ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
    (void)ignored;
}

static void check_walls(const struct cell *c, const struct cell_report *report) {
    for (int i = 0; i < CELL_WALLS; i++) {
        if (!(c->walls & CELL_BIT(i)) || report->error[i] == 0)
            continue;
        if (c->assumed)
            _exit(CELL_EXIT);
        say("trillium: a worker cannot enter its cell: the wall '");
        say(cell_walls[i].name);
        say("' does not stand: ");
        say(strerrordesc_np(report->error[i]));
        say("\n");
        _exit(CELL_EXIT);
    }
}

/* In the child: only async-signal-safe calls, for the parent may have other threads. */
static void become(const struct cell *c, const struct cell_start *s, pid_t parent) {
    static const int defaults[] = {SIGPIPE, SIGINT, SIGTERM, SIGCHLD};
    struct cell_report report = {0};
    char pid_text[CELL_PID_TEXT];
    sigset_t none;
    int trace;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        signal(defaults[i], SIG_DFL);
    setsid(); /* away from the terminal's signals, and a scheduling group of its own (worker/share.h) */
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    if (s->error_fd >= 0) {
        dup2(s->error_fd, STDOUT_FILENO);
        dup2(s->error_fd, STDERR_FILENO);
    }
    int r = enter(c, s->trace_dir, &trace, pid_text, &report);
    check_walls(c, &report);
    if (r < 0) {
        say("trillium: a worker cannot make its folder or control group: ");
        say(strerrordesc_np(-r));
        say("\n");
        _exit(CELL_EXIT);
    }
    if (s->pid_text)
        memcpy(s->pid_text, pid_text, sizeof pid_text);
    /* After the user was changed, which takes it back. In a pid namespace the parent has no number here: if
     * it has ended already, its end of our socket is closed. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!(c->walls & CELL_BIT(CELL_PID)) && getppid() != parent)
        _exit(1);
    if (s->trace_dir && (trace < 0 || dup2(trace, s->trace_fd) < 0)) {
        say("trillium: no profile of a worker: its trace file cannot be made\n");
    }
    syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
    for (unsigned i = 0; i < s->keep_count; i++)
        fcntl(s->keep[i], F_SETFD, 0);
    if (trace >= 0)
        fcntl(s->trace_fd, F_SETFD, 0);
    execve(s->path, s->argv, s->env);
    _exit(errno == ENOENT ? 127 : 126);
}

pid_t cell_start(const struct cell *c, const struct cell_start *s) {
    pid_t parent = getpid(), pid = clone_process(enter_clone_flags(c, c->walls));

    if (pid == 0)
        become(c, s, parent);
    return pid < 0 ? -errno : pid;
}
