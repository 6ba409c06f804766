// SPDX-License-Identifier: MIT
/* The daemon's own walls: what broker and front cannot do behind them, and what they go on doing. */
#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/cell/daemon.h"
#include "host-backend/front/blank.h"
#include "host-backend/util/prompt.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* Each is tried in a child behind the wall, and gives the errno that it met, 0 for none. */
static int error_of(long result) {
    return result < 0 ? errno : 0;
}

static int traces(void) {
    return error_of(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}
static int reads_memory(void) {
    char byte = 1, copy;
    struct iovec from = {&byte, 1}, to = {&copy, 1};
    return error_of(process_vm_readv(getpid(), &to, 1, &from, 1, 0));
}
static int opens_internet(void) {
    return error_of(socket(AF_INET, SOCK_STREAM, 0));
}
static int opens_netlink(void) {
    return error_of(socket(AF_NETLINK, SOCK_RAW, 0));
}
static int makes_a_ring(void) {
    char params[120] = {0};
    return error_of(syscall(SYS_io_uring_setup, 1, params));
}
static int leaves_namespace(void) {
    return error_of(unshare(CLONE_FS));
}
static int looks_for_keys(void) {
    return error_of(syscall(SYS_request_key, "user", "none", NULL, 0));
}
static int changes_personality(void) {
    return error_of(syscall(SYS_personality, 0xffffffff));
}
static int forks(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid < 0 ? errno : waitpid(pid, NULL, 0) == pid ? 0 : errno;
}
static int executes(void) {
    execl("/nowhere", "nowhere", (char *)NULL);
    return errno;
}
static int replaces_a_file(void) {
    char new[64], old[64];
    snprintf(new, sizeof new, "/tmp/trillium-daemon-%d.new", getpid());
    snprintf(old, sizeof old, "/tmp/trillium-daemon-%d", getpid());
    int fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || close(fd) < 0 || rename(new, old) < 0)
        return errno;
    return error_of(unlink(old));
}
static int writes_a_file(void) {
    return error_of(open("/tmp", O_TMPFILE | O_RDWR, 0600));
}
static int signals(void) {
    return error_of(kill(getpid(), 0));
}
static int signals_by_descriptor(void) {
    int error = error_of(fcntl(STDERR_FILENO, F_SETOWN, 1));
    return error ? error : error_of(fcntl(STDERR_FILENO, F_SETSIG, SIGKILL));
}
static int limits_its_parent(void) {
    struct rlimit limit;
    return error_of(prlimit(getppid(), RLIMIT_CPU, NULL, &limit));
}
static int knows_its_limits(void) {
    struct rlimit limit;
    return error_of(getrlimit(RLIMIT_NOFILE, &limit));
}
static int reads_a_file(void) {
    return error_of(open("/dev/null", O_RDONLY | O_CLOEXEC));
}
static int asks_what_is_mapped(void) {
    struct front_map_query q = {.size = sizeof q, .flags = 0x10};
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    int error = maps < 0 ? errno : error_of(ioctl(maps, FRONT_MAP_QUERY, &q));
    return error == ENOTTY ? 0 : error; /* before Linux 6.11 */
}
static int makes_sockets(void) {
    int fds[2];
    return error_of(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds));
}
static int raises_the_front(void) {
    return -daemon_confine(DAEMON_FRONT);
}

static int behind(enum daemon_wall wall, int (*tries)(void)) {
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        int r = daemon_confine(wall);
        _exit(r < 0 ? 255 : tries());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_broker(void **state) {
    (void)state;
    static int (*const refused[])(void) = {opens_internet, opens_netlink, makes_a_ring, leaves_namespace,
                                           looks_for_keys};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(behind(DAEMON_BROKER, refused[i]), ENOSYS);
    if (!SANITIZED) {
        assert_int_equal(behind(DAEMON_BROKER, traces), ENOSYS);
        assert_int_equal(behind(DAEMON_BROKER, reads_memory), ENOSYS);
        assert_int_equal(behind(DAEMON_BROKER, changes_personality), ENOSYS);
    }
    assert_int_equal(behind(DAEMON_BROKER, forks), 0);
    assert_int_equal(behind(DAEMON_BROKER, executes), ENOENT);
    assert_int_equal(behind(DAEMON_BROKER, reads_a_file), 0);
    assert_int_equal(behind(DAEMON_BROKER, makes_sockets), 0);
    assert_int_equal(behind(DAEMON_BROKER, raises_the_front), 0);
}

/* Of neither who serves a VM nor who decides about all. */
static int (*const never[])(void) = {traces,
                                     reads_memory,
                                     opens_internet,
                                     opens_netlink,
                                     makes_a_ring,
                                     leaves_namespace,
                                     looks_for_keys,
                                     forks,
                                     executes,
                                     writes_a_file,
                                     changes_personality,
                                     signals,
                                     signals_by_descriptor,
                                     limits_its_parent};

static void test_front(void **state) {
    (void)state;
    if (SANITIZED)
        skip();
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        assert_int_equal(behind(DAEMON_FRONT, never[i]), ENOSYS);
    assert_int_equal(behind(DAEMON_FRONT, reads_a_file), 0);
    assert_int_equal(behind(DAEMON_FRONT, asks_what_is_mapped), 0);
    assert_int_equal(behind(DAEMON_FRONT, makes_sockets), 0);
}

/* It says nothing of a failure, which costs time alone. */
static int is_prompt(void) {
    errno = 0;
    prompt_begin();
    return errno;
}

static void test_control(void **state) {
    (void)state;
    if (SANITIZED)
        skip();
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        assert_int_equal(behind(DAEMON_CONTROL, never[i]), ENOSYS);
    assert_int_equal(behind(DAEMON_CONTROL, reads_a_file), 0);
    assert_int_equal(behind(DAEMON_CONTROL, replaces_a_file), 0);
    assert_int_equal(behind(DAEMON_CONTROL, makes_sockets), 0);
    assert_int_equal(behind(DAEMON_CONTROL, is_prompt), 0);
    assert_int_equal(behind(DAEMON_CONTROL, knows_its_limits), 0);
}

static void *ends_at_once(void *arg) {
    return arg;
}
static int starts_a_thread(void) {
    pthread_t thread;
    return pthread_create(&thread, NULL, ends_at_once, NULL);
}

static int takes_its_alarm_back(void) {
    alarm(100); /* what it says of failures is nothing */
    return alarm(0) > 0 ? 0 : 1;
}

static void test_remote(void **state) {
    (void)state;
    static int (*const refused[])(void) = {traces,
                                           reads_memory,
                                           opens_internet,
                                           opens_netlink,
                                           makes_a_ring,
                                           leaves_namespace,
                                           looks_for_keys,
                                           forks,
                                           executes,
                                           writes_a_file,
                                           changes_personality,
                                           signals,
                                           signals_by_descriptor,
                                           limits_its_parent,
                                           reads_a_file};
    if (SANITIZED)
        skip();
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(behind(DAEMON_REMOTE, refused[i]), ENOSYS);
    assert_int_equal(behind(DAEMON_REMOTE, starts_a_thread), 0);
    assert_int_equal(behind(DAEMON_REMOTE, knows_its_limits), 0);
    assert_int_equal(behind(DAEMON_REMOTE, takes_its_alarm_back), 0);
}

static unsigned standing(void) {
    char why[CELL_WHY_SIZE];
    struct cell *cell = cell_create(&(struct cell_config){.mode = CELL_MODE_BEST}, why);
    assert_non_null(cell);
    unsigned walls = cell_standing(cell);
    cell_destroy(cell);
    return walls;
}

static int builds_a_cell(void) {
    return (int)(CELL_ALL & ~standing()) & 0xff;
}

/* A worker's way into its cell leads through what the broker may do. */
static void test_cells_are_as_whole(void **state) {
    (void)state;
    assert_int_equal(behind(DAEMON_BROKER, builds_a_cell), builds_a_cell());
}

static void test_modes(void **state) {
    (void)state;
    assert_true(daemon_raise(DAEMON_FRONT, CELL_MODE_OFF));
    assert_int_equal(writes_a_file(), 0); /* nothing was raised */
    for (int i = 0; i < DAEMON_WALLS; i++)
        assert_int_equal(daemon_try((enum daemon_wall)i), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broker),
        cmocka_unit_test(test_front),
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_remote),
        cmocka_unit_test(test_cells_are_as_whole),
        cmocka_unit_test(test_modes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
