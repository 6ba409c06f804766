// SPDX-License-Identifier: MIT
/* Containers' names, and what is kept for them. */
#include <dirent.h>
#include <fcntl.h>
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

#include "host-backend/broker/names.h"
#include "host-backend/broker/prune.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static void names(void **state) {
    static const struct {
        const char *text, *id;
    } cases[] = {
        {"0::/machine.slice/libpod-" A ".scope/container\n", A},
        {"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope\n", A},
        {"0::/system.slice/docker-" A ".scope\n", A},
        {"12:pids:/docker/" A "\n11:cpu:/docker/" A "\n", A},
        {"0::/kubepods.slice/kubepods-pod1f.slice/cri-containerd-" A ".scope\n", A},
        {"0::/../../machine.slice/libpod-" A ".scope\n", A},
        /* what a process inside makes below does not count */
        {"0::/machine.slice/libpod-" A ".scope/libpod-" B ".scope\n", A},
        {"0::/user.slice/user-0.slice/session-3.scope\n", NULL},
        {"0::/system.slice/" A "0\n", NULL}, /* 65 digits */
        {"0::/init.scope\n", NULL},
        {"", NULL},
    };
    char id[CONTAINER_ID_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool found = container_of_text(cases[i].text, id);
        assert_int_equal(found, cases[i].id != NULL);
        if (found)
            assert_string_equal(id, cases[i].id);
    }
}

/* A process that has connected and ended is told from what may have its number now. */
static void gone(void **state) {
    char id[CONTAINER_ID_SIZE];
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    assert_int_not_equal(container_of_peer(fds[0], getpid(), id), CONTAINER_GONE);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(container_of_peer(-1, child, id), CONTAINER_GONE);
}

static struct guest_name named(uid_t uid, enum container_answer answer, const char *id, unsigned number) {
    return name_of_user(&(struct ucred){.pid = 7, .uid = uid, .gid = 1}, answer, id, number, NULL);
}

/* A user who calls a control group of his own like somebody's container gets neither what is kept for that one, nor more
 * of the broker than is his. */
static void borrowed_names(void **state) {
    (void)state;
    const struct guest_name docker = named(0, CONTAINER_FOUND, A, 1), again = named(0, CONTAINER_FOUND, A, 2),
                            other = named(0, CONTAINER_FOUND, B, 3),
                            user = named(1000, CONTAINER_NONE, "", 4),
                            thief = named(1000, CONTAINER_FOUND, A, 5),
                            more = named(1000, CONTAINER_FOUND, B, 6);

    assert_string_equal(docker.tenant, again.tenant);
    assert_true(docker.peer == again.peer);
    assert_string_not_equal(docker.tenant, other.tenant);
    assert_true(docker.peer != other.peer);
    assert_string_not_equal(thief.tenant, docker.tenant);
    assert_string_not_equal(thief.tenant, user.tenant);
    assert_true(thief.peer == user.peer && more.peer == user.peer);
}

/* Who has ended has no name by which anything could be kept, not even by the next daemon, which counts anew. */
static void nobody(void **state) {
    (void)state;
    assert_string_not_equal(named(0, CONTAINER_GONE, "", 1).tenant, named(0, CONTAINER_GONE, "", 1).tenant);
}

static void old_ones_go(void **state) {
    char folder[] = "/tmp/trillium-test-XXXXXX", path[128];

    (void)state;
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 5; i++) {
        const struct timespec times[2] = {{.tv_sec = 1000 + (i + 3) % 5}, {.tv_sec = 1000 + (i + 3) % 5}};
        snprintf(path, sizeof path, "%s/" PRUNE_PREFIX "%d", folder, i);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(path, sizeof path, "%s/" PRUNE_PREFIX "%d/entry", folder, i);
        close(open(path, O_CREAT | O_WRONLY, 0600));
        snprintf(path, sizeof path, "%s/" PRUNE_PREFIX "%d", folder, i);
        utimensat(AT_FDCWD, path, times, 0);
    }
    snprintf(path, sizeof path, "%s/user-0", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/" PRUNE_PREFIX "2", folder); /* the oldest, but used now */
    prune_mark(path);
    prune_containers(folder, 2);
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/" PRUNE_PREFIX "%d", folder, i);
        assert_int_equal(access(path, F_OK) == 0, i == 2 || i == 1);
    }
    prune_containers(folder, 0);
    snprintf(path, sizeof path, "%s/user-0", folder);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),  cmocka_unit_test(gone),        cmocka_unit_test(borrowed_names),
        cmocka_unit_test(nobody), cmocka_unit_test(old_ones_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
