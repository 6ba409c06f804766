// SPDX-License-Identifier: MIT
#include "host-backend/cell/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "host-backend/cell/cell.h"
#include "host-backend/cell/limits.h"

#define DAEMON "daemon"
#define WORKER "worker-"

enum {
    NAME = sizeof WORKER + CELL_PID_TEXT,
    MAX_LEAVING = 64, /* that were not empty yet when their first process had been waited for */
};

struct cgroup {
    int dir; /* the group that was delegated */
    char memory[24], processes[12];
    pid_t leaving[MAX_LEAVING];
    unsigned leaving_count;
};

/* ---- files ---- */

/* Async-signal-safe. 0 or a negative errno. */
static int put(int dir, const char *file, const char *text) {
    int fd = openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW), r = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0)
        r = -errno;
    close(fd);
    return r;
}

/* Is `word` among the words of a file? */
static bool lists(int dir, const char *file, const char *word) {
    char text[512], *rest;
    int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    bool found = false;

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    for (char *w = strtok_r(text, " \n", &rest); w && !found; w = strtok_r(NULL, " \n", &rest))
        found = strcmp(w, word) == 0;
    return found;
}

/* ---- where we are ---- */

/* The path of this process's group below the mount, without its first '/'. False: it has none. */
static bool own_path(char path[PATH_MAX]) {
    char line[PATH_MAX];
    FILE *f = fopen("/proc/self/cgroup", "re");
    bool found = false;

    while (f && !found && fgets(line, sizeof line, f))
        if (strncmp(line, "0::/", 4) == 0 && strchr(line, '\n')) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(path, PATH_MAX, "%s", line + 4);
            found = !strstr(path, ".."); /* outside of what is mounted here */
        }
    if (f)
        fclose(f);
    return found;
}

static bool is_delegated(int dir) {
    static const char *const marks[] = {"trusted.delegate", "user.delegate"};
    char value[4];

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (fgetxattr(dir, marks[i], value, sizeof value) >= 1 && value[0] == '1')
            return true;
    return false;
}

/* The delegated group that this process is in, or is directly below; -1 with errno. */
static int open_delegated(int mount, bool *below) {
    char path[PATH_MAX];

    if (!own_path(path)) {
        errno = ENOENT;
        return -1;
    }
    int own = openat(mount, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (own < 0)
        return -1;
    *below = false;
    if (is_delegated(own))
        return own;
    int parent = *path ? openat(own, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    close(own);
    if (parent >= 0 && is_delegated(parent)) {
        *below = true;
        return parent;
    }
    if (parent >= 0)
        close(parent);
    errno = EACCES;
    return -1;
}

/* ---- taking it over ---- */

static bool hands_on(int dir) {
    return lists(dir, "cgroup.subtree_control", "memory") && lists(dir, "cgroup.subtree_control", "pids");
}

static int hand_on(int dir, bool below) {
    if (hands_on(dir))
        return 0;
    int r = 0, group = -1;
    if (!below) {
        if (mkdirat(dir, DAEMON, 0755) < 0 && errno != EEXIST)
            return -errno;
        group = openat(dir, DAEMON, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        r = group < 0 ? -errno : put(group, "cgroup.procs", "0");
    }
    if (r == 0)
        r = put(dir, "cgroup.subtree_control", "+memory +pids");
    if (r < 0 && group >= 0) { /* back to where it was */
        put(dir, "cgroup.procs", "0");
        unlinkat(dir, DAEMON, AT_REMOVEDIR);
    }
    if (group >= 0)
        close(group);
    return r;
}

const char *cgroup_why(int error) {
    switch (error) {
    case ENOTSUP:
        return "cgroup v2 is not what is mounted at /sys/fs/cgroup";
    case ENOENT:
        return "this process has no control group that is visible here";
    case EACCES:
        return "no control group was delegated to this process (systemd: Delegate=memory pids)";
    case ENODEV:
        return "the control group has no controllers for memory and processes";
    case EBUSY:
        return "other processes are in the control group that was delegated";
    default:
        return strerror(error);
    }
}

/* ---- workers ---- */

static void name_of(pid_t pid, char name[NAME]) {
    snprintf(name, NAME, WORKER "%ld", (long)pid);
}

int cgroup_enter(const struct cgroup *g, const char *pid) {
    char name[NAME];

    if (strlen(pid) >= CELL_PID_TEXT)
        return -ENAMETOOLONG;
    stpcpy(stpcpy(name, WORKER), pid);
    if (mkdirat(g->dir, name, 0755) < 0 && errno != EEXIST)
        return -errno;
    int dir = openat(g->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (dir < 0)
        return -errno;
    int r = put(dir, "memory.max", g->memory);
    if (r == 0)
        r = put(dir, "pids.max", g->processes);
    if (r == 0)
        r = put(dir, "cgroup.procs", "0");
    put(dir, "memory.oom.group", "1"); /* a worker without one of its processes is of no use; Linux 4.19 */
    close(dir);
    return r;
}

/* False: something in it still ends. */
static bool is_removed(struct cgroup *g, pid_t pid) {
    char name[NAME], path[NAME + sizeof "/cgroup.kill"];

    name_of(pid, name);
    if (unlinkat(g->dir, name, AT_REMOVEDIR) == 0 || errno != EBUSY)
        return true;
    snprintf(path, sizeof path, "%s/cgroup.kill", name);
    put(g->dir, path, "1"); /* Linux 5.14; before, the pid namespace has seen to it */
    return unlinkat(g->dir, name, AT_REMOVEDIR) == 0;
}

/* What daemons left that were killed: groups of workers that are gone. Another daemon's that is just starting is alive. */
static void sweep(struct cgroup *g) {
    int fd = openat(g->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir && fd >= 0)
        close(fd);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        char *end;
        if (strncmp(e->d_name, WORKER, sizeof WORKER - 1) != 0)
            continue;
        long pid = strtol(e->d_name + sizeof WORKER - 1, &end, 10);
        if (*end == '\0' && pid > 0 && pid <= INT_MAX && kill((pid_t)pid, 0) < 0 && errno == ESRCH)
            is_removed(g, (pid_t)pid);
    }
    if (dir)
        closedir(dir);
}

static void remove_leaving(struct cgroup *g) {
    unsigned left = 0;

    for (unsigned i = 0; i < g->leaving_count; i++)
        if (!is_removed(g, g->leaving[i]))
            g->leaving[left++] = g->leaving[i];
    g->leaving_count = left;
}

void cgroup_leave(struct cgroup *g, pid_t pid) {
    remove_leaving(g);
    if (!is_removed(g, pid) && g->leaving_count < MAX_LEAVING)
        g->leaving[g->leaving_count++] = pid;
}

/* ---- life ---- */

struct cgroup *cgroup_create(const char *mount) {
    struct cgroup *g = calloc(1, sizeof *g);
    struct statfs fs;
    bool below = false;
    int r = 0;

    if (!g)
        return NULL;
    g->dir = -1;
    int root = open(mount ? mount : "/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 || fstatfs(root, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
        r = -ENOTSUP;
    else if ((g->dir = open_delegated(root, &below)) < 0)
        r = -errno;
    else if (!lists(g->dir, "cgroup.controllers", "memory") || !lists(g->dir, "cgroup.controllers", "pids"))
        r = -ENODEV;
    else
        r = hand_on(g->dir, below);
    if (root >= 0)
        close(root);
    if (r < 0) {
        cgroup_destroy(g);
        errno = -r;
        return NULL;
    }
    /* The host's own eighth stays free of any single worker. */
    unsigned long long all =
        (unsigned long long)sysconf(_SC_PHYS_PAGES) * (unsigned long long)sysconf(_SC_PAGESIZE);
    snprintf(g->memory, sizeof g->memory, "%llu", all - all / 8);
    snprintf(g->processes, sizeof g->processes, "%d", CELL_MAX_PROCESSES);
    sweep(g);
    return g;
}

void cgroup_destroy(struct cgroup *g) {
    if (!g)
        return;
    /* what was killed takes a moment to be gone */
    for (int i = 0; g->leaving_count > 0 && i < 100; i++) {
        nanosleep(&(struct timespec){.tv_nsec = i > 0 ? 10000000 : 0}, NULL);
        remove_leaving(g);
    }
    if (g->dir >= 0)
        close(g->dir);
    free(g);
}
