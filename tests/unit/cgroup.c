// SPDX-License-Identifier: MIT
/* Control groups for workers, in a real cgroup v2 as far as this machine has one that may be written to. */
#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "host-backend/cell/cell.h"
#include "host-backend/cell/cgroup.h"
#include "host-backend/cell/daemon.h"

static char mount_point[256], group[320];

static bool put(const char *dir, const char *file, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;
    if (fd >= 0)
        close(fd);
    return good;
}

static bool holds(const char *path, const char *text) {
    char line[4096];
    FILE *f = fopen(path, "re");
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f))
        found = strstr(line, text) != NULL;
    if (f)
        fclose(f);
    return found;
}

/* A group of the test's own, delegated as systemd does it. */
static int make_group(void **state) {
    char line[1024];
    FILE *f = fopen("/proc/self/mounts", "re");
    (void)state;
    while (f && fgets(line, sizeof line, f))
        if (strstr(line, " cgroup2 rw"))
            sscanf(line, "%*s %255s", mount_point);
    if (f)
        fclose(f);
    if (!*mount_point)
        return 0;
    put(mount_point, "cgroup.subtree_control", "+memory +pids"); /* where it has them */
    snprintf(group, sizeof group, "%s/trillium-test-%d", mount_point, (int)getpid());
    if (mkdir(group, 0755) < 0)
        *group = '\0';
    return 0;
}

static int remove_group(void **state) {
    char path[400];
    (void)state;
    snprintf(path, sizeof path, "%s/daemon", group);
    if (*group) {
        rmdir(path);
        assert_int_equal(rmdir(group), 0); /* fails if a worker's group is left */
    }
    return 0;
}

static bool has_controllers(void) {
    char path[400];
    snprintf(path, sizeof path, "%s/cgroup.controllers", group);
    return holds(path, "memory") && holds(path, "pids");
}

/* What `does` gives in a child that lives in the group; -1: that cannot be. */
static int within(int (*does)(void)) {
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(put(group, "cgroup.procs", "0") ? does() : 255);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == 255 ? -1 : WEXITSTATUS(status);
}

static int creates(void) {
    struct cgroup *g = cgroup_create(mount_point);
    int error = g ? 0 : errno;
    cgroup_destroy(g);
    return error;
}

static void test_is_none(void **state) {
    (void)state;
    assert_null(cgroup_create("/nowhere"));
    assert_int_equal(errno, ENOTSUP);
    assert_null(cgroup_create("/proc"));
    assert_int_equal(errno, ENOTSUP);
    assert_non_null(strstr(cgroup_why(ENOTSUP), "cgroup v2"));
}

static void test_is_not_delegated(void **state) {
    (void)state;
    if (!*group)
        skip();
    int r = within(creates);
    if (r < 0)
        skip();
    assert_int_equal(r, EACCES);
}

static bool delegate(void) {
    return *group && setxattr(group, "trusted.delegate", "1", 1, 0) == 0;
}

static void test_lacks_controllers(void **state) {
    (void)state;
    if (!delegate() || has_controllers())
        skip();
    assert_int_equal(within(creates), ENODEV);
}

/* Says that it is there and stays; its first process ends, and leaves a child that would stay for ever. */
static void live_in(struct cgroup *g, int word) {
    char pid[CELL_PID_TEXT], mine[64], path[512];

    snprintf(pid, sizeof pid, "%d", (int)getpid());
    snprintf(mine, sizeof mine, "/worker-%s\n", pid);
    bool good = cgroup_enter(g, pid) == 0 && holds("/proc/self/cgroup", mine);
    snprintf(path, sizeof path, "%s/worker-%s/pids.max", group, pid);
    good = good && holds(path, "2048");
    snprintf(path, sizeof path, "%s/worker-%s/memory.max", group, pid);
    good = good && !holds(path, "max");
    if (fork() == 0) {
        sleep(600); /* whatever becomes of this test */
        _exit(0);
    }
    if (write(word, good ? "y" : "n", 1) != 1)
        _exit(1);
    _exit(0);
}

static bool is_gone(pid_t pid) {
    char path[400];
    snprintf(path, sizeof path, "%s/worker-%d", group, (int)pid);
    return access(path, F_OK) < 0;
}

/* The group of a worker whose daemon was killed with it, and that of one that lives. */
static bool make_groups_of(pid_t *dead, pid_t living) {
    char path[400];

    *dead = fork();
    if (*dead == 0)
        _exit(0);
    if (waitpid(*dead, NULL, 0) != *dead)
        return false;
    snprintf(path, sizeof path, "%s/worker-%d", group, (int)*dead);
    bool made = mkdir(path, 0755) == 0;
    snprintf(path, sizeof path, "%s/worker-%d", group, (int)living);
    return mkdir(path, 0755) == 0 && made;
}

static int lives(void) {
    pid_t dead, living = getpid();
    int fds[2];
    char word = 'n';
    /* as the broker does it, with no system calls but the broker's */
    struct cgroup *g = daemon_confine(DAEMON_BROKER) == 0 ? cgroup_create(mount_point) : NULL;

    if (!g || !holds("/proc/self/cgroup", "/daemon\n") || pipe(fds) < 0)
        return 1;
    pid_t pid = fork();
    if (pid == 0)
        live_in(g, fds[1]);
    if (read(fds[0], &word, 1) != 1 || word != 'y' || waitpid(pid, NULL, 0) != pid || is_gone(pid))
        return 2;
    /* What it left is killed; when the kernel has done with it the next worker's end takes the group away. */
    for (int i = 0; i < 3000 && !is_gone(pid); i++) {
        cgroup_leave(g, i == 0 ? pid : 1);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    bool gone = is_gone(pid);
    cgroup_destroy(g);
    if (!make_groups_of(&dead, living))
        return 4;
    g = cgroup_create(mount_point); /* a second one in the same place, from below */
    bool again = g != NULL, swept = is_gone(dead) && !is_gone(living);
    if (again)
        cgroup_leave(g, living);
    cgroup_destroy(g);
    return !gone ? 3 : !again ? 5 : !swept ? 6 : 0;
}

static void test_worker_lives_and_ends(void **state) {
    (void)state;
    if (!delegate() || !has_controllers())
        skip();
    assert_int_equal(within(lives), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_none),
        cmocka_unit_test(test_is_not_delegated),
        cmocka_unit_test(test_lacks_controllers),
        cmocka_unit_test(test_worker_lives_and_ends),
    };
    return cmocka_run_group_tests(tests, make_group, remove_group);
}
