// SPDX-License-Identifier: MIT
/* The memory table of vhost-user. */
#include "tests/vhost-user/tests.h"

#include <errno.h>
#include <unistd.h>

#include "host-backend/vhost-user/memory.h"

/* A SET_MEM_TABLE message of two regions of 2 pages, with a hole between them in the guest. */
static struct vu_message table(void) {
    struct vu_message m = {.header.size = 8 + 2 * sizeof(struct vu_memory_region), .fd_count = 2};
    m.payload.memory = (struct vu_memory_table){
        .count = 2, .regions = {{0x10000, 0x2000, 0x7000, 0}, {0x20000, 0x2000, 0x9000, 0x2000}}};
    m.fds[0] = unit_memfd(0x4000);
    m.fds[1] = dup(m.fds[0]);
    return m;
}

static void finds_what_is_there(void **state) {
    struct vu_message m = table();
    struct vu_memory *memory = vu_memory_create(&m);
    (void)state;
    assert_non_null(memory);
    assert_int_equal(m.fds[0], -1);
    uint8_t *first = vu_memory_guest(memory, 0x10000, 0x2000), *second = vu_memory_guest(memory, 0x20000, 1);
    assert_non_null(first);
    assert_non_null(second);
    second[5] = 42;
    assert_int_equal(*(uint8_t *)vu_memory_user(memory, 0x9005, 1), 42);
    assert_ptr_equal(vu_memory_user(memory, 0x7fff, 1), first + 0xfff);
    assert_int_equal(vu_memory_find(memory, 0x21fff, 1), 1);
    vu_memory_unref(memory);
}

static void finds_nothing_beyond(void **state) {
    struct vu_message m = table();
    struct vu_memory *memory = vu_memory_create(&m);
    (void)state;
    assert_non_null(memory);
    assert_null(vu_memory_guest(memory, 0xffff, 1));
    assert_null(vu_memory_guest(memory, 0x12000, 1));
    assert_null(vu_memory_guest(memory, 0x11fff, 2));
    assert_null(vu_memory_guest(memory, 0x10001, 0x2000));
    assert_null(vu_memory_guest(memory, 0x10000, UINT64_MAX));
    assert_null(vu_memory_guest(memory, UINT64_MAX, 2));
    assert_null(vu_memory_user(memory, 0x6fff, 1));
    assert_null(vu_memory_user(memory, 0x7001, UINT64_MAX));
    /* Neighbours for QEMU, but two mappings for us. */
    assert_null(vu_memory_user(memory, 0x8fff, 2));
    assert_int_equal(vu_memory_find(memory, 0x11fff, 2), -1);
    vu_memory_unref(memory);
}

static void refuses(struct vu_message *m) {
    assert_null(vu_memory_create(m));
    assert_int_equal(errno, EINVAL);
    vu_message_close_fds(m);
}

static void refuses_what_cannot_be(void **state) {
    unsigned open_before = unit_open_fds();
    struct vu_message m;
    (void)state;

    m = table(), m.payload.memory.regions[1].size = 0x2001; /* beyond the file's end */
    refuses(&m);
    m = table(), m.payload.memory.regions[1].mmap_offset = UINT64_MAX - 0xfff;
    refuses(&m);
    m = table(), m.payload.memory.regions[0].guest_addr = UINT64_MAX - 0xfff;
    refuses(&m);
    m = table(), m.payload.memory.regions[0].user_addr = UINT64_MAX - 0xfff;
    refuses(&m);
    m = table(), m.payload.memory.regions[0].size = 0;
    refuses(&m);
    m = table(), m.payload.memory.count = 9;
    refuses(&m);
    m = table(), m.payload.memory.count = 1; /* and two descriptors */
    refuses(&m);
    m = table(), m.header.size = 8 + sizeof(struct vu_memory_region); /* and two regions */
    refuses(&m);
    assert_int_equal(unit_open_fds(), open_before);
}

static void lives_as_long_as_it_is_used(void **state) {
    unsigned open_before = unit_open_fds();
    struct vu_message m = table();
    struct vu_memory *memory = vu_memory_create(&m);
    (void)state;
    vu_memory_ref(memory);
    vu_memory_unref(memory);
    *(uint8_t *)vu_memory_guest(memory, 0x10000, 1) = 1;
    vu_memory_unref(memory);
    vu_memory_unref(NULL);
    assert_int_equal(unit_open_fds(), open_before);
}

int run_memory_tests(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_there),
        cmocka_unit_test(finds_nothing_beyond),
        cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(lives_as_long_as_it_is_used),
    };
    return cmocka_run_group_tests_name("memory table", tests, NULL, NULL);
}
