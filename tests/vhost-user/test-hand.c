// SPDX-License-Identifier: MIT
/* The hand: what a worker that is taken over can make of it. A child plays the worker, this process the front. */
#include "tests/vhost-user/machine.h"
#include "tests/vhost-user/tests.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/front/blank.h"
#include "host-backend/front/mapper.h"

enum { PAGE = 4096, FILE_PAGES = 16 };

static struct hand_owner owner;
static struct front_mapper mapper;
static struct vu_loop loop;
static struct vu_memory *memory;
static int file, evil;
static unsigned ended, broken_times;
static int result;
static char region; /* its address stands for one */

static void done(void *opaque, void *what, bool blank, int r) {
    (void)opaque, (void)blank;
    assert_ptr_equal(what, &region);
    ended++;
    result = r;
}

static void broken(void *opaque) {
    (void)opaque;
    broken_times++;
    front_mapper_stop(&mapper);
}

/* Until `times` jobs have ended, or it broke. */
static void run(unsigned times) {
    while (ended < times && broken_times == 0)
        assert_true(vu_loop_once(&loop, LIMIT_MS));
}

static void start(bool steered) {
    static struct svga_link_packet packet;
    int pair[2];

    assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), errno);
    machine_give_hand(&owner, pair[0], 1);
    assert_true(link_receive(pair[1], &packet));
    assert_int_equal(packet.fd_count, SVGA_HAND_FDS);
    ended = broken_times = 0;
    mapper = (struct front_mapper){.done = done, .broken = broken};
    if (steered) { /* what the front writes for the hand goes elsewhere: the worker writes in its stead */
        evil = packet.fds[SVGA_HAND_JOBS];
        packet.fds[SVGA_HAND_JOBS] = unit_memfd(SVGA_HAND_MAX_OPS * sizeof(struct svga_hand_op));
    }
    assert_int_equal(front_mapper_start(&mapper, &loop, packet.fds), 0);
    close(pair[0]);
    close(pair[1]);
}

static int setup(void **state) {
    (void)state;
    loop.epoll = epoll_create1(EPOLL_CLOEXEC);
    file = unit_memfd(FILE_PAGES * PAGE);
    evil = -1;
    memory = calloc(1, sizeof *memory);
    *memory = (struct vu_memory){.refs = 1, .count = 1, .regions = {{.size = FILE_PAGES * PAGE, .fd = file}}};
    for (int i = 0; i < FILE_PAGES; i++)
        assert_int_equal(pwrite(file, &(char){(char)(i + 1)}, 1, i * PAGE), 1);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    front_mapper_finish(&mapper);
    machine_end_owner(&owner);
    vu_memory_unref(memory); /* and the file */
    if (evil >= 0)
        close(evil);
    close(loop.epoll);
    return 0;
}

static const struct svga_link_piece pages[] = {{.offset = 2 * PAGE, .length = PAGE},
                                               {.offset = 9 * PAGE, .length = 2 * PAGE}};

static void maps_and_takes_away(void **state) {
    const uint64_t at = OWNER_ADDRESS(1);
    (void)state;
    start(false);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(front_mapper_map(&mapper, &region, at, memory, pages, 2), 0);
        run(2 * i + 1);
        assert_int_equal(result, 0);
        assert_int_equal(machine_owner_byte(&owner, at), 3);
        assert_int_equal(machine_owner_byte(&owner, at + PAGE), 10);
        assert_int_equal(machine_owner_byte(&owner, at + 2 * PAGE), 11);
        assert_int_equal(machine_owner_byte(&owner, at + 3 * PAGE), -1);
        assert_int_equal(front_mapper_blank(&mapper, &region, at, 3 * PAGE), 0);
        run(2 * i + 2);
        assert_int_equal(result, 0);
        assert_int_equal(machine_owner_byte(&owner, at), -1);
    }
    assert_int_equal(broken_times, 0);
}

/* The kernel is asked about a place, not for all that a hostile worker has mapped, where it can answer that (Linux 6.11). */
static void blank_by_the_kernels_word(void **state) {
    struct front_map_query q = {.size = sizeof q, .flags = 0x10};
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    char *at = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const uint64_t address = (uint64_t)(uintptr_t)at;
    (void)state;

    start(false);
    assert_true(maps >= 0 && at != MAP_FAILED);
    bool asks = ioctl(maps, FRONT_MAP_QUERY, &q) == 0;
    for (int i = 0; i < 2; i++) { /* before and after */
        assert_true(front_is_blank(maps, address, 8 * PAGE));
        assert_true(!asks || lseek(maps, 0, SEEK_CUR) == 0); /* nothing was read */
        assert_true(front_is_blank_by_reading(maps, address, 8 * PAGE));
        lseek(maps, 0, SEEK_SET);
        assert_ptr_equal(mmap(at + 3 * PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0),
                         at + 3 * PAGE);
        for (uint64_t page = 0; page < 8; page++) {
            assert_int_equal(front_is_blank(maps, address + page * PAGE, PAGE), page != 3);
            assert_int_equal(front_is_blank_by_reading(maps, address + page * PAGE, PAGE), page != 3);
        }
        assert_false(front_is_blank(maps, address, 8 * PAGE));
        assert_false(front_is_blank(maps, address, 4 * PAGE));
        assert_false(front_is_blank_by_reading(maps, address, 8 * PAGE));
        lseek(maps, 0, SEEK_SET);
        assert_ptr_equal(mmap(at + 3 * PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                         at + 3 * PAGE);
    }
    munmap(at, 8 * PAGE);
    close(maps);
    /* of nobody */
    maps = dup(mapper.fds[SVGA_HAND_MAPS]);
    assert_true(front_is_blank(maps, OWNER_ADDRESS(1), PAGE));
    machine_end_owner(&owner);
    for (int i = 0; !front_mapper_worker_gone(&mapper); i++) {
        assert_true(i < LIMIT_MS);
        usleep(1000);
    }
    assert_false(front_is_blank(maps, OWNER_ADDRESS(1), PAGE));
    assert_false(front_is_blank_by_reading(maps, OWNER_ADDRESS(1), PAGE));
    close(maps);
}

/* The worker writes what the hand shall do, for it shares its memory: nothing but what is due is done. */
static void hand_that_is_taken_over(void **state) {
    const uint64_t at = OWNER_ADDRESS(1);
    const struct svga_hand_op tries[] = {
        {SVGA_HAND_MAP, at, PAGE, 0},               /* another page */
        {SVGA_HAND_MAP, at, FILE_PAGES * PAGE, 0},  /* all of them */
        {SVGA_HAND_MAP, at, 2 * PAGE, 2 * PAGE},    /* one more */
        {SVGA_HAND_MAP, at + PAGE, PAGE, 2 * PAGE}, /* where the front does not look */
        {SVGA_HAND_NO_FORK, at, PAGE, 0},           /* out of turn */
        {SVGA_HAND_BLANK, at, PAGE, 0},
        {99, 0, 0, 0}, /* nothing at all, and it says that it is done */
    };
    (void)state;
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        start(true);
        assert_int_equal(pwrite(evil, &tries[i], sizeof tries[i], 0), sizeof tries[i]);
        assert_int_equal(front_mapper_map(&mapper, &region, at, memory, pages, 1), 0);
        run(1);
        if (broken_times == 0)
            assert_true(result < 0);
        front_mapper_finish(&mapper);
        for (uint64_t page = 0; page < FILE_PAGES + 2; page++)
            assert_int_equal(machine_owner_byte(&owner, at + page * PAGE), -1);
        machine_end_owner(&owner);
        close(evil);
    }
    start(false);
}

static void worker_that_dies(void **state) {
    (void)state;
    start(false);
    assert_int_equal(front_mapper_map(&mapper, &region, OWNER_ADDRESS(1), memory, pages, 2), 0);
    run(1);
    assert_false(front_mapper_worker_gone(&mapper));
    machine_end_owner(&owner);
    while (broken_times == 0) /* the hand dies with it */
        assert_true(vu_loop_once(&loop, LIMIT_MS));
    for (int i = 0; !front_mapper_worker_gone(&mapper); i++) {
        assert_true(i < LIMIT_MS);
        usleep(1000);
    }
}

/* Stopped, it does nothing; the jobs wait, and whoever gave them can see for how long. */
static void worker_that_is_stopped(void **state) {
    (void)state;
    start(false);
    assert_int_equal(front_mapper_busy_ms(&mapper), -1);
    kill(-owner.pid, SIGSTOP);
    assert_int_equal(front_mapper_map(&mapper, &region, OWNER_ADDRESS(1), memory, pages, 2), 0);
    for (int i = 0; i < 20; i++)
        vu_loop_once(&loop, 5);
    kill(-owner.pid, SIGCONT);
    run(1);
    assert_int_equal(result, 0);
    assert_int_equal(machine_owner_byte(&owner, OWNER_ADDRESS(1)), 3);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int run_hand_tests(void) {
    const struct CMUnitTest tests[] = {
        T(maps_and_takes_away), T(blank_by_the_kernels_word), T(hand_that_is_taken_over),
        T(worker_that_dies),    T(worker_that_is_stopped),
    };
    return cmocka_run_group_tests_name("hand", tests, NULL, NULL);
}
