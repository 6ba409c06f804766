// SPDX-License-Identifier: MIT
/* When what drivers keep has grown by something that a program's later runs want. */
#include "tests/lib/unit.h"

#include "host-backend/worker/own-cache.h"

static void test_growth(void **state) {
    struct own_cache_growth g = {0};
    (void)state;

    own_cache_look(&g, 6); /* the driver's own, before anything was loaded: a run would build all again at its end */
    assert_false(g.grown);
    own_cache_note(&g, 110);
    own_cache_look(&g, 110);
    own_cache_look(&g, 100);
    assert_false(g.grown);
    own_cache_look(&g, 113);
    assert_true(g.grown);
    own_cache_note(&g, 200); /* a build after that: what grew before it still did */
    own_cache_look(&g, 200);
    assert_true(g.grown);
}

static void test_no_cache(void **state) {
    struct own_cache_growth g = {0};
    (void)state;

    own_cache_note(&g, 0);
    own_cache_look(&g, 0);
    own_cache_look(&g, 5);
    assert_false(g.grown);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_growth), cmocka_unit_test(test_no_cache)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
