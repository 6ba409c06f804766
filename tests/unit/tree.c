// SPDX-License-Identifier: MIT
/* Removing what somebody hostile has left: all of it, and nothing else. */
#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <pthread.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host-backend/util/tree.h"

static char place[] = "/tmp/trillium-test-XXXXXX", victim[64], folder[64];

static void touch(const char *in, const char *name) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", in, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static int make(void **state) {
    (void)state;
    strcpy(place + sizeof place - 7, "XXXXXX");
    assert_non_null(mkdtemp(place));
    snprintf(victim, sizeof victim, "%s/victim", place);
    snprintf(folder, sizeof folder, "%s/folder", place);
    assert_int_equal(mkdir(victim, 0700), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
    touch(victim, "precious");
    return 0;
}

static int unmake(void **state) {
    char path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/precious", victim);
    assert_int_equal(unlink(path), 0); /* it is still there */
    assert_int_equal(rmdir(victim), 0);
    return rmdir(place);
}

static void test_links_are_not_followed(void **state) {
    char path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/link", folder);
    assert_int_equal(symlink(victim, path), 0);
    touch(folder, "file");
    snprintf(path, sizeof path, "%s/inner", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    touch(path, "file");
    tree_remove(folder);
    assert_int_equal(access(folder, F_OK), -1);
    assert_int_equal(symlink(victim, folder), 0);
    tree_remove(folder); /* the folder itself is one: nothing happens */
    assert_int_equal(unlink(folder), 0);
}

/* Deeper than there are descriptors, and than a path may be long. */
static void test_depth(void **state) {
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(mkdirat(at, "deeper", 0700), 0);
        int next = openat(at, "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(at);
        at = next;
        assert_true(at >= 0);
    }
    close(at);
    tree_remove(folder);
    assert_int_equal(access(folder, F_OK), -1);
}

/* A folder that is a link to the victim every other moment. */
static atomic_bool over;
static void *swap(void *arg) {
    char real[128], link[128];
    (void)arg;
    snprintf(real, sizeof real, "%s/real", folder);
    snprintf(link, sizeof link, "%s/link", folder);
    while (!atomic_load(&over)) {
        mkdir(real, 0700);
        if (symlink(victim, link) == 0 || errno == EEXIST)
            syscall(SYS_renameat2, AT_FDCWD, real, AT_FDCWD, link, 2u /* RENAME_EXCHANGE */);
    }
    return NULL;
}

static void test_race(void **state) {
    pthread_t thread;
    (void)state;
    atomic_store(&over, false);
    assert_int_equal(pthread_create(&thread, NULL, swap, NULL), 0);
    for (int i = 0; i < 100; i++) {
        mkdir(folder, 0700);
        tree_remove(folder);
    }
    atomic_store(&over, true);
    pthread_join(thread, NULL);
    tree_remove(folder);
    assert_int_equal(access(folder, F_OK), -1);
}

int main(void) {
#define T(test) cmocka_unit_test_setup_teardown(test, make, unmake)
    const struct CMUnitTest tests[] = {T(test_links_are_not_followed), T(test_depth), T(test_race)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
