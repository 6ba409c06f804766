// SPDX-License-Identifier: MIT
/* Ranges of addresses in order. */
#include "tests/lib/unit.h"

#include "guest-icd/session/ranges.h"

enum { COUNT = 100, SIZE = 48, APART = 64 };

static uintptr_t address_of(int i) {
    return 0x10000 + (uintptr_t)i * APART;
}

static const void *pointer(uintptr_t address) {
    return (const void *)address; // NOLINT(performance-no-int-to-ptr): nobody looks there
}

static void test_find(void **state) {
    struct icd_ranges r = {0};
    int whats[COUNT];
    (void)state;

    assert_null(icd_ranges_find(&r, pointer(address_of(0)), 1));
    assert_null(icd_ranges_take(&r, address_of(0)));
    for (int i = 0; i < COUNT; i++) { /* in another order than that of the addresses */
        int n = i * 37 % COUNT;
        assert_true(icd_ranges_add(&r, &(struct icd_range){address_of(n), SIZE, &whats[n]}));
    }
    assert_int_equal(r.count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        const struct icd_range *whole = icd_ranges_find(&r, pointer(address_of(i)), SIZE);
        assert_non_null(whole);
        assert_ptr_equal(whole->what, &whats[i]);
        assert_ptr_equal(icd_ranges_find(&r, pointer(address_of(i) + SIZE - 1), 1), whole);
        assert_null(icd_ranges_find(&r, pointer(address_of(i) + SIZE - 1), 2));
        assert_null(icd_ranges_find(&r, pointer(address_of(i) + SIZE), 1));
        assert_null(icd_ranges_find(&r, pointer(address_of(i) - 1), 1));
        assert_null(icd_ranges_find(&r, pointer(address_of(i)), SIZE + 1));
        assert_null(icd_ranges_find(&r, pointer(address_of(i) + 1), UINT64_MAX));
        assert_int_equal(icd_ranges_behind(&r, address_of(i) + SIZE), i + 1);
    }
    for (int i = 0; i < COUNT; i += 2) {
        assert_null(icd_ranges_take(&r, address_of(i) + 1));
        assert_ptr_equal(icd_ranges_take(&r, address_of(i)), &whats[i]);
        assert_null(icd_ranges_take(&r, address_of(i)));
    }
    for (int i = 0; i < COUNT; i++)
        assert_true(!icd_ranges_find(&r, pointer(address_of(i)), 1) == (i % 2 == 0));
    free(r.items);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
