// SPDX-License-Identifier: MIT
/* The host's utilities. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host-backend/util/capture.h"
#include "host-backend/util/home.h"
#include "host-backend/util/io.h"
#include "host-backend/util/packet.h"
#include "host-backend/util/tree.h"

static char folder[64];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/trillium-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    tree_remove(folder);
    return access(folder, F_OK) == 0 ? -1 : 0;
}

static void reads_all_or_says_so(void **state) {
    char bytes[8] = "";
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_true(io_write_all(fds[1], "abcdef", 6));
    assert_true(io_read_all(fds[0], bytes, 4));
    assert_string_equal(bytes, "abcd");
    close(fds[1]);
    assert_false(io_read_all(fds[0], bytes, 4)); /* two are left */
    assert_int_equal(errno, 0);
    close(fds[0]);
    assert_false(io_write_all(fds[1], "x", 1));
    assert_int_equal(errno, EBADF);
}

static void captures(void **state) {
    char out[8];

    (void)state;
    assert_int_equal(
        capture((char *[]){"sh", "-c", "echo word; echo other >&2; exit 3", NULL}, out, sizeof out, 60), 3);
    assert_string_equal(out, "word\n");
    assert_int_equal(capture((char *[]){"echo", "longer than there is room", NULL}, out, sizeof out, 60), 0);
    assert_string_equal(out, "longer ");
    assert_int_equal(capture((char *[]){"sh", "-c", "kill -TERM $$", NULL}, out, sizeof out, 60),
                     128 + SIGTERM);
    assert_int_equal(capture((char *[]){"/no/such/program", NULL}, out, sizeof out, 60), 127);
    /* and what it started ends with it */
    assert_int_equal(capture((char *[]){"sh", "-c", "sleep 1000 & wait", NULL}, out, sizeof out, 1), 124);
}

static void packets_bring_one_descriptor(void **state) {
    char bytes[4];
    int sockets[2], fd, got;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets), 0);
    fd = open("/dev/null", O_RDONLY);
    assert_int_equal(packet_send(sockets[0], "abc", 3, fd, 0), 0);
    assert_int_equal(packet_receive(sockets[1], bytes, sizeof bytes, &got, 0), 3);
    assert_true(got >= 0 && got != fd);
    assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
    close(got);
    assert_int_equal(packet_send(sockets[0], "abcdef", 6, fd, 0), 0);
    assert_int_equal(packet_receive(sockets[1], bytes, sizeof bytes, &got, 0), -EMSGSIZE);
    assert_int_equal(got, -1);
    close(sockets[0]);
    assert_int_equal(packet_receive(sockets[1], bytes, sizeof bytes, &got, 0), 0);
    close(sockets[1]);
    close(fd);
}

static void removes_no_more_than_the_tree(void **state) {
    char outside[96], path[160];

    (void)state;
    snprintf(outside, sizeof outside, "%s/kept", folder);
    snprintf(path, sizeof path, "%s/tree", folder);
    assert_int_equal(mkdir(path, 0700) | mkdir(outside, 0700), 0);
    snprintf(path, sizeof path, "%s/tree/below", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/tree/below/link", folder);
    assert_int_equal(symlink(outside, path), 0);
    snprintf(path, sizeof path, "%s/tree", folder);
    tree_remove(path);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(outside, F_OK), 0);
}

static void homes(void **state) {
    const struct passwd *user = getpwuid(geteuid());
    char path[PATH_MAX], below[96];
    struct stat st;

    (void)state;
    unsetenv("XDG_CACHE_HOME");
    setenv("HOME", folder, 1);
    assert_true(home_place(path, "XDG_CACHE_HOME", ".cache", "trillium"));
    snprintf(below, sizeof below, "%s/.cache/trillium", folder);
    assert_string_equal(path, below);
    setenv("XDG_CACHE_HOME", "relative", 1); /* does not count (the specification) */
    assert_true(home_place(path, "XDG_CACHE_HOME", ".cache", "trillium"));
    assert_string_equal(path, below);
    setenv("XDG_CACHE_HOME", "/elsewhere", 1);
    assert_true(home_place(path, "XDG_CACHE_HOME", ".cache", "trillium"));
    assert_string_equal(path, "/elsewhere/trillium");
    static const char *const none[] = {"/", "//", "/..", "relative", "", "/no/such/folder"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        setenv("HOME", none[i], 1);
        bool found = home_folder(path);
        bool has =
            user && strcmp(user->pw_dir, "/") != 0 && stat(user->pw_dir, &st) == 0 && S_ISDIR(st.st_mode);
        assert_int_equal(found, has);
        if (found)
            assert_string_equal(path, user->pw_dir);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_or_says_so),
        cmocka_unit_test(captures),
        cmocka_unit_test(packets_bring_one_descriptor),
        cmocka_unit_test_setup_teardown(removes_no_more_than_the_tree, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(homes, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
