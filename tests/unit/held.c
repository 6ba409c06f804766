// SPDX-License-Identifier: MIT
/* Folders that are held: what was left behind is told from what is in use. */
#include "tests/lib/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/util/held.h"
#include "host-backend/util/tree.h"

static char base[] = "/tmp/trillium-test-XXXXXX";
static unsigned removed;

static int make_base(void **state) {
    (void)state;
    return mkdtemp(base) ? 0 : -1;
}
static int remove_base(void **state) {
    (void)state;
    tree_remove(base);
    return 0;
}

static void take_away(const char *path) {
    tree_remove(path);
    removed++;
}
static unsigned sweep(void) {
    removed = 0;
    held_sweep(base, "a-", take_away);
    return removed;
}
static bool is_there(const char *path) {
    return access(path, F_OK) == 0;
}

static void test_is_held_until_its_end(void **state) {
    char path[64];
    struct stat st;
    (void)state;

    int fd = held_make(base, "a-", 0711, path, sizeof path);
    assert_true(fd >= 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0711);
    assert_int_equal(sweep(), 0);
    assert_true(is_there(path));
    close(fd);
    assert_int_equal(sweep(), 1);
    assert_false(is_there(path));
}

static void test_is_left_by_who_is_killed(void **state) {
    char path[64] = "";
    int fds[2];
    (void)state;

    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (held_make(base, "a-", 0700, path, sizeof path) < 0 ||
            write(fds[1], path, sizeof path) != (ssize_t)sizeof path)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(fds[0], path, sizeof path), sizeof path);
    assert_int_equal(sweep(), 0);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(sweep(), 1);
    assert_false(is_there(path));
    close(fds[0]);
    close(fds[1]);
}

static void test_others_stay(void **state) {
    char other[64], longer[64], file[64];
    (void)state;

    snprintf(other, sizeof other, "%s/b-abcdef", base);
    snprintf(longer, sizeof longer, "%s/a-abcdefg", base);
    snprintf(file, sizeof file, "%s/a-abcdef", base);
    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(mkdir(longer, 0700), 0);
    assert_int_equal(symlink(other, file), 0);
    assert_int_equal(sweep(), 0);
    assert_true(is_there(other) && is_there(longer) && is_there(file));
}

static void test_errors(void **state) {
    char path[64];
    (void)state;
    assert_int_equal(held_make("/nowhere", "a-", 0700, path, sizeof path), -ENOENT);
    assert_int_equal(held_make(base, "a-", 0700, path, 12), -ENAMETOOLONG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_held_until_its_end),
        cmocka_unit_test(test_is_left_by_who_is_killed),
        cmocka_unit_test(test_others_stay),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, make_base, remove_base);
}
