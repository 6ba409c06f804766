// SPDX-License-Identifier: MIT
/* Programs that are made to keep the compiler busy, or to fill the memory: their build fails at the host's limit, with that in the log,
 * and what else the guest does goes on. */
#include "tests/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/board/board.h"

#include "tests/worker/guest.h"
#include "tests/worker/tests.h"

static const char bomb[] =
    "#define A x = x * 3 + y; y ^= x;\n"
    "#define B A A A A A A A A A A\n#define C B B B B B B B B B B\n"
    "#define D C C C C C C C C C C\n#define E D D D D D D D D D D\n"
    "#define F E E E E E E E E E E\n"
    "kernel void k(global int *a) { int x = a[0], y = a[1]; F F F F F F F F a[2] = x; }\n",
                  good[] = "kernel void add(global int *x) { x[get_global_id(0)] += 5; }\n",
                  other[] = "kernel void sub(global int *x) { x[get_global_id(0)] -= 5; }\n";

/* What building `source` comes to, with its log. */
static cl_int build(struct test_guest *t, uint32_t context, const char *source, char log[1024]) {
    uint32_t program = guest_id(t);
    cl_int r = guest_build(t, context, program, source);
    uint32_t slot = guest_slot(t);

    TR_SEND(t->g, GET_INFO, get_info, ((struct tr_array[]){{NULL, 0}}), .slot = slot,
            .what = TR_INFO_PROGRAM_BUILD, .param = CL_PROGRAM_BUILD_LOG, .object = program,
            .out = guest_span(t, 65536, 1024));
    assert_int_equal(guest_result(t, slot), CL_SUCCESS);
    snprintf(log, 1024, "%.1023s", (const char *)t->memory.ptr + 65536);
    return r;
}

static void expect_gives_up(struct test_guest *t, uint32_t context, const char *limit) {
    char log[1024];

    assert_int_equal(build(t, context, bomb, log), CL_BUILD_PROGRAM_FAILURE);
    if (!strstr(log, limit))
        fail_msg("no '%s' in '%s'", limit, log);
    assert_int_equal(build(t, context, other, log), CL_BUILD_PROGRAM_FAILURE);
    if (!strstr(log, "earlier build"))
        fail_msg("a build after it says '%s'", log);
}

static void expect_ends(struct test_guest *t) {
    int status = guest_close(t);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_time(void **state) {
    uint32_t device = 0, context;
    struct test_guest t;
    (void)state;

    guest_open(&t, (char *[]){"--build-seconds", "1", NULL});
    context = guest_id(&t);
    TR_SEND(t.g, CREATE_CONTEXT, create_context, ((struct tr_array[]){{&device, 1}}), .context = context,
            .slot = guest_slot(&t));
    expect_gives_up(&t, context, "--build-seconds");
    expect_ends(&t);
}

static void run_good(struct test_guest *t, const struct test_setup *s, uint32_t mem) {
    int *data = t->memory.ptr;

    data[0] = 1;
    guest_set_mem(t, s->kernel, 0, mem);
    TR_SEND(t->g, ENQUEUE_KERNEL_1D, enqueue_kernel_1d, ((struct tr_array[]){{NULL, 0}}), .queue = s->queue,
            .kernel = s->kernel, .event_slot = TR_NO_SLOT, .global = 4, .local = 4);
    assert_int_equal(guest_finish(t, s->queue), CL_SUCCESS);
    assert_int_equal(data[0], 6);
}

static void test_memory(void **state) {
    struct test_setup s;
    struct test_guest t;
    (void)state;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* the worker's memory is mostly theirs */
#endif
    guest_open(&t, (char *[]){"--build-seconds", "0", "--build-memory", "256", NULL});
    guest_setup(&t, &s, good, "add", 0);
    uint32_t mem = guest_placed_buffer(&t, s.context, 0, 4096);
    run_good(&t, &s, mem);
    expect_gives_up(&t, s.context, "--build-memory");
    run_good(&t, &s, mem);
    expect_ends(&t);
}

/* A kernel whose code PoCL makes when it first runs does not keep its guest waiting for ever. */
static void test_later(void **state) {
    struct test_setup s;
    struct test_guest t;
    char why[SVGA_WHY_SIZE] = "";
    (void)state;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip();
#endif
    guest_open(&t, (char *[]){"--build-seconds", "0", "--build-memory", "256", NULL});
    guest_setup(&t, &s, good, "add", 0);
    uint32_t mem = guest_placed_buffer(&t, s.context, 0, 4096);
    expect_gives_up(&t, s.context, "--build-memory");
    guest_set_mem(&t, s.kernel, 0, mem);
    TR_SEND(t.g, ENQUEUE_KERNEL_1D, enqueue_kernel_1d, ((struct tr_array[]){{NULL, 0}}), .queue = s.queue,
            .kernel = s.kernel, .event_slot = TR_NO_SLOT, .global = 4, .local = 4);
    uint32_t slot = guest_slot(&t);
    TR_SEND(t.g, FINISH, finish, NULL, .queue = s.queue, .slot = slot);
    int r = guest_wait(&t, slot);
    if (r < 0) { /* another driver may have made it with the program */
        svga_guest_error(t.g, why);
        assert_non_null(strstr(why, "given up"));
    }
    int status = guest_close(&t);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == (r < 0));
}

/* ---- what is compiled when a kernel first runs ---- */

static const char late_bomb[] =
    "#define A barrier(CLK_LOCAL_MEM_FENCE); x = x * 3 + y; y ^= x; if (x > y) a[x & 63] = y;\n"
    "#define B A A A A A A A A A A\n#define C B B B B B B B B B B\n#define D C C C C C C C C C C\n"
    "kernel void k(global int *a) { int x = a[get_global_id(0)], y = a[1]; D D D a[2] = x; }\n";

/* A worker whose limits the host changes while it lives. */
static struct board *open_with_board(struct test_guest *t) {
    char number[16];
    int fd = board_make();

    assert_true(fd >= 0);
    struct board *board = board_map(fd);
    assert_non_null(board);
    snprintf(number, sizeof number, "%d", fcntl(fd, F_DUPFD, 3));
    guest_open(t, (char *[]){"--board", number, NULL});
    close(fd);
    close(atoi(number));
    return board;
}

static uint32_t enqueue(struct test_guest *t, const struct test_setup *s, size_t local) {
    TR_SEND(t->g, ENQUEUE_KERNEL_1D, enqueue_kernel_1d, ((struct tr_array[]){{NULL, 0}}), .queue = s->queue,
            .kernel = s->kernel, .event_slot = TR_NO_SLOT, .global = 16, .local = local);
    uint32_t slot = guest_slot(t);
    TR_SEND(t->g, FINISH, finish, NULL, .queue = s->queue, .slot = slot);
    return slot;
}

/* Its build is well within the limits, and nothing else is under way. */
static void expect_ends_when_run(struct test_guest *t, struct board *board, const char *limit) {
    char why[SVGA_WHY_SIZE] = "";
    struct test_setup s;

    guest_setup(t, &s, late_bomb, "k", 0);
    guest_set_mem(t, s.kernel, 0, guest_placed_buffer(t, s.context, 0, 4096));
    if (strcmp(limit, "--build-seconds") == 0)
        atomic_store(&board->build_seconds, 1);
    else
        atomic_store(&board->build_mib, 8);
    assert_int_equal(guest_wait(t, enqueue(t, &s, 16)), -ENODEV);
    svga_guest_error(t->g, why);
    assert_non_null(strstr(why, "compiling a kernel for its first run"));
    assert_non_null(strstr(why, limit));
    int status = guest_close(t);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    assert_int_equal(
        atomic_load(&board->hits[strcmp(limit, "--build-seconds") == 0 ? BOARD_LIMIT_BUILD_SECONDS
                                                                       : BOARD_LIMIT_BUILD_MEMORY]),
        1);
    board_unmap(board);
}

static void test_first_run_time(void **state) {
    struct test_guest t;
    (void)state;
    if (!guest_driver_has_quirk("compiles-when-run"))
        skip();
    struct board *board = open_with_board(&t);
    expect_ends_when_run(&t, board, "--build-seconds");
}

static void test_first_run_memory(void **state) {
    struct test_guest t;
    (void)state;
    if (!guest_driver_has_quirk("compiles-when-run"))
        skip();
    struct board *board = open_with_board(&t);
    expect_ends_when_run(&t, board, "--build-memory");
}

/* A kernel that runs for longer than what compiling may take is none of its business; nor is one that waits behind it. */
static void test_long_runs(void **state) {
    static const char source[] =
        "kernel void k(volatile global int *a) { while (a[0] != 12345) a[1]++; a[2] = 7; }\n";
    volatile int *data;
    struct test_setup s;
    struct test_guest t;
    (void)state;

    struct board *board = open_with_board(&t);
    guest_setup(&t, &s, source, "k", 0);
    guest_set_mem(&t, s.kernel, 0, guest_placed_buffer(&t, s.context, 0, 4096));
    data = t.memory.ptr;
    data[0] = 12345;
    assert_int_equal(guest_result(&t, enqueue(&t, &s, 16)), CL_SUCCESS); /* compiled, whatever that takes */
    atomic_store(&board->build_seconds, 1);
    data[0] = data[2] = 0;
    enqueue(&t, &s, 16);
    uint32_t slot = enqueue(&t, &s, 8); /* another size, which waits for the first one */
    sleep(3);
    assert_int_equal(data[2], 0);
    data[0] = 12345;
    assert_int_equal(guest_result(&t, slot), CL_SUCCESS);
    expect_ends(&t);
    board_unmap(board);
}

/* ---- compilers that crash ---- */

/* Its parser calls itself once for each of 400000 signs. */
static void test_compiler_that_crashes(void **state) {
    static const char deep[] =
        "#define A - - - - - - - - - -\n#define B A A A A A A A A A A\n#define C B B B B B B B B B B\n"
        "#define D C C C C C C C C C C\n#define E D D D D D D D D D D\n"
        "kernel void k(global int *a) { int x = a[0]; a[2] = E E E E x; }\n";
    char why[SVGA_WHY_SIZE] = "", log[1024];
    uint32_t device = 0;
    struct test_guest t, other;
    struct test_setup s;
    (void)state;

    guest_open(&other, NULL);
    guest_setup(&other, &s, good, "add", 0);
    uint32_t mem = guest_placed_buffer(&other, s.context, 0, 4096);
    guest_open(&t, NULL);
    uint32_t context = guest_id(&t), program = guest_id(&t), slot = guest_slot(&t);
    TR_SEND(t.g, CREATE_CONTEXT, create_context, ((struct tr_array[]){{&device, 1}}), .context = context,
            .slot = slot);
    assert_int_equal(guest_result(&t, slot), CL_SUCCESS);
    TR_SEND(t.g, CREATE_PROGRAM, create_program,
            ((struct tr_array[]){{NULL, 0}, {NULL, 0}, {deep, (uint32_t)strlen(deep)}}), .program = program,
            .context = context, .slot = TR_NO_SLOT, .ir = TR_IR_SOURCE);
    slot = guest_slot(&t);
    TR_SEND(t.g, BUILD_PROGRAM, build_program, ((struct tr_array[]){{NULL, 0}, {"", 0}}), .program = program,
            .slot = slot);
    int r = guest_wait(&t, slot);
    if (r < 0) { /* another compiler may survive it */
        svga_guest_error(t.g, why);
        if (!strstr(why, "the driver's compiler crashed while it built a program"))
            fail_msg("the guest is told '%s'", why);
    }
    int status = guest_close(&t);
    assert_true(r < 0 ? WIFSIGNALED(status) : WIFEXITED(status));
    run_good(&other, &s, mem);
    assert_int_equal(build(&other, s.context, "kernel void k(global int *x) { x[0] = 1; }", log), CL_SUCCESS);
    expect_ends(&other);
}

int test_bombs(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_later),
        cmocka_unit_test(test_first_run_time),
        cmocka_unit_test(test_first_run_memory),
        cmocka_unit_test(test_long_runs),
        cmocka_unit_test(test_compiler_that_crashes),
    };
    return cmocka_run_group_tests_name("bombs", tests, NULL, NULL);
}
