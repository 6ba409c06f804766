// SPDX-License-Identifier: MIT
#include "host-backend/cell/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host-backend/cell/limits.h"

static const struct {
    enum cell_wall wall;
    unsigned long flag;
} namespaces[] = {
    {CELL_PID, CLONE_NEWPID}, {CELL_ROOT, CLONE_NEWNS}, {CELL_NET, CLONE_NEWNET},
    {CELL_IPC, CLONE_NEWIPC}, {CELL_UTS, CLONE_NEWUTS},
};

unsigned long enter_clone_flags(const struct cell *c, unsigned walls) {
    unsigned long flags = 0;

    for (size_t i = 0; i < sizeof namespaces / sizeof namespaces[0]; i++)
        if (walls & CELL_BIT(namespaces[i].wall))
            flags |= namespaces[i].flag;
    if (!c->privileged && (flags != 0 || (walls & CELL_BIT(CELL_UID))))
        flags |= CLONE_NEWUSER;
    return flags;
}

static void number_text(unsigned long n, char text[CELL_PID_TEXT]) {
    char digits[24];
    int count = 0, at = 0;

    do
        digits[count++] = (char)('0' + n % 10);
    while ((n /= 10) > 0 && count < (int)sizeof digits);
    while (count > 0 && at < CELL_PID_TEXT - 1)
        text[at++] = digits[--count];
    text[at] = '\0';
}

/* The machine's /proc still is of the parent's pid namespace: there it says who we are outside. */
static unsigned long outer_pid(char text[CELL_PID_TEXT]) {
    ssize_t n = readlink("/proc/self", text, CELL_PID_TEXT - 1);
    unsigned long pid = 0;

    if (n <= 0) {
        number_text((unsigned long)getpid(), text);
        return 0;
    }
    text[n] = '\0';
    for (const char *c = text; *c >= '0' && *c <= '9'; c++)
        pid = 10 * pid + (unsigned long)(*c - '0');
    return pid;
}

static int write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0)
        r = -errno;
    close(fd);
    return r;
}

/* "ID ID 1": the same id inside as outside. */
static int write_map(const char *path, unsigned long id) {
    char number[CELL_PID_TEXT], line[2 * CELL_PID_TEXT + 4];

    number_text(id, number);
    stpcpy(stpcpy(stpcpy(stpcpy(line, number), " "), number), " 1");
    return write_file(path, line);
}

static int map_user(const struct cell *c) {
    int r = write_file("/proc/self/setgroups", "deny");
    if (r == 0)
        r = write_map("/proc/self/uid_map", c->uid);
    return r == 0 ? write_map("/proc/self/gid_map", c->gid) : r;
}

static int make_trace(const char *dir, const char *pid) {
    char path[4096];

    if (strlen(dir) + strlen(pid) + sizeof "/.trace" > sizeof path)
        return -ENAMETOOLONG;
    stpcpy(stpcpy(stpcpy(stpcpy(path, dir), "/"), pid), ".trace");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? -errno : fd;
}

/* The worker's user and group; -1: those that it has. */
static uid_t worker_user(const struct cell *c, unsigned long pid) {
    return c->privileged && (c->walls & CELL_BIT(CELL_UID)) ? (uid_t)(CELL_UID_BASE + pid) : (uid_t)-1;
}

static int take_user(const struct cell *c, unsigned long pid) {
    gid_t groups[ROOT_MAX_GROUPS];
    size_t count = 0;

    if (!c->privileged)
        return 0; /* the user namespace is the wall */
    if (pid == 0)
        return -ESRCH;
    uid_t id = worker_user(c, pid);
    for (; count < c->root.group_count; count++)
        groups[count] = c->root.groups[count];
    /* The C library's functions would stop all threads of the parent, which are not here. */
    if (syscall(SYS_setgroups, count, groups) < 0 || syscall(SYS_setresgid, id, id, id) < 0 ||
        syscall(SYS_setresuid, id, id, id) < 0)
        return -errno;
    return 0;
}

/* Out of reach for ever, whatever is executed. Needs the right to it (CAP_SETPCAP), so before the user is
 * left; where it is not there, the empty sets below must do. */
static void drop_bounding_set(void) {
    for (int cap = 0; cap <= 63; cap++)
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            break;
    prctl(PR_SET_SECUREBITS,
          SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
              SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
          0, 0, 0);
}

static int drop_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {0};

    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &header, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return 0;
}

int enter(const struct cell *c, const char *trace_dir, int *trace, char pid_text[CELL_PID_TEXT],
          struct cell_report *report) {
    unsigned long pid = outer_pid(pid_text);
    unsigned walls = c->walls;
    int r = 0;

#define RAISE(wall, how)                                                                                     \
    do {                                                                                                     \
        if (walls & CELL_BIT(wall))                                                                          \
            report->error[wall] = -(how);                                                                    \
    } while (0)

    *trace = trace_dir ? make_trace(trace_dir, pid_text) : -1;
    if (enter_clone_flags(c, walls) & CLONE_NEWUSER)
        r = map_user(c);
    if (r < 0) {
        for (size_t i = 0; i < sizeof namespaces / sizeof namespaces[0]; i++)
            RAISE(namespaces[i].wall, r);
        RAISE(CELL_UID, r);
        return 0;
    }
    RAISE(CELL_LIMITS, cell_limits_set());
    if (walls & CELL_BIT(CELL_LIMITS))
        cell_limits_first_victim(); /* best effort: it stops nothing by itself */
    if (c->cgroup && (r = cgroup_enter(c->cgroup, pid_text)) < 0)
        return r;
    RAISE(CELL_UTS, syscall(SYS_sethostname, "cell", 4) < 0 ? -errno : 0);
    RAISE(CELL_ROOT, root_enter(&c->root));
    if (c->folder)
        r = cell_folder_enter(c->folder, pid_text, worker_user(c, pid));
    if (walls & CELL_BIT(CELL_CAPS))
        drop_bounding_set();
    RAISE(CELL_UID, take_user(c, pid));
    RAISE(CELL_CAPS, drop_capabilities());
    return r;
}
