// SPDX-License-Identifier: MIT
/* Guests that break the rules, and kernels that break the driver: the session ends with a sentence, and
 * nothing else happens. */
#include "tests/lib/unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/worker/guest.h"
#include "tests/worker/tests.h"
#include "trillium/files.h"

static const char source[] = "kernel void good(global int *x) { x[0] = 1; }\n"
                             "kernel void bad(global int *x) { x[(long)x[0] << 32] = 1; }\n";

struct fixture {
    struct test_guest t;
    struct test_setup s;
    uint32_t mem;
};

static int open_fixture(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    guest_open(&f->t, NULL);
    guest_setup(&f->t, &f->s, source, "good", 0);
    f->mem = guest_placed_buffer(&f->t, f->s.context, 0, 4096);
    *state = f;
    return 0;
}

/* Whatever the guest did, the worker lives until the guest closes, and ends cleanly then. */
static int close_fixture(void **state) {
    struct fixture *f = *state;
    int status = guest_close(&f->t);
    free(f);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* The session has failed because of the guest, and the reason has `word` in it. Nothing after it was carried
 * out. */
static void expect_violation(struct fixture *f, const char *word) {
    uint32_t slot = guest_slot(&f->t);
    char why[SVGA_WHY_SIZE];

    TR_SEND(f->t.g, GET_CLOCK, get_clock, NULL, .slot = slot);
    assert_int_equal(guest_wait(&f->t, slot), -ENODEV);
    svga_guest_error(f->t.g, why);
    if (!strstr(why, word))
        fail_msg("\"%s\" does not say \"%s\"", why, word);
    assert_int_equal(atomic_load(&f->t.g->words[SVGA_FIFO_ERROR]), SVGA_ERROR_PROTOCOL);
}

/* In one of SVGA_PLACED_RANGES: in the one that ThreadSanitizer leaves to a program. */
#ifdef __SANITIZE_THREAD__
#define PLACED_AT 0x1000100000u
#else
#define PLACED_AT (SVGA_PLACED_MIN + (1u << 20))
#endif

/* A buffer over a region that is deleted under it: the addresses stay the buffer's, whatever it does then. */
static void test_region_under_a_buffer(void **state) {
    struct fixture *f = *state;
    struct svga_region region, other;
    uint32_t mem = guest_id(&f->t), slot = guest_slot(&f->t);

    assert_int_equal(svga_guest_region_create_at(f->t.g, 4096, PLACED_AT, &region), 0);
    TR_SEND(f->t.g, CREATE_BUFFER, create_buffer, NULL, .mem = mem, .context = f->s.context,
            .flags = CL_MEM_READ_WRITE, .size = 4096, .placed = {region.id, 0, 0, 4096}, .slot = slot);
    assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
    svga_guest_region_destroy(f->t.g, &region);
    assert_int_equal(svga_guest_region_create_at(f->t.g, 4096, PLACED_AT, &other), -EEXIST);
    TR_SEND(f->t.g, RELEASE, release, NULL, .object = mem);
    slot = guest_slot(&f->t);
    TR_SEND(f->t.g, GET_CLOCK, get_clock, NULL, .slot = slot);
    assert_int_equal(guest_wait(&f->t, slot), 0);
    assert_int_equal(svga_guest_region_create_at(f->t.g, 4096, PLACED_AT, &other), 0);
}

/* Bytes as a command, whatever they are. */
static void send_bytes(struct fixture *f, const void *bytes, uint32_t size) {
    svga_guest_lock(f->t.g);
    void *out = svga_guest_reserve(f->t.g, size);
    assert_non_null(out);
    memcpy(out, bytes, size);
    svga_guest_commit(f->t.g, size);
    svga_guest_unlock(f->t.g);
}

static void test_unknown_command(void **state) {
    uint32_t bytes[4] = {SVGA_CMD_FIRST_CLIENT + 159, 16, 0, 0};
    send_bytes(*state, bytes, sizeof bytes);
    expect_violation(*state, "unknown command");
}
static void test_cut_short(void **state) {
    uint32_t bytes[2] = {TR_CMD_ENQUEUE_KERNEL, 8};
    send_bytes(*state, bytes, sizeof bytes);
    expect_violation(*state, "too few");
}
static void test_array_too_long(void **state) {
    struct fixture *f = *state;
    uint32_t size = sizeof(struct svga_cmd_header) + tr_align8(sizeof(struct tr_wait_events));
    char bytes[64] = {0};
    struct svga_cmd_header header = {TR_CMD_WAIT_EVENTS, size};
    struct tr_wait_events fixed = {.events_count = UINT32_MAX};
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + sizeof header, &fixed, sizeof fixed);
    send_bytes(f, bytes, size);
    expect_violation(f, "longer than the command");
}
static void test_fifo_pointer(void **state) {
    struct fixture *f = *state;
    atomic_store(&f->t.g->words[SVGA_FIFO_NEXT_CMD], 0x7ffffff8);
    atomic_store(&f->t.g->words[SVGA_FIFO_BUSY], 1);
    f->t.g->carrier->ops->doorbell(f->t.g->carrier);
    uint32_t slot = guest_slot(&f->t);
    char why[SVGA_WHY_SIZE];
    assert_int_equal(guest_wait(&f->t, slot), -ENODEV);
    svga_guest_error(f->t.g, why);
    assert_non_null(strstr(why, "NEXT_CMD"));
}
static void test_no_such_object(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, FLUSH, flush, NULL, .queue = 4711);
    expect_violation(f, "no such object");
}
static void test_wrong_kind(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, FLUSH, flush, NULL, .queue = f->mem);
    expect_violation(f, "no such object");
}
static void test_id_in_use(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, CREATE_USER_EVENT, create_user_event, NULL, .event = f->mem, .context = f->s.context);
    expect_violation(f, "in use");
}
static void test_id_out_of_range(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, CREATE_USER_EVENT, create_user_event, NULL, .event = TR_MAX_ID, .context = f->s.context);
    expect_violation(f, "out of range");
}
static void test_released_twice(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, RELEASE, release, NULL, .object = f->mem);
    TR_SEND(f->t.g, RELEASE, release, NULL, .object = f->mem);
    expect_violation(f, "no such object");
}
static void test_span_beyond_region(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, TRANSFER_BUFFER, transfer_buffer, ((struct tr_array[]){{NULL, 0}}), .queue = f->s.queue,
            .mem = f->mem, .event_slot = TR_NO_SLOT, .memory = guest_span(&f->t, f->t.memory.size - 8, 16));
    expect_violation(f, "outside of its region");
}
static void test_span_wraps(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, TRANSFER_BUFFER, transfer_buffer, ((struct tr_array[]){{NULL, 0}}), .queue = f->s.queue,
            .mem = f->mem, .event_slot = TR_NO_SLOT, .memory = guest_span(&f->t, UINT64_MAX - 7, 16));
    expect_violation(f, "outside of its region");
}
static void test_no_such_slot(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, GET_CLOCK, get_clock, NULL, .slot = TR_SLOTS_PER_CHUNK);
    expect_violation(f, "no such slot");
}
static void test_slots_out_of_order(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, ADD_SLOTS, add_slots, NULL, .chunk = 7, .region = f->t.memory.id);
    expect_violation(f, "not the next one");
}
static void test_slots_in_small_region(void **state) {
    struct fixture *f = *state;
    struct svga_region small;
    assert_int_equal(svga_guest_region_create(f->t.g, 4096, &small), 0);
    TR_SEND(f->t.g, ADD_SLOTS, add_slots, NULL, .chunk = 1, .region = small.id);
    expect_violation(f, "too small");
}
static void test_no_such_device(void **state) {
    struct fixture *f = *state;
    uint32_t device = 77;
    TR_SEND(f->t.g, CREATE_CONTEXT, create_context, ((struct tr_array[]){{&device, 1}}),
            .context = guest_id(&f->t), .slot = guest_slot(&f->t));
    expect_violation(f, "no device 77");
}
static void test_unknown_query(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, GET_INFO, get_info, ((struct tr_array[]){{NULL, 0}}), .slot = guest_slot(&f->t),
            .what = 999);
    expect_violation(f, "unknown query");
}
static void test_query_of_another_kind(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, GET_INFO, get_info, ((struct tr_array[]){{NULL, 0}}), .slot = guest_slot(&f->t),
            .what = TR_INFO_KERNEL, .object = f->mem, .param = CL_KERNEL_NUM_ARGS);
    expect_violation(f, "no object");
}
static void test_placed_too_short(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, CREATE_BUFFER, create_buffer, NULL, .mem = guest_id(&f->t), .context = f->s.context,
            .size = 8192, .placed = guest_span(&f->t, 0, 4096), .slot = TR_NO_SLOT);
    expect_violation(f, "create_buffer");
}
static void test_rectangle_too_large(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, TRANSFER_RECT, transfer_rect, ((struct tr_array[]){{NULL, 0}}), .queue = f->s.queue,
            .mem = f->mem, .event_slot = TR_NO_SLOT, .region = {16, UINT64_MAX / 8, 1}, .host_row_pitch = 16,
            .buffer_row_pitch = 16, .memory = guest_span(&f->t, 0, 4096));
    expect_violation(f, "transfer_rect");
}
static void test_dimensions(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, ENQUEUE_KERNEL, enqueue_kernel, ((struct tr_array[]){{NULL, 0}}), .queue = f->s.queue,
            .kernel = f->s.kernel, .event_slot = TR_NO_SLOT, .work_dim = 4);
    expect_violation(f, "4 dimensions");
}
static void test_unknown_ir(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, CREATE_PROGRAM, create_program, ((struct tr_array[]){{NULL, 0}, {NULL, 0}, {"x", 1}}),
            .program = guest_id(&f->t), .context = f->s.context, .slot = TR_NO_SLOT, .ir = 77);
    expect_violation(f, "unknown IR");
}
static void test_binaries_too_short(void **state) {
    struct fixture *f = *state;
    uint32_t device = 0;
    uint64_t length = 1 << 20;
    TR_SEND(f->t.g, CREATE_PROGRAM, create_program,
            ((struct tr_array[]){{&device, 1}, {&length, 1}, {"x", 1}}), .program = guest_id(&f->t),
            .context = f->s.context, .slot = TR_NO_SLOT, .ir = TR_IR_BINARY);
    expect_violation(f, "cut short");
}
static void test_argument_lies(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, SET_ARG, set_arg, ((struct tr_array[]){{"abcd", 4}}), .kernel = f->s.kernel, .index = 0,
            .kind = TR_ARG_VALUE, .size = 1 << 20, .slot = TR_NO_SLOT);
    expect_violation(f, "set_arg");
}
static void set_files(struct fixture *f, const void *set, size_t size) {
    memcpy(f->t.memory.ptr, set, size);
    TR_SEND(f->t.g, SET_FILES, set_files, NULL, .program = f->s.program, .files = guest_span(&f->t, 0, size));
}
/* An entry whose path is `path`, as long as that or as `path_size` says. */
static void set_one_file(struct fixture *f, uint32_t kind, uint32_t path_size, const char *path,
                         const char *word) {
    char set[64] = {0};
    struct tr_file_entry e = {kind, path_size, 0};
    memcpy(set, &e, sizeof e);
    memcpy(set + sizeof e, path, strlen(path));
    set_files(f, set, sizeof e + 8);
    expect_violation(f, word);
}
static void test_files_of_no_kind(void **state) {
    set_one_file(*state, 77, 2, "/a", "no known kind");
}
static void test_files_cut_short(void **state) {
    set_one_file(*state, TR_FILE_TEXT, 4000, "/a", "cut short");
}
static void test_files_without_a_path(void **state) {
    set_one_file(*state, TR_FILE_TEXT, 2, "ab", "a path that is none");
}
static void test_files_with_a_nul(void **state) {
    set_one_file(*state, TR_FILE_TEXT, 4, "/a", "a path that is none");
}
static void test_files_same_as_none(void **state) {
    set_one_file(*state, TR_FILE_SAME, 2, "/a", "another name of no file");
}

static void test_set_foreign_event(void **state) {
    struct fixture *f = *state;
    uint32_t event = guest_id(&f->t), slot = guest_slot(&f->t);
    TR_SEND(f->t.g, MARKER, marker, ((struct tr_array[]){{NULL, 0}}), .queue = f->s.queue, .event = event,
            .event_slot = slot);
    TR_SEND(f->t.g, SET_USER_EVENT, set_user_event, NULL, .event = event, .status = CL_COMPLETE);
    expect_violation(f, "user event");
}
static void test_two_consoles(void **state) {
    struct fixture *f = *state;
    TR_SEND(f->t.g, SET_CONSOLE, set_console, NULL, .region = f->t.memory.id);
    TR_SEND(f->t.g, SET_CONSOLE, set_console, NULL, .region = f->t.memory.id);
    expect_violation(f, "console");
}

/* Words of the guest that are no SPIR-V: the program says so; the session goes on. */
static void test_no_spirv(void **state) {
    struct fixture *f = *state;
    uint32_t program = guest_id(&f->t), slot = guest_slot(&f->t);

    memset(f->t.memory.ptr, 0x5a, 4096);
    TR_SEND(f->t.g, CREATE_PROGRAM, create_program, ((struct tr_array[]){{NULL, 0}, {NULL, 0}, {NULL, 0}}),
            .program = program, .context = f->s.context, .slot = TR_NO_SLOT, .ir = TR_IR_SPIRV);
    TR_SEND(f->t.g, SET_SPIRV, set_spirv, NULL, .program = program, .slot = slot,
            .words = guest_span(&f->t, 0, 4096));
    cl_int r = guest_result(&f->t, slot);
    assert_true(r == CL_INVALID_BINARY || r == CL_INVALID_OPERATION /* built without the virtual ISA */);
    slot = guest_slot(&f->t);
    TR_SEND(f->t.g, BUILD_PROGRAM, build_program, ((struct tr_array[]){{NULL, 0}, {"", 0}}),
            .program = program, .slot = slot);
    assert_int_equal(guest_result(&f->t, slot), CL_BUILD_PROGRAM_FAILURE);
    slot = guest_slot(&f->t);
    TR_SEND(f->t.g, GET_INFO, get_info, ((struct tr_array[]){{NULL, 0}}), .slot = slot,
            .what = TR_INFO_PROGRAM_BUILD, .object = program, .param = CL_PROGRAM_BUILD_LOG,
            .out = guest_span(&f->t, 0, 4096));
    assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
    assert_true(strlen(f->t.memory.ptr) > 10);
}

/* A store out of bounds kills the worker of that guest; the guest hears of it and why. */
static void test_crash(void **state) {
    struct fixture f;
    uint32_t bad, slot;
    char why[SVGA_WHY_SIZE];
    (void)state;

    guest_open(&f.t, NULL);
    guest_setup(&f.t, &f.s, source, "good", 0);
    f.mem = guest_placed_buffer(&f.t, f.s.context, 0, 4096);
    bad = guest_id(&f.t);
    TR_SEND(f.t.g, CREATE_KERNEL, create_kernel, ((struct tr_array[]){{"bad", 3}}), .kernel = bad,
            .program = f.s.program, .slot = TR_NO_SLOT);
    guest_set_mem(&f.t, bad, 0, f.mem);
    *(int *)f.t.memory.ptr = 12345;
    TR_SEND(f.t.g, ENQUEUE_KERNEL, enqueue_kernel, ((struct tr_array[]){{NULL, 0}}), .queue = f.s.queue,
            .kernel = bad, .event_slot = TR_NO_SLOT, .work_dim = 1, .global = {1, 1, 1});
    slot = guest_slot(&f.t);
    TR_SEND(f.t.g, FINISH, finish, NULL, .queue = f.s.queue, .slot = slot);
    assert_int_equal(guest_wait(&f.t, slot), -ENODEV);
    svga_guest_error(f.t.g, why);
    assert_non_null(strstr(why, "SIGSEGV"));
    assert_int_equal(atomic_load(&f.t.g->words[SVGA_FIFO_ERROR]), SVGA_ERROR_WORKER_DIED);
    int status = guest_close(&f.t);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* A guest that goes away in the middle of a kernel that never ends takes its worker along. */
static void test_endless_kernel(void **state) {
    struct test_guest t;
    struct test_setup s;
    (void)state;

    guest_open(&t, NULL);
    guest_setup(&t, &s, "kernel void endless(global volatile int *x) { x[1] = 1; while (x[0] == 0) ; }\n",
                "endless", 0);
    uint32_t mem = guest_placed_buffer(&t, s.context, 0, 4096);
    volatile int *data = t.memory.ptr;
    guest_set_mem(&t, s.kernel, 0, mem);
    TR_SEND(t.g, ENQUEUE_KERNEL, enqueue_kernel, ((struct tr_array[]){{NULL, 0}}), .queue = s.queue,
            .kernel = s.kernel, .event_slot = TR_NO_SLOT, .work_dim = 1, .global = {1, 1, 1});
    TR_SEND(t.g, FINISH, finish, NULL, .queue = s.queue, .slot = guest_slot(&t));
    while (data[1] == 0)
        usleep(1000);
    int status = guest_close(&t); /* would wait for ever */
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int test_hostile(void) {
#define BREAKS(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        BREAKS(test_unknown_command),
        BREAKS(test_cut_short),
        BREAKS(test_array_too_long),
        BREAKS(test_fifo_pointer),
        BREAKS(test_no_such_object),
        BREAKS(test_wrong_kind),
        BREAKS(test_id_in_use),
        BREAKS(test_id_out_of_range),
        BREAKS(test_released_twice),
        BREAKS(test_span_beyond_region),
        BREAKS(test_span_wraps),
        BREAKS(test_no_such_slot),
        BREAKS(test_slots_out_of_order),
        BREAKS(test_slots_in_small_region),
        BREAKS(test_no_such_device),
        BREAKS(test_unknown_query),
        BREAKS(test_query_of_another_kind),
        BREAKS(test_placed_too_short),
        BREAKS(test_region_under_a_buffer),
        BREAKS(test_rectangle_too_large),
        BREAKS(test_dimensions),
        BREAKS(test_unknown_ir),
        BREAKS(test_files_of_no_kind),
        BREAKS(test_files_cut_short),
        BREAKS(test_files_without_a_path),
        BREAKS(test_files_with_a_nul),
        BREAKS(test_files_same_as_none),
        BREAKS(test_binaries_too_short),
        BREAKS(test_argument_lies),
        BREAKS(test_set_foreign_event),
        BREAKS(test_two_consoles),
        BREAKS(test_no_spirv),
        cmocka_unit_test(test_crash),
        cmocka_unit_test(test_endless_kernel),
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
