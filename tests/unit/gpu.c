// SPDX-License-Identifier: MIT
/*
 * Guest half and device half of the virtual GPU together, over the loopback carrier: commands from many
 * threads, fences, the doorbell, regions and their limits, and a device that fails or goes away.
 *
 * Both halves map the same memory at different addresses, so ThreadSanitizer does not see what the FIFO
 * orders: state that the test shares between its threads is atomic.
 */
#include "tests/lib/unit.h"

#include <errno.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "svga-model/carrier-loopback.h"
#include "svga-model/guest.h"

enum { CMD = SVGA_CMD_FIRST_CLIENT, VERSION = 0x10002, MAX_PAGES = 4096, MAX_IDS = 64, MAX_MAPS = 100 };

struct pair {
    struct svga_loopback loopback;
    struct svga_guest *guest;
    /* what the device saw */
    _Atomic uint32_t commands;
    _Atomic uint32_t next_of_thread[8];
    _Atomic uint32_t bad;
    _Atomic bool fails; /* the next command fails the device */
    _Atomic bool held;  /* the device takes commands only while `gate` is posted */
    sem_t gate;
};

struct command {
    struct svga_cmd_header header;
    uint32_t thread, number;
};

/* Commands of the tests carry their thread and number; each thread's come in order, whole. */
static void on_command(struct svga_device *device, const void *bytes, uint32_t size, void *opaque) {
    struct pair *pair = opaque;
    struct command c;

    if (atomic_load(&pair->fails)) {
        svga_device_fail(device, SVGA_ERROR_REFUSED, "%s no. %d", "refused: policy", 7);
        svga_device_fail(device, SVGA_ERROR_PROTOCOL, "a later reason does not count");
        return;
    }
    if (atomic_load(&pair->held))
        sem_wait(&pair->gate);
    memcpy(&c, bytes, sizeof c);
    if (c.header.size != size || size < sizeof c || c.thread >= 8 ||
        atomic_load(&pair->next_of_thread[c.thread]) != c.number) {
        atomic_fetch_add(&pair->bad, 1);
    } else {
        atomic_store(&pair->next_of_thread[c.thread], c.number + 1);
        for (uint32_t i = sizeof c; i < size; i++)
            if (((const uint8_t *)bytes)[i] != (uint8_t)(c.number + i))
                atomic_fetch_add(&pair->bad, 1);
    }
    atomic_fetch_add(&pair->commands, 1);
}

static struct pair *open_pair(unsigned spin_us) {
    struct pair *pair = calloc(1, sizeof *pair);
    char why[SVGA_WHY_SIZE] = "";

    sem_init(&pair->gate, 0, 0);
    pair->loopback = (struct svga_loopback){
        .command = on_command, .opaque = pair, .limits = {MAX_PAGES, MAX_IDS, MAX_MAPS}, .version = VERSION};
    struct svga_carrier *carrier = svga_carrier_loopback_open(&pair->loopback, why);
    if (!carrier)
        fail_msg("%s", why);
    pair->guest = svga_guest_open(carrier, VERSION - 1, spin_us, why);
    if (!pair->guest)
        fail_msg("%s", why);
    return pair;
}

static void close_pair(struct pair *pair) {
    svga_guest_close(pair->guest);
    svga_loopback_join(&pair->loopback);
    sem_destroy(&pair->gate);
    free(pair);
}

static int setup(void **state) {
    *state = open_pair(50);
    return 0;
}

static int teardown(void **state) {
    close_pair(*state);
    return 0;
}

static bool send_command(struct svga_guest *g, uint32_t thread, uint32_t number, uint32_t size) {
    svga_guest_lock(g);
    uint8_t *at = svga_guest_reserve(g, size);
    if (at) {
        struct command c = {{CMD, size}, thread, number};
        memcpy(at, &c, sizeof c);
        for (uint32_t i = sizeof c; i < size; i++)
            at[i] = (uint8_t)(number + i);
        svga_guest_commit(g, size);
    }
    svga_guest_unlock(g);
    return at != NULL;
}

/* A fence behind everything so far has passed. */
static void drain(struct svga_guest *g) {
    uint32_t fence = svga_guest_fence(g);

    assert_int_not_equal(fence, 0);
    assert_int_equal(svga_guest_wait_fence(g, fence), 0);
}

static void registers(void **state) {
    struct pair *pair = *state;
    const struct svga_guest *g = pair->guest;

    assert_int_equal(svga_guest_reg_read(g, SVGA_REG_ID), SVGA_ID_2);
    assert_int_equal(svga_guest_reg_read(g, SVGA_REG_ENABLE), 1);
    assert_true(svga_guest_reg_read(g, SVGA_REG_CAPABILITIES) & SVGA_CAP_GMR2);
    assert_int_equal(svga_guest_reg_read(g, SVGA_REG_MEM_SIZE), SVGA_BAR_SIZE);
    assert_int_equal(svga_guest_reg_read(g, SVGA_REG_MEM_REGS), SVGA_FIFO_NUM_WORDS);
    assert_int_equal(svga_guest_reg_read(g, SVGA_REG_GMR_MAX_IDS), MAX_IDS);
    assert_int_equal(svga_guest_reg_read(g, SVGA_REG_GMRS_MAX_PAGES), MAX_PAGES);
    assert_int_equal(svga_guest_reg_read(g, SVGA_REG_DEV_CAP), VERSION);
    assert_false(svga_guest_lost(g));
}

static void version_of_the_guest(void **state) {
    struct pair *pair = open_pair(0);

    (void)state;
    svga_guest_close(pair->guest);
    svga_loopback_join(&pair->loopback);
    assert_int_equal(pair->loopback.device.guest_version, VERSION - 1);
    sem_destroy(&pair->gate);
    free(pair);
}

static void commands_in_order(void **state) {
    struct pair *pair = *state;
    uint32_t seed = 3;

    for (uint32_t i = 0; i < 5000; i++)
        assert_true(send_command(pair->guest, 0, i, 16 + unit_random(&seed) % 500 * 8));
    drain(pair->guest);
    assert_int_equal(atomic_load(&pair->commands), 5000);
    assert_int_equal(atomic_load(&pair->bad), 0);
}

static void longest_command(void **state) {
    struct pair *pair = *state;

    for (uint32_t i = 0; i < 200; i++)
        assert_true(send_command(pair->guest, 0, i, SVGA_CMD_MAX_SIZE));
    drain(pair->guest);
    assert_int_equal(atomic_load(&pair->commands), 200);
    assert_int_equal(atomic_load(&pair->bad), 0);
}

struct sender {
    struct pair *pair;
    uint32_t thread, count;
    _Atomic int failures;
};

static void *send_many(void *arg) {
    struct sender *s = arg;

    for (uint32_t i = 0; i < s->count; i++) {
        if (!send_command(s->pair->guest, s->thread, i, 16 + i % 40 * 8))
            atomic_fetch_add(&s->failures, 1);
        if (i % 500 == 499 && svga_guest_wait_fence(s->pair->guest, svga_guest_fence(s->pair->guest)) != 0)
            atomic_fetch_add(&s->failures, 1);
    }
    return NULL;
}

static void many_threads(void **state) {
    struct pair *pair = *state;
    struct sender senders[8];
    pthread_t threads[8];

    for (uint32_t i = 0; i < 8; i++) {
        senders[i] = (struct sender){.pair = pair, .thread = i, .count = 3000};
        pthread_create(&threads[i], NULL, send_many, &senders[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(senders[i].failures, 0);
    }
    drain(pair->guest);
    assert_int_equal(atomic_load(&pair->commands), 8 * 3000);
    assert_int_equal(atomic_load(&pair->bad), 0);
}

enum { HELD_COMMANDS = 200 }; /* 32 KiB each: six times what the ring holds */

static void *open_gate(void *arg) {
    struct pair *pair = arg;

    for (int i = 0; i < HELD_COMMANDS; i++) {
        if (i % 50 == 0)
            usleep(20000); /* long enough that the ring is full; not what the test's result depends on */
        sem_post(&pair->gate);
    }
    return NULL;
}

/* The ring fills up while the device is busy; the guest waits for room and loses nothing. */
static void waits_for_room(void **state) {
    struct pair *pair = *state;
    pthread_t thread;

    atomic_store(&pair->held, true);
    /* Opens the gate one by one from here, so that the sender runs full again and again. */
    pthread_create(&thread, NULL, open_gate, pair);
    for (uint32_t i = 0; i < HELD_COMMANDS; i++)
        assert_true(send_command(pair->guest, 0, i, SVGA_CMD_MAX_SIZE));
    drain(pair->guest);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&pair->commands), HELD_COMMANDS);
    assert_int_equal(atomic_load(&pair->bad), 0);
}

static void fences_skip_zero(void **state) {
    struct pair *pair = *state;
    struct svga_guest *g = pair->guest;

    g->last_fence = 0x7ffffffe;
    drain(g);
    g->last_fence = UINT32_MAX - 2;
    drain(g);
    assert_int_equal(svga_guest_fence(g), UINT32_MAX);
    uint32_t fence = svga_guest_fence(g);
    assert_int_equal(fence, 1);
    assert_int_equal(svga_guest_wait_fence(g, fence), 0);
    assert_int_equal(svga_guest_wait_fence(g, UINT32_MAX), 0); /* long past */
}

/* With no spinning every wait goes through the interrupt, and an idle device through the doorbell. */
static void sleeps_and_wakes(void **state) {
    (void)state;
    struct pair *pair = open_pair(0);

    /* A busy machine may run the device before the guest looks, any number of times. */
    uint32_t i = 0;
    while (i < 300 || atomic_load(&pair->guest->sleeps) == 0 || atomic_load(&pair->guest->doorbells) == 0) {
        assert_true(send_command(pair->guest, 0, i++, 16));
        drain(pair->guest);
    }
    assert_int_equal(atomic_load(&pair->commands), i);
    close_pair(pair);
}

/* ---- regions ---- */

static void regions_are_shared(void **state) {
    struct pair *pair = *state;
    struct svga_region region;

    assert_int_equal(svga_guest_region_create(pair->guest, 10000, &region), 0);
    assert_int_equal(region.size, 12288);
    assert_int_equal((uintptr_t)region.ptr % 4096, 0);
    for (uint64_t i = 0; i < region.size; i++)
        assert_int_equal(((uint8_t *)region.ptr)[i], 0);
    uint8_t *device = svga_device_span(&pair->loopback.device, region.id, 0, region.size);
    assert_non_null(device);
    ((uint8_t *)region.ptr)[9999] = 0x5a;
    assert_int_equal(device[9999], 0x5a);
    device[0] = 0xa5;
    assert_int_equal(((uint8_t *)region.ptr)[0], 0xa5);
    svga_guest_region_destroy(pair->guest, &region);
    assert_null(svga_device_span(&pair->loopback.device, region.id, 0, 1));
}

static void spans_stay_inside(void **state) {
    struct pair *pair = *state;
    struct svga_device *d = &pair->loopback.device;
    struct svga_region region;

    assert_int_equal(svga_guest_region_create(pair->guest, 8192, &region), 0);
    uint8_t *start = svga_device_span(d, region.id, 0, 8192);
    assert_non_null(start);
    assert_ptr_equal(svga_device_span(d, region.id, 8191, 1), start + 8191);
    assert_null(svga_device_span(d, region.id, 8192, 1));
    assert_null(svga_device_span(d, region.id, 0, 8193));
    assert_null(svga_device_span(d, region.id, 1, 8192));
    assert_null(svga_device_span(d, region.id, UINT64_MAX, 1));
    assert_null(svga_device_span(d, region.id, UINT64_MAX, UINT64_MAX));
    assert_null(svga_device_span(d, region.id, 1, UINT64_MAX));
    assert_null(svga_device_span(d, region.id + 1, 0, 1));
    assert_null(svga_device_span(d, MAX_IDS, 0, 1));
    assert_null(svga_device_span(d, UINT32_MAX, 0, 1));
    svga_guest_region_destroy(pair->guest, &region);
}

static void bad_region_sizes(void **state) {
    struct pair *pair = *state;
    struct svga_region region;

    assert_int_equal(svga_guest_region_create(pair->guest, 0, &region), -EINVAL);
    assert_int_equal(svga_guest_region_create(pair->guest, UINT64_MAX, &region), -EINVAL);
    assert_true(svga_guest_region_create(pair->guest, UINT64_MAX - 8191, &region) < 0);
    assert_true(svga_guest_region_create(pair->guest, (uint64_t)1 << 62, &region) < 0);
    drain(pair->guest); /* nothing is lost by it */
}

static void page_limit(void **state) {
    struct pair *pair = *state;
    uint64_t bar_pages = SVGA_BAR_SIZE / 4096;
    struct svga_region all, one;

    assert_int_equal(svga_guest_region_create(pair->guest, (MAX_PAGES - bar_pages + 1) * 4096, &all),
                     -ENOSPC);
    assert_int_equal(svga_guest_region_create(pair->guest, (MAX_PAGES - bar_pages) * 4096, &all), 0);
    assert_int_equal(svga_guest_region_create(pair->guest, 4096, &one), -ENOSPC);
    svga_guest_region_destroy(pair->guest, &all);
    assert_int_equal(svga_guest_region_create(pair->guest, 4096, &one), 0);
    svga_guest_region_destroy(pair->guest, &one);
}

static void id_limit(void **state) {
    struct pair *pair = *state;
    struct svga_region regions[MAX_IDS + 1];
    int count = 0;

    for (; count <= MAX_IDS; count++)
        if (svga_guest_region_create(pair->guest, 4096, &regions[count]) != 0)
            break;
    assert_int_equal(count, MAX_IDS - 1);       /* the BAR has one */
    for (int round = 0; round < 100; round++) { /* ids are used again */
        svga_guest_region_destroy(pair->guest, &regions[round % count]);
        assert_int_equal(svga_guest_region_create(pair->guest, 4096, &regions[round % count]), 0);
    }
    while (count > 0)
        svga_guest_region_destroy(pair->guest, &regions[--count]);
}

static void placed_region(void **state) {
    struct pair *pair = *state;
    struct svga_region region;

#ifdef __SANITIZE_THREAD__
    skip(); /* ThreadSanitizer has other plans with these addresses */
#endif
    /* In one process both halves want the same addresses: the device half finds the guest's mapping there. */
    assert_int_equal(svga_guest_region_create_at(pair->guest, 4096, SVGA_PLACED_MIN, &region), -EEXIST);
    assert_true(svga_guest_region_create_at(pair->guest, 4096, SVGA_PLACED_MAX, &region) < 0);
    drain(pair->guest);
}

struct region_churn {
    struct pair *pair;
    _Atomic int failures;
};

static void *churn_regions(void *arg) {
    struct region_churn *churn = arg;

    for (int i = 0; i < 200; i++) {
        struct svga_region region;

        if (svga_guest_region_create(churn->pair->guest, 4096u << i % 3, &region) != 0) {
            atomic_fetch_add(&churn->failures, 1);
            continue;
        }
        memset(region.ptr, i, region.size);
        svga_guest_region_destroy(churn->pair->guest, &region);
    }
    return NULL;
}

static void regions_from_many_threads(void **state) {
    struct pair *pair = *state;
    struct region_churn churn = {.pair = pair};
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, churn_regions, &churn);
    for (uint32_t i = 0; i < 2000; i++)
        assert_true(send_command(pair->guest, 0, i, 64));
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    drain(pair->guest);
    assert_int_equal(churn.failures, 0);
    assert_int_equal(atomic_load(&pair->bad), 0);
}

/* ---- a device that fails ---- */

static bool never(void *arg) {
    (void)arg;
    return false;
}

static void failure_reaches_the_guest(void **state) {
    struct pair *pair = *state;
    char why[SVGA_WHY_SIZE] = "";
    struct svga_region region;

    atomic_store(&pair->fails, true);
    assert_true(send_command(pair->guest, 0, 0, 16));
    assert_int_equal(svga_guest_wait(pair->guest, never, NULL), -ENODEV);
    assert_int_equal(svga_guest_wait_idly(pair->guest, never, NULL), -ENODEV);
    assert_true(svga_guest_lost(pair->guest));
    svga_guest_error(pair->guest, why);
    assert_string_equal(why, "refused: policy no. 7");
    assert_int_equal(svga_guest_region_create(pair->guest, 4096, &region), -ENODEV);
}

struct waiter {
    struct pair *pair;
    _Atomic int result;
};

static void *wait_forever(void *arg) {
    struct waiter *w = arg;

    atomic_store(&w->result, svga_guest_wait(w->pair->guest, never, NULL));
    return NULL;
}

static void failure_wakes_sleepers(void **state) {
    (void)state;
    struct pair *pair = open_pair(0);
    struct waiter waiters[3];
    pthread_t threads[3];

    for (int i = 0; i < 3; i++) {
        waiters[i] = (struct waiter){.pair = pair};
        pthread_create(&threads[i], NULL, wait_forever, &waiters[i]);
    }
    while (atomic_load(&pair->guest->sleeps) < 3)
        usleep(1000);
    atomic_store(&pair->fails, true);
    assert_true(send_command(pair->guest, 0, 0, 16));
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(waiters[i].result, -ENODEV);
    }
    close_pair(pair);
}

/* A worker that is killed says nothing: its end of the link closes. */
static void vanished_device(void **state) {
    struct pair *pair = *state;
    struct svga_region region;
    char why[SVGA_WHY_SIZE] = "";

    shutdown(pair->loopback.device.link, SHUT_RDWR);
    assert_int_equal(svga_guest_wait(pair->guest, never, NULL), -ENODEV);
    assert_true(svga_guest_lost(pair->guest));
    svga_guest_error(pair->guest, why);
    assert_true(strlen(why) > 0);
    assert_int_equal(svga_guest_region_create(pair->guest, 4096, &region), -ENODEV);
}

/* Nobody reads the ring any more: whoever waits for room must not hang. */
static void vanished_device_with_a_full_ring(void **state) {
    struct pair *pair = *state;
    uint32_t sent = 0;

    shutdown(pair->loopback.device.link, SHUT_RDWR);
    while (!atomic_load(&pair->loopback.device.closing))
        usleep(1000);
    while (sent < 1000 && send_command(pair->guest, 0, sent, SVGA_CMD_MAX_SIZE))
        sent++;
    assert_true(sent < 1000);
    assert_true(svga_guest_lost(pair->guest));
}

/* The device judges what the guest wrote into the ring. */
static void corrupt_ring(void **state) {
    struct pair *pair = *state;
    char why[SVGA_WHY_SIZE] = "";

    svga_guest_lock(pair->guest);
    struct svga_cmd_header *at = svga_guest_reserve(pair->guest, 64);
    *at = (struct svga_cmd_header){CMD, 1 << 20};
    svga_guest_commit(pair->guest, 64);
    svga_guest_unlock(pair->guest);
    assert_int_equal(svga_guest_wait(pair->guest, never, NULL), -ENODEV);
    svga_guest_error(pair->guest, why);
    assert_non_null(strstr(why, "size"));
}

static void short_fence(void **state) {
    struct pair *pair = *state;

    svga_guest_lock(pair->guest);
    struct svga_cmd_header *at = svga_guest_reserve(pair->guest, 8);
    *at = (struct svga_cmd_header){SVGA_CMD_FENCE, 8};
    svga_guest_commit(pair->guest, 8);
    svga_guest_unlock(pair->guest);
    assert_int_equal(svga_guest_wait(pair->guest, never, NULL), -ENODEV);
}

static void error_text_without_end(void **state) {
    struct pair *pair = *state;
    char why[SVGA_WHY_SIZE];

    memset((char *)pair->guest->carrier->bar + SVGA_BAR_ERROR_TEXT, 'x', SVGA_BAR_ERROR_TEXT_SIZE);
    svga_guest_error(pair->guest, why);
    assert_int_equal(strlen(why), SVGA_WHY_SIZE - 1);
}

/* ---- opening ---- */

static void nothing_is_left_open(void **state) {
    (void)state;
    close_pair(open_pair(0));
    unsigned before = unit_open_fds();
    for (int i = 0; i < 20; i++) {
        struct pair *pair = open_pair(0);
        struct svga_region region;

        assert_int_equal(svga_guest_region_create(pair->guest, 4096, &region), 0);
        drain(pair->guest);
        close_pair(pair);
    }
    assert_int_equal(unit_open_fds(), before);
}

static void no_daemon(void **state) {
    char why[SVGA_WHY_SIZE] = "", long_path[400];

    (void)state;
    assert_null(svga_carrier_shm_open("/nonexistent/trillium.sock", NULL, 0, why));
    assert_non_null(strstr(why, "/nonexistent/trillium.sock"));
    assert_non_null(strstr(why, "trillium serve"));
    memset(long_path, 'x', sizeof long_path);
    long_path[sizeof long_path - 1] = '\0';
    assert_null(svga_carrier_shm_open(long_path, NULL, 0, why));
    assert_true(strlen(why) > 0);
}

/* The peer takes the connection and closes it, as a daemon does that refuses. */
static void refused_at_once(void **state) {
    int ends[2];
    char why[SVGA_WHY_SIZE] = "";

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    close(ends[1]);
    assert_null(svga_carrier_shm_from_fd(ends[0], why));
    assert_true(strlen(why) > 0);
}

/* Where not even the hard limit to the size of files leaves room for memory: a sentence, and no SIGXFSZ. */
static void no_files_at_all(void **state) {
    const struct rlimit none = {0};
    int ends[2], status;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char why[SVGA_WHY_SIZE] = "";
        bool limited = setrlimit(RLIMIT_FSIZE, &none) == 0 && (getuid() != 0 || setuid(65534) == 0);
        bool refused = limited && !svga_carrier_shm_from_fd(ends[0], why);
        _exit(refused && strstr(why, "ulimit -Hf") ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(ends[0]);
    close(ends[1]);
}

int main(void) {
#define PAIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        PAIR(registers),
        cmocka_unit_test(version_of_the_guest),
        PAIR(commands_in_order),
        PAIR(longest_command),
        PAIR(many_threads),
        PAIR(waits_for_room),
        PAIR(fences_skip_zero),
        cmocka_unit_test(sleeps_and_wakes),
        PAIR(regions_are_shared),
        PAIR(spans_stay_inside),
        PAIR(bad_region_sizes),
        PAIR(page_limit),
        PAIR(id_limit),
        PAIR(placed_region),
        PAIR(regions_from_many_threads),
        PAIR(failure_reaches_the_guest),
        cmocka_unit_test(failure_wakes_sleepers),
        PAIR(vanished_device),
        PAIR(vanished_device_with_a_full_ring),
        PAIR(corrupt_ring),
        PAIR(short_fence),
        PAIR(error_text_without_end),
        cmocka_unit_test(nothing_is_left_open),
        cmocka_unit_test(no_daemon),
        cmocka_unit_test(refused_at_once),
        cmocka_unit_test(no_files_at_all),
    };

    return cmocka_run_group_tests_name("gpu", tests, NULL, NULL);
}
