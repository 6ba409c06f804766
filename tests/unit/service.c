// SPDX-License-Identifier: MIT
/* What a daemon has of its service manager: listening sockets, access to those it makes, priorities of lines. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host-backend/listen/passed.h"
#include "host-backend/util/service.h"

static char folder[64], path[80];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/trillium-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/socket", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* In a process of its own, whose descriptors from 3 on are sockets of these types (0: one that does not listen);
 * true if `good` holds there. */
static bool in_child(const int *types, int count, const char *pid, bool (*good)(void)) {
    int status;
    pid_t child = fork();

    if (child == 0) {
        char text[16];
        for (int i = 0; i < count; i++) {
            struct sockaddr_un any = {.sun_family = AF_UNIX};
            int fd = socket(AF_UNIX, types[i] ? types[i] : SOCK_STREAM, 0);
            if (types[i] && (bind(fd, (struct sockaddr *)&any, sizeof(sa_family_t)) < 0 || listen(fd, 1) < 0))
                _exit(2);
            if (fd != 3 + i && (dup2(fd, 3 + i) < 0 || close(fd) < 0))
                _exit(2);
        }
        snprintf(text, sizeof text, "%d", (int)getpid());
        setenv("LISTEN_PID", pid ? pid : text, 1);
        snprintf(text, sizeof text, "%d", count);
        setenv("LISTEN_FDS", text, 1);
        _exit(good() ? 0 : 1);
    }
    return waitpid(child, &status, 0) == child && status == 0;
}

static bool takes_both(void) {
    struct listen_passed p;
    char why[200];
    return listen_take_passed(&p, why, sizeof why) == 0 && p.guests.fd == 4 && p.vm.fd == 3 &&
           fcntl(4, F_GETFD) == FD_CLOEXEC && (fcntl(4, F_GETFL) & O_NONBLOCK) && !getenv("LISTEN_FDS");
}
static bool takes_none(void) {
    struct listen_passed p;
    char why[200];
    return listen_take_passed(&p, why, sizeof why) == 0 && p.guests.fd < 0 && p.vm.fd < 0;
}
static bool refuses(void) {
    struct listen_passed p;
    char why[200] = "";
    return listen_take_passed(&p, why, sizeof why) == -1 && *why;
}

static void passed(void **state) {
    (void)state;
    assert_true(in_child((int[]){SOCK_STREAM, SOCK_SEQPACKET}, 2, NULL, takes_both));
    assert_true(in_child((int[]){SOCK_STREAM}, 1, "1", takes_none)); /* meant for another process */
    assert_true(in_child((int[]){SOCK_STREAM, SOCK_STREAM}, 2, NULL, refuses));
    assert_true(in_child((int[]){0}, 1, NULL, refuses));
}

static void access_to_a_socket(void **state) {
    struct listen_socket l;
    struct stat st;
    char why[200];
    gid_t groups[64];
    int n = getgroups(64, groups);
    /* root may give it to any group, others to one of theirs */
    gid_t group = geteuid() == 0 ? 12345 : n > 0 ? groups[n - 1] : getegid();

    (void)state;
    assert_int_equal(
        listen_begin(&l, SOCK_SEQPACKET, path, (struct listen_access){0660, group}, why, sizeof why), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    assert_int_equal(st.st_gid, group);
    listen_end(&l);
    assert_int_equal(access(path, F_OK), -1);
}

/* Whether lines have priorities is found out once in a process. */
static bool prefix_is(const char *wanted) {
    return strcmp(service_prefix(SERVICE_WARNING), wanted) == 0;
}
static bool has_prefix(void) {
    struct stat st;
    char text[64];
    if (fstat(STDERR_FILENO, &st) < 0)
        return false;
    snprintf(text, sizeof text, "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", text, 1);
    return prefix_is("<4>");
}
static bool of_another_stream(void) {
    setenv("JOURNAL_STREAM", "1:2", 1);
    return prefix_is("");
}

static void prefixes(void **state) {
    (void)state;
    assert_true(in_child(NULL, 0, NULL, has_prefix));
    assert_true(in_child(NULL, 0, NULL, of_another_stream));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passed),
        cmocka_unit_test_setup_teardown(access_to_a_socket, make_folder, remove_folder),
        cmocka_unit_test(prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
