// SPDX-License-Identifier: MIT
/* Guests of the host's control, whose workers are played here: their accounts of memory, limits, names, and coming and going. */
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host-backend/control/guest.h"
#include "host-backend/control/metrics.h"
#include "host-backend/control/subject.h"
#include "tests/lib/played.h"

/* What a worker does before it makes an object. */
static bool take_of(struct played *p, enum board_account a, uint64_t amount) {
    struct board *b = p->board;
    if (!board_take(&b->left[a], amount)) {
        atomic_store(&b->requested_account, a);
        atomic_store(&b->requested_amount, amount);
        atomic_fetch_add(&b->requested, 1);
        guests_rung(p->session, 1);
        assert_int_equal(atomic_load(&b->answered), atomic_load(&b->requested));
        if (!board_take(&b->left[a], amount))
            return false;
    }
    atomic_fetch_add(&b->now[a], amount);
    return true;
}

static bool take(struct played *p, uint64_t bytes) {
    return take_of(p, BOARD_MEMORY, bytes);
}

static void give(struct played *p, uint64_t bytes) {
    atomic_fetch_sub(&p->board->now[BOARD_MEMORY], bytes);
    atomic_fetch_add(&p->board->left[BOARD_MEMORY], bytes);
}

static void test_memory_is_the_guests(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("vm", 0, why), b = played_come("vm", 0, why),
                  other = played_come("other", 0, why);
    (void)state;

    assert_true(take(&a, 1000)); /* while nothing was limited */
    played_limit("vm", LIMIT_MEMORY, 3000);
    assert_int_equal(atomic_load(&a.board->memory_limit), 3000);
    assert_true(take(&b, 1500));
    assert_false(take(&a, 501));
    assert_true(take(&a, 500));
    assert_false(take(&b, 1));
    assert_true(take(&other, 1u << 30));
    give(&a, 1000);
    assert_true(take(&b, 1000)); /* what one gives back the other may take */
    played_goes(&b, 2);          /* and what one has that ends */
    assert_true(take(&a, 2500));
    assert_false(take(&a, 1));
    played_limit("vm", LIMIT_MEMORY, LIMIT_NONE);
    assert_true(take(&a, 1u << 30));
    played_goes(&a, 2);
    played_goes(&other, 2);
}

/* The same for objects, which are counted apart. */
static void test_objects_are_the_guests(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("vm", 0, why), b = played_come("vm", 0, why);
    (void)state;

    played_limit("vm", LIMIT_OBJECTS, 10);
    for (int i = 0; i < 10; i++)
        assert_true(take_of(i % 2 ? &a : &b, BOARD_OBJECTS, 1));
    assert_false(take_of(&a, BOARD_OBJECTS, 1));
    assert_true(take(&a, 1u << 30));
    atomic_store(&a.board->requested_account, UINT32_MAX); /* there is no such account */
    atomic_fetch_add(&a.board->requested, 1);
    guests_rung(a.session, 1);
    played_limit("vm", LIMIT_OBJECTS, 11);
    assert_true(take_of(&a, BOARD_OBJECTS, 1));
    assert_false(take_of(&b, BOARD_OBJECTS, 1));
    played_goes(&a, 2);
    assert_true(take_of(&b, BOARD_OBJECTS, 1));
    played_goes(&b, 2);
}

/* Adopted with what it has: that counts. */
static void test_memory_of_the_adopted(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("vm", 2000, why);
    (void)state;

    played_limit("vm", LIMIT_MEMORY, 3000);
    assert_true(take(&a, 1000));
    assert_false(take(&a, 1));
    played_goes(&a, 1);
}

static void test_processes(void **state) {
    char why[LIMIT_TEXT] = "";
    struct played a = played_come("a", 0, why);
    (void)state;

    played_limit("a", LIMIT_PROCESSES, 1);
    struct played b = played_come("a", 0, why);
    assert_null(b.session);
    assert_non_null(strstr(why, "(processes)"));
    played_goes(&b, 1);
    guests_over(a.session); /* its program has ended, and the next one comes before its worker has */
    struct played next = played_come("a", 0, why), second = played_come("a", 0, why);
    assert_non_null(next.session);
    assert_null(second.session);
    played_goes(&second, 1);
    played_goes(&next, 1);
    played_goes(&a, 1);
}

/* A policy that leaves a guest nothing is a sentence for it, whichever limit it is. */
static void test_nothing_is_refused(void **state) {
    char why[LIMIT_TEXT], about[64];
    struct played first = played_come("a", 0, why);
    struct guest *g = guests_find(&played_guests, "a");
    (void)state;

    played_goes(&first, 1);
    for (int i = 0; i < LIMITS; i++) {
        g->given = limits_none();
        g->given.value[i] = 0;
        struct played a = played_come("a", 0, why);
        assert_null(a.session);
        snprintf(about, sizeof about, "nothing (%s = 0)", limit_table[i].name);
        assert_non_null(strstr(why, about));
        played_goes(&a, 2);
    }
}

/* It comes while the guest works, and beside another one: it loses its workers, and may still do what it likes until it has. */
static void test_nothing_while_it_works(void **state) {
    char path[] = "/tmp/trillium-policy-XXXXXX", why[POLICY_WHY];
    struct played a = played_come("a", 0, why), b = played_come("b", 0, why);
    int fd = mkstemp(path);
    uint64_t now = MS;
    (void)state;

    assert_true(fd >= 0 && dprintf(fd, "rules = ( { name = \"a\"; weight = 0; } );\n") > 0);
    played_asks(&b, now); /* which ends a's lease */
    played_asks(&a, now);
    for (int i = 0; i < 40; i++) {
        struct played *p = played_has_turn(&a) ? &a : &b;
        if (i == 10 || i == 11) { /* while it has its turn, and while it asks */
            struct policy *policy = policy_read(path, why);
            assert_non_null(policy);
            guests_reload(&played_guests, policy, now);
            assert_int_equal(played_kills, i - 9);
        }
        assert_true(played_has_turn(p));
        played_gives_back(p, now += TURN_QUANTUM_NS);
        played_asks(p, now);
    }
    close(fd);
    unlink(path);
    played_goes(&a, now);
    assert_true(played_is_open(&b));
    played_goes(&b, now);
}

static void test_what_a_worker_writes_is_not_believed(void **state) {
    char why[LIMIT_TEXT];
    struct played a = played_come("a", 0, why), b = played_come("b", 0, why);
    (void)state;

    memset(a.board->kernels, 0xff, sizeof a.board->kernels);
    memset(a.board->devices, 0xff, sizeof a.board->devices);
    atomic_store(&a.board->device_count, UINT32_MAX);
    atomic_store(&a.board->now[BOARD_MEMORY], UINT64_MAX);
    atomic_store(&a.board->builds, UINT64_MAX);
    guests_rung(a.session, 1);
    played_asks(&b, 2);
    assert_true(played_has_turn(&b));
    json_t *told = guests_tell(&played_guests, guests_find(&played_guests, "a"), 0);
    assert_non_null(told);
    assert_true(json_integer_value(json_object_get(told, "device_ns")) == INT64_MAX);
    json_decref(told);
    played_goes(&a, 3);
    a = played_come("a", 0, why); /* counters stay at their end */
    atomic_store(&a.board->builds, 5);
    told = guests_tell(&played_guests, guests_find(&played_guests, "a"), 0);
    assert_true(json_integer_value(json_object_get(told, "builds")) == INT64_MAX);
    json_decref(told);
    played_goes(&a, 4);
    played_goes(&b, 4);
}

static void test_coming_and_going(void **state) {
    char why[LIMIT_TEXT], name[32];
    unsigned before = unit_open_fds();
    (void)state;

    for (unsigned i = 0; i < 1000; i++) {
        struct played p = played_come("a", 0, why);
        assert_non_null(p.session);
        atomic_store(&p.board->devices[0].commands, 3);
        atomic_store(&p.board->devices[0].bytes, 5);
        atomic_store(&p.board->devices[0].queued_ns, 7);
        played_goes(&p, i);
    }
    json_t *told = guests_tell(&played_guests, guests_find(&played_guests, "a"), 0);
    const json_t *device = json_array_get(json_object_get(told, "devices"), 0);
    assert_int_equal(json_integer_value(json_object_get(told, "commands")), 3000);
    assert_int_equal(json_integer_value(json_object_get(device, "commands")), 3000);
    assert_int_equal(json_integer_value(json_object_get(device, "bytes")), 5000);
    assert_int_equal(json_integer_value(json_object_get(device, "queued_ns")), 7000);
    json_decref(told);
    for (unsigned i = 0; i < 2 * GUESTS_MOST; i++) { /* as many guests as there like */
        snprintf(name, sizeof name, "guest %u", i);
        struct played p = played_come(name, 0, why);
        assert_non_null(p.session);
        played_goes(&p, 2000 + i);
    }
    assert_true(played_guests.count <= GUESTS_MOST);
    assert_int_equal(unit_open_fds(), before);
}

/* A user's own daemon may tell of devices that there are not, and of no end of guests. */
static void test_a_daemon_that_invents(void **state) {
    enum { HIS = GUESTS_MOST / 4 };
    static struct played his[HIS];
    struct policy_subject who = {.uid = 1000};
    char why[LIMIT_TEXT];
    (void)state;

    struct played idle = played_come("a vm", 0, why), turn = played_come("another", 0, why);
    played_asks(&turn, 1);
    played_asks(&idle, 1);
    played_gives_back(&turn, 5 * MS);
    played_goes(&turn, 5 * MS); /* known, without processes */
    for (unsigned i = 0; i < 1000; i++) {
        struct played p = played_come_to(&who, 1000 + i, 0, why);
        assert_non_null(p.session);
        played_goes(&p, 10 * MS);
    }
    assert_true(played_guests.arena.device_count <= TURN_DEVICES);
    for (unsigned i = 0; i < HIS; i++) {
        snprintf(who.name, sizeof who.name, "user 1000 vm %u", i);
        his[i] = played_come_to(&who, 77, 0, why);
        assert_non_null(his[i].session);
    }
    snprintf(who.name, sizeof who.name, "user 1000 vm %d", HIS);
    struct played more = played_come_to(&who, 77, 0, why);
    assert_null(more.session);
    assert_non_null(strstr(why, "as many guests as it can"));
    played_goes(&more, 1);
    assert_non_null(guests_find(&played_guests, "another")); /* nobody else is forgotten for him */
    json_t *told = guests_tell(&played_guests, guests_find(&played_guests, "another"), 0);
    assert_true(json_integer_value(json_object_get(told, "device_ns")) >= (json_int_t)(3 * MS));
    json_decref(told);
    who = (struct policy_subject){.uid = 1001, .name = "user 1001"};
    struct played other = played_come_to(&who, 77, 0, why);
    assert_non_null(other.session);
    played_goes(&other, 20 * MS);
    for (unsigned i = 0; i < HIS; i++)
        played_goes(&his[i], 30 * MS);
    for (unsigned i = 0; i < 2 * HIS; i++) { /* one after the other: his own are forgotten */
        snprintf(who.name, sizeof who.name, "user 1001 vm %u", i);
        struct played p = played_come_to(&who, 77, 0, why);
        assert_non_null(p.session);
        played_goes(&p, 40 * MS + i);
    }
    assert_non_null(guests_find(&played_guests, "another"));
    played_goes(&idle, 50 * MS);
}

/* More names of kernels than are counted apart: the rest is counted together. */
static void test_more_kernels_than_names(void **state) {
    enum { PROCESSES = 2 };
    struct played p[PROCESSES];
    char why[LIMIT_TEXT];
    json_int_t commands = 0;
    (void)state;

    for (int i = 0; i < PROCESSES; i++) {
        p[i] = played_come("a", 0, why);
        for (int k = 0; k < BOARD_KERNELS; k++) {
            snprintf(p[i].board->kernels[k].name, BOARD_KERNEL_NAME, "kernel_%d_of_%d", k, i);
            atomic_store(&p[i].board->kernels[k].commands, 3);
        }
    }
    json_t *told = guests_tell(&played_guests, guests_find(&played_guests, "a"), 0);
    const json_t *kernels = json_object_get(told, "kernels"),
                 *last = json_array_get(kernels, KERNELS_MOST - 1);
    assert_int_equal(json_array_size(kernels), KERNELS_MOST);
    assert_string_equal(json_string_value(json_object_get(last, "name")), BOARD_OTHERS);
    for (size_t i = 0; i < KERNELS_MOST; i++)
        commands += json_integer_value(json_object_get(json_array_get(kernels, i), "commands"));
    assert_int_equal(commands, 3 * PROCESSES * BOARD_KERNELS);
    json_decref(told);
    for (int i = 0; i < PROCESSES; i++)
        played_goes(&p[i], 1);
}

/* A control group's name is its maker's choice; what people see of it is plain. */
static void test_names_of_groups(void **state) {
    static const char text[] = "1:name=x:/a\n0::/user.slice/\033[2Jgone\xff/b\n";
    char cgroup[POLICY_CGROUP];
    FILE *in = fmemopen((void *)text, sizeof text - 1, "r");
    (void)state;

    assert_non_null(in);
    subject_cgroup_of(in, cgroup);
    fclose(in);
    assert_string_equal(cgroup, "/user.slice/?[2Jgone?/b");
}

/* What is no board is refused. */
static void test_no_board(void **state) {
    char why[LIMIT_TEXT];
    const struct policy_subject who = played_named("a");
    int bells[2];
    (void)state;

    assert_int_equal(pipe2(bells, O_CLOEXEC), 0);
    assert_null(guests_join(&played_guests, &who, unit_memfd(sizeof(struct board)), bells[0], 1, why));
    assert_non_null(strstr(why, "board"));
    close(bells[1]);
}

/* What Prometheus reads. */
/* More guests than a socket holds the counters of. */
enum { SCRAPED = 900, SCRAPED_TEXT = 2 << 20 };

static void test_metrics(void **state) {
    char why[LIMIT_TEXT], name[32], *text = malloc(SCRAPED_TEXT);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof address;
    struct played p = played_come("a \"quoted\" name", 0, why);
    size_t used = 0;
    (void)state;

    atomic_store(&p.board->devices[0].commands, 7);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)),
                     0); /* a name is found */
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
    struct scrape *s = metrics_let_in(listener);
    assert_non_null(s);
    assert_true(metrics_go_on(s, &played_guests)); /* it has asked nothing yet */
    assert_null(s->text);
    for (unsigned i = 0; i < SCRAPED; i++) {
        snprintf(name, sizeof name, "guest %u", i);
        struct played other = played_come(name, 0, why);
        played_goes(&other, i);
    }
    assert_int_equal(write(fd, "GET /", 5), 5);
    assert_true(metrics_go_on(s, &played_guests));
    assert_true(metrics_pending(s));
    assert_int_equal(write(fd, "metrics", 7), 7); /* what comes late breaks nothing */
    for (ssize_t n; used < SCRAPED_TEXT - 1 && (n = read(fd, text + used, SCRAPED_TEXT - 1 - used)) > 0;) {
        used += (size_t)n;
        assert_true(metrics_go_on(s, &played_guests));
    }
    text[used] = '\0';
    assert_ptr_equal(strstr(text, "HTTP/1.0 200 OK"), text);
    const char *body = strstr(text, "\r\n\r\n") + 4, *length = strstr(text, "Content-Length: ");
    assert_non_null(length);
    assert_int_equal(strtoul(length + 16, NULL, 10), strlen(body));
    assert_non_null(strstr(text, "trillium_commands_total{guest=\"a \\\"quoted\\\" name\"} 7\n"));
    assert_non_null(strstr(text, "trillium_limits_hit_total{guest=\"guest 899\"} 0\n"));
    close(fd);
    assert_false(metrics_go_on(s, &played_guests));
    metrics_end(s);
    close(listener);
    free(text);
    played_goes(&p, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, played_set_up, played_tear_down)
        TEST(test_memory_is_the_guests),
        TEST(test_objects_are_the_guests),
        TEST(test_memory_of_the_adopted),
        TEST(test_nothing_is_refused),
        TEST(test_nothing_while_it_works),
        TEST(test_processes),
        TEST(test_what_a_worker_writes_is_not_believed),
        TEST(test_coming_and_going),
        TEST(test_more_kernels_than_names),
        TEST(test_a_daemon_that_invents),
        TEST(test_names_of_groups),
        TEST(test_no_board),
        TEST(test_metrics),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
