// SPDX-License-Identifier: MIT
/* The wall around a user-mode kernel: what is left of the machine behind it. */
#include "tests/lib/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/cell/vmm.h"
#include "host-backend/util/tree.h"

static char folder[] = "/tmp/vmm-test-XXXXXX";
static pid_t other; /* a process beside the one behind the wall */

/* Each is tried in a child behind the wall, and gives the errno that it met, 0 for none. */
static int error_of(long result) {
    return result < 0 ? errno : 0;
}
static int reads_the_hosts_files(void) {
    return error_of(open("/etc/passwd", O_RDONLY));
}
static int reads_its_own_proc(void) {
    return error_of(open("/proc/self/maps", O_RDONLY));
}
static int makes_its_ram(void) {
    return error_of(open(folder, O_TMPFILE | O_RDWR, 0600));
}
static int traces_a_child(void) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        _exit(0);
    }
    return waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) ? error_of(kill(pid, SIGKILL))
                                                                         : ECHILD;
}
static int writes_elsewhere(void) {
    return error_of(open("/tmp", O_TMPFILE | O_RDWR, 0600));
}
static int opens_a_device(void) {
    return error_of(open("/dev/zero", O_RDWR));
}
static int reads_of_others(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)other);
    return error_of(open(path, O_RDONLY));
}
static int traces_another(void) {
    return error_of(ptrace(PTRACE_SEIZE, other, NULL, NULL));
}
static int connects(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(1)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return error_of(connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&a, sizeof a));
}
static int signals_another(void) {
    return error_of(kill(other, SIGTERM));
}

/* Landlock's version; TCP is held back from 4 on, signals from 6 on. */
static int landlock_version(void) {
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1u);
}

static int behind(int (*try)(void)) {
    int status;
    int rules = vmm_prepare(folder);
    assert_return_code(rules, errno);
    pid_t pid = fork();
    if (pid == 0)
        _exit(vmm_enter(rules) < 0 ? 255 : try());
    close(rules);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void what_it_needs(void **state) {
    (void)state;
    if (landlock_version() < 2)
        skip();
    assert_int_equal(behind(reads_the_hosts_files), 0);
    assert_int_equal(behind(reads_its_own_proc), 0);
    assert_int_equal(behind(makes_its_ram), 0);
    assert_int_equal(behind(traces_a_child), 0);
}

static void what_it_cannot_do(void **state) {
    (void)state;
    if (landlock_version() < 2)
        skip();
    assert_int_equal(behind(writes_elsewhere), EACCES);
    assert_int_equal(behind(opens_a_device), EACCES);
    assert_int_equal(behind(reads_of_others), EACCES);
    assert_int_equal(behind(traces_another), EPERM);
    if (landlock_version() >= 4)
        assert_int_equal(behind(connects), EACCES);
    if (landlock_version() >= 6)
        assert_int_equal(behind(signals_another), EPERM);
}

static int make_other(void **state) {
    (void)state;
    if (!mkdtemp(folder) || (other = fork()) < 0)
        return -1;
    if (other == 0)
        for (;;)
            pause();
    return 0;
}

static int end_other(void **state) {
    (void)state;
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    tree_remove(folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_it_needs), cmocka_unit_test(what_it_cannot_do)};
    return cmocka_run_group_tests_name("vmm", tests, make_other, end_other);
}
