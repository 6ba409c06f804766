// SPDX-License-Identifier: MIT
/*
 * The door for remote guests: how many may be there, and that those who say nothing keep nobody out. This program is also
 * what the door starts for each connection: it lets in who says "i", and answers that.
 */
#include "tests/lib/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host-backend/broker/log.h"
#include "host-backend/broker/peers.h"
#include "host-backend/remote/accept.h"

enum {
    MOST = 256, /* as accept.h has it */
    HANG_MS = 60000,
    NOISE = 3000, /* lines */
};

static struct accepting *door;
static struct peer_limits limits; /* its own */
static uint16_t port;

static int open_session(void *opaque, const char *name, uint64_t from) {
    (void)opaque, (void)from;
    assert_true(strncmp(name, "remote 127.0.0.", 15) == 0);
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

static int begin(void **state) {
    static struct accept_config config;
    static char self[4096];
    char why[256] = "";
    struct rlimit files;
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    (void)state;
    assert_true(n > 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max; /* the other ends are here as well */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    limits = peer_limits_find(MOST);
    config = (struct accept_config){.program = self, .address = "127.0.0.1:0", .open_session = open_session};
    door = accept_open(&config, why, sizeof why);
    if (!door)
        fail_msg("%s", why);
    port = (uint16_t)strtoul(strrchr(accept_address(door), ':') + 1, NULL, 10);
    assert_int_equal(accept_start(door), 0);
    return 0;
}

static int end(void **state) {
    (void)state;
    accept_stop(door);
    return 0;
}

/* A connection from 127.0.0.`host`. */
static int come(unsigned host) {
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000 + host)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* What is said to it comes back: it has been let in. False: it was closed. */
static bool is_in(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char byte = 0;

    if (send(fd, "i", 1, MSG_NOSIGNAL) != 1)
        return false;
    if (poll(&p, 1, HANG_MS) != 1)
        fail_msg("a connection hangs");
    return recv(fd, &byte, 1, 0) == 1 && byte == 'i';
}

/* Comes until it is let in: that somebody has gone, the door notices by and by. */
static int come_in(unsigned host) {
    for (int i = 0; i < HANG_MS / 20; i++) {
        int fd = come(host);
        if (is_in(fd))
            return fd;
        close(fd);
        usleep(20000);
    }
    fail_msg("127.0.0.%u is not let in", host);
    return -1;
}

static bool is_closed(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void close_all(const int *fds, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
}

static void test_quota_of_one_address(void **state) {
    (void)state;
    int fds[MOST], refused, other;

    for (unsigned i = 0; i < limits.of_one; i++) {
        fds[i] = come(1);
        assert_true(is_in(fds[i]));
    }
    refused = come(1);
    assert_false(is_in(refused));
    other = come(2);
    assert_true(is_in(other));
    for (unsigned i = 0; i < limits.of_one; i++)
        assert_true(is_in(fds[i])); /* none had to go */
    close(fds[0]);
    fds[0] = come_in(1);
    close(refused);
    close(other);
    close_all(fds, limits.of_one);
}

static void test_quota_of_all(void **state) {
    (void)state;
    int fds[MOST], refused;

    for (unsigned i = 0; i < limits.sessions; i++)
        fds[i] = come_in(1 + i % 3);
    refused = come(9);
    assert_false(is_in(refused));
    close(fds[0]);
    fds[0] = come_in(9);
    close(refused);
    close_all(fds, limits.sessions);
}

/* More than may be there at a time say nothing, from enough places. */
static void test_silent_ones_keep_nobody_out(void **state) {
    (void)state;
    enum { PLACES = 6 };
    const unsigned count = PLACES * limits.silent;
    int silent[PLACES * MOST], first = come(1), of_same, of_other;
    unsigned closed = 0;

    assert_true(is_in(first));
    for (unsigned i = 0; i < count; i++) {
        silent[i] = come(1 + i % PLACES);
        if (i % 32 == 0)
            close(come_in(99)); /* all before it have been taken in: there are never too many under way */
    }
    of_same = come(1);
    assert_true(is_in(of_same));
    of_other = come(100);
    assert_true(is_in(of_other));
    assert_true(is_in(first)); /* it had been let in, and stays */
    for (unsigned i = 0; i < count; i++)
        closed += is_closed(silent[i]);
    assert_true(closed >= count + 3 - limits.sessions);
    assert_false(is_closed(silent[count - 1])); /* not the youngest */
    close(first);
    close(of_same);
    close(of_other);
    close_all(silent, count);
}

/* Of one place the oldest silent one goes, and of another place none. */
static void test_silent_ones_of_one_place(void **state) {
    (void)state;
    const unsigned count = limits.silent + 8;
    int silent[MOST], other = come(2);

    for (unsigned i = 0; i < count; i++) {
        silent[i] = come(1);
        if (i % 32 == 0)
            close(come_in(99)); /* as above */
    }
    assert_true(is_in(silent[count - 1])); /* so all have been taken in */
    for (unsigned i = 0; i < 8; i++)
        assert_false(is_in(silent[i]));
    for (unsigned i = 8; i < count; i++)
        assert_true(is_in(silent[i]));
    assert_true(is_in(other));
    close(other);
    close_all(silent, count);
}

/* What guests' processes say is in the log, in their names, as far as the log has room for that. */
static void test_words(void **state) {
    (void)state;
    time_t start = time(NULL);
    int noisy = come(1);
    char byte = 0;

    assert_true(is_in(noisy));
    assert_int_equal(send(noisy, "w", 1, MSG_NOSIGNAL), 1);
    assert_int_equal(recv(noisy, &byte, 1, 0), 1);
    close(noisy);
    accept_stop(door);
    door = NULL;
    unsigned lines = unit_count(unit_errors_end(), "trillium: remote 127.0.0.1: ?noise\n");
    assert_true(lines > 0);
    assert_true(lines <= LOG_BURST + 1 + LOG_PER_SECOND * (time(NULL) - start + 1));
}

static int begin_with_log(void **state) {
    unit_errors_begin();
    return begin(state);
}

/* ---- as the door's program ---- */

static int serve(int argc, char **argv) {
    int connection = -1, outside = -1;
    char byte;

    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--connection") == 0)
            connection = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--outside") == 0)
            outside = atoi(argv[i + 1]);
    }
    while (recv(connection, &byte, 1, 0) == 1) {
        if (outside >= 0)
            close(outside);
        outside = -1;
        for (int i = 0; byte == 'w' && i < NOISE; i++)
            fputs("trillium: \033noise\n", stderr);
        send(connection, &byte, 1, MSG_NOSIGNAL);
    }
    return 0;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        /* before others use up what the log has room for */
        cmocka_unit_test_setup_teardown(test_words, begin_with_log, end),
        cmocka_unit_test_setup_teardown(test_quota_of_one_address, begin, end),
        cmocka_unit_test_setup_teardown(test_quota_of_all, begin, end),
        cmocka_unit_test_setup_teardown(test_silent_ones_keep_nobody_out, begin, end),
        cmocka_unit_test_setup_teardown(test_silent_ones_of_one_place, begin, end),
    };
    if (argc > 1)
        return serve(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
