// SPDX-License-Identifier: MIT
/* Copying between the application's memory and shared memory. */
#include "tests/lib/unit.h"

#include <sys/mman.h>

#include "guest-icd/session/bulk.h"

enum { MARGIN = 64 };

/* Every size up to a few words and around the thresholds, at every alignment of both sides; nothing beside
 * the target may change. */
static void check(void (*copy)(void *to, const void *from, size_t size), size_t size) {
    uint32_t random = 7;
    unsigned char *from = malloc(size + 2 * MARGIN), *to = malloc(size + 2 * MARGIN);

    assert_true(from && to);
    for (size_t i = 0; i < size + 2 * MARGIN; i++)
        from[i] = (unsigned char)unit_random(&random);
    for (size_t a = 0; a < 8; a++)
        for (size_t b = 0; b < 8; b++) {
            memset(to, 0xa5, size + 2 * MARGIN);
            copy(to + MARGIN + a, from + b, size);
            assert_memory_equal(to + MARGIN + a, from + b, size);
            for (size_t i = 0; i < MARGIN - 8; i++)
                assert_true(to[i] == 0xa5 && to[size + 2 * MARGIN - 1 - i] == 0xa5);
        }
    free(from);
    free(to);
}

static void words(void **state) {
    (void)state;
    for (size_t size = 0; size < 100; size++)
        check(icd_copy_words, size);
    check(icd_copy_words, 4096 + 3);
}

static void memory(void **state) {
    (void)state;
    for (size_t size = 0; size < 300; size += 7)
        check(icd_copy_memory, size);
    check(icd_copy_memory, (4 << 20) - 1);
    check(icd_copy_memory, (4 << 20) + 5);
}

/* Pages that were never touched. */
static void fresh_pages(void **state) {
    const size_t size = (size_t)9 << 20;
    (void)state;

    unsigned char *from = malloc(size);
    unsigned char *to = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(from && to != MAP_FAILED);
    for (size_t i = 0; i < size; i++)
        from[i] = (unsigned char)(i * 31 + (i >> 12));
    icd_copy_memory(to + 100, from, size - 100);
    assert_memory_equal(to + 100, from, size - 100);
    assert_int_equal(to[99], 0);
    munmap(to, size);
    free(from);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(memory),
        cmocka_unit_test(fresh_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
