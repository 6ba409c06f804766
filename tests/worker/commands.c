// SPDX-License-Identifier: MIT
/* Commands that do what they say, and that fail as OpenCL wants it. */
#include "tests/lib/unit.h"

#include <sys/wait.h>
#include <unistd.h>

#include "tests/worker/guest.h"
#include "tests/worker/tests.h"
#include "trillium/console.h"

static const char source[] =
    "kernel void add(global int *x, int n) { x[get_global_id(0)] += n; }\n"
    "kernel void sum(global int *x, local int *part) { part[get_local_id(0)] = x[get_global_id(0)];\n"
    "    barrier(CLK_LOCAL_MEM_FENCE); int s = 0;\n"
    "    for (int i = 0; i < (int)get_local_size(0); i++) s += part[i]; x[get_global_id(0)] = s; }\n"
    "kernel void say(global int *x) { printf(\"%d green bottles\\n\", x[0]); }\n"
    "kernel void by_value(global ulong *x, ulong v) { x[0] = v; }\n";

struct fixture {
    struct test_guest t;
    struct test_setup s;
    uint32_t mem; /* the first 4096 bytes of t.memory */
    int *data;
};

static int open_fixture(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    guest_open(&f->t, NULL);
    guest_setup(&f->t, &f->s, source, "add", 0);
    f->mem = guest_placed_buffer(&f->t, f->s.context, 0, 4096);
    f->data = f->t.memory.ptr;
    *state = f;
    return 0;
}

/* A worker that served an honest guest ends cleanly, whatever the guest left behind. */
static int close_fixture(void **state) {
    struct fixture *f = *state;
    int status = guest_close(&f->t);
    free(f);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static uint32_t make_kernel(struct fixture *f, const char *name) {
    uint32_t id = guest_id(&f->t), slot = guest_slot(&f->t);
    TR_SEND(f->t.g, CREATE_KERNEL, create_kernel, ((struct tr_array[]){{name, (uint32_t)strlen(name)}}),
            .kernel = id, .program = f->s.program, .slot = slot);
    assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
    return id;
}

static uint32_t set_value(struct fixture *f, uint32_t kernel, uint32_t index, const void *value,
                          uint32_t size) {
    uint32_t slot = guest_slot(&f->t);
    TR_SEND(f->t.g, SET_ARG, set_arg, ((struct tr_array[]){{value, size}}), .kernel = kernel, .index = index,
            .kind = TR_ARG_VALUE, .size = size, .slot = slot);
    return slot;
}

static void enqueue(struct fixture *f, uint32_t kernel, size_t global, size_t local) {
    TR_SEND(f->t.g, ENQUEUE_KERNEL, enqueue_kernel, ((struct tr_array[]){{NULL, 0}}), .queue = f->s.queue,
            .kernel = kernel, .event_slot = TR_NO_SLOT, .work_dim = 1, .has = local ? TR_HAS_LOCAL : 0,
            .global = {global, 1, 1}, .local = {local, 1, 1});
}

static void enqueue_1d(struct fixture *f, uint32_t kernel, size_t global, size_t local) {
    TR_SEND(f->t.g, ENQUEUE_KERNEL_1D, enqueue_kernel_1d, ((struct tr_array[]){{NULL, 0}}),
            .queue = f->s.queue, .kernel = kernel, .event_slot = TR_NO_SLOT, .global = global,
            .local = local);
}

/* ---- the host's devices ---- */

static void test_enumerate(void **state) {
    struct fixture *f = *state;
    struct tr_device_entry *entries = f->t.memory.ptr;
    uint32_t slot = guest_slot(&f->t);

    TR_SEND(f->t.g, ENUMERATE, enumerate, NULL, .slot = slot, .out = guest_span(&f->t, 0, 4096));
    assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
    uint64_t size = guest_slot_ptr(&f->t, slot)->value;
    assert_true(size >= sizeof *entries && size % sizeof *entries == 0);
    for (uint32_t i = 0; i < size / sizeof *entries; i++) {
        assert_int_equal(entries[i].device, i);
        assert_int_equal(entries[i].shares, (entries[i].type & CL_DEVICE_TYPE_CPU) != 0);
    }
}

/* The answer's text is at f->data. */
static cl_int ask(struct fixture *f, enum tr_info what, uint32_t object, uint32_t param, uint64_t room,
                  uint64_t *size) {
    uint32_t slot = guest_slot(&f->t);
    memset(f->data, 0xee, 4096);
    TR_SEND(f->t.g, GET_INFO, get_info, ((struct tr_array[]){{NULL, 0}}), .slot = slot, .what = what,
            .object = object, .param = param, .out = guest_span(&f->t, 0, room));
    cl_int r = guest_result(&f->t, slot);
    *size = guest_slot_ptr(&f->t, slot)->value;
    return r;
}

static void test_info(void **state) {
    struct fixture *f = *state;
    uint64_t size, again;

    assert_int_equal(ask(f, TR_INFO_PLATFORM, 0, CL_PLATFORM_NAME, 4096, &size), CL_SUCCESS);
    assert_int_equal(size, strlen((char *)f->data) + 1);
    /* Too small for the answer: its size is told, and nothing is written. */
    assert_int_equal(ask(f, TR_INFO_PLATFORM, 0, CL_PLATFORM_NAME, size - 1, &again), CL_SUCCESS);
    assert_int_equal(again, size);
    assert_int_equal(*(unsigned char *)f->data, 0xee);
    assert_int_equal(ask(f, TR_INFO_KERNEL, f->s.kernel, CL_KERNEL_NUM_ARGS, 4096, &size), CL_SUCCESS);
    assert_int_equal(f->data[0], 2);
}

/* Answers that hold handles or addresses of the worker do not pass. */
static void test_info_hides_handles(void **state) {
    struct fixture *f = *state;
    const struct {
        enum tr_info what;
        uint32_t object, param;
    } hidden[] = {
        {TR_INFO_DEVICE, 0, CL_DEVICE_PLATFORM},
        {TR_INFO_DEVICE, 0, CL_DEVICE_PARENT_DEVICE},
        {TR_INFO_PROGRAM, f->s.program, CL_PROGRAM_CONTEXT},
        {TR_INFO_PROGRAM, f->s.program, CL_PROGRAM_DEVICES},
        {TR_INFO_PROGRAM, f->s.program, CL_PROGRAM_BINARIES},
        {TR_INFO_KERNEL, f->s.kernel, CL_KERNEL_CONTEXT},
        {TR_INFO_KERNEL, f->s.kernel, CL_KERNEL_PROGRAM},
        {TR_INFO_MEM, f->mem, CL_MEM_HOST_PTR},
        {TR_INFO_MEM, f->mem, CL_MEM_CONTEXT},
    };
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        uint64_t size;
        assert_int_equal(ask(f, hidden[i].what, hidden[i].object, hidden[i].param, 4096, &size),
                         CL_INVALID_VALUE);
        assert_int_equal(*(unsigned char *)f->data, 0xee);
    }
}

/* ---- kernels ---- */

static void test_kernel(void **state) {
    struct fixture *f = *state;
    int add = 7;

    for (int i = 0; i < 1000; i++)
        f->data[i] = i;
    guest_set_mem(&f->t, f->s.kernel, 0, f->mem);
    assert_int_equal(guest_result(&f->t, set_value(f, f->s.kernel, 1, &add, sizeof add)), CL_SUCCESS);
    for (int round = 0; round < 3; round++)
        enqueue(f, f->s.kernel, 1000, 0);
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(f->data[i], i + 21);
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS); /* nothing is left to wait for */
}

static void test_local_memory(void **state) {
    struct fixture *f = *state;
    uint32_t kernel = make_kernel(f, "sum");

    guest_set_mem(&f->t, kernel, 0, f->mem);
    TR_SEND(f->t.g, SET_ARG, set_arg, ((struct tr_array[]){{NULL, 0}}), .kernel = kernel, .index = 1,
            .kind = TR_ARG_NULL, .size = 16 * sizeof(int), .slot = TR_NO_SLOT);
    for (int form = 0; form < 2; form++) {
        for (int i = 0; i < 64; i++)
            f->data[i] = 1;
        (form ? enqueue_1d : enqueue)(f, kernel, 64, 16);
        assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS);
        for (int i = 0; i < 64; i++)
            assert_int_equal(f->data[i], 16);
        /* what the driver refuses is told by FINISH */
        (form ? enqueue_1d : enqueue)(f, kernel, 64, (size_t)1 << 40);
        assert_int_equal(guest_finish(&f->t, f->s.queue), CL_INVALID_WORK_GROUP_SIZE);
    }
}

/* Bytes of the guest never become a handle in the driver; where an argument is a number of the same size they
 * pass. */
static void test_values_are_no_handles(void **state) {
    struct fixture *f = *state;
    uint32_t kernel = make_kernel(f, "by_value");
    uint64_t bytes = 0x4141414141414141;

    assert_int_equal(guest_result(&f->t, set_value(f, kernel, 0, &bytes, sizeof bytes)),
                     CL_INVALID_ARG_VALUE);
    assert_int_equal(guest_result(&f->t, set_value(f, kernel, 1, &bytes, sizeof bytes)), CL_SUCCESS);
    guest_set_mem(&f->t, kernel, 0, f->mem);
    enqueue(f, kernel, 1, 0);
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS);
    assert_true(*(uint64_t *)f->t.memory.ptr == bytes);
}

/* An argument whose setting failed unnoticed does not run with what was there before. */
static void test_failed_argument(void **state) {
    struct fixture *f = *state;
    int add = 7;

    guest_set_mem(&f->t, f->s.kernel, 0, f->mem);
    TR_SEND(f->t.g, SET_ARG, set_arg, ((struct tr_array[]){{&add, sizeof add}}), .kernel = f->s.kernel,
            .index = 99, .kind = TR_ARG_VALUE, .size = sizeof add, .slot = TR_NO_SLOT);
    enqueue(f, f->s.kernel, 1, 0);
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_INVALID_ARG_INDEX);
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS); /* an error is told once */
}

static void test_printf(void **state) {
    struct fixture *f = *state;
    struct svga_region region;
    uint32_t kernel = make_kernel(f, "say");

    assert_int_equal(svga_guest_region_create(f->t.g, sizeof(struct tr_console), &region), 0);
    struct tr_console *console = region.ptr;
    TR_SEND(f->t.g, SET_CONSOLE, set_console, NULL, .region = region.id);
    f->data[0] = 10;
    guest_set_mem(&f->t, kernel, 0, f->mem);
    enqueue(f, kernel, 1, 0);
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS);
    const char expected[] = "10 green bottles\n";
    assert_int_equal(atomic_load(&console->written), sizeof expected - 1);
    assert_memory_equal(console->data, expected, sizeof expected - 1);
}

/* ---- buffers ---- */

static void test_transfers(void **state) {
    struct fixture *f = *state;
    uint32_t mem = guest_id(&f->t);

    /* A buffer that the driver allocates: 256 ints; guest memory from 8192 on is the other side. */
    TR_SEND(f->t.g, CREATE_BUFFER, create_buffer, NULL, .mem = mem, .context = f->s.context,
            .flags = CL_MEM_READ_WRITE, .size = 1024, .slot = TR_NO_SLOT);
    int *out = f->data + 2048, *in = f->data + 4096;
    for (int i = 0; i < 256; i++)
        out[i] = i;
    struct tr_array none[] = {{NULL, 0}};
    TR_SEND(f->t.g, TRANSFER_BUFFER, transfer_buffer, none, .queue = f->s.queue, .mem = mem,
            .event_slot = TR_NO_SLOT, .write = 1, .memory = guest_span(&f->t, 8192, 1024));
    int pattern = -1;
    TR_SEND(f->t.g, FILL_BUFFER, fill_buffer, ((struct tr_array[]){{&pattern, 4}, {NULL, 0}}),
            .queue = f->s.queue, .mem = mem, .event_slot = TR_NO_SLOT, .offset = 16, .size = 16);
    TR_SEND(f->t.g, COPY_BUFFER, copy_buffer, none, .queue = f->s.queue, .source = mem, .target = mem,
            .event_slot = TR_NO_SLOT, .source_offset = 512, .target_offset = 0, .size = 8);
    TR_SEND(f->t.g, TRANSFER_BUFFER, transfer_buffer, none, .queue = f->s.queue, .mem = mem,
            .event_slot = TR_NO_SLOT, .write = 0, .memory = guest_span(&f->t, 16384, 1024));
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS);
    for (int i = 0; i < 256; i++)
        assert_int_equal(in[i], i < 2 ? 128 + i : i >= 4 && i < 8 ? -1 : i);
    /* Beyond the buffer's end: the driver's error comes with FINISH. */
    TR_SEND(f->t.g, TRANSFER_BUFFER, transfer_buffer, none, .queue = f->s.queue, .mem = mem,
            .event_slot = TR_NO_SLOT, .offset = 1000, .memory = guest_span(&f->t, 16384, 1024));
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_INVALID_VALUE);
}

/* What could not be made is dead, and what uses it fails; nothing else does. */
static void test_dead_objects(void **state) {
    struct fixture *f = *state;
    uint32_t mem = guest_id(&f->t), sub = guest_id(&f->t);

    TR_SEND(f->t.g, CREATE_BUFFER, create_buffer, NULL, .mem = mem, .context = f->s.context,
            .flags = CL_MEM_READ_WRITE, .size = 1ull << 60, .slot = TR_NO_SLOT);
    uint32_t slot = guest_slot(&f->t);
    TR_SEND(f->t.g, CREATE_SUB_BUFFER, create_sub_buffer, NULL, .mem = sub, .parent = mem, .size = 16,
            .slot = slot);
    assert_int_equal(guest_result(&f->t, slot), CL_OUT_OF_RESOURCES);
    TR_SEND(f->t.g, TRANSFER_BUFFER, transfer_buffer, ((struct tr_array[]){{NULL, 0}}), .queue = f->s.queue,
            .mem = sub, .event_slot = TR_NO_SLOT, .memory = guest_span(&f->t, 8192, 16));
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_OUT_OF_RESOURCES);
    TR_SEND(f->t.g, RELEASE, release, NULL, .object = sub);
    TR_SEND(f->t.g, RELEASE, release, NULL, .object = mem);
    test_kernel(state);
}

/* ---- programs ---- */

static void test_failing_build(void **state) {
    struct fixture *f = *state;
    const char bad[] = "kernel void broken(global int *x) { undeclared_thing(); x[0] = nothing; }\n";
    uint32_t program = guest_id(&f->t), slot = guest_slot(&f->t), kernel = guest_id(&f->t);
    uint64_t size;

    TR_SEND(f->t.g, CREATE_PROGRAM, create_program,
            ((struct tr_array[]){{NULL, 0}, {NULL, 0}, {bad, sizeof bad - 1}}), .program = program,
            .context = f->s.context, .slot = TR_NO_SLOT, .ir = TR_IR_SOURCE);
    TR_SEND(f->t.g, BUILD_PROGRAM, build_program, ((struct tr_array[]){{NULL, 0}, {"-DX=1", 5}}),
            .program = program, .slot = slot);
    assert_int_equal(guest_result(&f->t, slot), CL_BUILD_PROGRAM_FAILURE);
    assert_int_equal(ask(f, TR_INFO_PROGRAM_BUILD, program, CL_PROGRAM_BUILD_LOG, 4096, &size), CL_SUCCESS);
    assert_non_null(strstr((char *)f->data, "nothing"));
    assert_int_equal(ask(f, TR_INFO_PROGRAM_BUILD, program, CL_PROGRAM_BUILD_STATUS, 4096, &size),
                     CL_SUCCESS);
    assert_int_equal(f->data[0], CL_BUILD_ERROR);
    /* The guest's own options, not what the worker added to them. */
    assert_int_equal(ask(f, TR_INFO_PROGRAM_BUILD, program, CL_PROGRAM_BUILD_OPTIONS, 4096, &size),
                     CL_SUCCESS);
    assert_string_equal((char *)f->data, "-DX=1");
    slot = guest_slot(&f->t);
    TR_SEND(f->t.g, CREATE_KERNEL, create_kernel, ((struct tr_array[]){{"broken", 6}}), .kernel = kernel,
            .program = program, .slot = slot);
    assert_int_not_equal(guest_result(&f->t, slot), CL_SUCCESS);
}

/* Source in a region, compiled and linked; then the binary of what came out makes the same program again. */
static void test_compile_link_binary(void **state) {
    struct fixture *f = *state;
    const char text[] = "#include \"seven.h\"\nkernel void k(global int *x) { x[0] = SEVEN; }\n",
               header[] = "#define SEVEN 7\n";
    uint32_t main_id = guest_id(&f->t), header_id = guest_id(&f->t), linked = guest_id(&f->t),
             again = guest_id(&f->t);
    uint32_t kernel = guest_id(&f->t), device = 0, slot;
    struct tr_array no_bytes[] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};

    memcpy((char *)f->data + 8192, text, sizeof text);
    TR_SEND(f->t.g, CREATE_PROGRAM, create_program, no_bytes, .program = main_id, .context = f->s.context,
            .slot = TR_NO_SLOT, .ir = TR_IR_SOURCE, .far = guest_span(&f->t, 8192, sizeof text - 1));
    TR_SEND(f->t.g, CREATE_PROGRAM, create_program,
            ((struct tr_array[]){{NULL, 0}, {NULL, 0}, {header, sizeof header - 1}}), .program = header_id,
            .context = f->s.context, .slot = TR_NO_SLOT, .ir = TR_IR_SOURCE);
    slot = guest_slot(&f->t);
    TR_SEND(f->t.g, COMPILE_PROGRAM, compile_program,
            ((struct tr_array[]){{NULL, 0}, {"", 0}, {&header_id, 1}, {"seven.h", sizeof "seven.h"}}),
            .program = main_id, .slot = slot);
    assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
    slot = guest_slot(&f->t);
    TR_SEND(f->t.g, LINK_PROGRAM, link_program, ((struct tr_array[]){{NULL, 0}, {"", 0}, {&main_id, 1}}),
            .program = linked, .context = f->s.context, .slot = slot);
    assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
    assert_int_equal(guest_slot_ptr(&f->t, slot)->value, 1);
    slot = guest_slot(&f->t);
    TR_SEND(f->t.g, GET_BINARIES, get_binaries, NULL, .program = linked, .slot = slot,
            .out = guest_span(&f->t, 1 << 20, 4 << 20));
    assert_int_equal(guest_result(&f->t, slot), CL_SUCCESS);
    uint64_t length = guest_slot_ptr(&f->t, slot)->value;
    assert_in_range(length, 1, 4 << 20);
    slot = guest_slot(&f->t);
    TR_SEND(f->t.g, CREATE_PROGRAM, create_program,
            ((struct tr_array[]){{&device, 1}, {&length, 1}, {NULL, 0}}), .program = again,
            .context = f->s.context, .slot = slot, .ir = TR_IR_BINARY,
            .far = guest_span(&f->t, 1 << 20, length));
    /* No store stands behind this worker, so nobody has vouched for the binary (binaries.c has the other case). */
    assert_int_equal(guest_result(&f->t, slot), CL_INVALID_BINARY);
    TR_SEND(f->t.g, CREATE_KERNEL, create_kernel, ((struct tr_array[]){{"k", 1}}), .kernel = kernel,
            .program = linked, .slot = TR_NO_SLOT);
    guest_set_mem(&f->t, kernel, 0, f->mem);
    enqueue(f, kernel, 1, 0);
    assert_int_equal(guest_finish(&f->t, f->s.queue), CL_SUCCESS);
    assert_int_equal(f->data[0], 7);
}

/* ---- the session ---- */

static void test_no_device(void **state) {
    char why[SVGA_WHY_SIZE] = "";
    (void)state;
    assert_null(guest_try_open((char *[]){"--device", "a device that nobody has", NULL}, TR_VERSION, why));
    assert_non_null(strstr(why, "no OpenCL device"));
}

static void test_other_version(void **state) {
    char why[SVGA_WHY_SIZE] = "";
    (void)state;
    assert_null(guest_try_open(NULL, TR_VERSION + (1u << 16), why));
    assert_non_null(strstr(why, "version"));
    assert_null(guest_try_open(NULL, TR_VERSION + 1, why));
    assert_non_null(strstr(why, "version"));
}

static void test_refusal(void **state) {
    char why[SVGA_WHY_SIZE] = "";
    (void)state;
    assert_null(guest_try_open((char *[]){"--refuse", "not today", NULL}, TR_VERSION, why));
    assert_string_equal(why, "not today");
}

/* Nothing is scheduled in a worker whose guest does nothing: it neither spins nor polls. */
static void test_idle(void **state) {
    struct fixture *f = *state;
    unsigned long before, after;
    bool still = false;

#ifdef __SANITIZE_THREAD__
    skip(); /* ThreadSanitizer has a thread of its own that wakes ten times a second */
#endif
    test_kernel(state);
    for (int tries = 0; tries < 100 && !still;
         tries++) { /* it may take a while until everything has come to rest */
        before = guest_worker_switches(&f->t);
        usleep(100000);
        after = guest_worker_switches(&f->t);
        still = before == after;
    }
    assert_true(still);
    test_kernel(state); /* and it wakes again */
}

int test_commands(void) {
#define WITH_WORKER(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        WITH_WORKER(test_enumerate),
        WITH_WORKER(test_info),
        WITH_WORKER(test_info_hides_handles),
        WITH_WORKER(test_kernel),
        WITH_WORKER(test_local_memory),
        WITH_WORKER(test_values_are_no_handles),
        WITH_WORKER(test_failed_argument),
        WITH_WORKER(test_printf),
        WITH_WORKER(test_transfers),
        WITH_WORKER(test_dead_objects),
        WITH_WORKER(test_failing_build),
        WITH_WORKER(test_compile_link_binary),
        WITH_WORKER(test_idle),
        cmocka_unit_test(test_no_device),
        cmocka_unit_test(test_other_version),
        cmocka_unit_test(test_refusal),
    };
    return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
