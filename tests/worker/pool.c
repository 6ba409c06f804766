// SPDX-License-Identifier: MIT
/* Workers made ready ahead of need: who gets a guest, who stands back for it, what becomes of a guest whose worker
 * ends at that moment, and where what workers write goes. The workers are this program itself: each says in its name what it does, warms up
 * for ever, and refuses its guest by that name. */
#include "tests/lib/unit.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host-backend/broker/broker.h"
#include "host-backend/broker/words.h"
#include "host-backend/control/control.h"
#include "host-backend/control/scheduler.h"
#include "host-backend/worker/control.h"
#include "host-backend/worker/session.h"
#include "svga-model/carrier.h"
#include "svga-model/guest.h"
#include "svga-model/link-io.h"
#include "tests/worker/tests.h"
#include "trillium/protocol.h"

enum { TRIES = 3000, TRY_US = 10000 };

/* As drivers do. */
static void speak_of_everything(void) {
    char wide[3000];

    memset(wide, 'w', sizeof wide);
    printf("on standard output\n");
    fflush(stdout);
    fprintf(stderr, "trillium: of its own\n\x1b[2J\ttext\n%.*s\nthe last", (int)sizeof wide, wide);
}

/* What a worker does to itself when it is handed a guest: raises SIGNAL, before or after it says that it has
 * taken it over, or when that has gone, if it can remove FILE ("-": always). From its options:
 * --harm SIGNAL before|after|gone FILE. */
static void harm(int argc, char **argv, const char *moment) {
    for (int i = 1; i + 3 < argc; i++) {
        if (strcmp(argv[i], "--harm") != 0 || strcmp(argv[i + 2], moment) != 0)
            continue;
        if (strcmp(argv[i + 3], "-") == 0 || unlink(argv[i + 3]) == 0)
            raise(atoi(argv[i + 1]));
    }
}

/* Where its options say --hang-up it does as if it had ended, for the host's control, and goes on for ever. */
static void hang_up(int argc, char **argv) {
    int life = -1;
    bool wanted = false;

    for (int i = 1; i < argc; i++) {
        wanted = wanted || strcmp(argv[i], "--hang-up") == 0;
        life = i + 1 < argc && strcmp(argv[i], "--life") == 0 ? atoi(argv[i + 1]) : life;
    }
    if (!wanted)
        return;
    close(life);
    for (;;)
        pause();
}

/* As one that loads drivers for long: until FILE is gone. From its options: --load FILE. */
static void load(int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i++)
        while (strcmp(argv[i], "--load") == 0 && access(argv[i + 1], F_OK) == 0)
            usleep(TRY_US);
}

int pool_worker(int argc, char **argv) {
    const int control = atoi(argv[0]);
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } space;
    char byte = CONTROL_READY, name[16] = "ready";
    struct iovec iov = {&byte, 1};
    int link;

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--speak") == 0)
            speak_of_everything();
    signal(SIGTERM, SIG_IGN); /* it ends when its guest has gone, as a worker does */
    load(argc, argv);
    prctl(PR_SET_NAME, name);
    send(control, &byte, 1, MSG_NOSIGNAL);
    for (;;) {
        struct msghdr mh = {.msg_iov = &iov,
                            .msg_iovlen = 1,
                            .msg_control = space.bytes,
                            .msg_controllen = sizeof space.bytes};
        if (recvmsg(control, &mh, 0) <= 0)
            return 0;
        if (byte == CONTROL_WARM_UP)
            prctl(PR_SET_NAME, "warming");
        if (byte == CONTROL_SESSION)
            break;
    }
    memcpy(&link, CMSG_DATA((struct cmsghdr *)(void *)space.bytes), sizeof link);
    harm(argc, argv, "before");
    byte = CONTROL_TAKEN;
    send(control, &byte, 1, MSG_NOSIGNAL);
    harm(argc, argv, "after");
    hang_up(argc, argv);
    prctl(PR_GET_NAME, name);
    session_refuse(link, name, &(struct session_options){0});
    harm(argc, argv, "gone");
    return 0;
}

/* The child of this process with that name; 0: none. */
static int child_named(const char *wanted) {
    int pids[UNIT_CHILDREN], found = 0;
    const size_t n = unit_children(pids);

    for (size_t i = 0; i < n && !found; i++) {
        char path[64], name[32];
        snprintf(path, sizeof path, "/proc/%d/comm", pids[i]);
        FILE *in = fopen(path, "re");
        if (in && fscanf(in, "%31s", name) == 1 && strcmp(name, wanted) == 0)
            found = pids[i];
        if (in)
            fclose(in);
    }
    return found;
}

static int await_child(const char *wanted) {
    int pid = 0;
    for (int i = 0; i < TRIES && (pid = child_named(wanted)) == 0; i++)
        usleep(TRY_US);
    return pid;
}

/* Is the process stopped, or is it not, sooner or later? */
static bool await_stopped(int pid, bool stopped) {
    char path[64], state = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    for (int i = 0; i < TRIES; i++, usleep(TRY_US)) {
        FILE *in = fopen(path, "re");
        assert_non_null(in);
        assert_int_equal(fscanf(in, "%*d (%*[^)]) %c", &state), 1);
        fclose(in);
        if ((state == 'T') == stopped)
            return true;
    }
    return false;
}

static void *run(void *opaque) {
    broker_run(opaque);
    return NULL;
}

static struct broker *start(pthread_t *thread, const struct broker_config *config) {
    char why[BROKER_WHY_SIZE] = "";
    struct broker *b = broker_create(config, why);
    if (!b)
        fail_msg("%s", why);
    assert_int_equal(pthread_create(thread, NULL, run, b), 0);
    return b;
}

static void stop(struct broker *b, pthread_t thread) {
    broker_stop(b);
    pthread_join(thread, NULL);
    broker_destroy(b);
}

static char self[4096];

/* Two at once would keep each other, and a guest's program, from the CPUs. */
static void test_one_loads_after_the_other(void **state) {
    char path[] = "/tmp/trillium-load-XXXXXX", options[64];
    int pids[UNIT_CHILDREN], fd = mkstemp(path);
    pthread_t thread;
    (void)state;

    assert_true(fd >= 0);
    close(fd);
    snprintf(options, sizeof options, "--load %s", path);
    struct broker *b = start(&thread, &(struct broker_config){.worker_path = self,
                                                              .worker_options = options,
                                                              .warm_workers = 1,
                                                              .sandbox = CELL_MODE_OFF});
    for (int i = 0; i < 20; i++, usleep(TRY_US))
        assert_true(unit_children(pids) <= 1);
    assert_int_equal(unit_children(pids), 1);
    unlink(path);
    assert_true(await_child("warming") > 0);
    assert_true(unit_children(pids) >= 2);
    stop(b, thread);
}

static void test_a_guest_does_not_wait_for_warming_up(void **state) {
    char why[SVGA_WHY_SIZE] = "";
    pthread_t thread;
    (void)state;

    struct broker *b = start(&thread, &(struct broker_config){.worker_path = self, .warm_workers = 1});
    int warming = await_child("warming");
    assert_true(warming > 0);
    assert_true(await_stopped(warming, false));
    int session = broker_open_session(b, "a test");
    struct svga_carrier *carrier = svga_carrier_shm_from_fd(session, why);
    assert_non_null(carrier);
    assert_null(svga_guest_open(carrier, TR_VERSION, 0, why));
    assert_non_null(strstr(why, "ready"));
    /* As long as there was a guest the other one stood still; it goes on when there is none. */
    assert_true(await_stopped(warming, false));
    stop(b, thread);
}

/* A guest's first word: its BAR. It does not wait for an answer. */
static void speak(int session) {
    const struct svga_link_msg msg = {
        .type = SVGA_LINK_GMR_DEFINE, .seq = 1, .id = SVGA_GMR_BAR, .arg = SVGA_BAR_SIZE, .piece_count = 1};
    const struct svga_link_piece piece = {.length = SVGA_BAR_SIZE};
    int bar = memfd_create("bar", MFD_CLOEXEC);

    assert_true(bar >= 0 && ftruncate(bar, SVGA_BAR_SIZE) == 0);
    assert_int_equal(svga_link_send(session, &msg, &piece, &bar, 1), 0);
    close(bar);
}

/* The guest is there for as long as its socket is. */
static void test_warming_up_stops_for_a_guest(void **state) {
    pthread_t thread;
    (void)state;

    struct broker *b = start(&thread, &(struct broker_config){.worker_path = self, .warm_workers = 1});
    int warming = await_child("warming");
    assert_true(warming > 0);
    int session = broker_open_session(b, "a test");
    assert_true(session >= 0);
    speak(session);
    assert_true(await_stopped(warming, true));
    close(session);
    assert_true(await_stopped(warming, false));
    stop(b, thread);
}

/* Who starts a broker for one guest wants neither its CPUs nor its driver's compiler to be busy. */
static void test_no_warming_up_for_one_guest(void **state) {
    pthread_t thread;
    (void)state;

    struct broker *b =
        start(&thread, &(struct broker_config){.worker_path = self, .warm_workers = 1, .first_only = true});
    assert_true(await_child("ready") > 0);
    usleep(20 * TRY_US);
    assert_int_equal(child_named("warming"), 0);
    stop(b, thread);
}

/* What a guest hears from a broker whose workers do this to themselves; `file` is in the way of the first of
 * them. */
static void open_where(const char *harm, bool once, char why[SVGA_WHY_SIZE]) {
    char file[] = "/tmp/trillium-test-XXXXXX", options[128];
    pthread_t thread;

    int fd = mkstemp(file);
    assert_true(fd >= 0);
    close(fd);
    snprintf(options, sizeof options, "--harm %s %s", harm, once ? file : "-");
    struct broker *b = start(&thread, &(struct broker_config){.worker_path = self,
                                                              .worker_options = options,
                                                              .warm_workers = 1,
                                                              .sandbox = CELL_MODE_OFF});
    assert_true(await_child("ready") > 0);
    struct svga_carrier *carrier = svga_carrier_shm_from_fd(broker_open_session(b, "a test"), why);
    if (carrier) /* else it has heard already */
        assert_null(svga_guest_open(carrier, TR_VERSION, 0, why));
    stop(b, thread);
    assert_int_equal(unlink(file), once ? -1 : 0);
}

static void test_a_worker_that_dies_on_the_way_costs_no_session(void **state) {
    char why[SVGA_WHY_SIZE] = "";
    (void)state;

    open_where("9 before", true, why);
    assert_non_null(strstr(why, "ready"));
}

static void test_a_worker_that_stops_on_the_way_costs_no_session(void **state) {
    char why[SVGA_WHY_SIZE] = "";
    (void)state;

    open_where("19 before", true, why);
    assert_non_null(strstr(why, "ready"));
}

/* Not for ever: then the guest hears why. */
static void test_workers_that_all_die_on_the_way(void **state) {
    char why[SVGA_WHY_SIZE] = "";
    (void)state;

    open_where("9 before", false, why);
    assert_non_null(strstr(why, "workers end before they can serve (signal 9"));
}

/* One that has begun to read ends the session with it: nobody else could go on. */
static void test_a_worker_that_dies_when_it_has_taken_over(void **state) {
    char why[SVGA_WHY_SIZE] = "";
    (void)state;

    open_where("9 after", true, why);
    assert_non_null(strstr(why, "closed the connection"));
}

/* The daemon's log while `what` happens. */
static const char *log_of(void (*what)(void)) {
    unit_errors_begin();
    what();
    return unit_errors_end();
}

static void open_where_they_speak(void) {
    char why[SVGA_WHY_SIZE] = "";
    pthread_t thread;
    struct broker *b = start(&thread, &(struct broker_config){.worker_path = self,
                                                              .worker_options = "--speak",
                                                              .warm_workers = 0,
                                                              .sandbox = CELL_MODE_OFF});
    struct svga_carrier *carrier = svga_carrier_shm_from_fd(broker_open_session(b, "a test"), why);
    if (carrier)
        svga_guest_open(carrier, TR_VERSION, 0, why);
    stop(b, thread);
}

/* What drivers write is the daemon's to say, in whose name it was; and cannot do what it likes to a terminal. */
static void test_words_of_workers(void **state) {
    (void)state;

    const char *text = log_of(open_where_they_speak);
    assert_int_equal(unit_count(text, ": on standard output\n"), 1);
    assert_int_equal(unit_count(text, ": of its own\n"), 1);
    assert_int_equal(unit_count(text, ": ?[2J text\n"), 1);
    assert_int_equal(unit_count(text, "the last"), 1);
    assert_int_equal(unit_count(text, "\x1b"), 0);
    const char *wide = strstr(text, ": www");
    assert_non_null(wide);
    assert_int_equal(strspn(wide + 2, "w"), WORDS_LINE);
    for (const char *at = text; *at; at = strchr(at, '\n') + 1) {
        assert_int_equal(strncmp(at, "trillium: ", 10), 0);
        assert_non_null(strchr(at, '\n'));
    }
}

/* Also the broker's end, for its thread's end is that of the workers that it has started. */
struct ending {
    struct broker *broker;
    pthread_barrier_t told; /* the broker is nobody else's any more */
};

static void *run_and_end(void *opaque) {
    struct ending *e = opaque;
    broker_run(e->broker);
    pthread_barrier_wait(&e->told);
    broker_destroy(e->broker);
    return NULL;
}

static void open_where_they_crash_late(void) {
    char why[BROKER_WHY_SIZE] = "";
    struct ending e;
    pthread_t thread;

    e.broker = broker_create(&(struct broker_config){.worker_path = self,
                                                     .worker_options = "--harm 9 gone -",
                                                     .warm_workers = 0,
                                                     .sandbox = CELL_MODE_OFF},
                             why);
    assert_non_null(e.broker);
    pthread_barrier_init(&e.told, NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, run_and_end, &e), 0);
    struct svga_carrier *carrier = svga_carrier_shm_from_fd(broker_open_session(e.broker, "a test"), why);
    if (carrier)
        svga_guest_open(carrier, TR_VERSION, 0, why);
    broker_stop(e.broker);
    pthread_barrier_wait(&e.told);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&e.told);
}

/* A guest that hears of its worker's end may go first: that is no reason to say nothing. */
static void test_a_crash_is_told_also_when_its_guest_has_gone(void **state) {
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(unit_count(log_of(open_where_they_crash_late), "its worker ended (signal 9"), 1);
}

static void *run_control(void *opaque) {
    control_run(opaque);
    return NULL;
}

/* It would have no limits and take no turns. */
static void test_a_worker_cannot_leave_the_control(void **state) {
    char folder[] = "/tmp/trillium-test-XXXXXX", path[64], why[CONTROL_WHY] = "";
    pthread_t control_thread, thread;
    (void)state;

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/control", folder);
    struct control *c = control_create(
        &(struct control_config){.socket = path, .listen_fd = -1, .scheduler = scheduler_kinds[0]}, why);
    if (!c)
        fail_msg("%s", why);
    assert_int_equal(pthread_create(&control_thread, NULL, run_control, c), 0);
    struct broker *b = start(&thread, &(struct broker_config){.worker_path = self,
                                                              .worker_options = "--hang-up",
                                                              .warm_workers = 1,
                                                              .sandbox = CELL_MODE_OFF,
                                                              .control = path});
    int session = broker_open_session(b, "a test");
    assert_true(session >= 0);
    speak(session);
    struct pollfd p = {.fd = session, .events = POLLRDHUP};
    assert_int_equal(poll(&p, 1, TRIES * TRY_US / 1000), 1);
    close(session);
    stop(b, thread);
    control_stop(c);
    pthread_join(control_thread, NULL);
    control_destroy(c);
    assert_int_equal(rmdir(folder), 0);
}

int test_pool(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_loads_after_the_other),
        cmocka_unit_test(test_a_guest_does_not_wait_for_warming_up),
        cmocka_unit_test(test_warming_up_stops_for_a_guest),
        cmocka_unit_test(test_no_warming_up_for_one_guest),
        cmocka_unit_test(test_a_worker_that_dies_on_the_way_costs_no_session),
        cmocka_unit_test(test_a_worker_that_stops_on_the_way_costs_no_session),
        cmocka_unit_test(test_workers_that_all_die_on_the_way),
        cmocka_unit_test(test_a_worker_that_dies_when_it_has_taken_over),
        cmocka_unit_test(test_words_of_workers),
        cmocka_unit_test(test_a_worker_cannot_leave_the_control),
        cmocka_unit_test(test_a_crash_is_told_also_when_its_guest_has_gone),
    };
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
