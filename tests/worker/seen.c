// SPDX-License-Identifier: MIT
/* Builds seen before: shared in a session, kept across sessions. */
#include "tests/lib/unit.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-backend/broker/store.h"
#include "host-backend/profile/trace.h"
#include "svga-model/futex.h"
#include "tests/worker/guest.h"
#include "tests/worker/tests.h"

static const char plain[] = "kernel void k(global int *x) { x[0] = WHAT; }\n";
static const char with_variable[] =
    "global int counter = 0;\nkernel void k(global int *x) { x[0] = WHAT + counter++; }\n";
static const char with_header[] =
    "#include \"no-such-header.h\"\nkernel void k(global int *x) { x[0] = WHAT; }\n";

struct folder {
    char profile[32], cache[32];
};

static int make_folders(void **state) {
    struct folder *f = calloc(1, sizeof *f);
    strcpy(f->profile, "/tmp/trillium-test-XXXXXX");
    strcpy(f->cache, "/tmp/trillium-test-XXXXXX");
    *state = f;
    return mkdtemp(f->profile) && mkdtemp(f->cache) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void remove_all(const char *dir) {
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int remove_folders(void **state) {
    struct folder *f = *state;
    remove_all(f->profile);
    remove_all(f->cache);
    free(f);
    return 0;
}

/* How many builds are kept for this tenant. */
static unsigned entries_of(const struct folder *f, const char *tenant) {
    struct dirent *entry;
    unsigned count = 0;
    char path[64];
    snprintf(path, sizeof path, "%s/%s", f->cache, tenant);
    DIR *d = opendir(path);
    while (d && (entry = readdir(d)))
        count += entry->d_name[0] != '.';
    if (d)
        closedir(d);
    return count;
}

static unsigned entries(const struct folder *f) {
    return entries_of(f, "user-1");
}

/* A guest that builds things; how each build was done is read from its worker's profile. */
struct builder {
    struct test_guest t;
    uint32_t context, queue, mem;
    struct folder *f;
    struct store *store;
};

static void open_as(struct builder *b, struct folder *f, bool share, const char *tenant) {
    uint32_t device = 0, slot;
    uint64_t none = 0;

    b->f = f;
    b->store = store_create(&(struct store_config){.cache_dir = f->cache, .max_bytes = 64 << 20});
    assert_non_null(b->store);
    char number[16];
    int trace = guest_trace_file(f->profile, number);
    guest_open_with_store(&b->t,
                          (char *[]){"--profile-fd", number, share ? NULL : "--no-shared-builds", NULL},
                          b->store, tenant);
    close(trace);
    b->context = guest_id(&b->t);
    b->queue = guest_id(&b->t);
    slot = guest_slot(&b->t);
    TR_SEND(b->t.g, CREATE_CONTEXT, create_context, ((struct tr_array[]){{&device, 1}}),
            .context = b->context, .slot = slot);
    assert_int_equal(guest_result(&b->t, slot), CL_SUCCESS);
    slot = guest_slot(&b->t);
    TR_SEND(b->t.g, CREATE_QUEUE, create_queue, ((struct tr_array[]){{&none, 0}}), .queue = b->queue,
            .context = b->context, .slot = slot);
    assert_int_equal(guest_result(&b->t, slot), CL_SUCCESS);
    b->mem = guest_placed_buffer(&b->t, b->context, 0, 4096);
}

static void open_builder(struct builder *b, struct folder *f, bool share) {
    open_as(b, f, share, "user-1");
}

static uint32_t make(struct builder *b, const char *source) {
    uint32_t program = guest_id(&b->t);
    TR_SEND(b->t.g, CREATE_PROGRAM, create_program,
            ((struct tr_array[]){{NULL, 0}, {NULL, 0}, {source, (uint32_t)strlen(source)}}),
            .program = program, .context = b->context, .slot = TR_NO_SLOT, .ir = TR_IR_SOURCE);
    return program;
}

static cl_int build(struct builder *b, uint32_t program, const char *options) {
    uint32_t slot = guest_slot(&b->t);
    TR_SEND(b->t.g, TRACE, trace, NULL, .call_ns = svga_now_ns(), .write_ns = svga_now_ns());
    TR_SEND(b->t.g, BUILD_PROGRAM, build_program,
            ((struct tr_array[]){{NULL, 0}, {options, (uint32_t)strlen(options)}}), .program = program,
            .slot = slot);
    return guest_result(&b->t, slot);
}

/* What kernel "k" of the program answers. */
static int run(struct builder *b, uint32_t program) {
    uint32_t kernel = guest_id(&b->t), slot = guest_slot(&b->t);
    TR_SEND(b->t.g, CREATE_KERNEL, create_kernel, ((struct tr_array[]){{"k", 1}}), .kernel = kernel,
            .program = program, .slot = slot);
    assert_int_equal(guest_result(&b->t, slot), CL_SUCCESS);
    guest_set_mem(&b->t, kernel, 0, b->mem);
    TR_SEND(b->t.g, ENQUEUE_KERNEL, enqueue_kernel, ((struct tr_array[]){{NULL, 0}}), .queue = b->queue,
            .kernel = kernel, .event_slot = TR_NO_SLOT, .work_dim = 1, .global = {1, 1, 1});
    assert_int_equal(guest_finish(&b->t, b->queue), CL_SUCCESS);
    TR_SEND(b->t.g, RELEASE, release, NULL, .object = kernel);
    return *(volatile int *)b->t.memory.ptr;
}

/* The name of the argument of the program's kernel "k". */
static const char *argument_name(struct builder *b, uint32_t program) {
    uint32_t kernel = guest_id(&b->t), slot = guest_slot(&b->t);
    char *out = (char *)b->t.memory.ptr + 65536;
    TR_SEND(b->t.g, CREATE_KERNEL, create_kernel, ((struct tr_array[]){{"k", 1}}), .kernel = kernel,
            .program = program, .slot = TR_NO_SLOT);
    TR_SEND(b->t.g, GET_INFO, get_info, ((struct tr_array[]){{NULL, 0}}), .slot = slot,
            .what = TR_INFO_KERNEL_ARG, .object = kernel, .param = CL_KERNEL_ARG_NAME, .index = 0,
            .out = guest_span(&b->t, 65536, 256));
    assert_int_equal(guest_result(&b->t, slot), CL_SUCCESS);
    return out;
}

/* Ends the session; a string with one letter per build: 'd' by the driver, 's' seen before. */
static const char *close_builder(struct builder *b) {
    static char how[64];
    struct trace_set set;
    size_t n = 0;
    char why[256] = "";

    int status = guest_close(&b->t);
    store_destroy(b->store);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(trace_read(b->f->profile, &set, why, sizeof why), 0);
    for (size_t i = 0; i < set.count && n < sizeof how - 1; i++)
        if (set.items[i].command.what == TRACE_BUILD)
            how[n++] = set.items[i].command.cached ? 's' : 'd';
    how[n] = '\0';
    trace_free(&set);
    remove_all(b->f->profile);
    mkdir(b->f->profile, 0700);
    return how;
}

static void test_in_a_session(void **state) {
    struct builder b;
    open_builder(&b, *state, true);
    uint32_t one = make(&b, plain), two = make(&b, plain), three = make(&b, plain);
    assert_int_equal(build(&b, one, "-DWHAT=1"), CL_SUCCESS);
    assert_int_equal(build(&b, two, "-DWHAT=1"), CL_SUCCESS);
    assert_int_equal(build(&b, three, "-DWHAT=3"), CL_SUCCESS); /* other options are another program */
    assert_int_equal(run(&b, one), 1);
    assert_int_equal(run(&b, two), 1);
    assert_int_equal(run(&b, three), 3);
    /* One of those that share is built again: the other one stays what it was. */
    assert_int_equal(build(&b, one, "-DWHAT=4"), CL_SUCCESS);
    assert_int_equal(run(&b, one), 4);
    assert_int_equal(run(&b, two), 1);
    TR_SEND(b.t.g, RELEASE, release, NULL, .object = two);
    assert_int_equal(build(&b, one, "-DWHAT=1"), CL_SUCCESS);
    assert_int_equal(run(&b, one), 1);
    assert_string_equal(close_builder(&b), "dsdds");
}

/* A failed build is the driver's every time, and nothing of it is kept. */
static void test_failures(void **state) {
    struct folder *f = *state;
    struct builder b;
    open_builder(&b, f, true);
    uint32_t program = make(&b, plain);
    assert_int_equal(build(&b, program, "-DWHAT=nonsense"), CL_BUILD_PROGRAM_FAILURE);
    assert_int_equal(build(&b, program, "-DWHAT=nonsense"), CL_BUILD_PROGRAM_FAILURE);
    assert_int_equal(build(&b, program, "-DWHAT=1"), CL_SUCCESS);
    assert_int_equal(run(&b, program), 1);
    uint32_t header = make(&b, with_header);
    assert_int_equal(build(&b, header, "-DWHAT=1"), CL_BUILD_PROGRAM_FAILURE);
    assert_string_equal(close_builder(&b), "dddd");
    assert_int_equal(entries(f), 1);
}

/* Programs with variables of their own never share them. */
static void test_variables(void **state) {
    struct builder b;
    open_builder(&b, *state, true);
    uint32_t one = make(&b, with_variable), two = make(&b, with_variable);
    if (build(&b, one, "-cl-std=CL3.0 -DWHAT=0") != CL_SUCCESS) {
        close_builder(&b);
        skip(); /* the driver has no variables in program scope */
    }
    assert_int_equal(build(&b, two, "-cl-std=CL3.0 -DWHAT=0"), CL_SUCCESS);
    assert_int_equal(run(&b, one), 0);
    assert_int_equal(run(&b, one), 1);
    assert_int_equal(run(&b, two), 0);
    close_builder(&b);
}

static void test_across_sessions(void **state) {
    struct folder *f = *state;
    struct builder b;

    open_builder(&b, f, true);
    uint32_t program = make(&b, plain);
    assert_int_equal(build(&b, program, "-DWHAT=5"), CL_SUCCESS);
    assert_int_equal(run(&b, program), 5);
    assert_string_equal(close_builder(&b), "d");
    assert_int_equal(entries(f), 1);

    open_builder(&b, f, true);
    program = make(&b, plain);
    uint32_t other = make(&b, plain);
    assert_int_equal(build(&b, program, "-DWHAT=5"), CL_SUCCESS);
    assert_int_equal(run(&b, program), 5);
    assert_string_equal(argument_name(&b, program), "x"); /* drivers forget it in their binaries */
    assert_int_equal(build(&b, other, "-DWHAT=6"), CL_SUCCESS);
    assert_int_equal(run(&b, other), 6);
    assert_string_equal(close_builder(&b), "sd");
    assert_int_equal(entries(f), 2);

    open_builder(&b, f, false); /* the off-switch */
    program = make(&b, plain);
    assert_int_equal(build(&b, program, "-DWHAT=5"), CL_SUCCESS);
    assert_int_equal(run(&b, program), 5);
    assert_string_equal(close_builder(&b), "d");
}

/* Builds under other variables of the driver's are other builds; and a directive that is spliced is one. */
static void test_dependencies(void **state) {
    static const char spliced[] = "#inc\\\nlude \"no-such-header.h\"\n";
    static const char told[] =
        "/* does not include ../main.h */ kernel void k(global int *x) { x[0] = WHAT; }\n";
    static const char *const texts[] = {
        "/* #inc\\\nlude */ kernel void k(global int *x) { x[0] = WHAT; }\n",
        "/* #in?\?/\nclude */ kernel void k(global int *x) { x[0] = WHAT; }\n",
        "/* #includ\\ \t\ne */ kernel void k(global int *x) { x[0] = WHAT; }\n",
        "/* .incbin */ kernel void k(global int *x) { x[0] = WHAT; }\n",
        "/* / include */ kernel void k(global int *x) { x[0] = WHAT; }\n",
        "/* %: include */ kernel void k(global int *x) { x[0] = WHAT; }\n",
        "/* ?\?= include */ kernel void k(global int *x) { x[0] = WHAT; }\n",
        "/* __has_include */ kernel void k(global int *x) { x[0] = WHAT; }\n",
        "/* #embed */ kernel void k(global int *x) { x[0] = WHAT; }\n",
    };
    struct folder *f = *state;
    struct builder b;

    open_builder(&b, f, true);
    assert_int_equal(build(&b, make(&b, plain), "-DWHAT=5"), CL_SUCCESS);
    assert_int_equal(build(&b, make(&b, spliced), "-DWHAT=5"), CL_BUILD_PROGRAM_FAILURE);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (int twice = 0; twice < 2; twice++)
            assert_int_equal(build(&b, make(&b, texts[i]), "-DWHAT=5"), CL_SUCCESS);
    assert_string_equal(close_builder(&b), "dddddddddddddddddddd");
    assert_int_equal(entries(f), 1);
    open_builder(&b, f, true);
    for (int twice = 0; twice < 2; twice++)
        assert_int_equal(build(&b, make(&b, told), "-DWHAT=5"), CL_SUCCESS);
    assert_string_equal(close_builder(&b), "ds");
    assert_int_equal(entries(f), 2);
    setenv("POCL_VECTORIZER_REMARKS", "0", 1);
    open_builder(&b, f, true);
    unsetenv("POCL_VECTORIZER_REMARKS");
    assert_int_equal(build(&b, make(&b, plain), "-DWHAT=5"), CL_SUCCESS);
    assert_string_equal(close_builder(&b), "d");
    open_builder(&b, f, true);
    assert_int_equal(build(&b, make(&b, plain), "-DWHAT=5"), CL_SUCCESS);
    assert_string_equal(close_builder(&b), "s");
}

/* A kernel whose name is too long for a file's: nothing is kept of it where the driver cannot, and the worker ends as
 * it should. */
static void test_long_names(void **state) {
    struct folder *f = *state;
    struct builder b;
    char source[2000], name[701];

    memset(name, 'n', 700);
    name[700] = '\0';
    open_builder(&b, f, true);
    for (int length = 700; length >= 300; length -= 400) {
        name[length] = '\0';
        snprintf(source, sizeof source,
                 "kernel void %s(global int *x) { x[0] = 1; } kernel void k(global int *x) { x[0] = 2; }\n",
                 name);
        uint32_t program = make(&b, source);
        assert_int_equal(build(&b, program, ""), CL_SUCCESS);
        assert_int_equal(run(&b, program), 2);
    }
    assert_string_equal(close_builder(&b), "dd"); /* it looks at how the worker ended */
    assert_int_equal(entries(f), guest_driver_has_quirk("long-names-end-it") ? 0 : 2);
}

/* What one tenant stored, another one never runs. */
static void test_tenants(void **state) {
    struct folder *f = *state;
    struct builder b;

    open_as(&b, f, true, "user-1");
    assert_int_equal(build(&b, make(&b, plain), "-DWHAT=5"), CL_SUCCESS);
    assert_string_equal(close_builder(&b), "d");
    open_as(&b, f, true, "../user-1"); /* no name of a folder: none of the others' either */
    assert_int_equal(build(&b, make(&b, plain), "-DWHAT=5"), CL_SUCCESS);
    assert_string_equal(close_builder(&b), "d");
    open_as(&b, f, true, "user-2");
    assert_int_equal(build(&b, make(&b, plain), "-DWHAT=5"), CL_SUCCESS);
    assert_string_equal(close_builder(&b), "d");
    open_as(&b, f, true, "user-1");
    assert_int_equal(build(&b, make(&b, plain), "-DWHAT=5"), CL_SUCCESS);
    assert_string_equal(close_builder(&b), "s");
    assert_int_equal(entries_of(f, "user-1"), 1);
    assert_int_equal(entries_of(f, "user-2"), 1);
}

int test_seen(void) {
#define WITH_FOLDERS(test) cmocka_unit_test_setup_teardown(test, make_folders, remove_folders)
    const struct CMUnitTest tests[] = {
        WITH_FOLDERS(test_in_a_session),    WITH_FOLDERS(test_failures), WITH_FOLDERS(test_variables),
        WITH_FOLDERS(test_across_sessions), WITH_FOLDERS(test_tenants),  WITH_FOLDERS(test_dependencies),
        WITH_FOLDERS(test_long_names),
    };
    return cmocka_run_group_tests_name("seen", tests, NULL, NULL);
}
