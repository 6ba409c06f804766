// SPDX-License-Identifier: MIT
/* Binaries: a driver gets only those that this host made for the same tenant. */
#include "tests/lib/unit.h"

#include <errno.h>
#include <ftw.h>
#include <sys/wait.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host-backend/broker/store.h"
#include "tests/worker/guest.h"
#include "tests/worker/tests.h"

#define MAX_BINARY (4u << 20)

struct session {
    struct test_guest t;
    struct store *store;
    uint32_t context, queue;
};

struct blob {
    unsigned char *bytes;
    uint64_t size;
};

static char folder[32];

static int setup(void **state) {
    (void)state;
    strcpy(folder, "/tmp/trillium-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static int teardown(void **state) {
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void open_session(struct session *s, const char *tenant) {
    uint32_t device = 0;
    uint64_t none = 0;
    char key[64];

    snprintf(key, sizeof key, "%s/host.key", folder);
    s->store = store_create(&(struct store_config){.key_path = key});
    assert_non_null(s->store);
    guest_open_with_store(&s->t, NULL, s->store, tenant);
    s->context = guest_id(&s->t);
    s->queue = guest_id(&s->t);
    TR_SEND(s->t.g, CREATE_CONTEXT, create_context, ((struct tr_array[]){{&device, 1}}),
            .context = s->context, .slot = guest_slot(&s->t));
    TR_SEND(s->t.g, CREATE_QUEUE, create_queue, ((struct tr_array[]){{&none, 0}}), .queue = s->queue,
            .context = s->context, .slot = guest_slot(&s->t));
}

static void close_session(struct session *s) {
    guest_close(&s->t);
    store_destroy(s->store);
}

static cl_int build(struct session *s, uint32_t program) {
    uint32_t slot = guest_slot(&s->t);
    TR_SEND(s->t.g, BUILD_PROGRAM, build_program, ((struct tr_array[]){{NULL, 0}, {"", 0}}),
            .program = program, .slot = slot);
    return guest_result(&s->t, slot);
}

/* A program's binary, as a guest gets it. */
static struct blob take(struct session *s, uint32_t program) {
    uint32_t slot = guest_slot(&s->t);
    struct blob b;

    TR_SEND(s->t.g, GET_INFO, get_info, ((struct tr_array[]){{NULL, 0}}), .slot = slot,
            .what = TR_INFO_PROGRAM, .object = program, .param = CL_PROGRAM_BINARY_SIZES,
            .out = guest_span(&s->t, 0, sizeof b.size));
    assert_int_equal(guest_result(&s->t, slot), CL_SUCCESS);
    memcpy(&b.size, s->t.memory.ptr, sizeof b.size);
    slot = guest_slot(&s->t);
    TR_SEND(s->t.g, GET_BINARIES, get_binaries, NULL, .program = program, .slot = slot,
            .out = guest_span(&s->t, 0, MAX_BINARY));
    assert_int_equal(guest_result(&s->t, slot), CL_SUCCESS);
    assert_int_equal(guest_slot_ptr(&s->t, slot)->value, b.size);
    b.bytes = malloc(b.size);
    memcpy(b.bytes, s->t.memory.ptr, b.size);
    return b;
}

static struct blob build_and_take(struct session *s) {
    static const char source[] = "kernel void k(global int *x) { x[0] = 77; }\n";
    uint32_t program = guest_id(&s->t);
    TR_SEND(s->t.g, CREATE_PROGRAM, create_program,
            ((struct tr_array[]){{NULL, 0}, {NULL, 0}, {source, (uint32_t)strlen(source)}}),
            .program = program, .context = s->context, .slot = TR_NO_SLOT, .ir = TR_IR_SOURCE);
    assert_int_equal(build(s, program), CL_SUCCESS);
    return take(s, program);
}

/* What creating a program of these bytes answers. */
static cl_int give(struct session *s, const void *bytes, uint64_t size, uint32_t *program) {
    uint32_t slot = guest_slot(&s->t), device = 0;
    cl_int *status = s->t.memory.ptr;

    *program = guest_id(&s->t);
    *status = 99;
    memcpy((char *)s->t.memory.ptr + 4096, bytes, size);
    TR_SEND(s->t.g, CREATE_PROGRAM, create_program,
            ((struct tr_array[]){{&device, 1}, {&size, 1}, {NULL, 0}}), .program = *program,
            .context = s->context, .slot = slot, .ir = TR_IR_BINARY, .far = guest_span(&s->t, 4096, size),
            .out = guest_span(&s->t, 0, sizeof *status));
    cl_int r = guest_result(&s->t, slot);
    assert_int_equal(*(volatile cl_int *)status, r);
    return r;
}

static void runs(struct session *s, uint32_t program) {
    uint32_t kernel = guest_id(&s->t);

    assert_int_equal(build(s, program), CL_SUCCESS);
    TR_SEND(s->t.g, CREATE_KERNEL, create_kernel, ((struct tr_array[]){{"k", 1}}), .kernel = kernel,
            .program = program, .slot = TR_NO_SLOT);
    guest_set_mem(&s->t, kernel, 0, guest_placed_buffer(&s->t, s->context, 0, 4096));
    TR_SEND(s->t.g, ENQUEUE_KERNEL, enqueue_kernel, ((struct tr_array[]){{NULL, 0}}), .queue = s->queue,
            .kernel = kernel, .event_slot = TR_NO_SLOT, .work_dim = 1, .global = {1, 1, 1});
    assert_int_equal(guest_finish(&s->t, s->queue), CL_SUCCESS);
    assert_int_equal(*(volatile int *)s->t.memory.ptr, 77);
}

/* Own binaries are taken: in the same session, of a program made of one, and in a later session, as they come
 * back from a file. */
static void test_own(void **state) {
    struct session s;
    uint32_t program;
    (void)state;

    open_session(&s, "user-1");
    struct blob b = build_and_take(&s);
    assert_int_equal(give(&s, b.bytes, b.size, &program), CL_SUCCESS);
    runs(&s, program);
    struct blob second = take(&s, program);
    close_session(&s);
    open_session(&s, "user-1");
    assert_int_equal(give(&s, second.bytes, second.size, &program), CL_SUCCESS);
    runs(&s, program);
    close_session(&s);
    free(b.bytes);
    free(second.bytes);
}

/* All others are refused before a driver sees them. */
static void test_others(void **state) {
    struct session s;
    uint32_t program;
    (void)state;

    open_session(&s, "user-1");
    struct blob b = build_and_take(&s);
    for (uint64_t at = 0; at < b.size; at += 1 + b.size / 97) { /* also in the trailer */
        b.bytes[at] ^= 0x10;
        assert_int_equal(give(&s, b.bytes, b.size, &program), CL_INVALID_BINARY);
        b.bytes[at] ^= 0x10;
    }
    b.bytes[b.size - 1] ^= 1;
    assert_int_equal(give(&s, b.bytes, b.size, &program), CL_INVALID_BINARY);
    b.bytes[b.size - 1] ^= 1;
    for (uint64_t less = 1; less <= 64; less++) /* without its trailer, or with a part of it */
        assert_int_equal(give(&s, b.bytes, b.size - less, &program), CL_INVALID_BINARY);
    for (uint64_t size = 1; size <= 64; size++)
        assert_int_equal(give(&s, b.bytes, size, &program), CL_INVALID_BINARY);
    close_session(&s);
    open_session(&s, "user-2");
    assert_int_equal(give(&s, b.bytes, b.size, &program), CL_INVALID_BINARY);
    close_session(&s);
    free(b.bytes);
}

/* PoCL's binaries are archives: one whose first path leaves the folder that it is unpacked to, and one whose
 * path is longer than any buffer. */
static void test_crafted(void **state) {
    struct session s;
    uint32_t program;
    (void)state;

    open_session(&s, "user-1");
    struct blob b = build_and_take(&s);
    unsigned char *path = memmem(b.bytes, b.size, "/program.bc", 11);
    if (path) {
        memcpy(path, "/../../../x", 11);
        assert_int_equal(give(&s, b.bytes, b.size, &program), CL_INVALID_BINARY);
        uint64_t at = (uint64_t)(path - b.bytes), size = b.size + 8192;
        unsigned char *longer = malloc(size);
        memcpy(longer, b.bytes, at);
        memset(longer + at, 'x', 8192);
        memcpy(longer + at + 8192, path, b.size - at);
        const uint32_t length = 8192 + 11;
        memcpy(longer + at - sizeof length, &length, sizeof length);
        assert_int_equal(give(&s, longer, size, &program), CL_INVALID_BINARY);
        free(longer);
    }
    /* The worker is as well as before. */
    struct blob again = build_and_take(&s);
    assert_int_equal(give(&s, again.bytes, again.size, &program), CL_SUCCESS);
    close_session(&s);
    free(b.bytes);
    free(again.bytes);
}

int test_binaries(void) {
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_own),
        WITH_FOLDER(test_others),
        WITH_FOLDER(test_crafted),
    };
    return cmocka_run_group_tests_name("binaries", tests, NULL, NULL);
}
