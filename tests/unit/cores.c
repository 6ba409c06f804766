// SPDX-License-Identifier: MIT
/*
 * No core of a worker, or of what it executes, comes before a reader of the host's (host-backend/cell/limits.h).
 *
 *     cores            what the limits and the list of calls say
 *     cores handler    the kernel's own word: sets this machine's core_pattern, so only for a machine to be thrown away
 *                      (tests/vm/vm.sh), as root
 *     cores crash      does
 */
#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/cell/confine.h"
#include "host-backend/cell/limits.h"

/* What a child says that has the limits of a worker. */
static int within_limits(int (*says)(void)) {
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(cell_limits_set() < 0 ? 255 : says());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int limit_is_one(void) {
    struct rlimit core;
    return getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 1 && core.rlim_max == 1;
}

static int filter_is_empty(void) {
    char text[32] = "";
    int fd = open("/proc/self/coredump_filter", O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, text, sizeof text - 1) > 0 && strtoul(text, NULL, 16) == 0;
}

static void test_limits(void **state) {
    (void)state;
    struct rlimit core;
    assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
    if (core.rlim_max > 0 || geteuid() == 0)
        assert_int_equal(within_limits(limit_is_one), 1);
    assert_int_equal(within_limits(filter_is_empty), 1);
}

static int sets(unsigned long resource, rlim_t limit) {
    const struct rlimit wanted = {limit, limit};
    return syscall(SYS_prlimit64, 0, resource, &wanted, NULL) < 0 ? errno : 0;
}

/* 0, or the number of what went otherwise than it should. */
static int cannot_lower(void) {
    struct rlimit was;
    if (confine_calls() < 0)
        return 1;
    if (getrlimit(RLIMIT_CORE, &was) < 0)
        return 2;
    if (sets(RLIMIT_CORE, 0) != ENOSYS)
        return 3;
    if (sets(RLIMIT_CORE | 1ul << 32, 0) != ENOSYS) /* the kernel takes the lower half */
        return 4;
    if (sets(RLIMIT_NOFILE, 64) != 0)
        return 5;
    return 0;
}

static void test_list_of_calls(void **state) {
    (void)state;
    assert_int_equal(within_limits(cannot_lower), 0);
}

/* ---- in a machine of its own ---- */

static char seen[] = "/tmp/cores-seen";
static char self[4096];

/* A child with a limit of 0, or with those of a worker, executes this program, which crashes. */
static pid_t crash(bool limited) {
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        const struct rlimit none = {0, 0};
        if (limited ? cell_limits_set() < 0 : setrlimit(RLIMIT_CORE, &none) < 0)
            _exit(255);
        setenv("ASAN_OPTIONS", "disable_coredump=0", 1); /* sanitizers set the limit, too */
        setenv("TSAN_OPTIONS", "disable_coredump=0", 1);
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* which does not outlive the next line */
        execl(self, self, "crash", (char *)NULL);
        _exit(254);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    return pid;
}

static bool was_seen(pid_t pid) {
    char line[32];
    long number = 0;
    FILE *f = fopen(seen, "re");

    while (f && number != pid && fgets(line, sizeof line, f))
        number = strtol(line, NULL, 10);
    if (f)
        fclose(f);
    return number == pid;
}

static bool comes(pid_t pid) {
    for (int i = 0; i < 600 && !was_seen(pid); i++)
        usleep(100000);
    return was_seen(pid);
}

static void write_text(const char *path, const char *text) {
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* A handler says that it was called before it takes the core, and its process ends only when that was taken. */
static void test_handler(void **state) {
    (void)state;
    char script[256];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    assert_true(n > 0);
    if (access("/proc/sys/kernel/core_pattern", W_OK) < 0) {
        print_message("this kernel makes no cores, or this user may not say where to\n");
        skip();
    }
    snprintf(script, sizeof script, "#!/bin/sh\necho \"$1\" >>%s\nexec cat >/dev/null\n", seen);
    write_text("/tmp/cores-handler", script);
    assert_int_equal(chmod("/tmp/cores-handler", 0755), 0);
    write_text("/proc/sys/kernel/core_pattern", "|/tmp/cores-handler %p");
    pid_t worker = crash(true), other = crash(false);
    assert_true(comes(other)); /* a limit of 0 stops no handler */
    assert_false(was_seen(worker));
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_list_of_calls),
    };
    const struct CMUnitTest machine[] = {
        cmocka_unit_test(test_handler),
    };
    if (argc > 1 && strcmp(argv[1], "crash") == 0) {
        signal(SIGABRT, SIG_DFL);
        abort();
    }
    if (argc > 1 && strcmp(argv[1], "handler") == 0)
        return cmocka_run_group_tests(machine, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
