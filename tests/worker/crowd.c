// SPDX-License-Identifier: MIT
/* Those who would starve the broker, and workers that will not end. */
#include "tests/lib/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host-backend/broker/broker.h"
#include "host-backend/broker/guests.h"
#include "host-backend/broker/log.h"
#include "host-backend/broker/workers.h"
#include "svga-model/link-io.h"
#include "tests/worker/guest.h"
#include "tests/worker/tests.h"

struct fixture {
    struct broker *b;
    pthread_t thread;
    char dir[32], path[108];
};

static char worker[4096];

static void *run(void *opaque) {
    broker_run(opaque);
    return NULL;
}

static void start(struct fixture *f, unsigned warm_workers) {
    char why[BROKER_WHY_SIZE] = "";
    strcpy(f->dir, "/tmp/trillium-test-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/socket", f->dir);
    f->b = broker_create(&(struct broker_config){.worker_path = worker, .warm_workers = warm_workers}, why);
    if (!f->b || broker_listen(f->b, f->path, why) < 0)
        fail_msg("%s", why);
    assert_int_equal(pthread_create(&f->thread, NULL, run, f->b), 0);
}

static void stop(struct fixture *f) {
    broker_stop(f->b);
    pthread_join(f->thread, NULL);
    broker_destroy(f->b);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(rmdir(f->dir), 0);
}

static int knock(const struct fixture *f) {
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    strcpy(addr.sun_path, f->path);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* How many there are of any thread's; *newest: the one with the highest number. */
static unsigned children(pid_t *newest) {
    char path[300];
    unsigned n = 0;
    int pid;
    DIR *d = opendir("/proc/self/task");

    assert_non_null(d);
    *newest = 0;
    for (struct dirent *e; (e = readdir(d));) {
        snprintf(path, sizeof path, "/proc/self/task/%s/children", e->d_name);
        FILE *in = e->d_name[0] == '.' ? NULL : fopen(path, "re");
        for (; in && fscanf(in, "%d", &pid) == 1; n++)
            *newest = pid > *newest ? pid : *newest;
        if (in)
            fclose(in);
    }
    closedir(d);
    return n;
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Connections that say nothing get no worker and keep nobody waiting. */
static void test_silent(void **state) {
    enum { N = 24 };
    struct fixture f;
    struct test_guest t;
    int fds[N];
    char why[SVGA_WHY_SIZE] = "";
    (void)state;

    start(&f, 0);
    for (int i = 0; i < N; i++)
        assert_true((fds[i] = knock(&f)) >= 0);
    usleep(300000);
    pid_t pid;
    assert_int_equal(children(&pid), 0);
    struct svga_carrier *carrier = svga_carrier_shm_open(f.path, NULL, 0, why);
    if (!carrier)
        fail_msg("%s", why);
    t.g = svga_guest_open(carrier, TR_VERSION, 0, why);
    assert_non_null(t.g);
    assert_int_equal(children(&pid), 1);
    svga_guest_close(t.g);
    for (int i = 0; i < N; i++)
        close(fds[i]);
    stop(&f);
}

/* With few descriptors and many more connections: a guest is served, and who is too much is turned away. */
static void test_few_descriptors(void **state) {
    struct rlimit before, few = {128, 0};
    struct fixture f;
    int fds[400], n = 0;
    char why[SVGA_WHY_SIZE] = "";
    (void)state;

    /* The crowd is another process, which has descriptors of its own. */
    int report[2], end[2];
    assert_int_equal(pipe(report), 0);
    assert_int_equal(pipe(end), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    start(&f, 0);
    pid_t crowd = fork();
    if (crowd == 0) {
        char byte = 0;
        setrlimit(RLIMIT_NOFILE, &before);
        close(end[1]);
        while (n < 400 && (fds[n] = knock(&f)) >= 0)
            n++;
        if (write(report[1], &n, sizeof n) != sizeof n)
            _exit(1);
        _exit((int)read(end[0], &byte, 1));
    }
    assert_int_equal(read(report[0], &n, sizeof n), sizeof n);
    assert_int_equal(n, 400);
    struct svga_carrier *carrier = svga_carrier_shm_open(f.path, NULL, 0, why);
    if (!carrier)
        fail_msg("%s", why);
    struct svga_guest *g = svga_guest_open(carrier, TR_VERSION, 0, why);
    assert_non_null(g);
    svga_guest_close(g);
    close(end[1]);
    assert_int_equal(waitpid(crowd, NULL, 0), crowd);
    close(end[0]);
    close(report[0]);
    close(report[1]);
    stop(&f);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* With no descriptor left at all: who comes is told why from what is held in reserve, and is served as soon as
 * there are some. */
static void test_no_descriptors(void **state) {
    struct rlimit before, few = {128, 0};
    struct fixture f;
    int held[128], n = 0, go[2], told[2];
    char why[SVGA_WHY_SIZE] = "";
    (void)state;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    start(&f, 0);
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    pid_t guest = fork(); /* with descriptors of its own */
    if (guest == 0) {
        char byte;
        close(go[1]);
        for (int tries = 0; read(go[0], &byte, 1) == 1 && tries < 3000 && !strstr(why, "no descriptors left");
             tries++) {
            struct svga_carrier *carrier = svga_carrier_shm_open(f.path, NULL, 0, why);
            struct svga_guest *g = carrier ? svga_guest_open(carrier, TR_VERSION, 0, why) : NULL;
            if (g || write(told[1], why, sizeof why) != sizeof why)
                _exit(1);
        }
        _exit(0);
    }
    close(go[0]);
    while (n < 128 && (held[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        n++;
    assert_int_equal(errno, EMFILE);
    /* Whose first words come too late, when it has been let in, only sees its connection closed. */
    for (int tries = 0; tries < 3000 && !strstr(why, "no descriptors left"); tries++) {
        assert_int_equal(write(go[1], "", 1), 1);
        assert_int_equal(read(told[0], why, sizeof why), sizeof why);
    }
    assert_non_null(strstr(why, "no descriptors left"));
    close(go[1]);
    assert_int_equal(waitpid(guest, NULL, 0), guest);
    while (n > 0)
        close(held[--n]);
    struct svga_carrier *carrier = svga_carrier_shm_open(f.path, NULL, 0, why);
    struct svga_guest *g = carrier ? svga_guest_open(carrier, TR_VERSION, 0, why) : NULL;
    if (!g)
        fail_msg("%s", why);
    svga_guest_close(g);
    close(told[0]);
    close(told[1]);
    stop(&f);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* A peer that has all it may have is told so; another one is served before it. */
static void test_peers(void **state) {
    struct guests g;
    struct guest_name a = {.peer = 1}, b = {.peer = 2};
    const struct svga_link_msg word = {.type = SVGA_LINK_REG_WRITE};
    int ends[5][2], epoll = epoll_create1(EPOLL_CLOEXEC);
    char byte;
    (void)state;

    guests_init(&g, epoll, (struct peer_limits){.sessions = 4, .of_one = 3, .silent = 2});
    for (int i = 0; i < 5; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends[i]), 0);
        assert_int_equal(svga_link_send(ends[i][0], &word, NULL, NULL, 0), 0);
    }
    for (int i = 0; i < 3; i++)
        guests_add(&g, ends[i][1], &a, NULL);
    assert_int_equal(g.asking, 3);
    struct guest *first = guests_next(&g);
    assert_int_equal(first->session, ends[0][1]);
    guests_take(&g, first);
    assert_int_equal(g.served, 1);
    assert_int_equal(first->peer->served, 1);
    guests_add(&g, ends[3][1], &a, NULL); /* one too many */
    assert_int_equal(g.asking, 2);
    assert_int_equal(recv(ends[3][0], &byte, 1, MSG_DONTWAIT), 0);
    guests_add(&g, ends[4][1], &b, NULL); /* the last to come, and the first to be served */
    assert_int_equal(guests_next(&g)->session, ends[4][1]);
    /* They hear that they are to wait, and when they go they are forgotten. */
    struct svga_link_packet packet;
    assert_true(guests_tick(&g, now_ms() + GUEST_LIFE_MS + 1000) > 0);
    assert_int_equal(svga_link_recv(ends[4][0], &packet), 1);
    assert_int_equal(packet.msg.type, SVGA_LINK_WAIT);
    close(ends[4][0]);
    struct epoll_event e;
    assert_int_equal(epoll_wait(epoll, &e, 1, 1000), 1);
    guests_event(&g, e.data.u64 / 8);
    assert_int_equal(g.asking, 2);
    /* Of those that say nothing the oldest goes when there are too many, and all after a while. */
    int quiet[3][2];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, quiet[i]), 0);
        guests_add(&g, quiet[i][1], &b, NULL);
    }
    assert_int_equal(g.silent, 2);
    assert_int_equal(recv(quiet[0][0], &byte, 1, MSG_DONTWAIT), 0);
    guests_tick(&g, now_ms() + GUEST_SILENT_MS + 1);
    assert_int_equal(g.silent, 0);
    guests_served(&g, first);
    assert_int_equal(g.served, 0);
    guests_finish(&g);
    assert_null(g.peers);
    for (int i = 0; i < 3; i++)
        close(quiet[i][0]);
    for (int i = 0; i < 4; i++)
        close(ends[i][0]);
    close(epoll);
}

/* However long after its variables its first question comes, a guest hears why it gets no session. */
static void test_variables_alone(void **state) {
    static const char variables[] = "POCL_MAX_PTHREAD_COUNT=1";
    const struct svga_link_msg irq = {.type = SVGA_LINK_IRQFD};
    static struct svga_link_packet heard;
    struct guests g;
    struct guest_name who = {.peer = 1};
    int ends[2], epoll = epoll_create1(EPOLL_CLOEXEC), event = eventfd(0, EFD_CLOEXEC);
    (void)state;

    guests_init(&g, epoll, (struct peer_limits){.sessions = 1, .of_one = 1, .silent = 1});
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    assert_int_equal(svga_link_send_text(ends[0], SVGA_LINK_VARIABLES, variables, sizeof variables), 0);
    guests_add(&g, ends[1], &who, "for a test");
    assert_int_equal(g.silent, 1);
    assert_string_equal(g.first->variables[0], variables);
    assert_int_equal(svga_link_send(ends[0], &irq, NULL, &event, 1), 0);
    guests_event(&g, g.first->id);
    assert_null(g.first);
    assert_int_equal(svga_link_recv(ends[0], &heard), 1);
    assert_int_equal(heard.msg.type, SVGA_LINK_REFUSED);
    assert_string_equal((const char *)heard.pieces, "for a test");
    guests_finish(&g);
    close(ends[0]);
    close(event);
    close(epoll);
}

static bool ends_within(pid_t pid, int64_t ms) {
    for (int64_t end = now_ms() + ms; now_ms() < end; usleep(20000))
        if (kill(pid, 0) < 0)
            return true;
    return false;
}

/* A worker that is stopped, or blocks on what its guest has left it, ends after its guest. */
static void test_outlives(void **state) {
    struct fixture f;
    (void)state;

    start(&f, 0);
    for (int blocks = 0; blocks < 2; blocks++) {
        struct test_guest t;
        int session = broker_open_session(f.b, "a test");
        assert_true(session >= 0);
        int other = dup(session);
        guest_attach(&t, session);
        pid_t pid;
        assert_int_equal(children(&pid), 1);
        if (blocks) {
            /* An interrupt that cannot be delivered: the counter is full. */
            int full = eventfd(0, EFD_CLOEXEC);
            const uint64_t most = UINT64_MAX - 1;
            const struct svga_link_msg irq = {.type = SVGA_LINK_IRQFD, .seq = 1000};
            assert_int_equal(write(full, &most, sizeof most), sizeof most);
            assert_int_equal(svga_link_send(other, &irq, NULL, &full, 1), 0);
            usleep(100000);
            close(full);
        } else {
            assert_int_equal(kill(pid, SIGSTOP), 0);
        }
        assert_int_equal(shutdown(other, SHUT_RDWR),
                         0); /* session's number is the carrier's, which moved it */
        close(other);
        assert_true(ends_within(pid, (int64_t)WORKER_END_MS * 15));
        guest_close(&t);
    }
    stop(&f);
}

/* What guests bring about does not fill the host's log. */
static void test_log(void **state) {
    (void)state;
    unit_errors_begin();
    for (int i = 0; i < 100000; i++)
        log_say(LOG_REFUSALS, "refused");
    assert_in_range(unit_count(unit_errors_end(), "\n"), 1, LOG_BURST + 2 * LOG_PER_SECOND * 10);
}

int test_crowd(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_few_descriptors),
        cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_variables_alone),
        cmocka_unit_test(test_outlives),
        cmocka_unit_test(test_log),
    };
    const char *build = getenv("TRILLIUM_BUILD");
    snprintf(worker, sizeof worker, "%s/libexec/trillium-worker", build ? build : "build");
    return cmocka_run_group_tests_name("crowd", tests, NULL, NULL);
}
